"""Whether an alert that stands can be folded again, asked of the store: for whoever reads alerts."""

from __future__ import annotations

from detectors.timeline import timeline
from domain.alert import Content
from domain.configuration import Configuration
from engine.fold import Folder, Registry
from engine.frozen import Foldable, frozen, missing, named
from storage.client import Client
from storage.configurations import ConfigurationStore
from storage.events import EventStore
from storage.retention import RetentionStore


class Standing:
    """Over the reader's client. Of a store in which no detector ever ran, `registry` is what was in effect."""

    def __init__(self, client: Client, registry: Registry) -> None:
        self._configurations, self._events = ConfigurationStore(client), EventStore(client)
        self._retention, self._folder = RetentionStore(client), Folder(registry)
        self._known: list[Configuration] = []

    async def frozen(self, content: Content) -> str:
        """Why the alert is frozen, a name of `engine.frozen.REASONS`; "" when it is not.

        By itself: that a later alert of the same subject lost events is not looked for.
        """
        expired = (await self._retention.expired({content.tenant}))[content.tenant]
        kept = {a.activity_id for a in await self._events.by_ids(content.tenant, sorted(named(content)))}
        lost = missing([content], kept, until=content.completed[0] + 1, expired=expired)
        return frozen(content, await self._foldable(), lost)

    async def _foldable(self) -> Foldable:
        history = await self._configurations.history()
        if history != self._known:
            found = timeline(history)
            self._folder.take(found.segments, found.activations)
            self._known = history
        return self._folder.foldable

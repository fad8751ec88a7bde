"""The demo's alerts: each as it comes, then all of them for the scorecard, and the digest over their bytes."""

from __future__ import annotations

import hashlib

from detectors.registry import load
from detectors.sentence import headed
from domain.alert import Severity, canonical
from domain.subject import token_of
from simulation.records import TENANT
from simulation.scorecard import Raised
from storage.alerts import AlertStore, StoredAlert, tokens
from storage.client import Client
from storage.events import EventStore

#: More live alerts than this a demo never has.
_MOST = 1_000


class Alerts:
    """Over the reader's client. Looks at what stands in stage live."""

    def __init__(self, reader: Client) -> None:
        self._alerts, self._events = AlertStore(reader), EventStore(reader)
        self._shown: dict[str, int] = {}
        self._first = {armed.detector.spec.id: armed.detector.spec.arms[0].name for armed in load({}).all}

    async def fresh(self, since: int, until: int) -> list[Raised]:
        """Alerts above INFO completed from `since` to `until` (ms) that are new or have risen since the last call.

        One that stands in place of another, after something late, is new only if it is more severe.
        """
        risen = []
        for stored in await self._list(since, until):
            severity = stored.content.severity
            said = max(self._shown.get(name, 0) for name in (stored.alert_id, *stored.replaces))
            if severity > max(Severity.INFO, said):
                self._shown[stored.alert_id] = severity
                risen.append(stored)
        return await self._raised(risen)

    async def all(self, until: int) -> list[Raised]:
        """Every alert completed before `until` (ms), the oldest first."""
        return await self._raised(await self._list(0, until))

    async def digest(self) -> str:
        """SHA-256 over what `vedette alerts dump --canonical` prints."""
        whole = hashlib.sha256()
        async for content in self._alerts.dump():
            whole.update(canonical(content) + b"\n")
        return whole.hexdigest()

    async def _list(self, since: int, until: int) -> list[StoredAlert]:
        return await self._alerts.list(
            TENANT, where={"stage": ["live"]}, since=since, until=until, sort="completed_at", limit=_MOST
        )

    async def _raised(self, found: list[StoredAlert]) -> list[Raised]:
        contents = [(stored, stored.content) for stored in found]
        ids = {key[1] for _, content in contents for key in (content.opener, content.completed)}
        events = {event.activity_id: event for event in await self._events.by_ids(TENANT, sorted(ids))}
        wanted = {token for _, content in contents for token in (*tokens(content), token_of(content.subject))}
        names = await self._events.names(TENANT, sorted(wanted)) if wanted else {}
        return [
            Raised(
                alert_id=stored.alert_id,
                detector=content.detector,
                arm="" if content.arm == self._first.get(content.detector) else content.arm,
                severity=content.severity,
                token=token_of(content.subject),
                events=(events[content.opener[1]].native_id, events[content.completed[1]].native_id),
                completed=content.completed[0],
                seconds=(stored.detected_at - events[content.opener[1]].received_at) / 1_000,
                sentence=headed(content, names),
            )
            for stored, content in contents
        ]

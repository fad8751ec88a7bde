"""Makes an incident's notification: who hears it, in which words, and the rows that carry it there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from domain.alert import Content
from domain.incident import PENDING, Delivery, Incident, Revision, Witness, webhook_id
from notify import delivery as attempts
from notify import wording
from notify.circumstances import last_activities
from notify.formats import webhook
from notify.incidents import Transition
from notify.page import compose
from notify.settings import Channel, NotifySettings

log = logging.getLogger("vedette.notify")

_PAGING = ("opened", "escalated")


class Announcements(Protocol):
    """What is asked of the store."""

    async def put_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...
    async def names(self, tenant: str, tokens: Iterable[str]) -> dict[str, str]: ...
    async def witnesses(self, content: Content, activities: Sequence[str]) -> list[Witness]: ...


class Announcer:
    """Stores a transition's deliveries, one per channel that is to hear of it."""

    def __init__(self, settings: NotifySettings, store: Announcements) -> None:
        self._settings = settings
        self._store = store

    async def announce(
        self, transition: Transition, revision: Revision, witnesses: Sequence[Witness], now: int
    ) -> Incident:
        """The incident as it is once its deliveries are stored; not paged when no channel is there to be told."""
        incident, kind = transition.incident, transition.kind
        hearing = self._hearing(incident, kind)
        if not hearing:
            return msgspec.structs.replace(incident, paged=bool(incident.channels))
        incident = msgspec.structs.replace(incident, channels=tuple(sorted({*incident.channels, *hearing})))
        content = revision.content
        witnesses = witnesses or await self._store.witnesses(content, last_activities(content))
        scopes = wording.tokens(content, (w.ip_token for w in witnesses))
        known: dict[str, str] = {}
        if any(channel.identity == "full" for channel, _ in hearing.values()):
            known = await self._store.names(content.tenant, scopes)
        rows = []
        for name, (channel, said) in sorted(hearing.items()):
            names = wording.naming(scopes, known if channel.identity == "full" else {})
            page = compose(incident, revision, witnesses, names, api_url=self._settings.api_url)
            rows.append(_row(incident, name, said, webhook.body(page, kind=said, at=now), now))
        await self._store.put_deliveries(rows)
        log.info("incident %s %s: %s", incident.incident_id, kind, ", ".join(sorted(hearing)))
        return incident

    def _hearing(self, incident: Incident, kind: str) -> dict[str, tuple[Channel, str]]:
        """The channels that hear of it, and what it is to each: whoever hears of an incident first hears it opened."""
        found: dict[str, tuple[Channel, str]] = {}
        if not kind:
            return found
        for name, channel in self._settings.channels.items():
            if name in incident.channels:
                found[name] = (channel, "escalated" if kind in _PAGING else kind)
            elif kind in _PAGING and channel.takes(incident.tenant, incident.severity):
                found[name] = (channel, "opened")
        return found


def _row(incident: Incident, channel: str, kind: str, body: bytes, now: int) -> Delivery:
    notification = webhook_id(incident.incident_id, incident.revision)
    return Delivery(
        tenant=incident.tenant,
        webhook_id=notification,
        channel=channel,
        incident_id=incident.incident_id,
        sequence=incident.revision,
        kind=kind,
        body=body.decode(),
        incident=msgspec.json.encode(incident).decode(),
        status=PENDING,
        attempts=0,
        response_status=0,
        error="",
        revision=1,
        next_attempt_at=now + attempts.pause(notification, channel, 0),
        created_at=now,
    )

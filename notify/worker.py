"""The notify role: reads new revisions of alerts, decides what on-call hears, and has it carried there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from domain import clock
from domain.alert import Severity
from domain.clock import MINUTE, SECOND
from domain.errors import VedetteError
from domain.incident import Delivery, Incident, Notice, Revision, Told, notice_id
from notify import incidents as rules
from notify.announcing import Announcements, Announcer
from notify.circumstances import Facts, Surroundings
from notify.courier import Courier, Deliveries
from notify.incidents import Wait
from notify.settings import NotifySettings

log = logging.getLogger("vedette.notify")

#: The outbox is read from so far before its last row again (rows of two writers may come in either order), ms.
OVERLAP = 5 * MINUTE
#: How often all of the outbox is compared with all incidents, and triage is read, ms.
WHOLE_EVERY, TRIAGE_EVERY = 10 * MINUTE, 5 * SECOND
#: When an alert that could not be put into words is tried again, ms.
TRY_AGAIN = 5 * MINUTE
#: Alerts dealt with in one go.
TOGETHER = 200
#: Pause after a failure, seconds, doubled up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: How long attempts on their way are given when the role ends, seconds.
GRACE = 3.0


class Outbox(Protocol):
    """What is asked of the store about revisions and incidents."""

    async def unhandled(self) -> list[Told]: ...
    async def accepted_since(self, at: int) -> list[Told]: ...
    async def revisions(self, alerts: Sequence[str]) -> list[Revision]: ...
    async def successors(self, alerts: Sequence[str]) -> dict[str, str]: ...
    async def incidents_of(self, alerts: Sequence[str]) -> list[Incident]: ...
    async def put_incidents(self, incidents: Sequence[Incident]) -> None: ...
    async def unfinished(self) -> list[Incident]: ...
    async def triaged(self) -> list[tuple[Incident, str, str]]: ...
    async def put_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...


class Store(Outbox, Facts, Announcements, Deliveries, Protocol):
    """Everything the role asks of the store."""

    async def close(self) -> None: ...


class Notifier:
    """Deals with each accepted revision once: the incident's row says which revision that was.

    A notification's rows are written before the incident's, so that a crash between the two is found at the next start
    (`unfinished`) and no page is made twice or lost.
    """

    def __init__(self, settings: NotifySettings, store: Store, ending: Callable[[], bool] = lambda: False) -> None:
        """Once `ending`, no further alert is begun: they are dealt with at the next start."""
        self._page_within = settings.page_within * SECOND
        self._store, self._ending = store, ending
        self._announcer = Announcer(settings, store)
        self._surroundings = Surroundings(store, self._page_within)
        self._waiting: dict[str, tuple[int, int]] = {}  # alert: version, until
        self._dealt: dict[str, int] = {}  # alert: version
        self._mended = False
        self._whole_at: int | None = None
        self._triage_at = 0
        self._since = 0

    async def poll(self, now: int) -> None:
        """Deal with what is new at `now` (ms). After an error the next poll starts from what the store says."""
        try:
            if not self._mended:
                await self._mend()
            told = await self._told(now)
            due = [alert for alert, version in told.items() if self._is_due(alert, version, now)]
            for start in range(0, len(due), TOGETHER):
                if self._ending():
                    return
                await self._deal_with(due[start : start + TOGETHER], now)
            if now - self._triage_at >= TRIAGE_EVERY:
                await self._follow_triage(now)
                self._triage_at = now
        except BaseException:
            self._mended, self._whole_at = False, None
            raise

    async def _mend(self) -> None:
        unfinished = await self._store.unfinished()
        await self._store.put_incidents(unfinished)
        self._dealt.clear()
        self._waiting.clear()
        self._mended = True

    async def _told(self, now: int) -> dict[str, int]:
        """Alerts with a revision that may need something, and its version."""
        if self._whole_at is None or now - self._whole_at >= WHOLE_EVERY:
            rows, self._whole_at = await self._store.unhandled(), now
            self._dealt.clear()
            self._since = max(self._since, now - OVERLAP)
        else:
            rows = await self._store.accepted_since(self._since - OVERLAP)
        self._since = max([self._since, *(row.written_at for row in rows)])
        told = {alert: version for alert, (version, _) in self._waiting.items()}
        return told | {row.alert_id: row.version for row in rows}

    def _is_due(self, alert: str, version: int, now: int) -> bool:
        if self._dealt.get(alert, 0) >= version:
            return False
        known, until = self._waiting.get(alert, (0, 0))
        return version > known or until <= now

    async def _deal_with(self, alerts: Sequence[str], now: int) -> None:
        revisions = await self._store.revisions(alerts)
        withdrawn = [r.alert_id for r in revisions if r.withdrawn]
        successors = await self._store.successors(withdrawn) if withdrawn else {}
        about = {alert for r in revisions for alert in (r.alert_id, *r.replaces)} | set(successors.values())
        incidents = {i.incident_id: i for i in await self._store.incidents_of(sorted(about))}
        await self._inherit(revisions, incidents)
        by_alert = {alert: i.incident_id for i in incidents.values() for alert in i.alert_ids}
        silent: dict[str, Incident] = {}
        for revision in revisions:
            if self._ending():
                break
            incident = incidents.get(by_alert.get(revision.alert_id, ""))
            if incident is not None and incident.version_of(revision.alert_id) >= revision.version:
                self._settled(revision)
                continue
            merged = self._merged(incident, successors.get(revision.alert_id, ""), by_alert)
            after = await self._decide(revision, incident, now, merged_into=merged)
            if after is not None:
                self._settled(revision)
                incidents[after.incident_id] = silent[after.incident_id] = after
        await self._store.put_incidents(list(silent.values()))

    async def _inherit(self, revisions: Sequence[Revision], incidents: dict[str, Incident]) -> None:
        """Give incidents to the alerts that replace theirs, before anything is decided about either."""
        changed: dict[str, Incident] = {}
        for revision in revisions:
            if revision.replaces and not any(revision.alert_id in i.alert_ids for i in incidents.values()):
                inherited = rules.inherit(revision, incidents.values())
                if inherited is not None:
                    incidents[inherited.incident_id] = changed[inherited.incident_id] = inherited
        await self._store.put_incidents(list(changed.values()))

    async def _decide(
        self, revision: Revision, incident: Incident | None, now: int, *, merged_into: str
    ) -> Incident | None:
        """The incident's next row, None while the revision waits. What is sent is stored when this returns."""
        try:
            return await self._told_of(revision, incident, now, merged_into=merged_into)
        except VedetteError:
            raise
        except Exception:  # one alert that cannot be put into words must not silence the others
            log.exception("alert %s cannot be told", revision.alert_id)
            self._waiting[revision.alert_id] = (revision.version, now + TRY_AGAIN)
            await self._store.put_notice(_untold(revision))
            return None

    async def _told_of(
        self, revision: Revision, incident: Incident | None, now: int, *, merged_into: str
    ) -> Incident | None:
        around, witnesses = await self._surroundings.of(revision, now, merged_into=merged_into)
        decision = rules.decide(revision, incident, now, around=around, page_within=self._page_within)
        if isinstance(decision, Wait):
            self._waiting[revision.alert_id] = (revision.version, decision.until)
            return None
        after = await self._announcer.announce(decision, revision, witnesses, now)
        if decision.kind:
            await self._store.put_incidents([after])  # at once: the fuse counts it, and a crash leaves less undone
        return after

    def _settled(self, revision: Revision) -> None:
        self._dealt[revision.alert_id] = revision.version
        self._waiting.pop(revision.alert_id, None)

    @staticmethod
    def _merged(incident: Incident | None, successor: str, by_alert: dict[str, str]) -> str:
        """The other incident in which a withdrawn alert goes on, "" for none."""
        into = by_alert.get(successor, "")
        return into if incident is not None and into != incident.incident_id else ""

    async def _follow_triage(self, now: int) -> None:
        for incident, action, triage in await self._store.triaged():
            decision = rules.follow(incident, now, close=action == "close", triage=triage)
            for revision in await self._store.revisions([incident.current]):
                after = await self._announcer.announce(decision, revision, [], now)
                await self._store.put_incidents([after])


def _untold(revision: Revision) -> Notice:
    content = revision.content
    return Notice(
        notice_id=notice_id("alert_untold", content.tenant, content.alert_id),
        tenant=content.tenant,
        kind="alert_untold",
        subject=content.alert_id,
        text=(
            f"alert {content.alert_id} of {content.detector} could not be told to on-call and is tried again every "
            "5 minutes; read it in the API, and the reason in the log of notify"
        ),
        severity=int(Severity.HIGH),
    )


async def work(
    settings: NotifySettings,
    data_dir: Path,
    open_store: Callable[[], Awaitable[Store]],
    stop: asyncio.Event,
    *,
    now: Callable[[], int] = clock.now,
) -> None:
    """Run until `stop` is set. A store that does not answer is a line in the log and a pause, never an end."""
    store: Store | None = None
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            if store is None:
                store = await open_store()
                notifier = Notifier(settings, store, stop.is_set)
                courier = Courier(settings, data_dir, store, now=now)
                log.info(
                    "notify is ready, telling %s", ", ".join(sorted(settings.channels)) or "nobody: no channel is set"
                )
            await notifier.poll(now())
            await courier.poll()
            pause, wait = FIRST_PAUSE, settings.poll
        except VedetteError as error:
            log.warning("%s; trying again in %g s", error, pause)
            wait, pause = pause, min(pause * 2, LONGEST_PAUSE)
        await _until(stop, wait)
    if store is not None:
        await courier.stop(GRACE)
        await store.close()
    log.info("notify has ended")


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

"""The demo's acts, in order: the history, the morning, the verdict. Between two steps the system is looked after."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from domain.clock import DAY, moment
from domain.errors import VedetteError
from models.artifact import pack
from simulation import company as acme
from simulation.company import Company
from simulation.people import APPS
from simulation.places import OFFICES
from simulation.records import TENANT, Event
from simulation.scorecard import Scorecard, score
from storage.client import Client, connect
from storage.keys import TenantKeys
from storage.models import ModelStore
from transport.topics import RAW, RAW_IMPORT
from vedette.compose import keys
from vedette.demo.ahead import Days
from vedette.demo.alerts import Alerts
from vedette.demo.feeding import HISTORY, LIVE, Feeder, Progress
from vedette.demo.showing import alert_line
from vedette.demo.stage import Say, Stage, ok
from vedette.training import Lesson, learn

#: Seconds without any progress after which the demo gives up, and between two looks.
PATIENCE, TICK = 60.0, 0.1
#: Seconds after which detect has taken up a promoted model: it looks twice a second, see `plan.prepare`.
TAKEN_UP = 2.0
T = TypeVar("T")


class Took(msgspec.Struct, frozen=True):
    """An act: how many events, and seconds from the first one sent until all were judged and settled."""

    events: int
    seconds: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a demo measured. Seconds are of this run; all else is the same for the same plan."""

    card: Scorecard
    history: Took
    morning: Took
    digest: str  # SHA-256 over the canonical alerts


class Play:
    """One company on one running stage."""

    def __init__(
        self, company: Company, stage: Stage, say: Say, *, runner: asyncio.Runner, feeder: Feeder, reader: Client
    ) -> None:
        self._company, self._stage, self._say = company, stage, say
        self._runner, self._feeder, self._reader, self._alerts = runner, feeder, reader, Alerts(reader)

    def history(self, days: Days) -> Took:
        """Thirty days through the import topic, as `vedette import --history` sends them, and a model of them."""
        company = self._company
        cities = ", ".join(office.city for office in OFFICES)
        self._say(
            ok("company", f"{len(company.staff)} people in {cities}, {len(APPS)} integrations; seed {company.seed}")
        )
        began, events = time.monotonic(), 0
        for day in days():
            self._run(self._feeder.send(RAW_IMPORT, day, HISTORY))
            events += len(day)
            self._progress(f"history: {events:,} events sent")
            self._stage.supervisor.look()
        return self._run(self._settled_and_learnt(events, began))

    async def _settled_and_learnt(self, events: int, began: float) -> Took:
        """The model reads what is stored while that is being judged and settled."""
        await self._reached(lambda now: not now.left)
        settling = asyncio.create_task(self._history_settled(events, began))
        try:
            await self._train(settling)
        finally:
            settling.cancel()
        return await settling

    async def _history_settled(self, events: int, began: float) -> Took:
        await self._settled(self._company.start)
        took = Took(events, time.monotonic() - began)
        words = f"{events:,} events of {acme.HISTORY // DAY} days, stored, judged and settled"
        self._say(ok("history", words, took.seconds))
        return took

    async def _train(self, settled: asyncio.Task[Took]) -> None:
        """A model of the company's ordinary hours; it counts from the morning on, without a trial."""
        start, began = self._company.start, time.monotonic()
        lesson = Lesson(tenant=TENANT, since=start - acme.HISTORY, until=start, at=start, seed=self._company.seed)
        manifest, trees = await learn(self._reader, lesson, self._progress, settled=settled)
        writer = await connect(self._stage.supervisor.settings.store, "writer")
        try:
            models = ModelStore(writer)
            name = await models.put(manifest, pack(trees))
            await models.promote(TENANT, name, effective_from=lesson.until, live_from=lesson.until)
        finally:
            await writer.close()
        await asyncio.sleep(TAKEN_UP)
        words = f"{manifest.rows:,} hours of {manifest.actors:,} people; {manifest.alerts} of them above its threshold"
        self._say(ok("model", words, time.monotonic() - began))

    def morning(self, speed: float | None) -> Took:
        """The morning through the raw topic, `speed` times as fast as life, None for all at once; alerts are said."""
        company, events, began = self._company, self._company.morning, time.monotonic()
        for batch in paced(events, company.start, speed):
            if batch:
                self._run(self._feeder.send(RAW, batch, LIVE))
                self._progress(f"{moment(batch[-1].at):%H:%M} UTC at Acme")
            self._run(self._look(began))
        self._run(self._settled(company.end, began))
        return Took(len(events), time.monotonic() - began)

    def verdict(self, history: Took, morning: Took) -> Verdict:
        """The scorecard of what stands in the store."""
        company = self._company
        raised = self._run(self._alerts.all(company.end))
        token = _keys(self._stage).tokeniser(TENANT)
        card = score(company.scenarios, raised, token, start=company.start)
        return Verdict(card=card, history=history, morning=morning, digest=self._run(self._alerts.digest()))

    async def _settled(self, until: int, began: float | None = None) -> None:
        """Wait until all that was sent is judged and settled to `until` (ms)."""
        await self._reached(lambda now: now.reached(until), began)
        await self._look(began)

    async def _reached(self, enough: Callable[[Progress], bool], began: float | None = None) -> None:
        """Wait until what was sent has come far enough; VedetteError when it stands still."""
        since, last = time.monotonic(), None
        while not enough(now := await self._feeder.progress()):
            if now != last:
                since, last = time.monotonic(), now
            elif time.monotonic() - since > PATIENCE:
                logs = self._stage.supervisor.logs
                raise VedetteError(f"nothing has moved for {PATIENCE:.0f} s ({now}); the logs in {logs} say why")
            self._progress(f"waiting: {now}")
            await self._look(began)

    async def _look(self, began: float | None) -> None:
        """New alerts are said, with the time since `began`; the system is looked after."""
        if began is not None:
            for alert in await self._alerts.fresh(self._company.start, self._company.end):
                self._say(alert_line(alert, time.monotonic() - began))
        self._stage.supervisor.look()
        await asyncio.sleep(TICK)

    def _progress(self, words: str) -> None:
        """For somebody at a terminal, on a line that the next one replaces."""
        if sys.stderr.isatty():
            print(f" {words:78}", end="\r", file=sys.stderr, flush=True)

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(step)


def paced(
    events: Sequence[Event], start: int, speed: float | None, seconds: Callable[[], float] = time.monotonic
) -> Iterator[Sequence[Event]]:
    """The events as they become due, () when none is; all at once without a speed. `start` is when the first may be."""
    if speed is None:
        yield events
        return
    began, sent = seconds(), 0
    while sent < len(events):
        now = start + (seconds() - began) * 1_000 * speed
        due = sent
        while due < len(events) and events[due].at <= now:
            due += 1
        yield events[sent:due]
        sent = due


def _keys(stage: Stage) -> TenantKeys:
    return keys(stage.supervisor.settings)


@contextmanager
def play(company: Company, stage: Stage, say: Say) -> Iterator[Play]:
    """A play whose connections are closed at the end."""
    made = stage.supervisor.settings
    with asyncio.Runner() as runner:
        reader = runner.run(connect(made.store, "reader"))
        try:
            feeder = runner.run(Feeder.open(made, reader))
            try:
                yield Play(company, stage, say, runner=runner, feeder=feeder, reader=reader)
            finally:
                runner.run(feeder.close())
        finally:
            runner.run(reader.close())

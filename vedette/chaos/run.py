"""The run: a system of its own in a scratch directory, the load sent in time, faults among it, then the verdict."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from domain import clock
from domain.alert import canonical
from domain.errors import VedetteError
from engine.fold import Folder
from ingest.normalise import Normaliser
from storage.alerts import AlertStore
from storage.client import Client, connect
from vedette import compose
from vedette.chaos.feed import Feed, Progress
from vedette.chaos.load import TENANT, Load, Sent
from vedette.chaos.oracle import Oracle
from vedette.chaos.plan import Plan
from vedette.chaos.strikes import Strikes
from vedette.chaos.verdict import Difference, Verdict, difference, digest, ids
from vedette.chaos.watch import Memory, Recoveries
from vedette.commands.up import compose_up, wait_for_api, with_port
from vedette.lock import Lock
from vedette.replay import Replay
from vedette.roles import role_command
from vedette.settings import load as load_settings
from vedette.supervisor import Supervisor

#: Seconds between two looks, and without any progress until a run is given up (a watchdog of detect acts after 90);
#: records sent together at most.
TICK, PATIENCE, TOGETHER = 0.05, 240.0, 5_000
Say = Callable[[str], None]


class _Number(msgspec.Struct, array_like=True):
    value: int


def run(plan: Plan, data: Path, say: Say, *, start: int | None = None) -> Verdict:
    """Everything, in `data`, which must not exist. VedetteError when the system does not even start.

    `start` (ms) is when the first event occurs, else now. The same load from the same start makes the same alerts,
    byte for byte, whatever else the plan says.
    """
    ends: Counter[str] = Counter()

    def heard(line: str) -> None:
        name, found, _ = line.partition(" ended (")
        if found:
            ends[name] += 1
        say(f"          {line.partition(';')[0]}")

    with _system(plan, data, heard) as supervisor, asyncio.Runner() as runner:
        reader = runner.run(connect(supervisor.settings.store, "reader"))
        try:
            return _Run(plan, supervisor, runner, reader, say, ends).whole(clock.now() if start is None else start)
        finally:
            runner.run(reader.close())


@contextmanager
def _system(plan: Plan, data: Path, say: Say) -> Iterator[Supervisor]:
    """A system that runs, with nothing of the user's: neither settings of the environment nor a directory."""
    data.mkdir(parents=True, mode=0o700)
    file = data / "vedette.toml"
    file.write_text(
        f'[kafka]\nactivity_partitions = {plan.partitions}\n[ingest]\ndefault_tenant = "{TENANT}"\n'
        f"[detect]\nworkers = {plan.workers}\n",
        encoding="utf-8",
    )
    key = data / "keys" / f"{TENANT}.key"  # out of the seed, since ids of alerts hold tokens
    key.parent.mkdir(mode=0o700)
    key.touch(mode=0o600)
    key.write_bytes(hashlib.sha256(f"vedette chaos, seed {plan.seed}".encode()).digest())
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    settings = with_port(load_settings(file, environ, data=data), 0, say)
    lock = Lock(settings.data_dir)
    supervisor = compose_up(settings, say, ["--config", str(file)], environ)
    try:
        supervisor.start()
        wait_for_api(supervisor)
        yield supervisor
    finally:
        supervisor.stop()
        lock.release()


class _Run:
    """One run on a system that has been started."""

    def __init__(
        self, plan: Plan, supervisor: Supervisor, runner: asyncio.Runner, reader: Client, say: Say, ends: Counter[str]
    ) -> None:
        self._plan, self._supervisor, self._runner, self._reader = plan, supervisor, runner, reader
        self._say, self._ends = say, ends
        self._feed, self._epoch, self._life = Feed(reader), -1, ""
        self._recoveries, self._memory, self._looked = Recoveries(reader, plan.partitions), Memory(), 0.0
        made = supervisor.settings
        joining = role_command(
            sys.executable, "detect", ["--config", str(made.data_dir / "vedette.toml")], made.data_dir
        )
        self._strikes = Strikes(plan.faults(), supervisor, joining, recoveries=self._recoveries, say=say)

    def whole(self, start: int) -> Verdict:
        began, load = time.monotonic(), Load(self._plan, start)
        try:
            self._renew()
            last = self._send(load)
            settled = self._settle(last)
        finally:
            self._strikes.close()
            self._runner.run(self._feed.close())
        seconds = time.monotonic() - began
        return self._runner.run(self._judge(load, settled=settled, seconds=seconds))

    def _send(self, load: Load) -> int:
        """All of it, as it becomes due, faults among it; the time of the newest event (ms)."""
        newest, some, began = 0, list[Sent](), time.monotonic()
        for sent in load.records():
            newest = max(newest, sent.occurred_at)
            while sent.at > clock.now() or len(some) >= TOGETHER:
                self._tick(some, began)
                some = []
            some.append(sent)
        self._tick(some, began)
        while not self._strikes.over:
            self._tick([], began)
        return newest

    def _tick(self, some: list[Sent], began: float) -> None:
        self._give(some)
        self._strikes.look(time.monotonic() - began)
        self._look()

    def _give(self, some: Sequence[Sent]) -> None:
        """A broker without an epoch is given nothing: what it acknowledges is in no lane that we know."""
        if self._supervisor.broker is not None and self._supervisor.broker.broker_id != self._life:
            self._feed.keep(some)
        else:
            self._runner.run(self._feed.send(some))

    def _look(self) -> None:
        self._supervisor.look()
        self._renew()
        if time.monotonic() > self._looked + 0.25:
            self._looked = time.monotonic()
            pids = self._supervisor.pids()
            self._memory.look(pids)
            self._runner.run(self._recoveries.look(pids))
        self._runner.run(asyncio.sleep(TICK))

    def _renew(self) -> None:
        """The broker's next life has begun."""
        if self._supervisor.epoch != self._epoch:
            self._epoch = self._supervisor.epoch
            self._life = self._supervisor.broker.broker_id if self._supervisor.broker else ""
            self._runner.run(self._feed.renew(self._supervisor.settings.kafka, self._epoch))

    def _settle(self, newest: int) -> bool:
        """Wait until everything is judged and settled; False when nothing has moved for too long."""
        since, last = time.monotonic(), Progress(-1, None, 0)
        while True:
            self._give(())
            now = self._runner.run(self._feed.progress())
            through = now.through if now and not now.left and not now.dirty else None
            if through is not None and through > newest and not self._recoveries.open:
                return True
            if now is not None and (now.left, now.dirty, through is None) != (
                last.left,
                last.dirty,
                last.through is None,
            ):
                since, last = time.monotonic(), now._replace(through=through)
            elif time.monotonic() - since > PATIENCE:
                self._say(f"nothing has moved for {PATIENCE:.0f} s ({now})")
                return False
            self._look()

    # -- the verdict
    async def _judge(self, load: Load, *, settled: bool, seconds: float) -> Verdict:
        made, reader = self._supervisor.settings, self._reader
        folder, keys, enricher = Folder(compose.registry(made)), compose.keys(made), compose.enricher(made)
        if not enricher.read():
            raise VedetteError("ingest has taken up no data about addresses; its log says why")
        normaliser = Normaliser(made.ingest, keys.tokeniser, origins=enricher.lookup)
        oracle = Oracle(normaliser, folder, made.data_dir / "oracle")
        oracle.hear(load.records())
        gone = Oracle(normaliser, folder, made.data_dir / "gone")
        gone.hear(sent._replace(again=False) for sent in self._feed.given_up)
        stored = await self._stored_ids()
        missing = oracle.ids - stored
        standing = {c.alert_id: canonical(c) async for c in AlertStore(reader).dump(tenant=TENANT)}
        compared = await self._replayed()
        return Verdict(
            plan=self._plan,
            sent=len(oracle.ids),
            records=self._feed.acknowledged,
            stored=len(stored),
            lost=len(missing - gone.ids),
            lost_with_broker=len(missing & gone.ids),
            doubled=await self._number("SELECT count() - uniqExact(activity_id) FROM events FINAL"),
            unsent=len(stored - oracle.ids),
            dead_letters=await self._number("SELECT count() FROM dead_letters FINAL"),
            alerts=len(standing),
            digest=digest(standing),
            by_sent=difference(oracle.alerts(stored), standing),
            by_replay=compared,
            settled=settled,
            struck=dict(self._strikes.done),
            restarts=dict(self._ends),
            recoveries=self._recoveries.done,
            unrecovered=self._recoveries.open,
            memory=self._memory.most,
            seconds=seconds,
        )

    async def _replayed(self) -> Difference:
        """As `vedette replay --compare` does it."""
        made = self._supervisor.settings
        # As the writer, whose queries have no limit of time and rows; nothing is written.
        writer = await connect(made.store, "writer")
        try:
            found = await Replay(writer, await compose.folder(made, writer)).compare(TENANT, since=0)
        finally:
            await writer.close()
        return Difference(ids(found.added), ids(found.lost), ids([folded for _, folded in found.changed]))

    async def _stored_ids(self) -> set[bytes]:
        writer = await connect(self._supervisor.settings.store, "writer")
        try:
            rows = await writer.query("SELECT DISTINCT toString(activity_id) FROM events", row=tuple[str])
        finally:
            await writer.close()
        return {UUID(row[0]).bytes for row in rows}

    async def _number(self, sql: str) -> int:
        writer = await connect(self._supervisor.settings.store, "writer")
        try:
            return (await writer.query(sql, row=_Number))[0].value
        finally:
            await writer.close()

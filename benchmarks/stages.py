"""What each stage costs: the real code in this process, CPU µs, on the benchmark's own events."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks import parts
from benchmarks.records import MEASURED
from benchmarks.records import records as vendor_records
from benchmarks.traffic import TENANT, Backlog, backlog
from detectors.base import Context
from detectors.registry import Armed
from domain import clock
from domain.activity import Activity
from domain.rows import Rows
from domain.sources import GENERIC
from domain.subject import router
from domain.wire import decode
from ingest.identity import activity_id, record_digest
from ingest.normalise import Normaliser, Taken
from ingest.pipeline import Fetch
from ingest.record import Record
from ingest.settings import IngestSettings
from ingest.worker import SLICE
from transport.topics import RAW

#: Messages of a partition between two checkpoints: about a second's under load.
CHECKPOINT_MESSAGES = 20
#: Events per second of event time.
PER_SECOND = 1_000
#: Records of each source that are measured, and how many times as many of the same people came before them.
SOURCE_EVENTS, BEFORE = 20_000, 5


class Stage(msgspec.Struct, frozen=True):
    """CPU µs of one stage for each thing that it handles; `handled` of them were measured."""

    stage: str
    per: str  # event | delivery (an activity to a partition that judges it) | activity (one that the detector sees)
    us: float
    handled: int


class Watch:
    """Adds up CPU time by stage."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        began = time.process_time()
        try:
            yield
        finally:
            self._spent[stage] = self._spent.get(stage, 0.0) + time.process_time() - began

    def stage(self, name: str, per: str, handled: int) -> Stage:
        return Stage(name, per, round(self._spent.get(name, 0.0) / max(1, handled) * 1e6, 2), handled)


async def measure(waiting: Backlog, keys: Path) -> list[Stage]:
    """Every stage of ingest and detect, in the order in which an event meets them."""
    watch, events = Watch(), len(waiting.records)
    normalise, records = parts.normaliser(keys), parts.records(waiting.records, waiting.times)
    rows = _normalise(normalise, records, watch)
    activities = _activities(rows)
    await _insert(rows, watch)
    delivered = await _judge(await _bundle(normalise, records, watch), watch)
    return [
        *(watch.stage(name, "event", events) for name in ("identify", "normalise", "insert encode", "bundle encode")),
        *(watch.stage(name, "delivery", delivered) for name in ("bundle decode", "judge", "checkpoint")),
        *(_step(armed, activities) for armed in parts.registry().all),
        *(
            stage
            for source in (GENERIC, *MEASURED)
            for stage in _source(source, parts.normaliser(keys, tenant=TENANT), min(events, SOURCE_EVENTS))
        ),
    ]


def _source(source: str, normalise: Normaliser, events: int) -> tuple[Stage, Stage]:
    """Normalising a source's own records: the first ones, of people whom nobody knows, and later ones of the same.

    Those that are skipped, as some of a log file always are, count too.
    """
    now, watch, names = clock.now(), Watch(), (f"normalise: {source}", f"normalise: {source}, the first")
    topic, many = f"{RAW}.{source}", (BEFORE + 1) * events
    if source == GENERIC:
        topic, raws = RAW, backlog(many, seed=7, end=now, per_second=PER_SECOND).records
    else:
        raws = vendor_records(source, many, seed=7, end=now)
    records = [Record(topic, 0, offset, parts.EPOCH, now, (), raw) for offset, raw in enumerate(raws)]
    taken = list[Taken]()
    for start in range(0, len(records), events):
        name = names[0] if start == BEFORE * events else names[1] if start == 0 else ""
        with watch.on(name):
            taken += [normalise.rows(some) for some in _slices(records[start : start + events])]
    refused = sum(len(some.letters) for some in taken)
    assert not refused, f"{refused} records of {source} were refused"
    later, first = (watch.stage(name, "event", events) for name in names)
    return later, first


def _normalise(normalise: Normaliser, records: Sequence[Record], watch: Watch) -> Rows:
    """Ids and digests included; they have a stage of their own too.

    People are remembered already, as after a while of work.
    """
    normalise.rows(records[: len(records) // 5])
    with watch.on("normalise"):
        taken = [normalise.rows(some) for some in _slices(records)]
    found = Rows()
    for some in taken:
        found.extend(some.rows)
    texts = [_identity(activity) for activity in _activities(found)]
    with watch.on("identify"):
        for record, text in zip(records, texts, strict=True):
            activity_id(text), record_digest(record.value)
    return found


def _activities(rows: Rows) -> list[Activity]:
    return list(map(msgspec.json.Decoder(Activity).decode, rows.bodies))


def _slices(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """As ingest hands them over."""
    for start in range(0, len(records), SLICE):
        yield records[start : start + SLICE]


def _identity(activity: Activity) -> str:
    """What an id is made of."""
    tokens = (activity.actor_token, activity.login_token, activity.ip_token, activity.app_token)
    return "\0".join(
        (activity.tenant, activity.source, activity.native_id, str(activity.occurred_at), activity.action, *tokens)
    )


async def _insert(rows: Rows, watch: Watch) -> None:
    store, most = parts.ingest_store(), IngestSettings().fetch_rows
    for start in range(0, len(rows), most):
        some = rows.some(range(start, min(start + most, len(rows))))
        with watch.on("insert encode"):
            await store.encode_events(some)(str(start))


async def _bundle(normalise: Normaliser, records: Sequence[Record], watch: Watch) -> parts.Log:
    """Who judges it, bundles and marks, without the compression that the producer does."""
    log = parts.Log()
    pipeline = parts.pipeline(normalise, log, parts.Unstored())
    for fetch, caught_up in parts.fetches(records, IngestSettings().fetch_rows):
        made = Fetch(caught_up, fetch[-1].received_at)
        pipeline.add(made, fetch)
        with watch.on("bundle encode"):
            await pipeline.send(made, parts.lane_names())
    return log


async def _judge(log: parts.Log, watch: Watch) -> int:
    """Every partition's live fold, and the encoding of its checkpoints; how many activities were judged."""
    delivered = 0
    for judge in await parts.judges():
        for offset, message in enumerate(log.messages[judge.partition]):
            with watch.on("bundle decode"):
                decoded = decode(message)
            with watch.on("judge"):
                await judge.take(offset, decoded)
            if offset % CHECKPOINT_MESSAGES == CHECKPOINT_MESSAGES - 1:
                with watch.on("checkpoint"):
                    await judge.checkpoint()
        delivered += judge.tally.applied
    return delivered


def _step(armed: Armed, activities: Sequence[Activity]) -> Stage:
    """One detector over every subject that it judges, in key order."""
    spec, watch, seen = armed.detector.spec, Watch(), 0
    by_subject: dict[str, list[Activity]] = {}
    subjects = router({spec.scope: spec.actions})
    for activity in activities:
        for subject in subjects(activity):
            by_subject.setdefault(subject, []).append(activity)
    step, context = armed.detector.step, Context()
    for some in by_subject.values():
        state, seen = armed.detector.initial(), seen + len(some)
        some.sort(key=lambda activity: activity.key)
        with watch.on(spec.id):
            for activity in some:
                state = step(state, activity, context).state
    return msgspec.structs.replace(watch.stage(spec.id, "activity", seen), stage=f"step: {spec.id}")


def main() -> int:
    """Prints the stages as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages")
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--per-second", type=int, default=PER_SECOND, help="events per second of event time")
    a = parser.parse_args()
    waiting = backlog(a.events, seed=a.seed, end=clock.now(), per_second=a.per_second)
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as keys:
        found = asyncio.run(measure(waiting, Path(keys)))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

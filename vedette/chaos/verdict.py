"""The verdict of a chaos run: what the store has beside what must be true; and its words."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Iterator, Mapping

import msgspec

from domain.alert import Content
from vedette.chaos.plan import Plan
from vedette.chaos.watch import Recovery

#: Alerts named of each kind of difference.
_SHOWN = 5


class Difference(msgspec.Struct, frozen=True):
    """Ids of alerts that only the oracle has, that only the store has, and that say something else."""

    lacking: list[str]
    surplus: list[str]
    other: list[str]

    @property
    def none(self) -> bool:
        return not (self.lacking or self.surplus or self.other)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, memory in bytes. `by_sent` compares with a fold of what was sent, `by_replay` of the store."""

    plan: Plan
    sent: int  # distinct events
    records: int  # acknowledged, second copies included
    stored: int
    lost: int  # acknowledged, not stored, and no broker died with it
    lost_with_broker: int
    doubled: int
    unsent: int  # stored, and never sent
    dead_letters: int
    alerts: int
    digest: str  # SHA-256 over the canonical bytes of the alerts, by id
    by_sent: Difference
    by_replay: Difference
    settled: bool
    struck: dict[str, int]
    restarts: dict[str, int]
    recoveries: list[Recovery]
    unrecovered: int
    memory: dict[str, int]
    seconds: float

    @property
    def ok(self) -> bool:
        with_broker = 0 if self.plan.broker_kills else self.lost_with_broker
        wrong = self.lost + with_broker + self.doubled + self.unsent + self.dead_letters + self.unrecovered
        return self.settled and not wrong and self.by_sent.none and self.by_replay.none


def digest(standing: Mapping[str, bytes]) -> str:
    return hashlib.sha256(b"\n".join(standing[i] for i in sorted(standing))).hexdigest()


def difference(truth: Mapping[str, bytes], standing: Mapping[str, bytes]) -> Difference:
    both = truth.keys() & standing.keys()
    return Difference(
        sorted(truth.keys() - both), sorted(standing.keys() - both), sorted(i for i in both if truth[i] != standing[i])
    )


def ids(contents: list[Content]) -> list[str]:
    return sorted(content.alert_id for content in contents)


def words(verdict: Verdict) -> Iterator[str]:
    """For people."""
    v = verdict
    yield f"events    {v.sent:,} sent in {v.records:,} records, {v.stored:,} stored, {v.lost} lost, {v.doubled} doubled"
    if v.plan.broker_kills or v.lost_with_broker:
        yield f"          {v.lost_with_broker:,} went with a broker that was killed, none of them stored before"
    if v.dead_letters or v.unsent:
        yield f"          {v.dead_letters} dead letters, {v.unsent} stored that nobody sent"
    yield f"alerts    {v.alerts:,} stand; {_differs('a fold of what was sent', v.by_sent)}"
    yield f"          {_differs('a fold of the store', v.by_replay)}"
    if v.struck:
        yield f"faults    {', '.join(f'{count} x {what}' for what, count in sorted(v.struck.items()))}"
    if v.restarts:
        yield f"ended     {', '.join(f'{name} {count} x' for name, count in sorted(v.restarts.items()))}"
    yield from _recovered(v)
    yield f"memory    {', '.join(f'{name} {size // 1_000_000} MB' for name, size in v.memory.items())}"
    if not v.settled:
        yield "settled   no: nothing moved any more before everything was judged; its logs say why"
    yield f"verdict   {'as it must be' if v.ok else 'WRONG'} after {v.seconds:.0f} s (seed {v.plan.seed})"


def _recovered(v: Verdict) -> Iterator[str]:
    """Kills whose figures are the system's own, apart from those that other faults have a part in."""
    for alone, which in ((True, "by itself"), (False, "among other faults")):
        some = [recovery for recovery in v.recoveries if recovery.alone is alone]
        if some:
            judged, started, level = ([getattr(r, what) for r in some] for what in ("judged", "started", "level"))
            yield f"recovery  of detect, {len(some)} x killed {which}: all partitions judged again {_within(judged)}"
            yield f"          (back {_within(started)}; all from before the kill judged {_within(level)})"
    if v.unrecovered:
        yield f"          after {v.unrecovered} kills not every partition was judged again"


def _within(seconds: list[float]) -> str:
    return f"within {max(seconds):.1f} s, median {statistics.median(seconds):.1f} s"


def _differs(what: str, found: Difference) -> str:
    if found.none:
        return f"{what} gives the same, byte for byte"
    kinds = {"lacking": found.lacking, "too many": found.surplus, "different": found.other}
    named = "; ".join(f"{len(some)} {kind} ({', '.join(some[:_SHOWN])})" for kind, some in kinds.items() if some)
    return f"{what} differs: {named}"

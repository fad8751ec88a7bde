"""What a benchmark found: one round, and the rounds together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from benchmarks.flatout import FlatOut
from benchmarks.halfload import HalfLoad
from benchmarks.machine import Machine
from benchmarks.peers.meter import Measured
from benchmarks.stages import Stage
from ingest.settings import IngestSettings

T = TypeVar("T")

AIOKAFKA, FAUST, QUIX = "aiokafka_decode", "faust_noop", "quix_noop"
#: The rows above Vedette's.
PEERS: Mapping[str, str] = {
    AIOKAFKA: "aiokafka, fetch and decode",
    FAUST: "stock Faust, agent that does nothing",
    QUIX: "Quix Streams, dataframe that does nothing",
}


class Options(msgspec.Struct, frozen=True):
    """How it is measured; the defaults are what `make bench` does."""

    events: int = 300_000
    per_second: int = 1_000  # of event time: the backlog is what came in while nobody read
    actors: int = 1_000
    seed: int = 7
    warm_up: float = 0.1  # share of the events
    peer_seconds: float = 30.0  # a peer that is slower than that stops early
    half_load_seconds: float = 30.0
    fetch_rows: int = IngestSettings().fetch_rows  # of ingest
    readers: int = 2  # processes of ingest
    stage_events: int = 50_000
    rounds: int = 1


#: Shows in a minute that everything works; its figures mean nothing.
QUICK = Options(events=6_000, peer_seconds=3.0, half_load_seconds=6.0, fetch_rows=500, stage_events=6_000, actors=200)


class Vedette(msgspec.Struct, frozen=True):
    """Vedette whole. Memory in MiB, by role; bytes on disk per stored event."""

    flat_out: FlatOut
    half_load: HalfLoad
    peak_mb: Mapping[str, float]
    bytes_events: float  # the table of events alone
    bytes_all: float  # all tables: events by subject, states, alerts, names

    @property
    def cpu_us(self) -> float:
        """Of all roles and the store, the broker left out, as it is for the peers."""
        return round(sum(us for role, us in self.flat_out.cpu_us.items() if role != "broker"), 1)


class Round(msgspec.Struct, frozen=True):
    """One run of every row on one broker; a peer that is not installed is absent."""

    peers: Mapping[str, Measured]
    vedette: Vedette


class Result(msgspec.Struct, frozen=True):
    """Of each row the round with the median rate; ratios of those. A ratio to a peer that is absent is None.

    `ratio_…` compares events/s, `cpu_ratio_…` events per second of CPU time, which other programs disturb less.
    """

    made_at: str
    machine: Machine
    options: Options
    bytes_each: float  # of a raw record
    peers: Mapping[str, Measured]
    vedette: Vedette
    stages: Sequence[Stage]
    ratio_stock_faust: float | None
    ratio_quix: float | None
    ratio_aiokafka: float | None
    cpu_ratio_stock_faust: float | None
    cpu_ratio_quix: float | None


def together(
    rounds: Sequence[Round],
    *,
    made_at: str,
    machine: Machine,
    options: Options,
    bytes_each: float,
    stages: Sequence[Stage],
) -> Result:
    peers = {
        name: middle(found, lambda measured: measured.per_second)
        for name in PEERS
        if (found := [each.peers[name] for each in rounds if name in each.peers])
    }
    vedette = middle([each.vedette for each in rounds], lambda each: each.flat_out.whole)

    def ratio(name: str) -> float | None:
        peer = peers.get(name)
        return round(vedette.flat_out.whole / peer.per_second, 3) if peer else None

    def cpu_ratio(name: str) -> float | None:
        peer = peers.get(name)
        return round(peer.cpu_us / vedette.cpu_us, 3) if peer else None

    return Result(
        made_at=made_at,
        machine=machine,
        options=options,
        bytes_each=round(bytes_each, 1),
        peers=peers,
        vedette=vedette,
        stages=stages,
        ratio_stock_faust=ratio(FAUST),
        ratio_quix=ratio(QUIX),
        ratio_aiokafka=ratio(AIOKAFKA),
        cpu_ratio_stock_faust=cpu_ratio(FAUST),
        cpu_ratio_quix=cpu_ratio(QUIX),
    )


def middle(some: Sequence[T], by: Callable[[T], float]) -> T:
    """The one with the median value, the lower of two."""
    return sorted(some, key=by)[(len(some) - 1) // 2]

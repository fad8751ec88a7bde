"""A result with round figures, for tests of the table."""

from __future__ import annotations

import msgspec

from benchmarks.flatout import FlatOut
from benchmarks.halfload import HalfLoad
from benchmarks.machine import Machine
from benchmarks.peers.meter import Measured
from benchmarks.results import AIOKAFKA, FAUST, QUIX, Options, Result, Round, Vedette, together
from benchmarks.stages import Stage

MACHINE = Machine(cores=2, cpu="Test CPU", memory_gb=8.0, system="Linux 6.1", python="3.11.7", load=0.1)
PEERS = {
    AIOKAFKA: Measured(270_000, 1.0, 270_000.0, 3.0, 60.0),
    FAUST: Measured(150_000, 25.0, 6_000.0, 154.0, 80.0),
    QUIX: Measured(270_000, 2.7, 100_000.0, 10.0, 100.0),
}
ROLES = ("api", "broker", "detect", "ingest", "notify", "store")


def vedette(whole: float) -> Vedette:
    return Vedette(
        flat_out=FlatOut(270_000, 9.0, whole, 40_000.0, 36_000.0, 1.25, 1_234, dict.fromkeys(ROLES, 10.0), 12),
        half_load=HalfLoad(15_000.0, 14_990.0, 30.0, 135, 1.5, 2.5, 2.75),
        peak_mb=dict.fromkeys(ROLES, 100.0),
        bytes_events=224.0,
        bytes_all=240.0,
    )


def round_of(whole: float, peers: dict[str, Measured] | None = None) -> Round:
    return Round(PEERS if peers is None else peers, vedette(whole))


def result(*rounds: Round, machine: Machine = MACHINE) -> Result:
    made = rounds or (round_of(30_000.0),)
    return together(
        made,
        made_at="2026-11-24T09:00:00.000Z",
        machine=machine,
        options=msgspec.structs.replace(Options(), rounds=len(made)),
        bytes_each=448.04,
        stages=[Stage("decode", "event", 2.5, 50_000), Stage("judge", "delivery", 12.25, 37_571)],
    )

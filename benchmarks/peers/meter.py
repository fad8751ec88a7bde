"""Counts what a peer has read and times it, from the end of the warm-up to the last event. Standard library only."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """What a peer did between its warm-up and its end; `cpu_us` is its own process's CPU time per event."""

    events: int
    seconds: float
    per_second: float
    cpu_us: float
    peak_mb: float


class Meter:
    """The first `warm_up` events count nothing; done after `events` in all, or `seconds` behind the warm-up."""

    def __init__(self, *, events: int, warm_up: int, seconds: float) -> None:
        if not 0 < warm_up < events:
            raise ValueError(f"the warm-up is {warm_up} events of {events}; it must leave some to measure")
        self._events, self._warm_up, self._seconds = events, warm_up, seconds
        self._step = max(1, (events - warm_up) // 200)
        self._seen, self._next = 0, warm_up
        self._began = self._cpu = 0.0
        self.measured: Measured | None = None

    def add(self, number: int = 1) -> bool:
        """That many more were read; whether it is done."""
        self._seen += number
        return self._seen >= self._next and self._look()

    def _look(self) -> bool:
        if self.measured:
            return True
        now = time.perf_counter()
        if not self._began:
            self._began, self._cpu, self._warm_up = now, time.process_time(), self._seen
        elif self._seen >= self._events or now - self._began >= self._seconds:
            self.measured = self._result(now)
            return True
        self._next = min(self._seen + self._step, self._events)
        return False

    def _result(self, now: float) -> Measured:
        read, seconds, cpu = self._seen - self._warm_up, now - self._began, time.process_time() - self._cpu
        return Measured(read, round(seconds, 3), round(read / seconds, 1), round(cpu / read * 1e6, 2), _peak_mb())

    def report(self) -> None:
        """One line of JSON on standard output; RuntimeError when it was not done."""
        if self.measured is None:
            raise RuntimeError(f"only {self._seen} of {self._events} events were read")
        print(json.dumps(asdict(self.measured)), flush=True)


def _peak_mb() -> float:
    """The most memory this program ever held, MiB; getrusage would count what the one that started it held."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


def asked(name: str) -> argparse.Namespace:
    """What the benchmark asks of a peer: bootstrap, topic, events, warm_up, seconds, scratch."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--events", type=int, required=True, help="how many wait in the topic")
    parser.add_argument("--warm-up", type=int, required=True, help="events that are read before it is timed")
    parser.add_argument("--seconds", type=float, required=True, help="stop timing after so long")
    parser.add_argument("--scratch", required=True, help="a directory for what it must write")
    return parser.parse_args()

"""Where it was measured, in one line."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """`load` is the load average of the last minute at the start; above 0.5 a core others were at work."""

    cores: int
    cpu: str
    memory_gb: float
    system: str
    python: str
    load: float

    @property
    def busy(self) -> bool:
        return self.load > 0.5 * self.cores

    def line(self) -> str:
        return (
            f"{self.cores} cores of {self.cpu}, {self.memory_gb:.0f} GiB, {self.system}, Python {self.python}, "
            f"load {self.load:.1f} at the start"
        )


def here() -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        cpu=_first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        memory_gb=round(int((_first("/proc/meminfo", "MemTotal") or "0").split()[0]) / 1024**2, 1),
        system=f"{platform.system()} {platform.release().split('-')[0]}",
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 1),
    )


def _first(file: str, name: str) -> str:
    """The first value of that name in a file of `name: value` lines; "" when there is none."""
    try:
        lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")

"""What the kernel says of a process: CPU time and peak memory (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


class Process:
    """A process by its id, threads included, its children not. OSError when it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid, self._proc = pid, Path(f"/proc/{pid}")

    def cpu(self) -> float:
        """Seconds of user and system time so far; a tick is 10 ms."""
        fields = (self._proc / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def peak_mb(self) -> float:
        """The most memory it ever held (VmHWM), MiB."""
        for line in (self._proc / "status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0

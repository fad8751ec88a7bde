"""One `vedette up` per data directory: a lock that ends with the process that holds it, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from domain.errors import VedetteError

#: Whoever only asks holds the lock for an instant; a start waits that long before it says that the directory is in use.
_PATIENCE = 0.5


class Lock:
    """Held from construction until `release` or the end of the process. Makes the directory, 0700."""

    def __init__(self, data: Path) -> None:
        """VedetteError when the directory cannot be ours, or another `vedette up` holds it."""
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            data.chmod(0o700)  # it holds keys and what people did
            self._file = open(data / "lock", "a+", encoding="utf-8")  # noqa: SIM115 (held until the process ends)
        except OSError as error:
            raise VedetteError(
                f"{data} cannot be used ({error.strerror}); make it yours, or choose another directory with --data"
            ) from error
        deadline = time.monotonic() + _PATIENCE
        while not self._try():
            if time.monotonic() > deadline:
                owner = owner_of(data)
                self._file.close()
                raise VedetteError(
                    f"{data} is in use by another `vedette up` (pid {owner}); stop it with `kill {owner}`, "
                    f"or choose another directory with --data"
                )
            time.sleep(0.02)
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        self._file.close()


def held(data: Path) -> bool:
    """Whether a `vedette up` runs on this directory now."""
    try:
        with open(data / "lock", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no such directory, or not ours to look into
        return False
    return False


def owner_of(data: Path) -> str:
    """The pid that last held the lock, as text."""
    try:
        return (data / "lock").read_text(encoding="utf-8").strip() or "unknown"
    except OSError:
        return "unknown"

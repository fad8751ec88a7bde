"""SIGTERM and SIGINT as an exception, wherever the main thread is."""

from __future__ import annotations

import signal
from types import FrameType


class StopAsked(KeyboardInterrupt):
    """A signal asked us to stop; raised wherever we are, so that no wait delays a stop."""


def raise_on_signals() -> None:
    """From now on SIGTERM and SIGINT raise StopAsked in the main thread, twice at most."""
    asked = 0

    def ask(number: int, _: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_IGN)
        raise StopAsked(signal.Signals(number).name)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask)

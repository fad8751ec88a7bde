"""Exceptions of our own while a record is read: told apart from what a record did wrong, counted, and never hidden."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from domain.errors import VedetteError

log = logging.getLogger("vedette.ingest")

#: So many in a row are our fault and no record's: going on would only fill the dead letters.
MOST_IN_A_ROW: Final = 1_000


class Failures:
    """Counts them; `total` since this process began."""

    def __init__(self) -> None:
        self.total = 0
        self.in_a_row = 0

    def over(self) -> None:
        """A record was read, or refused for a reason of its own."""
        self.in_a_row = 0

    def note(self, error: Exception, *, place: str) -> str:
        """What went wrong, for the dead letter of the record at `place`. Raises VedetteError at MOST_IN_A_ROW.

        Names the exception and its line, never its text, which may repeat what the record holds.
        """
        self.total += 1
        self.in_a_row += 1
        what = f"{type(error).__name__} at {_line(error)}"
        log.error("the record at %s could not be read: %s", place, what)
        if self.in_a_row >= MOST_IN_A_ROW:
            raise VedetteError(
                f"ingest failed on {self.in_a_row} records in a row, last at {place} with {what}; "
                "report it, and start the version that ran before"
            ) from error
        return f"ingest itself failed with {what}; report it, and replay the dead letter once it is mended"


def _line(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown line" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"

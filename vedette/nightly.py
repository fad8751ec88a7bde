"""When the embedded broker is renewed by the clock: once a night, and for an hour if it cannot be done at once."""

from __future__ import annotations

from domain.clock import DAY, HOUR, MINUTE

#: From one try to the next of a night, ms: HTTP waits during each of them.
AGAIN = 10 * MINUTE
#: A broker that holds less than this part of what it may hold is left alone.
WORTH = 4


def minute_of_day(text: str) -> int:
    """`HH:MM` as milliseconds from midnight; ValueError for anything else."""
    hours, colon, minutes = text.partition(":")
    if not (colon and len(hours) == len(minutes) == 2 and text.replace(":", "").isdecimal()):
        raise ValueError(f"{text!r} is no time of day; write HH:MM")
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(f"{text!r} is no time of day; hours go to 23 and minutes to 59")
    return int(hours) * HOUR + int(minutes) * MINUTE


class Nightly:
    """`due` says when to try, `done` that it need not be tried again that night. All times are in ms, UTC.

    `at` is HH:MM; with "" it is never due.
    """

    def __init__(self, at: str, now: int) -> None:
        self._at = minute_of_day(at) if at else None
        self._begins = self._next = 0
        self.done(now)

    def done(self, now: int) -> None:
        """The next one is the next night's."""
        if self._at is not None:
            today = now - now % DAY + self._at
            self._begins = self._next = today if today > now else today + DAY

    def due(self, now: int) -> bool:
        """True once per try. A night that was slept through is left out."""
        if self._at is None or now < self._next:
            return False
        if now >= self._begins + HOUR:
            self.done(now)
            return False
        self._next = now + AGAIN
        return True

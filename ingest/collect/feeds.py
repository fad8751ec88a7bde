"""What a collector is: some feeds, each read in walks over a span of time, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from domain.errors import VedetteError
from ingest.collect.web import Web


class Page(NamedTuple):
    """Records as the vendor sent them, and the token of the next page, "" after the last.

    `records` may be read from a file as it is gone through; `close` is called once it was.
    """

    records: Iterable[bytes]
    token: str
    close: Callable[[], None] = lambda: None


class Feed(Protocol):
    """One kind of record. `overlap` (ms) is how far behind its newest a vendor may still add records: each walk begins
    so far before the end of the one before, and what comes twice has the same native id."""

    @property
    def name(self) -> str: ...
    @property
    def overlap(self) -> int: ...

    async def page(self, since: int, until: int, token: str) -> Page:
        """A page of what happened from `since` to `until` (ms); `token` "" begins. Raises Refused, Unavailable.

        For the same span the pages hold together every record that the vendor had when the walk began, in any order.
        """


class Source(Protocol):
    """A vendor. `url` is "" where every customer has an address of its own; `secrets` names what its credentials file
    holds; `feeds` builds the feeds over the open connection."""

    @property
    def url(self) -> str: ...
    @property
    def secrets(self) -> tuple[str, ...]: ...

    def web(self, url: str, secrets: Callable[[], Mapping[str, str]]) -> Web: ...
    def feeds(self, web: Web) -> Sequence[Feed]: ...


class Unreadable(VedetteError):
    """The vendor's answer is not what its documentation says."""

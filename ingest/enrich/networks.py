"""What kind of network an address is in: lists of hosting, VPN, relay and Tor ranges, and operators known by number."""

from __future__ import annotations

import importlib.util
from bisect import bisect_right
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.enrich.compact import DataUnreadable
from ingest.enrich.parse import Number

#: Kinds of iporigin in our words. A crawler is a rented machine.
_KINDS: Final = {"hosting": "hosting", "cdn": "hosting", "bot": "hosting", "vpn": "vpn", "tor": "tor"}
#: Providers whose ranges carry other people's traffic: iCloud Private Relay leaves through these, and so does WARP.
_RELAYS: Final = frozenset({"Apple Private Relay", "Akamai", "Cloudflare", "Fastly"})


def ranges_file() -> Path:
    """Where the installed iporigin keeps its ranges. Nothing of it is imported, least of all `iporigin.online`."""
    found = importlib.util.find_spec("iporigin")
    if found is None or not found.submodule_search_locations:
        raise DataUnreadable("iporigin is not installed; install Vedette again")
    return Path(found.submodule_search_locations[0]) / "data" / "ranges.bin"


class Ranges:
    """The kinds of one file of iporigin's ranges, read once. Raises DataUnreadable."""

    def __init__(self, path: Path) -> None:
        from iporigin._data import DatasetError, _Dataset

        try:
            self._found: Any = _Dataset(path.read_bytes())  # type: ignore[no-untyped-call]  # its reader has no types
        except (OSError, DatasetError) as error:
            raise DataUnreadable(f"{path} holds no ranges of iporigin ({error}); install Vedette again") from error
        self.date = datetime.fromtimestamp(self._found.built_at, UTC).date().isoformat()

    def kind(self, at: Number) -> tuple[str, str]:
        """The kind of network and why; ("", "") when no list has the address."""
        starts, ends, labels = (
            (self._found.v4_starts, self._found.v4_ends, self._found.v4_labels)
            if at.bits == 32
            else (self._found.v6_starts, self._found.v6_ends, self._found.v6_labels)
        )
        index = bisect_right(starts, at.value) - 1
        if index < 0 or at.value > ends[index]:
            return "", ""
        provider, kind = self._found.labels[labels[index]]
        ours = "relay" if provider in _RELAYS else _KINDS.get(kind, "")
        return ours, f"{provider} ({kind}), iporigin of {self.date}" if ours else ""


class _Systems(msgspec.Struct, frozen=True):
    date: str
    systems: dict[int, tuple[str, str]]


class Systems:
    """Operators whose network says where nobody is: satellites, and gateways through which companies browse."""

    def __init__(self, path: Path) -> None:
        try:
            self._found = msgspec.json.decode(path.read_bytes(), type=_Systems, strict=False)
        except (OSError, msgspec.DecodeError) as error:
            raise DataUnreadable(f"{path} is no list of autonomous systems ({error}); install Vedette again") from error
        self.date = self._found.date

    def kind(self, asn: int | None) -> tuple[str, str]:
        """As `Ranges.kind`, by the number of the autonomous system."""
        known = self._found.systems.get(asn) if asn is not None else None
        return (known[0], f"{known[1]} (AS{asn})") if known else ("", "")

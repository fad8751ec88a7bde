"""What a source adapter is: a pure reader of one parsed record."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

#: Flags that more than one part sets.
IP_MISSING: Final = "ip_missing"


class Draft(NamedTuple):
    """What an adapter read: fields of `Activity` by name, and what only `Normaliser` can finish.

    `fields` holds at least occurred_at, action and actor_id. Its `session_id` is the session's own key, hashed later; its
    `ip` is as it came. Tenant, source, feed, ids, tokens, place and agent family are not in it.
    """

    fields: dict[str, Any]
    tenant: str = ""  # as the record says it
    organization: str = ""  # or the vendor's id of the organisation
    tenant_field: str = "tenant"  # what the record calls it
    source: str = ""
    feed: str = ""
    skipped: str = ""  # the kind of a record that is no business of ours; then `fields` is empty


class Adapter(Protocol):
    """Reads one parsed object. Raises Refused."""

    @property
    def source(self) -> str: ...

    @property
    def never_stored(self) -> tuple[str, ...]:
        """Lower-case names of top-level fields that are taken out before anything is kept."""

    def read(self, event: dict[str, Any], flags: set[str]) -> Draft: ...

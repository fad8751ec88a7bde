"""Settings of ingest: which tenant a record belongs to, and how a fetch is sized."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from domain.errors import SettingsInvalid
from ingest.enrich.settings import EnrichSettings

#: What a tenant may be called; `storage.keys` makes a file of that name.
TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ORGANIZATION: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`organizations` names the tenant of each Salesforce organisation id (15 or 18 characters)."""

    organizations: dict[str, str] = {}
    mappings: tuple[str, ...] = ()  # files that tell how a company's own JSON is read; see ingest.sources.mapping
    raw_source: str = ""  # whose the records of vedette.raw are; "" tells it by their fields
    default_tenant: str = ""  # of records that name none; "" refuses them
    lateness: float = (
        1.0  # seconds a lane's mark stays behind the newest event, at most 60; what comes later is settled
    )
    workers: int = 1  # processes that `vedette up` starts; the lanes are shared among all that run anywhere
    fetch_rows: int = 20_000  # records taken from Kafka at most per insert
    cycle: float = 0.25  # seconds between two inserts at least, while there is little to insert
    enrich: EnrichSettings = EnrichSettings()

    def __post_init__(self) -> None:
        if not 0 <= self.lateness <= 60:
            raise SettingsInvalid(f"ingest: lateness is {self.lateness} s; use 0 to 60")
        if not 1 <= self.workers <= 64:
            raise SettingsInvalid(f"ingest: workers is {self.workers}; use 1 to 64")
        if self.fetch_rows < 1:
            raise SettingsInvalid(f"ingest: fetch_rows is {self.fetch_rows}; use 1 or more")
        for organization, tenant in self.organizations.items():
            if not _ORGANIZATION.fullmatch(organization):
                raise SettingsInvalid(
                    f"ingest: organizations: {organization!r} is no Salesforce id; use its 15 or 18 letters and digits"
                )
            _check(tenant, f"organizations: {organization}")
        if self.default_tenant:
            _check(self.default_tenant, "default_tenant")


def _check(tenant: str, where: str) -> None:
    if not TENANT.fullmatch(tenant):
        raise SettingsInvalid(
            f"ingest: {where}: {tenant!r} is no tenant name; use a-z, 0-9, _ and -, at most 63 characters"
        )

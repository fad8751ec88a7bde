"""Where ClickHouse is and who we are there."""

from __future__ import annotations

import re

import msgspec


class StoreUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name and the file that holds the password; no file means no password."""

    name: str = ""
    password_file: str = ""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The store's address without credentials ("" = embedded), its database, and three users with their own rights."""

    url: str = ""
    database: str = "vedette"
    ca_file: str = ""
    migrator: StoreUser = StoreUser(name="vedette_migrator")
    writer: StoreUser = StoreUser(name="vedette_writer")
    reader: StoreUser = StoreUser(name="vedette_reader")

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", self.database):
            raise ValueError(f"database {self.database!r} is no name; use letters, digits and _, at most 63 of them")

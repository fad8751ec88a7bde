"""Tenant keys: made once, kept private, and the same for whoever asks."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.errors import VedetteError
from storage.keys import TenantKeys


def test_a_key_is_made_at_first_use_and_kept_private(tmp_path: Path) -> None:
    keys = TenantKeys(tmp_path / "keys")
    first = keys.key("acme")
    assert (len(first), keys.key("acme"), TenantKeys(tmp_path / "keys").key("acme")) == (32, first, first)
    assert stat.S_IMODE((tmp_path / "keys/acme.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["acme.key"]


def test_one_value_has_another_token_under_each_tenant(tmp_path: Path) -> None:
    keys = TenantKeys(tmp_path)
    ann = keys.tokeniser("acme")("Ann@Example.com")
    assert ann == TenantKeys(tmp_path).tokeniser("acme")("ann@example.com")
    assert ann != keys.tokeniser("globex")("ann@example.com")


def test_all_who_ask_at_once_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: TenantKeys(tmp_path).key("acme"), range(64)))
    assert len(made) == 1


@pytest.mark.parametrize("tenant", ["", "../acme", "Acme", "-acme", "a" * 64, "acme\n", "a/b"])
def test_a_name_that_is_no_tenant_name_touches_no_file(tmp_path: Path, tenant: str) -> None:
    with pytest.raises(VedetteError, match="is no tenant name"):
        TenantKeys(tmp_path / "keys").key(tenant)
    assert not (tmp_path / "keys").exists()


def test_a_key_cut_short_is_refused_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "acme.key").write_bytes(b"short")
    with pytest.raises(VedetteError, match="has 5 bytes, not 32; restore it from a backup"):
        TenantKeys(tmp_path).key("acme")
    assert (tmp_path / "acme.key").read_bytes() == b"short"

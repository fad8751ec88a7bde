"""How a vendor is asked: its limits, its bad moments, and secrets that stay secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from domain import clock
from domain.errors import SettingsInvalid
from ingest.collect import credentials
from ingest.collect.web import Auth, Busy, Refused, Web
from tests.ingest.collect.made import opened
from tests.ingest.collect.vendors import TOKEN, HubSpot


async def test_a_wait_that_is_asked_for_is_kept_and_other_failures_wait_longer_each_time() -> None:
    vendor, waits = HubSpot(), list[float]()
    vendor.faults.extend(
        [
            web.Response(status=429, headers={"Retry-After": "17"}),
            web.Response(status=500),
            web.Response(status=503, headers={"Retry-After": "0"}),
            web.Response(status=429),
        ]
    )
    async with opened("hubspot", vendor, waits) as (asked, _):
        answer: Any = await asked.json("account-info/v3/activity/login", dict, params={"limit": "1"})
    assert answer == {"results": []}
    assert (waits[0], waits[2]) == (17.0, 0.0)
    assert 1.6 <= waits[1] <= 2.4
    assert 6.4 <= waits[3] <= 9.6


async def test_a_date_in_retry_after_is_a_moment_to_wait_for() -> None:
    vendor, waits = HubSpot(), list[float]()
    until = clock.moment(clock.now() + 90_000).strftime("%a, %d %b %Y %H:%M:%S GMT")
    vendor.faults.append(web.Response(status=503, headers={"Retry-After": until}))
    async with opened("hubspot", vendor, waits) as (asked, _):
        await asked.json("account-info/v3/activity/login", dict, params={"limit": "1"})
    assert 80 <= waits[0] <= 90


async def test_who_is_away_for_long_ends_the_round() -> None:
    vendor, waits = HubSpot(), list[float]()
    vendor.faults.extend(web.Response(status=500, text="oops") for _ in range(6))
    async with opened("hubspot", vendor, waits) as (asked, _):
        with pytest.raises(Busy, match=r"6 times in a row .* answered 500: oops"):
            await asked.json("account-info/v3/activity/login", dict)
        vendor.faults.append(web.Response(status=429, headers={"Retry-After": "86400"}))
        with pytest.raises(Busy, match="it asks us to wait 86400 s"):
            await asked.json("account-info/v3/activity/login", dict)
    assert len(waits) == 5


async def test_a_refusal_is_told_without_the_secret_and_a_redirect_is_not_followed() -> None:
    vendor = HubSpot()
    async with opened("hubspot", vendor) as (asked, _):
        vendor.token = "another"
        with pytest.raises(Refused) as told:
            await asked.json("account-info/v3/activity/login", dict)
        vendor.token = TOKEN
        vendor.faults.append(web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}))
        with pytest.raises(Refused, match="answered 302"):
            await asked.json("account-info/v3/activity/login", dict)
    assert TOKEN not in str(told.value)
    assert "*** has expired" in str(told.value)
    assert "put new ones into the file" in str(told.value)


async def test_new_secrets_in_the_file_are_taken_up_when_the_old_ones_have_expired() -> None:
    vendor, secrets = HubSpot(), {"token": "old"}
    async with vendor.running() as url:
        asked = Web(url, Auth(lambda: secrets, lambda found: {"Authorization": f"Bearer {found['token']}"}))
        secrets["token"] = TOKEN
        async with asked.open():
            assert await asked.json("account-info/v3/activity/login", dict, params={"limit": "1"}) == {"results": []}
    assert [each.headers["Authorization"] for each in vendor.asked] == ["Bearer old", f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    "url", ["http://crm.example", "https://ann:pw@crm.example", "ftp://crm.example", "crm.example"]
)
def test_secrets_do_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="--url") as told:
        Web(url, Auth(dict, dict))
    assert "pw" not in str(told.value)


def test_credentials_that_others_can_read_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "hubspot.toml"
    file.write_text(f'token = "{TOKEN}"\n')
    file.chmod(0o640)
    with pytest.raises(SettingsInvalid, match="chmod 600"):
        credentials.read(file, ("token",))
    file.chmod(0o600)
    assert credentials.read(file, ("token",)) == {"token": TOKEN}
    with pytest.raises(SettingsInvalid, match="lacks api_key"):
        credentials.read(file, ("api_key",))
    file.write_text(f"token = {TOKEN}\n")
    with pytest.raises(SettingsInvalid, match="is no TOML") as told:
        credentials.read(file, ("token",))
    assert TOKEN not in str(told.value)
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        credentials.read(tmp_path / "none", ("token",))

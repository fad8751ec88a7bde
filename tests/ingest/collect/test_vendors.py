"""Each collector against a server that answers as its vendor documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from domain import clock
from domain.activity import Activity
from ingest.collect.rounds import Told
from tests.ingest.collect.made import Log, collect, opened
from tests.ingest.collect.vendors import NOON, EspoCRM, HubSpot, Salesforce, Twenty, Vendor, log_file, login
from tests.ingest.made import normaliser, record


def found(log: Log) -> list[Any]:
    return [json.loads(each) for each in log.records]


def ids(log: Log, name: str = "id") -> list[str]:
    return sorted(each[name] for each in found(log) if name in each)


async def test_every_page_of_hubspots_three_feeds_is_collected_as_it_was_sent() -> None:
    vendor, log = HubSpot(logins=250, securities=101, audits=100), Log()
    told = await collect("hubspot", vendor, log)
    assert told == [Told("login", 250), Told("security", 101), Told("audit-logs", 100)]
    assert ids(log) == sorted(row["id"] for rows in vendor.rows.values() for row in rows)
    assert found(log)[0] == vendor.rows["login"][0]


async def test_the_login_history_is_read_no_further_than_where_it_was_left() -> None:
    vendor, log = HubSpot(), Log()
    vendor.rows["login"] = [login(n, ago=60_000) for n in range(500)]
    await collect("hubspot", vendor, log)
    vendor.rows["login"].insert(0, {**login(0), "id": "new", "loginAt": clock.rfc3339(NOON + 3_600_000)})
    vendor.asked.clear()
    log.records.clear()
    await collect("hubspot", vendor, log, at=NOON + 2 * 3_600_000)
    assert ids(log)[-1] == "new"
    assert len([each for each in vendor.asked if each.path.endswith("login")]) == 2


async def test_rows_of_one_second_are_collected_across_a_border_of_pages() -> None:
    vendor, log = EspoCRM(rows=421, per_second=3), Log()
    await collect("espocrm", vendor, log)
    assert ids(log) == sorted({row["id"] for rows in vendor.rows.values() for row in rows})
    crowded, log = EspoCRM(rows=650, per_second=500), Log()
    await collect("espocrm", crowded, log)
    assert ids(log) == sorted({row["id"] for rows in crowded.rows.values() for row in rows})


async def test_rows_of_one_millisecond_are_collected_across_a_border_of_pages() -> None:
    for rows, together in ((2_501, 3), (2_501, 1_700)):
        vendor, log = Twenty(rows, per_millisecond=together), Log()
        await collect("twenty", vendor, log)
        assert ids(log, "recordId") == sorted(row["recordId"] for row in vendor.rows)


async def test_what_twenty_refuses_inside_an_answer_is_told_and_the_other_feed_goes_on() -> None:
    vendor, log = Twenty(1), Log()
    vendor.refuses = "Audit logs require an Enterprise subscription."
    told = await collect("twenty", vendor, log)
    assert [each.fault for each in told] == [
        f"Twenty refuses {feed}: Audit logs require an Enterprise subscription."
        for feed in ("workspace-events", "object-events")
    ]


async def test_hourly_and_daily_files_and_the_trail_are_collected_and_a_late_file_is_found() -> None:
    files = {
        "0AT1": ("Logout", NOON - 3_600_000, log_file("r1", "r2")),
        "0AT2": ("Logout", NOON - 3_500_000, log_file("r3")),
        "0AT3": ("ApexExecution", NOON - 3_000_000, "none of ours"),
        "0AT4": ("Logout", NOON - 60_000, log_file("r1", "r2", "r3")),
    }
    vendor, log = Salesforce(files, trail=5), Log()
    told = await collect("salesforce", vendor, log)
    assert told == [Told("event-log-files", 3), Told("setup-audit-trail", 5)]  # the daily file repeats the hourly ones
    assert not any("0AT3" in each.path for each in vendor.asked)
    vendor.files["0AT5"] = ("Logout", NOON + 1_000, log_file("r4"))  # of the first hour, with a higher Sequence
    await collect("salesforce", vendor, log, at=NOON + 60_000)
    assert {each["REQUEST_ID"] for each in found(log) if "REQUEST_ID" in each} == {"r1", "r2", "r3", "r4"}
    made = [
        normaliser(default_tenant="acme").normalise(record(each, topic="vedette.raw.salesforce"))
        for each in log.records
    ]
    activities = [each[0] for each in made if isinstance(each, list)]
    assert {type(each) for each in activities} == {Activity}
    assert len({each.activity_id for each in activities}) == 4 + 5


async def test_a_token_that_has_expired_is_replaced_and_nothing_is_missed() -> None:
    files = {f"0AT{n}": ("Logout", NOON - 60_000 * n, log_file(f"r{n}")) for n in range(1, 5)}
    vendor, log = Salesforce(files), Log()
    async with opened("salesforce", vendor) as (_, feeds):
        first = await feeds[0].page(NOON - clock.DAY, NOON, "")
        records = list(first.records)
        first.close()
        vendor.token = "ended"
        token = first.token
        while token:
            page = await feeds[0].page(NOON - clock.DAY, NOON, token)
            records += page.records
            page.close()
            token = page.token
    assert sorted(json.loads(each)["REQUEST_ID"] for each in records) == ["r1", "r2", "r3", "r4"]
    assert vendor.sign_ins == 2
    assert log.records == []


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("hubspot", HubSpot(150, 3, 3)),
        ("espocrm", EspoCRM(220)),
        ("twenty", Twenty(1_200)),
        ("salesforce", Salesforce({})),
    ],
)
async def test_limits_and_bad_moments_of_a_vendor_lose_nothing(name: str, vendor: Vendor) -> None:
    quiet, troubled = Log(), Log()
    await collect(name, vendor, quiet)
    vendor.faults.extend(
        [web.Response(status=429, headers={"Retry-After": "7"}), web.Response(status=502), web.Response(status=503)]
    )
    told = await collect(name, vendor, troubled)
    assert [each.fault for each in told] == [""] * len(told)
    assert troubled.records == quiet.records

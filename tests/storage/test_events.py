"""Stored activities: each comes back as it went in, and the earliest delivery of an id counts."""

from __future__ import annotations

import msgspec

from domain.activity import Activity, Judged
from domain.clock import DAY, MINUTE
from storage.client import Client
from storage.events import EventStore

#: 2026-11-30T23:59:59.999Z, the last moment of a month.
MONTH_END = 1_796_083_199_999
TENANT = "acme"


def uid(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012x}"


def activity(number: int, *, at: int = MONTH_END, **changes: object) -> Activity:
    made = Activity(
        tenant=TENANT,
        activity_id=uid(number),
        occurred_at=at,
        action="data.exported",
        source="generic",
        feed="main",
        native_id=str(number),
        actor_token=f"{7:032x}",
        lane="vedette.raw:0",
        offset=number,
        received_at=at + 1_500,
    )
    return msgspec.structs.replace(made, **changes)


async def test_an_activity_that_says_nothing_but_what_it_must_comes_back_so(store: Client, reader: Client) -> None:
    bare = activity(1)
    await EventStore(store).insert([bare], token="bare")
    assert await EventStore(reader).get(TENANT, bare.activity_id) == bare
    assert await EventStore(reader).get("globex", bare.activity_id) is None
    assert await EventStore(reader).by_ids(TENANT, []) == []


async def test_every_field_comes_back_as_it_went_in(store: Client, reader: Client) -> None:
    own: dict[str, object] = {"tenant": TENANT, "activity_id": uid(2), "occurred_at": MONTH_END - 1, "epoch": 3}
    values = {name: own.get(name, _example(name)) for name in Activity.__struct_fields__}
    full = Activity(**values)  # type: ignore[arg-type]  # every value has its field's type, see _example
    empty = [name for name in values if getattr(full, name) in ("", None, 0, False, ())]
    assert empty == [], "the example leaves nothing out"
    await EventStore(store).insert([full], token="full")
    assert await EventStore(reader).get(TENANT, uid(2)) == full
    columns = ", ".join(map(_selected, Activity.__struct_fields__))
    where = "WHERE tenant = {t:String} AND activity_id = {id:UUID}"
    by_name = await reader.query(f"SELECT {columns} FROM events {where}", {"t": TENANT, "id": uid(2)}, row=Activity)
    assert by_name == [full], "whoever asks in SQL finds each field under its name"


def _selected(name: str) -> str:
    if name in ("occurred_at", "received_at", "valid_from", "valid_until"):
        return f"toUnixTimestamp64Milli({name})"
    return "toString(activity_id)" if name == "activity_id" else f"`{name}`"


async def test_a_record_is_kept_byte_for_byte(store: Client, reader: Client) -> None:
    raws = [
        b'{ "id":"raw-1",\t"n": [1, 2.50, {"x": null}],\n "t":"\\u0037 \\" \\\\ \xc3\xbc \xe2\x9c\x93" , "id": 1e5}',
        b"",
        b'{"a":"' + b"x" * 100_000 + b'"}',
    ]
    rows = [activity(300 + n) for n in range(3)]
    await EventStore(store).insert(rows, raws, token="raws")
    kept = await reader.query(
        "SELECT raw FROM events WHERE activity_id IN {ids:Array(UUID)} ORDER BY activity_id",
        {"ids": [row.activity_id for row in rows]},
        row=tuple[str],
    )
    assert [text.encode() for (text,) in kept] == raws


def _example(name: str) -> object:
    kinds: dict[str, object] = {
        "str": f"{name} 'ünï' \\ \t\n\0 ✓",
        "int": 1_764_000_000_123,
        "int | None": 1_764_000_000_456,
        "float | None": 12.0625,
        "bool": True,
        "bool | None": True,
        "tuple[str, ...]": (f"{name} a", "b, 'c'"),
    }
    return 7 if name == "index" else kinds[{**Judged.__annotations__, **Activity.__annotations__}[name]]


async def test_truths_and_numbers_that_are_unknown_stay_apart_from_false_and_zero(
    store: Client, reader: Client
) -> None:
    unknown, false = activity(3), activity(4, mfa=False, count=0, hard=False, score=0.0, valid_from=0, asn=0, lat=0.0)
    await EventStore(store).insert([unknown, false], token="unknown")
    assert await EventStore(reader).by_ids(TENANT, [uid(3), uid(4)]) == [unknown, false]


async def test_a_later_delivery_of_an_id_replaces_nothing_and_an_earlier_one_does(
    store: Client, reader: Client
) -> None:
    events = EventStore(store)
    first = activity(10, epoch=2, offset=50)
    copies = [
        activity(10, epoch=2, offset=51),
        activity(10, epoch=2, offset=50, index=1),
        activity(10, epoch=3, offset=1),
    ]
    for number, row in enumerate([copies[0], first, *copies[1:]]):
        await events.insert([row], token=f"copy {number}")
    assert await EventStore(reader).by_ids(TENANT, [uid(10)]) == [first]
    older = activity(10, epoch=1, offset=10**9)
    await events.insert([older], token="older")
    assert await EventStore(reader).by_ids(TENANT, [uid(10)]) == [older]


async def test_of_two_deliveries_in_one_fetch_the_earlier_one_counts_wherever_it_stands(
    store: Client, reader: Client
) -> None:
    early = [activity(number, epoch=9, offset=120) for number in (120, 121)]
    late = [activity(number, epoch=9, offset=121) for number in (120, 121)]
    alone = activity(122, epoch=9)
    await EventStore(store).insert([early[0], late[0], late[1], early[1], alone], token="both")
    assert await EventStore(reader).by_ids(TENANT, [uid(120), uid(121)]) == early
    listed = await EventStore(reader).list(TENANT, since=MONTH_END, limit=1000)
    assert [a for a in listed if a.epoch == 9] == [alone, early[1], early[0]]


async def test_a_fetch_over_a_month_end_is_stored_whole_and_a_repeated_one_once(store: Client, reader: Client) -> None:
    events = EventStore(store)
    rows = [activity(20, at=MONTH_END), activity(21, at=MONTH_END + 1), activity(22, at=MONTH_END - 40 * DAY)]
    for _ in range(2):
        await events.insert(rows, token="fetch 20-22")
    counted = await reader.query(
        "SELECT toYYYYMM(occurred_at) AS month, count() FROM events WHERE activity_id IN {ids:Array(UUID)} "
        "GROUP BY month ORDER BY month",
        {"ids": [row.activity_id for row in rows]},
        row=list[int],
    )
    assert counted == [[202610, 1], [202611, 1], [202612, 1]], "without FINAL: the token stopped the repetition"
    assert await EventStore(reader).by_ids(TENANT, [uid(20), uid(21), uid(22)]) == [rows[2], rows[0], rows[1]]


async def test_a_list_is_newest_first_filtered_and_walked_page_by_page(store: Client, reader: Client) -> None:
    noon, tenant = MONTH_END - 10 * DAY, "initech"
    rows = [
        activity(100 + n, at=noon + n // 2 * MINUTE, tenant=tenant, outcome="success" if n % 2 else "failure")
        for n in range(10)
    ]
    await EventStore(store).insert(rows, token="list")
    events, newest = EventStore(reader), sorted(rows, key=lambda a: a.key, reverse=True)
    walked: list[Activity] = []
    while page := await events.list(tenant, before=walked[-1].key if walked else None, limit=3):
        walked += page
    assert walked == newest
    found = await events.list(tenant, where={"outcome": ["failure"]}, since=noon + MINUTE, until=noon + 4 * MINUTE)
    assert found == [a for a in newest if a.outcome == "failure" and noon + MINUTE <= a.occurred_at < noon + 4 * MINUTE]
    assert await events.list(tenant, where={"outcome": ["' OR 1=1 --"]}) == []


async def test_a_token_is_named_by_what_was_seen_last_and_only_to_its_tenant(store: Client, reader: Client) -> None:
    token = f"{99:032x}"
    events = EventStore(store)
    await events.insert([activity(200, actor_token=token, actor_id="u9", actor_name="Ann Maiden")], token="maiden")
    later = activity(201, at=MONTH_END + 1, actor_token=token, actor_id="u9", actor_name="Ann Married")
    await events.insert([later], token="married")
    assert await EventStore(reader).names(TENANT, [token, "unknown"]) == {token: "Ann Married"}
    assert await EventStore(reader).names("globex", [token]) == {}


async def test_lanes_say_how_far_is_stored_and_never_go_back(store: Client, reader: Client) -> None:
    events = EventStore(store)
    await events.put_lanes(5, {"vedette.raw:0": 10, "vedette.raw:1": 3})
    await events.put_lanes(5, {"vedette.raw:0": 7})
    await events.put_lanes(6, {"vedette.raw:0": 0})
    assert await EventStore(reader).lanes(5) == {"vedette.raw:0": 10, "vedette.raw:1": 3}
    assert await EventStore(reader).lanes(7) == {}


async def test_a_worse_name_does_not_replace_a_better_one(store: Client, reader: Client) -> None:
    token = f"{98:032x}"
    events = EventStore(store)
    for number, who in enumerate([{"actor_name": "Bo Best"}, {}, {"actor_login": "bo@acme.example"}]):
        await events.insert(
            [activity(400 + number, at=MONTH_END + number, actor_token=token, actor_id="u8", **who)],
            token=f"bo {number}",
        )
    assert await EventStore(reader).names(TENANT, [token]) == {token: "Bo Best"}

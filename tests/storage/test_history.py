"""The pages that settling reads, and the alerts beside them, from a real ClickHouse."""

from __future__ import annotations

import msgspec

from domain.activity import Activity
from domain.alert import Content, alert_id, evidence
from domain.judgement import AlertRevision, Copy, DirtyMark
from storage import history
from storage.client import Client
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from tests.storage.test_settled import EVEN, NOON, ODD, activity

LOGIN, EXPORT = "auth.login.succeeded", "data.exported"
ADDRESS = f"{8 << 96:032x}"
#: Of ids that differ in their last digits only, and of two whose order as text ClickHouse does not share.
IDS = ("ffffffff-0000-5000-8000-000000000001", "00000000-0000-5000-8000-ffffffffffff")


async def read(
    client: Client, subjects: list[str], actions: list[str], *, since: int, until: int, most: int
) -> list[list[str]]:
    """Page for page, the offsets."""
    pages, after, more = list[list[str]](), None, True
    while more:
        page, more = await history.page(client, subjects, actions, since=since, until=until, after=after, most=most)
        pages.append([str(a.offset) for a in page])
        after = page[-1] if page else None
    return pages


def stored() -> list[Activity]:
    found = [activity(n, (EVEN, ODD)[n % 2], NOON + n // 4, epoch=1) for n in range(10)]
    found = [msgspec.structs.replace(a, action=EXPORT if a.offset % 3 else LOGIN, ip_token=ADDRESS) for a in found]
    same = [
        msgspec.structs.replace(activity(20 + n, EVEN, NOON + 9, epoch=1), activity_id=i) for n, i in enumerate(IDS)
    ]
    return [*found, *same]


async def test_pages_hold_every_activity_of_the_subjects_once_and_in_the_order_of_keys(store: Client) -> None:
    rows = stored()
    await EventStore(store).insert(rows, token="all")
    await EventStore(store).insert([msgspec.structs.replace(rows[4], offset=99, native_id="copy")], token="again")
    actors = [f"actor|acme|{EVEN}", f"actor|acme|{ODD}"]
    in_order = [a.native_id for a in sorted(rows, key=lambda a: a.key)]
    assert in_order[-2:] == ["21", "20"]
    for most in (1, 5, 100):
        pages = await read(store, actors, [EXPORT, LOGIN], since=NOON, until=NOON + 10, most=most)
        assert [id for page in pages for id in page] == in_order
        assert all(len(page) == most for page in pages[:-1])
    even = await read(store, actors[:1], [EXPORT], since=NOON + 1, until=NOON + 9, most=100)
    assert even == [["4", "8"]]
    address = await read(store, [f"source|acme|{ADDRESS}"], [LOGIN], since=NOON + 1, until=NOON + 3, most=2)
    assert address == [["6", "9"], []]


async def test_of_what_an_alert_names_what_is_stored_of_its_subject_is_told(store: Client) -> None:
    rows = stored()
    await EventStore(store).insert(rows, token="all")
    ids = {a.native_id: a.activity_id for a in rows}
    asked = [*ids.values(), "00000000-0000-5000-8000-eeeeeeeeeeee"]
    even = {id for n, id in ids.items() if int(n) % 2 == 0 or n == "21"}
    assert await history.kept(store, f"actor|acme|{EVEN}", asked) == even
    assert await history.kept(store, f"source|acme|{ADDRESS}", [ids["4"], ids["6"]]) == {ids["6"]}
    assert await history.kept(store, f"actor|acme|{EVEN}", []) == set()


async def test_of_what_is_late_the_earliest_stored_copy_is_told_and_no_other_s(store: Client) -> None:
    first, other, third, fourth = (
        msgspec.structs.replace(activity(40 + n, EVEN, NOON + n, epoch=1), record_digest=f"{n}") for n in range(4)
    )
    nobody_s = msgspec.structs.replace(third, actor_token="")
    await EventStore(store).insert([msgspec.structs.replace(first, offset=99, record_digest="again")], token="again")
    await EventStore(store).insert([first, other, nobody_s], token="first")
    await EventStore(store).insert([msgspec.structs.replace(first, epoch=2)], token="a later epoch")
    asked = [
        msgspec.structs.replace(first, offset=7, record_digest="asked"),
        nobody_s,
        fourth,
        msgspec.structs.replace(other, tenant="else"),
        msgspec.structs.replace(other, occurred_at=other.occurred_at + 1),
    ]
    assert await ClickHouseJudgeStore(store).copies(asked) == {
        ("acme", first.key): Copy(first.place, first.record_digest),
        ("acme", nobody_s.key): Copy(nobody_s.place, nobody_s.record_digest),
    }
    assert await ClickHouseJudgeStore(store).copies([]) == {}


async def test_alerts_are_read_from_their_openers_on_and_marks_keep_their_actions(store: Client) -> None:
    judges = ClickHouseJudgeStore(store)
    term = await judges.claim(0, 1)
    subject = f"actor|acme|{EVEN}"

    def revision(opener: int) -> AlertRevision:
        key = (opener, IDS[0])
        made = alert_id(tenant="acme", slot="x.v1", arm="a", subject=subject, opener=key)
        content = Content(
            made, "acme", "x", "x.v1", "a", "live", subject, key, key, 1, 1.0, 1.0, {}, {}, evidence([IDS[0]]), ""
        )
        return AlertRevision(content, False, opener, 1)

    early, late = revision(NOON), revision(NOON + 5)
    await judges.put_alerts(0, term, [early, late])
    assert await judges.alerts_of([subject], since=NOON + 5) == {subject: [late]}
    assert {r.content.opener for r in (await judges.alerts_of([subject], since=NOON))[subject]} == {
        early.content.opener,
        late.content.opener,
    }
    marks = [
        DirtyMark("some", subject, (NOON, IDS[0]), 0, "late", (LOGIN, EXPORT)),
        DirtyMark("all", subject, (NOON, IDS[0]), 0, "epoch"),
    ]
    await judges.put_dirty(0, term, marks, cleared=False)
    assert sorted(await judges.dirty(0, 1), key=lambda m: m.why) == marks[::-1]

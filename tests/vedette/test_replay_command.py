"""`vedette replay`: the store folded from nothing beside the alerts that stand, on a real store."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from detectors.registry import load as load_registry
from domain.activity import Activity
from domain.alert import Content, canonical
from domain.clock import MINUTE, rfc3339
from domain.judgement import AlertRevision, Marker, position
from domain.subject import router
from engine.epoch import open_epoch
from engine.fold import Folder
from engine.frozen import REASONS
from engine.memory import Memory
from storage.client import connect
from storage.epochs import EpochStore
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from storage.settings import StoreSettings
from storage.subjects import SubjectStore
from tests.storage.test_settled import LANE, NOON, activity
from vedette.cli import main

SETTLED = NOON + 60 * MINUTE
ADDRESS, APP = f"{8 << 96:032x}", f"{10 << 96:032x}"


def burst(person: int, at: int) -> list[Activity]:
    """Twelve failed sign-ins of one login, a second apart."""
    return [
        msgspec.structs.replace(
            activity(person * 100 + n, f"{person << 96:032x}", at + n * 1_000, epoch=1),
            action="auth.login.failed",
            reason="bad_password",
            login_token=f"{person << 96:032x}",
        )
        for n in range(12)
    ]


def alert(rows: list[Activity]) -> Content:
    """What a fold says of one login's rows: its last revision."""
    return Folder(load_registry({})).apply(Memory(), f"login|acme|{rows[0].login_token}", rows, [])[-1]


@pytest.fixture
def words(database: StoreSettings, tmp_path: Path) -> list[str]:
    users = "".join(
        f'[store.{role}]\nname = "{user.name}"\npassword_file = "{user.password_file}"\n'
        for role, user in (("migrator", database.migrator), ("writer", database.writer), ("reader", database.reader))
    )
    config = tmp_path / "vedette.toml"
    config.write_text(f'[store]\nurl = "{database.url}"\ndatabase = "{database.database}"\n{users}')
    return ["--config", str(config), "--data", str(tmp_path)]


def test_a_replay_names_every_alert_that_one_fold_of_the_store_would_not_have_given(
    database: StoreSettings, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong, missing, late = (burst(n, NOON + n * MINUTE) for n in (1, 2, 3, 4))
    late = [*late, *burst(4, SETTLED + MINUTE)[:1]]
    invented = msgspec.structs.replace(alert(right), alert_id="00000000-0000-5000-8000-00000000aaaa")
    erased = msgspec.structs.replace(
        invented,
        alert_id="00000000-0000-5000-8000-00000000bbbb",
        opener=(NOON, "00000000-0000-5000-8000-0000000000ff"),
        subject=f"login|acme|{99 << 96:032x}",
    )
    older = msgspec.structs.replace(
        invented, alert_id="00000000-0000-5000-8000-00000000cccc", slot="failed_login_burst.v0"
    )
    unsettled = msgspec.structs.replace(alert(burst(4, NOON + 4 * MINUTE)), completed=late[-1].key)
    altered = msgspec.structs.replace(alert(wrong), observed=99.0)

    async def fill(standing: list[Content]) -> None:
        client = await connect(database, "writer")
        try:
            epoch = await open_epoch(EpochStore(client), broker="test", partitions=1)
            judged = ClickHouseJudgeStore(client)
            term = await judged.claim(0, 1)
            for rows in (right, wrong, missing, late):
                await EventStore(client).insert(
                    [msgspec.structs.replace(row, epoch=epoch) for row in rows], token=f"{epoch}/{rows[0].offset}"
                )
            await judged.put_marker(0, term, Marker(position(epoch, 9), 1, {LANE: 9_999}, {"acme": SETTLED}))
            await judged.put_dirty(0, term, await judged.dirty(0, 1), cleared=True)
            made = [AlertRevision(c, False, n + (term << 24), position(epoch, 9)) for n, c in enumerate(standing)]
            await judged.put_alerts(0, term, made)
        finally:
            await client.close()

    asyncio.run(fill([alert(right), altered, invented, erased, older, unsettled]))
    assert main(["replay", "--compare", *words]) == 1
    said = capsys.readouterr().out
    assert re.sub(r"in \d+\.\d s", "in TIME", said).splitlines() == [
        f"tenant acme, settled through {rfc3339(SETTLED)}: 48 activities of 4 subjects folded in TIME",
        "1 added, 1 lost, 1 changed; 1 the same, 2 frozen (no fold can give them again), 1 completed later",
        f"  frozen   1: {REASONS['erased']}",
        f"  frozen   1: {REASONS['settings']}",
        f"  added    {_line(alert(missing))}",
        f"  lost     {_line(invented)}",
        f"  changed  {_line(alert(wrong))}",
        f"           observed: stored 99.0, folded {alert(wrong).observed!r}",
    ]

    assert main(["replay", *words]) == 0
    lines = capsys.readouterr().out.encode().splitlines()
    truth = [alert(right), alert(wrong), alert(missing), alert(burst(4, NOON + 4 * MINUTE))]
    assert lines == [canonical(content) for content in truth]

    since = rfc3339(NOON + 5 * MINUTE)
    assert main(["replay", "--compare", "--since", since, *words]) == 0, "all differences are older"
    assert "0 added, 0 lost, 0 changed" in capsys.readouterr().out


def _line(content: Content) -> str:
    return f"{content.alert_id}  {content.slot}/{content.arm}  {rfc3339(content.completed[0])}  {content.subject}"


async def test_the_groups_of_a_replay_have_every_subject_that_a_judge_has(
    database: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.subjects._TOGETHER", 7)
    monkeypatch.setattr("storage.subjects._ROWS", 5)
    routing = load_registry({}).routing()
    actions = sorted({action for seen in routing.values() for action in seen})
    rows = [
        msgspec.structs.replace(
            activity(n, f"{n << 96:032x}", NOON + n, epoch=1, tenant="globex"),
            action=action,
            ip_token=ADDRESS,
            app_token=APP,
            login_token=f"{n + 1 << 96:032x}",
        )
        for n, action in enumerate(actions)
    ]
    client = await connect(database, "writer")
    try:
        await EventStore(client).insert(rows, token="all actions")
        subjects = SubjectStore(client)
        assert "globex" in await subjects.tenants()
        groups = [group async for group in subjects.groups("globex", until=NOON + len(rows))]
    finally:
        await client.close()
    wanted = {subject for row in rows for subject in router(routing)(row)}
    found = [subject for group in groups for subject in group]
    assert found == sorted(set(found)), "each once, in order"
    assert wanted <= set(found)

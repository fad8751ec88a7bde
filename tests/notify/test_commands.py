"""`vedette channels` and `vedette deliveries`, as an operator types them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from domain.incident import Delivery
from notify.signature import parse_secrets
from storage.client import connect
from storage.deliveries import NotifyStore
from storage.settings import StoreSettings
from tests.notify.fakes import T0, delivery
from tests.notify.test_process import write_settings
from vedette.cli import main


def put(database: StoreSettings, *rows: Delivery) -> None:
    async def insert() -> None:
        store = NotifyStore(await connect(database, "writer"))
        await store.put_deliveries(rows)
        await store.close()

    asyncio.run(insert())


def stored(database: StoreSettings, webhook_id: str) -> list[Delivery]:
    async def read() -> list[Delivery]:
        store = NotifyStore(await connect(database, "reader"))
        try:
            return await store.delivery(webhook_id)
        finally:
            await store.close()

    return asyncio.run(read())


@pytest.fixture
def options(tmp_path: Path, database: StoreSettings) -> list[str]:
    settings = write_settings(tmp_path, database, "https://hooks.example.com/path-that-is-secret")
    return ["--config", str(settings), "--data", str(tmp_path)]


def test_channels_are_listed_without_the_path_of_their_url(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["channels", *options, "list"]) == 0
    assert capsys.readouterr().out == "oncall\twebhook\thooks.example.com\tall tenants\tfrom LOW\tpseudonym\ton\n"


def test_a_new_secret_keeps_the_old_one_beside_it(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "oncall.secret"
    old = path.read_text().strip()
    assert main(["channels", *options, "secret", "oncall"]) == 0
    new = capsys.readouterr().out.strip()
    assert path.read_text().split() == [new, old]
    assert (len(parse_secrets(path.read_text())), path.stat().st_mode & 0o777) == (2, 0o600)
    assert main(["channels", *options, "secret", "oncall"]) == 0
    assert path.read_text().split()[1:] == [new], "only one old secret is kept"


def test_an_unknown_channel_is_refused_with_those_there_are(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["channels", *options, "test", "pager"]) == 2
    assert capsys.readouterr().err == "vedette channels: notify.channels: no such channel 'pager'; there are oncall\n"


def test_enabling_a_channel_takes_up_what_waited(
    options: list[str], database: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = delivery(71, status="disabled", response_status=410, attempts=3)
    put(database, gone, delivery(72, status="disabled"))
    main(["channels", *options, "list"])
    assert capsys.readouterr().out.endswith("\toff: its receiver answered 410\n")
    assert main(["channels", *options, "enable", "oncall"]) == 0
    assert capsys.readouterr().out == "oncall (webhook) is on; 2 deliveries are taken up\n"
    assert [(row.status, row.attempts) for row in stored(database, gone.webhook_id)] == [("pending", 0)]


def test_a_delivery_is_shown_and_delivered_again_under_its_id(
    options: list[str], database: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = delivery(81, status="failed", attempts=12, response_status=500, error="the receiver answered 500", at=T0)
    put(database, failed)
    assert main(["deliveries", *options, "list", "--status", "failed"]) == 0
    shown = f"2026-11-24T09:00:00.000Z  {failed.webhook_id}  oncall  opened  failed (12 attempts, answered 500)"
    assert capsys.readouterr().out == f"{shown}: the receiver answered 500\n"
    assert main(["deliveries", *options, "show", failed.webhook_id]) == 0
    assert '"type": "incident.opened"' in capsys.readouterr().out
    assert main(["deliveries", *options, "redeliver", failed.webhook_id]) == 0
    [row] = stored(database, failed.webhook_id)
    assert (row.status, row.attempts, row.error, row.revision) == ("pending", 0, "", 2)
    assert main(["deliveries", *options, "show", "msg_none"]) == 1

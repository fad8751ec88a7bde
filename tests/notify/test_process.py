"""The notify role as a real process on a real store: killed in the middle of a delivery, stopped, without a store."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import standardwebhooks
from aiohttp import web

from domain.alert import Severity
from domain.clock import now
from domain.incident import incident_id
from notify.signature import new_secret
from storage.client import Client
from storage.deliveries import NotifyStore
from storage.settings import StoreSettings
from tests.notify.fakes import content, uid
from tests.notify.made import accept, activity, store_activities
from tests.notify.receiver import answer, receiving

ROOT = Path(__file__).resolve().parents[2]
SECRET = new_secret()


def write_settings(home: Path, database: StoreSettings, url: str) -> Path:
    secret = home / "oncall.secret"
    secret.write_text(SECRET + "\n")
    path = home / "vedette.toml"
    path.write_text(
        f'[store]\nurl = "{database.url}"\ndatabase = "{database.database}"\n'
        f'[store.writer]\nname = "{database.writer.name}"\npassword_file = "{database.writer.password_file}"\n'
        f'[store.reader]\nname = "{database.reader.name}"\npassword_file = "{database.reader.password_file}"\n'
        f'[notify]\npoll = 0.1\n[notify.channels.oncall]\nurl = "{url}"\nsecret_file = "{secret}"\n'
        "allow_private = true\n"
    )
    return path


@asynccontextmanager
async def running(command: str, *arguments: str, settings: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "vedette", command, "--config", str(settings), "--data", str(settings.parent),
        *arguments, cwd=settings.parent, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - a condition of another process, under a deadline
            await asyncio.sleep(0.02)


async def test_killed_in_the_middle_of_a_delivery_it_delivers_under_the_same_id(
    tmp_path: Path, store: Client, database: StoreSettings
) -> None:
    arrived, healthy = asyncio.Event(), False

    async def behave(request: web.Request) -> web.StreamResponse:
        arrived.set()
        if not healthy:
            await asyncio.Event().wait()
        return web.Response(status=204)

    async def delivered() -> bool:
        return [d.status for d in await NotifyStore(store).deliveries(tenant="acme")] == ["delivered"]

    at = now()
    await store_activities(store, [activity(1, at=at)])
    await accept(store, content(1, severity=Severity.CRITICAL, at=at), version=1)
    async with receiving(behave) as receiver:
        settings = write_settings(tmp_path, database, receiver.url)
        async with running("notify", settings=settings) as process:
            await asyncio.wait_for(arrived.wait(), 30)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        healthy = True
        async with running("notify", settings=settings) as process:
            await until(delivered)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0
        assert len(receiver.got) == 2
        assert len(set(receiver.ids)) == 1
        async with running("notify", settings=settings) as process:
            assert process.stderr is not None
            await asyncio.wait_for(process.stderr.readuntil(b"notify is ready"), 30)
        assert len(receiver.got) == 2, "what was delivered is not sent again"
    headers, body = receiver.got[-1]
    standardwebhooks.Webhook(SECRET).verify(body, headers)
    said = msgspec.json.decode(body)
    assert (said["type"], said["data"]["dedup_key"]) == ("incident.opened", incident_id("acme", uid(1)))
    assert said["data"]["title"] == "[CRIT] bulk_export acme: 118,400 contact records (usual 40/day)"


async def test_without_a_store_it_says_so_tries_again_and_ends_when_asked(
    tmp_path: Path, database: StoreSettings
) -> None:
    away = msgspec.structs.replace(database, url="http://127.0.0.1:9")
    async with running("notify", settings=write_settings(tmp_path, away, "http://127.0.0.1:9/")) as process:
        assert process.stderr is not None
        line = await asyncio.wait_for(process.stderr.readuntil(b"trying again in 1 s\n"), 30)
        assert b"the store at http://127.0.0.1:9 did not answer" in line
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_channel_is_tested_from_the_command_line(tmp_path: Path, database: StoreSettings) -> None:
    async with receiving(answer(200)) as receiver:
        settings = write_settings(tmp_path, database, receiver.url)
        async with running("channels", "test", "oncall", settings=settings) as process:
            out, err = await process.communicate()
    assert (out, err, process.returncode) == (b"oncall: delivered, the receiver answered 200\n", b"", 0)
    headers, body = receiver.got[0]
    standardwebhooks.Webhook(SECRET).verify(body, headers)
    said = msgspec.json.decode(body)["data"]
    assert (said["test"], said["title"]) == (
        True,
        "[TEST] [CRIT] bulk_export example: 118,400 contact records (usual 40/day)",
    )

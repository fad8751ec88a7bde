"""A member of a consumer group that died, on the embedded broker."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.errors import BrokerUnavailable
from transport import groups, topics
from transport.settings import KafkaSettings
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker

#: The embedded broker lets a member wait for half of it, and forgets who is silent for all of it.
SESSION_MS = 20_000
_MEMBER = """
import asyncio, os, sys
from aiokafka import AIOKafkaConsumer
from transport import groups, topics
async def main():
    name, topic = groups.client_id(groups.DETECT, os.getpid()), topics.ACTIVITY
    session = int(sys.argv[2])
    await AIOKafkaConsumer(
        topic, bootstrap_servers=sys.argv[1], group_id=groups.DETECT, client_id=name, session_timeout_ms=session
    ).start()
    print("joined", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
async def kafka(tmp_path: Path) -> AsyncIterator[KafkaSettings]:
    broker = EmbeddedBroker(port=ports.free(), log=tmp_path / "broker.log")
    await asyncio.to_thread(broker.start)
    settings = KafkaSettings(bootstrap=broker.bootstrap, raw_partitions=1, activity_partitions=4)
    await topics.ensure(settings)
    yield settings
    broker.stop()


async def member(kafka: KafkaSettings) -> Process:
    """A process that joins the group, and says so when it has."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MEMBER, kafka.bootstrap, str(SESSION_MS), stdout=asyncio.subprocess.PIPE
    )


async def joined(process: Process) -> None:
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"joined\n"


async def kill(process: Process) -> None:
    process.kill()
    await process.communicate()


def names(members: list[str]) -> list[str]:
    """Client ids, without what the broker adds."""
    return sorted(member[:-37] for member in members)


async def test_a_dead_member_leaves_and_no_other(kafka: KafkaSettings) -> None:
    dying = await member(kafka)
    try:
        await joined(dying)
        assert names(await groups.leave(kafka, groups.DETECT, dying.pid * 10)) == [
            groups.client_id(groups.DETECT, dying.pid)
        ]
    finally:
        await kill(dying)
    assert await groups.leave(kafka, groups.DETECT, dying.pid) == []


async def test_of_a_group_that_tansu_forms_just_now_a_dead_member_stays_one(kafka: KafkaSettings) -> None:
    dying = await member(kafka)
    await joined(dying)
    joining = await member(kafka)
    both = sorted(groups.client_id(groups.DETECT, each.pid) for each in (dying, joining))
    try:
        async with asyncio.timeout(60):
            while names(await groups.leave(kafka, groups.DETECT, 0)) != both:
                pass
    finally:
        await kill(dying)
        await kill(joining)
    assert names(await groups.leave(kafka, groups.DETECT, dying.pid)) == both


async def test_nobody_leaves_a_group_that_nobody_has_joined(kafka: KafkaSettings) -> None:
    assert await groups.leave(kafka, groups.DETECT, 1) == []


async def test_a_broker_that_is_gone_is_said(tmp_path: Path) -> None:
    gone = KafkaSettings(bootstrap=f"127.0.0.1:{ports.free()}")
    with pytest.raises(BrokerUnavailable, match="does not answer over PLAINTEXT"):
        await groups.leave(gone, groups.DETECT, 1)

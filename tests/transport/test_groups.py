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
    """A process that is in the group."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MEMBER, kafka.bootstrap, str(SESSION_MS), stdout=asyncio.subprocess.PIPE
    )
    assert made.stdout is not None
    assert await asyncio.wait_for(made.stdout.readline(), 60) == b"joined\n"
    return made


async def kill(process: Process) -> None:
    process.kill()
    await process.communicate()


async def test_a_dead_member_leaves_and_no_other(kafka: KafkaSettings) -> None:
    dying, other = await asyncio.gather(member(kafka), member(kafka))
    try:
        both = await groups.leave(kafka, groups.DETECT, 0)
        names = [groups.client_id(groups.DETECT, each.pid) for each in (dying, other)]
        assert set(map(_without_uuid, both)) == set(names)
        await kill(dying)
        assert list(map(_without_uuid, await groups.leave(kafka, groups.DETECT, dying.pid))) == names[1:]
    finally:
        await kill(other)


def _without_uuid(member: str) -> str:
    return member[:-37]


async def test_nobody_leaves_a_group_that_nobody_has_joined(kafka: KafkaSettings) -> None:
    assert await groups.leave(kafka, groups.DETECT, 1) == []


async def test_a_broker_that_is_gone_is_said(tmp_path: Path) -> None:
    gone = KafkaSettings(bootstrap=f"127.0.0.1:{ports.free()}")
    with pytest.raises(BrokerUnavailable, match="does not answer over PLAINTEXT"):
        await groups.leave(gone, groups.DETECT, 1)

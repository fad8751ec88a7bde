"""aiokafka alone: fetch, and decode each record into a typed msgspec struct. What any Python consumer pays at least."""

from __future__ import annotations

import asyncio

import msgspec
from aiokafka import AIOKafkaConsumer

from benchmarks.peers.meter import Meter, asked


class Actor(msgspec.Struct, gc=False):
    """Who."""

    id: str
    login: str = ""
    kind: str = "human"
    roles: tuple[str, ...] = ()


class Origin(msgspec.Struct, gc=False):
    """From where."""

    ip: str = ""
    user_agent: str = ""
    device_id: str = ""


class Event(msgspec.Struct, gc=False):
    """The fields that the benchmark's events have."""

    id: str
    tenant: str
    occurred_at: str
    action: str
    actor: Actor
    origin: Origin
    channel: str = ""
    outcome: str = ""
    reason: str = ""
    object_type: str = ""
    object_id: str = ""
    session_id: str = ""
    request_id: str = ""
    execution_id: str = ""
    auth_method: str = ""
    app_id: str = ""
    method: str = ""
    mfa: bool | None = None
    count: int | None = None


async def read() -> None:
    """Until the meter is done; then one line of JSON."""
    a = asked("aiokafka_decode")
    meter = Meter(events=a.events, warm_up=a.warm_up, seconds=a.seconds)
    decode = msgspec.json.Decoder(Event).decode
    consumer = AIOKafkaConsumer(
        a.topic, bootstrap_servers=a.bootstrap, group_id="bench-aiokafka", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        done = False
        while not done:
            for records in (await consumer.getmany(timeout_ms=250)).values():
                for record in records:
                    decode(record.value)
                done = meter.add(len(records)) or done
    finally:
        await consumer.stop()
    meter.report()


if __name__ == "__main__":
    asyncio.run(read())

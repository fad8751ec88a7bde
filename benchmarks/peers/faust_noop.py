"""Stock Faust: an agent that does nothing, one message per event.

Every setting is Faust's default, save where it must be said: the broker's address, a scratch directory, no web server
(it would bind every interface) and no leader topic (the embedded broker need not have it). So: acks after each event,
commits every 2.8 s or 10 000 messages, buffers of 4 096, fetches of 1 MB, cython_optimizations off, concurrency 1.
Values are raw bytes: Faust decodes nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from benchmarks.peers.meter import Meter, asked


async def read() -> None:
    """Until the meter is done; then one line of JSON, and a clean stop."""
    a = asked("faust_noop")
    meter = Meter(events=a.events, warm_up=a.warm_up, seconds=a.seconds)
    app = faust.App(
        "bench-faust", broker=f"kafka://{a.bootstrap}", datadir=a.scratch, web_enabled=False, topic_disable_leader=True
    )
    topic = app.topic(a.topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    done = asyncio.Event()

    async def nothing(stream: Any) -> None:
        async for _ in stream:
            if meter.add():
                done.set()

    app.agent(topic)(nothing)
    async with app:
        await done.wait()
        meter.report()


if __name__ == "__main__":
    asyncio.run(read())

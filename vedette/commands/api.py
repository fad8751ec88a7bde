"""`vedette api`: the role that answers HTTP."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from importlib.metadata import version
from pathlib import Path

import msgspec

from domain import clock
from domain.errors import BrokerUnavailable
from vedette import compose, room
from vedette.settings import Settings

log = logging.getLogger("vedette.api")


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default: api.host)")
    parser.add_argument("--port", type=int, help="port to listen on (default: api.port)")


def run(args: argparse.Namespace) -> int:
    compose.log_to_stderr()
    made = compose.reachable(compose.settings(args))
    asyncio.run(_run(made, args.host or made.api.host, made.api.port if args.port is None else args.port))
    return 0


async def _run(made: Settings, host: str, port: int) -> None:
    import uvicorn

    from api.app import create_app
    from api.parts import DataSet, Parts
    from storage.client import connect
    from transport.cluster import cluster_id
    from transport.producer import producer
    from vedette.commands.token import pepper_of

    reader = await connect(made.store, "reader")
    writer = await connect(made.store, "writer")
    sender = await producer(made.kafka)

    enricher = compose.enricher(made)

    def datasets() -> list[DataSet]:
        enricher.read()
        return [DataSet(*msgspec.structs.astuple(each)) for each in enricher.datasets(clock.now())]

    async def usable() -> None:
        await cluster_id(made.kafka, timeout=2.0)
        if full := room.memory_is_large(broker_memory(made.data_dir)):
            raise BrokerUnavailable(full)

    async def close() -> None:
        # each is closed, whatever becomes of the others
        for failed in await asyncio.gather(sender.stop(), reader.close(), writer.close(), return_exceptions=True):
            if isinstance(failed, BaseException):
                log.warning("closing a part failed: %r", failed)

    app = create_app(
        Parts(
            reader=reader,
            writer=writer,
            producer=sender,
            registry=compose.registry(made),
            settings=made.api,
            keys=compose.keys(made),
            pepper=pepper_of(made),
            version=version("vedette"),
            datasets=datasets,
            usable=usable,
            full=lambda: room.no_room(broker_memory(made.data_dir), renewing=renewing(made.data_dir)),
            close=close,
        )
    )
    # proxy headers stay unread: the address that guesses keys must not choose its own name
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    await uvicorn.Server(config).serve()  # ends by the signal that ended it: nothing below would run


def renewing(data: Path) -> bool:
    """Whether the embedded broker of a running system is about to be emptied."""
    found = compose.running(data)
    return found is not None and found.renewing


def broker_memory(data: Path) -> int:
    """Bytes that the embedded broker of a running system holds; 0 when there is none, or the system does not say."""
    found = compose.running(data)
    pid = found.pids.get("broker", 0) if found else 0
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")

"""`vedette api`: the role that answers HTTP."""

from __future__ import annotations

import argparse
import asyncio
from importlib.metadata import version

from vedette import compose
from vedette.settings import Settings


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
    from api.parts import Parts
    from storage.client import connect
    from transport.producer import producer
    from vedette.commands.token import pepper_of

    reader = await connect(made.store, "reader")
    writer = await connect(made.store, "writer")
    sender = await producer(made.kafka)
    try:
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
        await uvicorn.Server(config).serve()
    finally:
        await asyncio.gather(sender.stop(), reader.close(), writer.close(), return_exceptions=True)

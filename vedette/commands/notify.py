"""`vedette notify`: the role that tells on-call about alerts."""

from __future__ import annotations

import argparse
import asyncio
import signal

from vedette import compose


def register(parser: argparse.ArgumentParser) -> None:
    """No options beyond the common ones."""


def run(args: argparse.Namespace) -> int:
    compose.log_to_stderr()
    asyncio.run(_run(args))
    return 0


async def _run(args: argparse.Namespace) -> None:
    from notify.worker import work
    from storage.client import connect
    from storage.deliveries import NotifyStore

    made = compose.settings(args)
    made = made if made.store.url else compose.reachable(made)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)

    async def open_store() -> NotifyStore:
        return NotifyStore(await connect(made.store, "writer"))

    await work(made.notify, made.data_dir, open_store, stop)

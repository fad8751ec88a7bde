"""Builds the parts. Commands ask here for settings, stores and roles; nothing else reads the environment."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from storage.keys import TenantKeys
from vedette.settings import Settings, load


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What `vedette up` says of itself in DATA/run.json, so that other commands find its embedded parts."""

    pid: int
    bootstrap: str
    store_url: str
    broker: str
    api_url: str = ""
    epoch: int = 0
    pids: dict[str, int] = {}


def run_file(data: Path) -> Path:
    return data / "run.json"


def running(data: Path) -> Running | None:
    """The system that runs on this data directory; None when there is none."""
    try:
        found = msgspec.json.decode(run_file(data).read_bytes(), type=Running)
        os.kill(found.pid, 0)
    except (OSError, msgspec.DecodeError):
        return None
    return found


def settings(args: argparse.Namespace) -> Settings:
    """The settings in force for a command, with the addresses of embedded parts filled in where they run."""
    made = load(Path(args.config) if args.config else None, os.environ, data=Path(args.data) if args.data else None)
    found = running(made.data_dir)
    if found is None:
        return made
    if not made.kafka.bootstrap:
        made = msgspec.structs.replace(made, kafka=msgspec.structs.replace(made.kafka, bootstrap=found.bootstrap))
    if not made.store.url:
        from vedette.embedded.store import settings_for

        port = int(found.store_url.rsplit(":", 1)[1])
        made = msgspec.structs.replace(made, store=settings_for(made.data_dir / "store", port, made.store.database))
    return made


def reachable(made: Settings) -> Settings:
    """The same settings; VedetteError when the embedded system they mean does not run."""
    from domain.errors import VedetteError

    if not made.kafka.bootstrap or not made.store.url:
        raise VedetteError(f"nothing runs on {made.data_dir}; start it with `vedette up`, or set kafka.bootstrap and store.url")
    return made


def keys(made: Settings) -> TenantKeys:
    return TenantKeys(made.data_dir / "keys")


def registry(made: Settings) -> Any:
    from detectors.registry import load as load_registry

    return load_registry(made.detectors)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Plain lines with a UTC time; control characters of foreign text are escaped by repr where it is logged."""
    logging.Formatter.converter = __import__("time").gmtime
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    for noisy in ("aiokafka", "faust", "mode", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

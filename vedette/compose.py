"""Builds the parts. Commands ask here for settings, stores and roles; nothing else reads the environment."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from storage.keys import TenantKeys
from vedette import lock
from vedette.settings import Settings, load

if TYPE_CHECKING:
    from detectors.registry import Registry
    from engine.fold import Folder
    from ingest.enrich.enricher import Enricher
    from storage.client import Client


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What `vedette up` says of itself in DATA/run.json, so that other commands find its embedded parts."""

    pid: int
    bootstrap: str
    store_url: str
    broker: str  # the embedded broker's id in this life, "" with a Kafka of its own
    api_url: str = ""
    epoch: int = 0
    pids: dict[str, int] = {}
    renewing: bool = False  # the embedded broker is about to be emptied: nothing more should be sent


def run_file(data: Path) -> Path:
    return data / "run.json"


def running(data: Path) -> Running | None:
    """The system that runs on this data directory; None when there is none."""
    if not lock.held(data):
        return None
    try:
        return msgspec.json.decode(run_file(data).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):  # it has only begun to start, or has just stopped
        return None


def write_run_file(data: Path, found: Running) -> None:
    """Whole or not at all, readable by nobody else (0600)."""
    draft = data / f".run.json.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(found)))
    draft.replace(run_file(data))


def paths(args: argparse.Namespace) -> tuple[Path | None, Path | None]:
    """`--config` and `--data`, where they were given."""
    return Path(args.config) if args.config else None, Path(args.data) if args.data else None


def settings(args: argparse.Namespace) -> Settings:
    """The settings in force for a command, with the addresses of embedded parts filled in where they run."""
    config, data = paths(args)
    made = load(config, os.environ, data=data)
    found = running(made.data_dir)
    return made if found is None else joined(made, found)


def joined(made: Settings, found: Running) -> Settings:
    """`made` with the addresses of the embedded parts of a running system, where it names no others."""
    if not made.kafka.bootstrap and found.bootstrap:
        made = msgspec.structs.replace(made, kafka=msgspec.structs.replace(made.kafka, bootstrap=found.bootstrap))
    if not made.store.url and found.store_url:
        from vedette.embedded.store import settings_for

        port = int(found.store_url.rsplit(":", 1)[1])
        made = msgspec.structs.replace(made, store=settings_for(made.data_dir / "store", port, made.store.database))
    return made


def reachable(made: Settings) -> Settings:
    """The same settings; VedetteError when the embedded system they mean does not run."""
    from domain.errors import VedetteError

    if not made.kafka.bootstrap or not made.store.url:
        raise VedetteError(
            f"nothing runs on {made.data_dir}; start it with `vedette up`, or set kafka.bootstrap and store.url"
        )
    return made


def keys(made: Settings) -> TenantKeys:
    return TenantKeys(made.data_dir / "keys")


def enricher(made: Settings) -> Enricher:
    """What ingest asks about addresses; it knows nothing until its versions are taken up or read."""
    from ingest.enrich.enricher import Enricher
    from ingest.enrich.versions import Versions

    return Enricher(Versions(made.data_dir / "geo"))


def registry(made: Settings) -> Registry:
    """Every detector with its settings. SettingsInvalid names a wrong one."""
    from detectors.registry import load as load_registry

    return load_registry(made.detectors)


async def folder(made: Settings, client: Client) -> Folder:
    """What folds as the judges do: under the configurations and models that were ever in effect.

    Of a store in which nothing was judged yet, under the settings of `made`.
    """
    from detectors.timeline import timeline
    from engine.contexts import Contexts
    from engine.fold import Folder
    from storage.configurations import ConfigurationStore
    from storage.models import ModelStore
    from stream.models import ModelWatch

    contexts = Contexts()
    await ModelWatch(ModelStore(client), contexts, every=1).take()
    folder = Folder(registry(made), contexts)
    history = await ConfigurationStore(client).history()
    if history:
        found = timeline(history)
        folder.take(found.segments, found.activations)
    return folder


def log_to_stderr(level: int = logging.INFO) -> None:
    """Plain lines with a UTC time; control characters of foreign text are escaped by repr where it is logged."""
    line = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    line.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(line)
    logging.basicConfig(level=level, handlers=[handler])
    for noisy in ("aiokafka", "faust", "mode", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

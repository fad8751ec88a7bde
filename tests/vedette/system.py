"""A system for the supervisor's tests: parts and roles are small scripts that write down when they start and stop."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from domain.errors import BrokerUnavailable
from storage.settings import StoreSettings
from tests.vedette.waiting import until
from transport.settings import KafkaSettings
from vedette.children import finish, launch
from vedette.compose import Running
from vedette.settings import Settings
from vedette.supervisor import Supervisor

Leave = Callable[[Settings, str, int], None]

#: Says `NAME start` and, on SIGTERM, `NAME stop` in a diary that all share.
_SCRIPT = """
import os, signal, sys
name, diary, stubborn = sys.argv[1], sys.argv[2], sys.argv[3] == "stubborn"
def write(what):
    with open(diary, "a") as file:
        file.write(f"{name} {what}\\n")
def stop(*_):
    write("stop")
    if not stubborn:
        os._exit(0)
signal.signal(signal.SIGTERM, stop)
write("start")
while True:
    signal.pause()
"""


def script(name: str, data: Path, *, stubborn: bool = False) -> list[str]:
    return [sys.executable, "-I", "-c", _SCRIPT, name, str(data / "diary"), "stubborn" if stubborn else ""]


def diary(data: Path) -> list[str]:
    file = data / "diary"
    return file.read_text().splitlines() if file.exists() else []


class FakePart:
    """An embedded broker and store alike; `refusals` is how many starts fail."""

    def __init__(self, name: str, data: Path) -> None:
        self.name, self.data = name, data
        self.process: subprocess.Popen[bytes] | None = None
        self.bootstrap = "127.0.0.1:1"
        self.lives = 0
        self.held = 0  # bytes
        self.refusals = 0

    @property
    def broker_id(self) -> str:
        return f"life {self.lives}"

    @broker_id.setter
    def broker_id(self, value: str) -> None:
        raise AssertionError(f"nobody names the broker {value}")

    def launch(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BrokerUnavailable("its port is taken")
        self.lives += 1
        self.process = launch(script(self.name, self.data), self.data / f"{self.name}.log")
        until(lambda: diary(self.data).count(f"{self.name} start") == self.lives)

    def memory(self) -> int:
        return self.held

    def stop(self, *, seconds: float) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            finish(self.process, time.monotonic() + seconds)


class FakeBroker(FakePart):
    def start(self) -> None:
        self.launch()


class FakeStore(FakePart):
    def start(self) -> StoreSettings:
        self.launch()
        return StoreSettings(url="http://127.0.0.1:2")


class System:
    """A supervisor over fakes, and what it said and prepared."""

    def __init__(
        self, data: Path, *, stubborn: str = "", embedded: bool = True, leave: Leave = lambda *_: None
    ) -> None:
        self.data = data
        self.broker, self.store = FakeBroker("broker", data), FakeStore("store", data)
        self.said: list[str] = []
        self.prepared: list[str] = []
        self.refusals = 0  # how many openings of an epoch fail
        self.drained = True
        self.looked: list[Running] = []  # what run.json said whenever it was asked whether all is stored
        made = Settings(data_dir=data)
        if not embedded:
            kafka, store = KafkaSettings(bootstrap="kafka.example:9092"), StoreSettings(url="https://store.example")
            made = Settings(data_dir=data, kafka=kafka, store=store)
        self.supervisor = Supervisor(
            made,
            commands={
                role: script(role, data, stubborn=role == stubborn) for role in ("ingest", "detect", "api", "notify")
            },
            prepare=self._prepare,
            say=self.said.append,
            broker=self.broker if embedded else None,
            store=self.store if embedded else None,
            drained=self._is_drained,
            leave=leave,
        )

    def _is_drained(self, _: Settings, epoch: int) -> bool:
        self.looked.append(msgspec.json.decode((self.data / "run.json").read_bytes(), type=Running))
        assert epoch == len(self.prepared)
        if self.drained:
            with open(self.data / "diary", "a", encoding="utf-8") as file:
                file.write("drained\n")
        return self.drained

    def _prepare(self, _: Settings, broker: str) -> int:
        if self.refusals:
            self.refusals -= 1
            raise BrokerUnavailable("no topics")
        self.prepared.append(broker)
        with open(self.data / "diary", "a", encoding="utf-8") as file:
            file.write(f"epoch {len(self.prepared)}\n")
        return len(self.prepared)

    def pid(self, name: str) -> int:
        return self.supervisor.pids()[name]

    def seen(self, line: str) -> int:
        """How many times the diary has the line; the supervisor looks in between."""
        self.supervisor.look()
        return diary(self.data).count(line)

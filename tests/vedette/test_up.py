"""`vedette up`, whole: real broker, real store, four processes; stopped, started again, and killed piece by piece."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from domain.errors import SettingsInvalid
from ingest.settings import IngestSettings
from tests.vedette.waiting import lives, until
from transport import groups
from transport.settings import KafkaSettings
from vedette.commands.up import compose_up, leave
from vedette.compose import Running
from vedette.embedded import ports
from vedette.roles import processes
from vedette.settings import Settings

NAMES = {"broker", "store", "ingest", "detect", "api", "notify"}


class Up:
    """A `vedette up` in a directory of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
        self.lines = data.parent / "up.log"
        self.lines.touch()
        self._from = self.lines.stat().st_size
        with open(self.lines, "ab") as out:
            self.process = subprocess.Popen(
                self.command(), stdout=out, stderr=out, env=environ, cwd=data.parent, process_group=0
            )
        until(lambda: self.ready() or self.process.poll() is not None, seconds=90, what="the ready line")
        assert self.ready(), self.lines.read_text()

    def command(self) -> list[str]:
        return [sys.executable, "-P", "-m", "vedette", "up", "--data", str(self.data), "--port", str(ports.free())]

    def ready(self) -> bool:
        return "; Ctrl-C stops everything" in self.lines.read_text()[self._from :]

    def run(self) -> Running:
        return msgspec.json.decode((self.data / "run.json").read_bytes(), type=Running)

    def kill(self, name: str) -> int:
        """SIGKILL; the pid that is dead now."""
        pid = self.run().pids[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def end(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)

    def answers(self) -> bool:
        host, _, port = self.run().api_url.removeprefix("http://").rpartition(":")
        return ports.answers(int(port), host)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[], Up]]:
    begun: list[Up] = []

    def begin() -> Up:
        begun.append(Up(tmp_path / "data"))
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


def test_it_starts_stops_clean_and_starts_again_on_the_same_data(up: Callable[[], Up]) -> None:
    first = up()
    run = first.run()
    assert set(run.pids) == NAMES
    assert "API key (tenant acme, role admin; it is shown only now): vdt_" in first.lines.read_text()
    second = subprocess.run(first.command(), capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert f"is in use by another `vedette up` (pid {run.pid}); stop it with `kill {run.pid}`" in second.stderr
    assert first.end(signal.SIGINT) == 0
    assert not any(map(lives, run.pids.values()))
    assert not (first.data / "run.json").exists()
    assert not [line for line in first.lines.read_text().splitlines() if "killed" in line]

    again = up()
    assert again.run().epoch == run.epoch + 1
    assert again.lines.read_text().count("API key") == 1
    assert again.end() == 0


@pytest.mark.faults
@pytest.mark.parametrize("name", sorted(NAMES))
def test_whatever_is_killed_comes_back(up: Callable[[], Up], name: str) -> None:
    system = up()
    before = system.run()
    dead = system.kill(name)
    until(lambda: system.run().pids.get(name, dead) != dead, seconds=60, what=f"the return of {name}")
    until(lambda: set(system.run().pids) == NAMES and all(map(lives, system.run().pids.values())), seconds=60)
    until(system.answers, seconds=60)
    after = system.run()
    assert after.epoch == before.epoch + (name == "broker")
    assert (after.bootstrap, after.store_url, after.api_url) == (before.bootstrap, before.store_url, before.api_url)
    assert system.end() == 0


@pytest.mark.faults
def test_nothing_outlives_a_system_that_is_killed(up: Callable[[], Up]) -> None:
    system = up()
    pids = system.run().pids
    system.end(signal.SIGKILL)
    until(lambda: not any(map(lives, pids.values())), seconds=30, what="the end of all children")
    assert up().run().epoch == 2


def test_of_those_that_are_in_a_group_a_dead_one_leaves_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[tuple[str, int]] = []

    async def leaves(_: KafkaSettings, group: str, pid: int) -> list[str]:
        left.append((group, pid))
        return []

    monkeypatch.setattr(groups, "leave", leaves)
    for pid, name in enumerate(("ingest", "detect", "detect-2", "api", "notify")):
        leave(Settings(), name, pid)
    assert left == [("vedette-ingest", 0), ("vedette-detect", 1), ("vedette-detect", 2)]


def test_several_processes_of_ingest_are_refused_on_the_embedded_broker_and_started_on_a_kafka(tmp_path: Path) -> None:
    made = Settings(data_dir=tmp_path, ingest=IngestSettings(workers=2))
    with pytest.raises(SettingsInvalid) as refused:
        compose_up(made, print, [], {})
    assert str(refused.value) == (
        "ingest.workers is 2; the embedded broker copes with 1, name a Kafka of your own (kafka.bootstrap) for more"
    )
    assert processes({"ingest": 2, "detect": 1}) == {
        "ingest": "ingest",
        "ingest-2": "ingest",
        "detect": "detect",
        "api": "api",
        "notify": "notify",
    }
    kafka = msgspec.structs.replace(made, kafka=KafkaSettings(bootstrap="127.0.0.1:9092"))
    assert compose_up(kafka, print, [], {}).broker is None

"""The supervisor over children that are small scripts: what it restarts, in which order it stops."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from domain.errors import BrokerUnavailable
from tests.vedette.system import System, diary
from tests.vedette.waiting import lives, until
from vedette import children, supervisor
from vedette.compose import Running
from vedette.signals import StopAsked

ROLES = ("ingest", "detect", "api", "notify")
Begin = Callable[..., System]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts a system and waits until every role has said so; it is stopped at the end."""
    begun: list[System] = []

    def start(**options: object) -> System:
        system = System(tmp_path, **options)  # type: ignore[arg-type]
        begun.append(system)
        system.supervisor.start()
        until(lambda: all(f"{role} start" in diary(tmp_path) for role in ROLES))
        return system

    yield start
    for system in begun:
        system.supervisor.stop()


def kill(system: System, name: str) -> int:
    """SIGKILL; the pid that is dead now."""
    pid = system.pid(name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not lives(pid))
    return pid


def test_parts_come_first_then_the_epoch_then_the_roles(begin: Begin) -> None:
    system = begin()
    lines = diary(system.data)
    assert sorted(lines[lines.index("epoch 1") + 1 :]) == sorted(f"{role} start" for role in ROLES)
    assert system.prepared == ["life 1"]


def test_run_json_says_where_everything_is_and_to_us_alone(begin: Begin) -> None:
    system = begin()
    file = system.data / "run.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert msgspec.json.decode(file.read_bytes(), type=Running) == Running(
        pid=os.getpid(),
        bootstrap="127.0.0.1:1",
        store_url="http://127.0.0.1:2",
        broker="life 1",
        api_url="http://127.0.0.1:8080",
        epoch=1,
        pids=system.supervisor.pids(),
    )
    assert set(system.supervisor.pids()) == {"broker", "store", *ROLES}


def test_a_killed_role_is_restarted_and_said_in_one_line(begin: Begin) -> None:
    system = begin()
    dead = kill(system, "api")
    until(lambda: system.seen("api start") == 2)
    log = system.data / "logs" / "api.log"
    assert system.said == [f"api ended (SIGKILL); it starts again in 0.2 s, its log is {log}"]
    assert system.pid("api") != dead
    run = msgspec.json.decode((system.data / "run.json").read_bytes(), type=Running)
    assert run.pids == system.supervisor.pids()


def test_others_are_told_of_a_dead_role_at_once_and_of_no_other(begin: Begin) -> None:
    told: list[tuple[str, int]] = []
    system = begin(leave=lambda _, name, pid: told.append((name, pid)))
    dead = kill(system, "detect")
    until(lambda: system.seen("detect start") == 2)
    assert told == [("detect", dead)]


def test_a_role_whose_leave_nobody_hears_is_restarted_all_the_same(begin: Begin) -> None:
    def unheard(*_: object) -> None:
        raise BrokerUnavailable("Kafka does not answer")

    system = begin(leave=unheard)
    kill(system, "detect")
    until(lambda: system.seen("detect start") == 2)
    assert system.said[1:] == ["detect: its work is shared out only when its session has ended: Kafka does not answer"]


def test_the_wait_doubles_up_to_ten_seconds_and_is_forgotten_after_a_healthy_while() -> None:
    backoff = children.Backoff()
    waits = [backoff.failed(0.0, lived=0.0) for _ in range(8)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert (backoff.due(9.9), backoff.due(10.0)) == (False, True)
    assert backoff.failed(100.0, lived=10.0) == 0.2


def test_what_a_process_lived_is_part_of_its_wait() -> None:
    backoff = children.Backoff()
    waits = [backoff.failed(0.0, lived=4.0) for _ in range(8)]
    assert waits == [0.2, 0.2, 0.2, 0.2, 0.2, pytest.approx(2.4), 6.0, 6.0]


def test_a_dead_broker_ends_the_epoch_before_the_next_begins(begin: Begin) -> None:
    system = begin()
    api, notify = system.pid("api"), system.pid("notify")
    kill(system, "broker")
    until(lambda: system.seen("ingest start") == 2 and system.seen("detect start") == 2)
    lines = diary(system.data)
    opened = lines.index("epoch 2")
    assert {"ingest stop", "detect stop"} <= set(lines[:opened])
    assert lines[:opened].count("broker start") == 2
    assert sorted(lines[opened + 1 :]) == ["detect start", "ingest start"]
    assert system.prepared == ["life 1", "life 2"]
    assert (system.pid("api"), system.pid("notify")) == (api, notify)
    assert system.said == ["broker ended (SIGKILL); it starts again in 0.2 s", "epoch 2 is open", "broker runs again"]


def test_roles_of_the_epoch_stay_down_until_it_is_open(begin: Begin) -> None:
    system = begin()
    system.broker.refusals, system.refusals = 1, 1
    kill(system, "broker")
    until(lambda: system.seen("epoch 2"))
    until(lambda: system.seen("detect start") == 2)
    assert diary(system.data).count("broker start") == 2
    assert system.said == [
        "broker ended (SIGKILL); it starts again in 0.2 s",
        "broker: its port is taken; next try in 0.4 s",
        "broker: no topics; next try in 0.8 s",
        "epoch 2 is open",
        "broker runs again",
    ]


def test_a_dead_store_is_restarted_and_the_roles_go_on(begin: Begin) -> None:
    system = begin()
    before = {role: system.pid(role) for role in ROLES}
    kill(system, "store")
    until(lambda: system.seen("store start") == 2)
    assert {role: system.pid(role) for role in ROLES} == before
    assert system.said == ["store ended (SIGKILL); it starts again in 0.2 s", "store runs again"]
    assert system.prepared == ["life 1"]


def test_a_large_broker_is_renewed_once_all_it_holds_is_stored(begin: Begin) -> None:
    system = begin()
    api, notify = system.pid("api"), system.pid("notify")
    system.broker.held = 2_100_000_000
    system.supervisor.look()
    system.broker.held = 0
    until(lambda: system.seen("ingest start") == 2 and system.seen("detect start") == 2)
    lines = diary(system.data)
    opened = lines.index("epoch 2")
    assert lines.index("drained") < lines.index("broker stop") < opened
    assert {"ingest stop", "detect stop"} <= set(lines[:opened])
    assert sorted(lines[opened + 1 :]) == ["detect start", "ingest start"]
    assert (system.pid("api"), system.pid("notify")) == (api, notify)
    assert [found.renewing for found in system.looked] == [True]
    run = msgspec.json.decode((system.data / "run.json").read_bytes(), type=Running)
    assert (run.renewing, run.epoch, run.pids) == (False, 2, system.supervisor.pids())


def test_a_broker_that_is_not_drained_in_time_goes_on_and_is_renewed_later(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "DRAIN", 0.3)
    system = begin()
    system.drained = False
    pids = system.supervisor.pids()
    system.supervisor.ask_renewal()
    system.supervisor.look()
    assert system.supervisor.pids() == pids
    assert system.said == ["broker: not all it holds was stored within 0 s; it is renewed later"]
    assert not msgspec.json.decode((system.data / "run.json").read_bytes(), type=Running).renewing
    asked = len(system.looked)
    system.broker.held = 2_100_000_000
    system.supervisor.look()
    assert len(system.looked) == asked  # a minute has not passed


def test_at_night_a_broker_is_renewed_if_that_is_worth_it(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    system = begin()
    monkeypatch.setattr(system.supervisor._nightly, "due", lambda now: True)
    system.broker.held = 499_000_000
    system.supervisor.look()
    assert system.prepared == ["life 1"]
    system.broker.held = 501_000_000
    system.supervisor.look()
    assert system.prepared == ["life 1", "life 2"]
    assert [line for line in system.said if line.startswith("broker renewed in")]


def test_a_stop_ends_the_roles_first_then_the_broker_and_the_store_last(begin: Begin) -> None:
    system = begin()
    pids = system.supervisor.pids()
    system.supervisor.stop()
    *roles, broker, store = [line for line in diary(system.data) if line.endswith("stop")]
    assert sorted(roles) == sorted(f"{role} stop" for role in ROLES)
    assert (broker, store) == ("broker stop", "store stop")
    assert not any(map(lives, pids.values()))
    assert not (system.data / "run.json").exists()
    assert system.said == []


def test_a_role_that_does_not_end_is_killed_at_the_deadline(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_ROLES", 0.3)
    system = begin(stubborn="detect")
    pid = system.pid("detect")
    system.supervisor.stop()
    assert not lives(pid)
    assert system.said == ["detect did not end in time and was killed"]


def test_the_deadlines_of_a_stop_leave_it_ten_seconds() -> None:
    assert supervisor.STOP_ROLES + supervisor.STOP_BROKER + supervisor.STOP_STORE < 10


def test_asked_twice_it_kills_at_once(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    system = begin(stubborn="detect")

    def ask_again(*_: object) -> bool:
        raise StopAsked

    monkeypatch.setattr(supervisor, "finish", ask_again)
    pids = system.supervisor.pids()
    system.supervisor.stop()
    assert not any(map(lives, pids.values()))
    assert system.said == ["asked again: killing what still runs"]


def test_with_a_kafka_and_a_store_of_ones_own_only_the_roles_run(begin: Begin) -> None:
    system = begin(embedded=False)
    assert set(system.supervisor.pids()) == set(ROLES)
    assert system.prepared == [""]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_all_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from tests.vedette.system import System; "
        f"system = System(Path({str(tmp_path)!r})); system.supervisor.start(); "
        "print('started', flush=True); system.supervisor.watch()"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        pids = msgspec.json.decode((tmp_path / "run.json").read_bytes(), type=Running).pids
        assert len(pids) == 6
        assert all(map(lives, pids.values()))
        process.kill()
        process.wait()
    until(lambda: not any(map(lives, pids.values())), what="the end of all children")


def test_a_log_that_has_grown_large_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "LOG_BYTES", 10)
    log = tmp_path / "some.log"
    log.write_text("more than ten bytes")
    process = children.launch([sys.executable, "-I", "-c", "print('new')"], log)
    process.wait()
    assert log.read_text() == "new\n"
    assert (tmp_path / "some.log.1").read_text() == "more than ten bytes"

"""The embedded ClickHouse: really started, really stopped, and shut to whoever has no password of ours."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import StoreUnavailable
from storage.client import StoreRefused, connect
from tests.vedette.waiting import lives, until
from vedette.embedded import ports, store_files
from vedette.embedded.store import EmbeddedStore, settings_for
from vedette.embedded.store_files import credentials


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    made = EmbeddedStore(tmp_path / "a & <b>")
    made.start()
    yield made
    made.stop()


def ask(port: int, statement: str, path: str = "/", headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", statement.encode(), headers or {})
    with urllib.request.urlopen(request, timeout=5) as answer:
        read: bytes = answer.read()
        return read


def test_it_stops_within_a_second_and_starts_again_on_its_port_and_directory(server: EmbeddedStore) -> None:
    assert server.process is not None
    began = time.monotonic()
    server.stop()
    assert (server.process.returncode, time.monotonic() - began < 1.0) == (0, True)
    assert server.start().url == f"http://127.0.0.1:{server.port}"


def test_what_it_keeps_is_private(server: EmbeddedStore) -> None:
    paths = (server.home, *(server.home / "secrets").iterdir(), server.home / "users.xml")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert modes == {
        server.home.name: 0o700, "migrator": 0o600, "writer": 0o600, "reader": 0o600, "users.xml": 0o600,
    }  # fmt: skip
    text = (server.home / "users.xml").read_text()
    assert not any((server.home / "secrets" / role).read_text() in text for role in store_files.ROLES)


@pytest.mark.parametrize(
    "statement",
    [
        "SYSTEM STOP LISTEN HTTP",
        "KILL QUERY WHERE query LIKE '%hold_open%'",
        "SELECT query FROM system.processes",
        "SELECT name FROM system.tables",
        "SELECT number FROM system.numbers LIMIT 1",
        "SELECT value FROM vedette.names",
    ],
)
def test_who_has_no_password_of_ours_is_refused(server: EmbeddedStore, statement: str) -> None:
    ours = {"Authorization": credentials("vedette_reader", (server.home / "secrets/reader").read_text())}
    assert ask(server.port, "SELECT currentUser()", headers=ours) == b"vedette_reader\n"
    ways: list[tuple[str, dict[str, str]]] = [
        ("/", {}),
        ("/?user=default", {}),
        ("/?user=default", ours),
        ("/", {"X-ClickHouse-User": "default"}),
        ("/", {"Authorization": credentials("default", "")}),
        ("/", {"Authorization": credentials("vedette_writer", "guess")}),
        ("/", {"Authorization": credentials("vedette_stopper", "")}),
    ]
    for path, headers in ways:
        with pytest.raises(urllib.error.HTTPError) as error:
            ask(server.port, statement, path, headers)
        error.value.close()
    assert ask(server.port, "SELECT 1", headers=ours) == b"1\n"


def test_it_listens_on_loopback_alone(server: EmbeddedStore) -> None:
    assert server.process is not None
    assert listens(server.process.pid) == {f"0100007F:{server.port:04X}"}


def listens(pid: int) -> set[str]:
    """The local addresses, as /proc writes them, of the sockets that the process listens on."""
    own = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {part[1] for part in lines if part[3] == "0A" and f"socket:[{part[9]}]" in own}


def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vedette.embedded.store import EmbeddedStore\n"
        "s = EmbeddedStore(Path(sys.argv[1])); s.start(); print(s.process.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert lives(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: not lives(pid), seconds=10, what="the end of the store")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=f"port {port} is taken; stop what listens there"):
            EmbeddedStore(tmp_path / "store", port=port).start()
        command = [sys.executable, "-P", "-m", "vedette.embedded.store", "--dir", str(tmp_path), "--http", str(port)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    sentence = f"port {port} is taken; stop what listens there or choose another port for the store\n"
    assert (said.returncode, said.stderr) == (3, sentence)


def test_a_directory_that_another_store_runs_in_is_named_and_that_one_goes_on(
    server: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = (server.home / "users.xml").read_text()
    monkeypatch.setattr(store_files, "_PATIENCE", 0.0)
    with pytest.raises(StoreUnavailable, match=r"another store runs in .*; stop it or choose another directory"):
        store_files.own(server.home)
    assert (server.home / "users.xml").read_text() == users
    assert ports.answers(server.port)


async def test_the_migrator_has_no_right_beside_our_database(server: EmbeddedStore) -> None:
    client = await connect(settings_for(server.home, server.port), "migrator")
    try:
        with pytest.raises(StoreRefused, match="Not enough privileges"):
            await client.command("CREATE TABLE elsewhere.t (a String) ENGINE = MergeTree ORDER BY a")
    finally:
        await client.close()

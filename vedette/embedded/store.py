"""The embedded store: the ClickHouse server inside the chdb-core wheel, on loopback, with three users.

    python -P -m vedette.embedded.store --dir DIR --http PORT [--database NAME ...]

Prints one ready line and runs until SIGTERM, or until the process that started it is gone. kill -9 loses no
acknowledged insert. The wheel carries clickhouse-local whole, and clickhouse-local has listeners: a sleeping query
keeps it alive, and ending that query stops it cleanly.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.errors import StoreUnavailable
from storage.settings import StoreSettings, StoreUser

USERS = ("migrator", "writer", "reader")
_HOLD = (
    "SELECT sleepEachRow(1) AS hold_open FROM system.numbers "
    "SETTINGS max_block_size=1, max_execution_time=0 FORMAT Null"
)
_CONFIG = """<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <users_config>{users}</users_config>
  <user_files_path>{home}/user_files/</user_files_path>
  <backups><allowed_path>{home}/backups/</allowed_path></backups>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
  <merge_tree><non_replicated_deduplication_window>1000</non_replicated_deduplication_window>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  </merge_tree>
</clickhouse>
"""
_PROFILES = """<profiles>
    <default><async_insert>0</async_insert><max_threads>2</max_threads></default>
    <reader><readonly>1</readonly><max_execution_time>20</max_execution_time><max_memory_usage>1000000000</max_memory_usage>
      <max_result_rows>200000</max_result_rows><max_threads>2</max_threads></reader>
  </profiles>"""
_RIGHTS = {
    "migrator": (
        "GRANT ALL ON {db}.*",
        "GRANT TABLE ENGINE ON *",
        "GRANT CREATE DATABASE ON *.*",
        "GRANT SELECT ON system.*",
    ),
    "writer": ("GRANT SELECT, INSERT ON {db}.*",),
    "reader": ("GRANT SELECT ON {db}.*",),
}
#: The engine starts as `default`, which cannot have a password; it may open the port, hold it open and let it go.
_STARTER = (
    "<default><no_password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota><grants>"
    "<query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT KILL QUERY ON *.*</query>"
    "<query>GRANT SELECT ON system.numbers</query><query>GRANT SELECT ON system.processes</query></grants></default>"
)


def _secret(path: Path) -> str:
    """The password in `path`, made at first use."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text().strip()


def _user(name: str, password: str, profile: str, grants: Sequence[str]) -> str:
    digest = hashlib.sha256(password.encode()).hexdigest()
    rights = "".join(f"<query>{grant}</query>" for grant in grants)
    return (
        f"<{name}><password_sha256_hex>{digest}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks>"
        f"<profile>{profile}</profile><quota>default</quota>{f'<grants>{rights}</grants>' if rights else ''}</{name}>"
    )


def prepare(home: Path, databases: Sequence[str]) -> None:
    """Directories (0700), passwords (0600) and users.xml."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    for part in ("user_files", "backups", "secrets"):
        (home / part).mkdir(exist_ok=True, mode=0o700)
    users = [_STARTER]
    for role in USERS:
        grants = [right.format(db=db) for right in _RIGHTS[role] for db in databases]
        profile = "reader" if role == "reader" else "default"
        users.append(_user(f"vedette_{role}", _secret(home / f"secrets/{role}"), profile, list(dict.fromkeys(grants))))
    text = f"<clickhouse>{_PROFILES}<quotas><default/></quotas><users>{''.join(users)}</users></clickhouse>"
    path = home / "users.xml"
    path.touch(mode=0o600)
    path.write_text(text)


def settings_for(home: Path, port: int, database: str = "vedette") -> StoreSettings:
    """How to reach the server that runs in `home`."""
    migrator, writer, reader = (
        StoreUser(name=f"vedette_{role}", password_file=str(home / f"secrets/{role}")) for role in USERS
    )
    url = f"http://127.0.0.1:{port}"
    return StoreSettings(url=url, database=database, migrator=migrator, writer=writer, reader=reader)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(home: Path, port: int, parent: int) -> int:
    """Run the engine in a thread until asked to stop; 0 when it stopped cleanly."""
    (home / "clickhouse-local.xml").write_text(_CONFIG.format(port=port, users=home / "users.xml", home=home))
    os.chdir(home)  # where the engine looks for its file
    try:
        from chdb import _chdb

        engine_query: Any = _chdb.query  # type: ignore[attr-defined]  # compiled, and its stub leaves it out
    except ImportError as error:
        print(
            f"the store has no build for this platform ({error}); set store.url to a ClickHouse server", file=sys.stderr
        )
        return 2
    failure: list[str] = []

    def run() -> None:
        try:
            engine_query(f"SYSTEM START LISTEN HTTP; {_HOLD}", "TabSeparated", path=str(home / "data"))
        except Exception as error:  # the engine's text is the message
            failure.append(str(error))

    asked = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked.set())
    engine = threading.Thread(target=run, name="engine", daemon=True)
    engine.start()
    if _answers(port, engine, 60):
        print(f"ready http://127.0.0.1:{port}", flush=True)
    while engine.is_alive() and not asked.wait(0.5):
        if parent and os.getppid() != parent:
            break
    if engine.is_alive():
        _end(port)
        engine.join(15)
    if failure and not asked.is_set():
        print(f"the store stopped: {failure[0].splitlines()[0][:400]}", file=sys.stderr, flush=True)
        return 1
    return 0 if not engine.is_alive() else 1


def _answers(port: int, engine: threading.Thread, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while engine.is_alive() and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2) as answer:
                return bool(answer.read())
        except OSError:
            time.sleep(0.02)
    return False


def _end(port: int) -> None:
    """End the query that keeps the server open: parts are flushed and the directory can be opened again."""
    sql = b"KILL QUERY WHERE query LIKE '%hold_open%' AND query_kind = 'Select' ASYNC"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", sql)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()
    except urllib.error.URLError as error:
        print(f"the store could not be asked to stop: {error}", file=sys.stderr)


class EmbeddedStore:
    """A server child for the supervisor and for tests: `start` waits until it answers, `stop` until it is gone."""

    def __init__(
        self, home: Path, *, port: int = 0, databases: Sequence[str] = ("vedette",), log: Path | None = None
    ) -> None:
        self.home, self.port, self.databases = home.resolve(), port or free_port(), databases
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> StoreSettings:
        """Raises StoreUnavailable with the server's own words when it does not come up."""
        names = [part for database in self.databases for part in ("--database", database)]
        command = [
            sys.executable,
            "-P",
            "-m",
            "vedette.embedded.store",
            "--dir",
            str(self.home),
            "--http",
            str(self.port),
        ]
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        out = open(self._log or self.home / "store.log", "ab")  # noqa: SIM115 (the child keeps it)
        self.process = subprocess.Popen(
            [*command, *names, "--parent", str(os.getpid())], stdout=out, stderr=out, start_new_session=True
        )
        out.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=2) as answer:
                    answer.read()
                return settings_for(self.home, self.port, self.databases[0])
            except OSError:
                time.sleep(0.02)
        words = (self._log or self.home / "store.log").read_text(errors="replace").strip().splitlines()
        raise StoreUnavailable(f"the embedded store did not start: {words[-1] if words else 'no message'}")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def main() -> int:
    cli = argparse.ArgumentParser(prog="vedette.embedded.store")
    cli.add_argument("--dir", type=Path, required=True)
    cli.add_argument("--http", type=int, required=True)
    cli.add_argument("--database", action="append")
    cli.add_argument("--parent", type=int, default=0, help="stop when this process is no longer the parent")
    a = cli.parse_args()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", a.http))
        except OSError:
            print(
                f"port {a.http} is taken; stop what listens there or choose another port for the store", file=sys.stderr
            )
            return 3
    home = a.dir.resolve()
    prepare(home, a.database or ["vedette"])
    return _serve(home, a.http, a.parent)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the engine's threads do not end by themselves

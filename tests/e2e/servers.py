"""Servers that `vedette up` does not start: Apache Kafka as `deploy/kafka` runs it, and a ClickHouse of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from deploy.kafka.run import make_secrets
from deploy.prepare import GRANTS, users_xml
from storage.settings import StoreSettings, StoreUser
from tests.e2e.system import until
from transport.settings import KafkaSettings
from vedette.embedded import ports

ROOT = Path(__file__).parents[2]
RUN = ROOT / "deploy" / "kafka" / "run.py"
#: Quick to start and small, rather than fast for days.
JAVA_OPTIONS = "-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"


def need(*programs: str) -> None:
    """Skip the test where a program is not installed; in CI (where the variable CI is set) that is a fault."""
    if missing := [program for program in programs if shutil.which(program) is None]:
        words = f"{', '.join(missing)} is not installed; Apache Kafka needs Java 17, Maven and openssl"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)


class ApacheKafka:
    """A node in `home`: `start`, then use, then `stop`."""

    def __init__(self, home: Path, *, secure: bool = False) -> None:
        need("java", "mvn", "openssl")
        self.home, self.port, self._secure = home, three_ports(), secure
        self._log = home.with_name(f"{home.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Until it takes connections. The first start on a machine fetches its jars, which may take a minute."""
        words = ["start", str(self.home), "--port", str(self.port), *(["--secure"] if self._secure else [])]
        with open(self._log, "ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, str(RUN), *words],
                stdout=out,
                stderr=out,
                env={**os.environ, "KAFKA_JAVA_OPTIONS": JAVA_OPTIONS},
                start_new_session=True,
            )
            self._from = out.tell()
        await until(self._started, seconds=170, what=self.said)

    async def grant(self) -> None:
        """Give user vedette its rights; before, it may do nothing on a secure node."""
        command = [sys.executable, str(RUN), "grant", str(self.home)]
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=60)

    async def _started(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        return "Kafka Server started" in self.said()[self._from :]

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill(self) -> None:
        """SIGKILL, as when its machine is gone; `start` brings it back with what it had on disk."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def plain(self) -> KafkaSettings:
        return KafkaSettings(bootstrap=f"127.0.0.1:{self.port}")

    @property
    def scram(self) -> KafkaSettings:
        """As user vedette with its password; no mechanism is named, so it is the one we choose."""
        return KafkaSettings(
            bootstrap=f"127.0.0.1:{self.port}",
            security_protocol="SASL_SSL",
            username="vedette",
            password_file=self._secret("vedette.password"),
            ca_file=self._secret("ca.pem"),
        )

    @property
    def mutual(self) -> KafkaSettings:
        """As whoever the certificate of user vedette names."""
        return KafkaSettings(
            bootstrap=f"127.0.0.1:{self.port + 1}",
            security_protocol="SSL",
            ca_file=self._secret("ca.pem"),
            cert_file=self._secret("vedette.pem"),
            key_file=self._secret("vedette.key"),
        )

    def _secret(self, name: str) -> str:
        return str(self.home / "secrets" / name)


def three_ports() -> int:
    """The first of three free ports in a row."""
    while True:
        first = ports.free()
        if not any(ports.taken(first + n) for n in (1, 2)):
            return first


class ClickHouse:
    """A ClickHouse server with its own defaults and the users of the container, as `deploy/prepare.py` writes them.

    `prepared` is a folder of its; without, the users are made here. The engine is that of the embedded store's wheel.
    """

    def __init__(self, home: Path, *, prepared: Path | None = None) -> None:
        self.home, self.port, self._prepared = home, ports.free(), prepared
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> StoreSettings:
        """How to reach it over http, once it answers."""
        self.home.mkdir(mode=0o700)
        folder = self._prepared or self._make_users()
        users = (folder / "clickhouse_users.xml").read_text()
        own = "<quotas><default/></quotas><profiles><default/>"  # what a server's users.xml has from the start
        engine = "<default><no_password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile></default>"
        users = users.replace("<profiles>", own).replace("<users>", f"<users>{engine}", 1)
        (self.home / "users.xml").write_text(re.sub(r"<default><networks replace.*?</default>", "", users))
        (self.home / "clickhouse-local.xml").write_text(
            f"<clickhouse><listen_host>127.0.0.1</listen_host><http_port>{self.port}</http_port>"
            f"<users_config>{self.home}/users.xml</users_config></clickhouse>"
        )
        with open(self.home / "log", "ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _SERVER], cwd=self.home, stdout=out, stderr=out, start_new_session=True
            )
        await until(self._answers, seconds=60, what=self.said)
        migrator, writer, reader = (StoreUser(name=name, password_file=str(folder / name)) for name in GRANTS)
        return StoreSettings(url=f"http://127.0.0.1:{self.port}", migrator=migrator, writer=writer, reader=reader)

    def _make_users(self) -> Path:
        passwords = {name: secrets.token_urlsafe(24) for name in GRANTS}
        for name, password in passwords.items():
            (self.home / name).write_text(password + "\n")
        (self.home / "clickhouse_users.xml").write_text(users_xml(passwords))
        return self.home

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        return ports.answers(self.port)

    def said(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()  # its data is nobody's
            self._process.wait()


#: The wheel's engine as a server, until it is killed.
_SERVER = """
from chdb import _chdb
hold = "SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size=1, max_execution_time=0 FORMAT Null"
_chdb.query(f"SYSTEM START LISTEN HTTP; {hold}", "TabSeparated", path="data")
"""


@asynccontextmanager
async def over_tls(plain: StoreSettings, folder: Path, name: str = "kafka") -> AsyncIterator[StoreSettings]:
    """The same server over https: the wheel's engine does not speak TLS, so a door that does stands before it.

    Its certificate is NAME.pem of `folder`, which is made when it is not there.
    """
    need("openssl")
    if not (folder / f"{name}.pem").exists():
        make_secrets(folder, "127.0.0.1")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / f"{name}.pem")
    inner = int(plain.url.rsplit(":", 1)[1])

    open_ones: set[asyncio.StreamWriter] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # one side has gone: so does the other
            while some := await reader.read(1 << 16):
                writer.write(some)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, from_server = await asyncio.open_connection("127.0.0.1", inner)
        open_ones.update((writer, from_server))
        await asyncio.gather(copy(reader, from_server), copy(to_server, writer))
        open_ones.difference_update((writer, from_server))

    door = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = door.sockets[0].getsockname()[1]
    try:
        yield msgspec.structs.replace(plain, url=f"https://127.0.0.1:{port}", ca_file=str(folder / "ca.pem"))
    finally:
        door.close()
        for writer in list(open_ones):
            writer.close()
        await until(_none_of(open_ones), seconds=10)


def _none_of(some: set[asyncio.StreamWriter]) -> Callable[[], Awaitable[bool]]:
    async def none() -> bool:
        return not some

    return none

"""Servers that `vedette up` does not start: an Apache Kafka node as `deploy/kafka` runs it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.system import until
from transport.settings import KafkaSettings
from vedette.embedded import ports

RUN = Path(__file__).parents[2] / "deploy" / "kafka" / "run.py"
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
        self.home, self.port, self._secure = home, _three_ports(), secure
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
        if self._secure:
            grant = [sys.executable, str(RUN), "grant", str(self.home)]
            await asyncio.to_thread(subprocess.run, grant, check=True, timeout=60)

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


def _three_ports() -> int:
    """The first of three free ports in a row."""
    while True:
        first = ports.free()
        if not any(ports.taken(first + n) for n in (1, 2)):
            return first

"""Fixtures: the prepared files, and the Kafka container's start script running on them."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.kafka.run import jars
from deploy.prepare import MOUNTED, make
from tests.deploy.compose import DEPLOY, SERVICES
from tests.e2e.servers import need, three_ports
from tests.e2e.system import until
from transport.settings import KafkaSettings

#: The commands of Kafka's own image, out of the jars.
TOOLS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("openssl")
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    make(folder, kafka_host="kafka.example.org")
    return folder


@pytest.fixture
def here(prepared: Path, tmp_path: Path) -> Path:
    """The prepared files with this machine's paths and free ports in the place of the container's."""
    port = three_ports()
    folder = tmp_path / "here"
    folder.mkdir(mode=0o700)
    for file in prepared.iterdir():
        text = file.read_text().replace(str(MOUNTED), str(folder)).replace("/var/lib/kafka", str(tmp_path))
        for n in range(3):
            text = text.replace(f":{9092 + n}", f":{port + n}")
        (folder / file.name).write_text(text.replace("kafka.example.org", "127.0.0.1").replace("0.0.0.0", "127.0.0.1"))
    (folder / "port").write_text(str(port))
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    """An environment in which Kafka's commands are found."""
    need("java", "mvn", "openssl")
    libs, folder = jars(), tmp_path / "bin"
    folder.mkdir()
    for name, main in TOOLS.items():
        (folder / name).write_text(
            f"#!/bin/sh\nexec java -Xmx384m -XX:TieredStopAtLevel=1 -cp '{libs}/*' {main} \"$@\"\n"
        )
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture
async def kafka(here: Path, tools: dict[str, str], tmp_path: Path) -> AsyncIterator[KafkaSettings]:
    """How user vedette reaches a Kafka that the container's start script runs and that has given it its rights."""
    port = int((here / "port").read_text())
    log = tmp_path / "kafka.log"
    command = [
        "bash",
        str(DEPLOY / "kafka" / "container.sh"),
        str(here / "kafka.properties"),
        str(here / "kafka_format"),
    ]
    with open(log, "wb") as out:
        broker = subprocess.Popen(command, stdout=out, stderr=out, env=tools, start_new_session=True)

    async def answers() -> bool:
        assert broker.poll() is None, log.read_text()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True

    try:
        await until(answers, seconds=60, what=log.read_text)
        await asyncio.to_thread(subprocess.run, _rights(here, port), check=True, timeout=60, env=tools)
        yield KafkaSettings(
            bootstrap=f"127.0.0.1:{port}",
            security_protocol="SASL_SSL",
            username="vedette",
            password_file=str(here / "kafka_password"),
            ca_file=str(here / "ca.pem"),
        )
    finally:
        broker.terminate()
        broker.wait(30)


def _rights(here: Path, port: int) -> list[str]:
    """The command of the service kafka-rights, with this machine's paths and ports."""
    words = ["kafka-acls.sh", *SERVICES["kafka-rights"]["command"]]
    return [word.replace("kafka:9093", f"127.0.0.1:{port + 1}").replace(str(MOUNTED), str(here)) for word in words]

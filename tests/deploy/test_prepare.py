"""What `deploy/prepare.py` makes: everything that is mounted, and a Kafka container that starts on it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.kafka.run import as_the_node, jars
from deploy.prepare import MOUNTED, make
from tests.deploy.compose import COMPOSE, DEPLOY, SERVICES
from tests.e2e.servers import need, three_ports
from tests.e2e.system import until
from transport import topics
from transport.producer import producer
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


def test_everything_that_is_mounted_is_made_and_only_containers_can_read_it(prepared: Path) -> None:
    wanted = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    made = {file.name: file.stat().st_mode & 0o777 for file in prepared.iterdir()}
    assert wanted <= set(made)
    assert prepared.stat().st_mode & 0o777 == 0o700
    assert made["ca.key"] == 0o600
    assert {made[name] for name in wanted} == {0o644}


def test_what_is_there_is_never_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    with pytest.raises(FileExistsError):
        make(tmp_path / "secrets")


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
async def container(here: Path, tools: dict[str, str], tmp_path: Path) -> AsyncIterator[None]:
    """The start script of the Kafka container on the prepared files, until it takes connections."""
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
        _, writer = await asyncio.open_connection("127.0.0.1", int((here / "port").read_text()))
        writer.close()
        return True

    try:
        await until(answers, seconds=60, what=log.read_text)
        yield
    finally:
        broker.terminate()
        broker.wait(30)


@pytest.mark.usefixtures("container")
async def test_kafka_starts_on_it_and_gives_vedette_its_rights(here: Path, tools: dict[str, str]) -> None:
    port = int((here / "port").read_text())
    assert (here / "kafka_client.properties").read_text() == as_the_node(here)
    words = {"kafka:9093": f"127.0.0.1:{port + 1}", str(MOUNTED): str(here)}
    command = ["kafka-acls.sh", *SERVICES["kafka-rights"]["command"]]
    for old, new in words.items():
        command = [word.replace(old, new) for word in command]
    await asyncio.to_thread(subprocess.run, command, check=True, timeout=60, env=tools, stdout=sys.stderr)
    kafka = KafkaSettings(
        bootstrap=f"127.0.0.1:{port}",
        security_protocol="SASL_SSL",
        username="vedette",
        password_file=str(here / "kafka_password"),
        ca_file=str(here / "ca.pem"),
    )
    assert await topics.ensure(kafka) == sorted(topics.TOPICS)
    sender = await producer(kafka)
    try:
        assert (await sender.send_and_wait(topics.RAW, b"{}", partition=0)).offset == 0
    finally:
        await sender.stop()

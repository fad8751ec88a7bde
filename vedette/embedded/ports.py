"""Free ports on loopback for the embedded parts."""

from __future__ import annotations

import secrets
import socket
from contextlib import closing

from domain.errors import VedetteError

HOST = "127.0.0.1"
#: Below every system's range of ports for outgoing connections. A client that keeps dialling a dead port inside that
#: range can be given the same port as its own end, connects to itself, and then the server cannot come back on it.
_FIRST, _LAST = 15_000, 32_000


def taken(port: int, host: str = HOST) -> bool:
    """Whether something listens on the port, or it cannot be listened on."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def free(host: str = HOST) -> int:
    """A port that nothing listens on now, and that stays usable while nothing listens on it for a moment."""
    for _ in range(200):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if not taken(port, host):
            return port
    raise VedetteError(f"no free port between {_FIRST} and {_LAST} on {host}; stop something that listens there")


def answers(port: int, host: str = HOST, *, timeout: float = 1.0) -> bool:
    """Whether something accepts a connection within `timeout` seconds."""
    try:
        with closing(socket.create_connection((host, port), timeout)):
            return True
    except OSError:
        return False

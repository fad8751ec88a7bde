"""Asking a Kafka cluster who it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from domain.errors import BrokerUnavailable
from transport.security import arguments
from transport.settings import KafkaSettings


def unavailable(settings: KafkaSettings, error: BaseException) -> BrokerUnavailable:
    """One sentence for every way in which a broker does not answer.

    aiokafka reports a dead address, an unknown CA and a wrong password alike, so the remedy names them all.
    """
    checks = ["that it runs and listens there"]
    if "SSL" in settings.security_protocol:
        checks.append("that its CA is in kafka.ca_file")
    if settings.security_protocol.startswith("SASL"):
        checks.append("that the user and password are right")
    elif settings.security_protocol == "SSL":
        checks.append("that kafka.cert_file is a certificate it trusts, if it asks for one")
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BrokerUnavailable(
        f"Kafka at {settings.bootstrap} does not answer over {settings.security_protocol}; "
        f"check {', '.join(checks)} ({reason})"
    )


@asynccontextmanager
async def admin(settings: KafkaSettings, *, timeout: float = 10.0) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client, closed at the end. `timeout` (s) bounds the start and each request; BrokerUnavailable."""
    client = AIOKafkaAdminClient(**arguments(settings), request_timeout_ms=int(timeout * 1000))
    try:
        await asyncio.wait_for(client.start(), timeout)
        yield client
    except (KafkaError, OSError, TimeoutError) as error:
        raise unavailable(settings, error) from error
    finally:
        await client.close()


async def cluster_id(settings: KafkaSettings, *, timeout: float = 10.0) -> str:
    """The id that the cluster gives itself, "" if it gives none. BrokerUnavailable after `timeout` seconds."""
    async with admin(settings, timeout=timeout) as client:
        described: dict[str, Any] = await client.describe_cluster()
    return str(described.get("cluster_id") or "")

"""Consumer groups: what a process is called in one, and how one that died leaves it."""

from __future__ import annotations

import asyncio
import platform

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.group import LeaveGroupRequest

from transport.cluster import unavailable
from transport.security import arguments
from transport.settings import KafkaSettings

#: What Tansu calls a group that is being formed; Apache Kafka has no such state.
_FORMING = "Unknown"
#: The groups of those who read what CRMs send, and of the judges.
INGEST, DETECT = "vedette-ingest", "vedette-detect"


def client_id(group: str, pid: int) -> str:
    """What a process of this machine is called in `group`. Brokers make a member's id of it, with a dash and a UUID."""
    return f"{group}-{platform.node()}-{pid}"


async def leave(settings: KafkaSettings, group: str, pid: int, *, timeout: float = 2.0) -> list[str]:
    """Leaves `group` in the name of a process of this machine that is dead, so that nobody waits for its session to
    end; the ids of the members that stay. BrokerUnavailable, after `timeout` seconds at the latest.

    On Tansu a group that is being formed is left alone: if the one that leaves leads it, it is never formed again.
    """
    client = AIOKafkaClient(**arguments(settings), request_timeout_ms=int(timeout * 1000))
    try:
        async with asyncio.timeout(timeout):
            await client.bootstrap()
            coordinator = await client.coordinator_lookup(CoordinationType.GROUP, group)
            # One group: aiokafka cannot read the answer about two.
            described = await client.send(coordinator, DescribeGroupsRequest([group]))
            _, _, state, _, _, found, *_ = described.groups[0]
            members, name = {member for member, *_ in found}, f"{client_id(group, pid)}-"
            dead = {member for member in members if member.startswith(name) and state != _FORMING}
            for member in dead:
                left = await client.send(coordinator, LeaveGroupRequest(group, member))
                if left.error_code:
                    raise for_code(left.error_code)(f"{member} cannot leave {group}")
    except (KafkaError, OSError, TimeoutError) as error:
        raise unavailable(settings, error) from error
    finally:
        await client.close()
    return sorted(members - dead)

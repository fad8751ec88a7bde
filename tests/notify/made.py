"""Alerts in a real store, written as a judge writes them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from domain.activity import Activity
from domain.alert import Content
from domain.judgement import AlertRevision
from storage.client import Client
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from tests.notify.fakes import ADDRESS, PERSON, T0


def unique(base: int) -> str:
    return str(UUID(int=base))


async def accept(
    client: Client, *contents: Content, version: int, withdrawn: bool = False, replaces: tuple[str, ...] = ()
) -> None:
    judge = ClickHouseJudgeStore(client)
    term = await judge.claim(0, 1)
    await judge.put_alerts(0, term, [AlertRevision(made, withdrawn, version, version, replaces) for made in contents])


async def store_activities(client: Client, activities: Sequence[Activity]) -> None:
    await EventStore(client).insert(activities, token=uuid4().hex)


def activity(number: int, *, at: int = T0, history: bool = False, delay: int = 1_500) -> Activity:
    return Activity(
        tenant="acme",
        activity_id=unique(1000 + number),
        occurred_at=at,
        action="data.exported",
        source="generic",
        feed="main",
        native_id=f"n{number}",
        outcome="success",
        actor_token=PERSON,
        ip_token=ADDRESS,
        actor_id="u7",
        actor_name="Ann Example",
        roles=("sales_rep",),
        ip="203.0.113.9",
        network="vpn",
        country="DE",
        asn=64500,
        channel="ui",
        object_type="contact",
        count=118_400,
        received_at=at + delay,
        offset=number,
        lane="vedette.raw:0",
        history=history,
    )

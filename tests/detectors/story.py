"""Stories: what somebody did, told as activities with fixed ids, for the tests of detectors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from detectors.base import Detector, Finding
from detectors.fold import fold
from domain.activity import Activity
from domain.alert import Severity
from domain.clock import millis
from domain.subject import Tokeniser

#: Tuesday, 24 November 2026, 00:00 UTC.
MIDNIGHT = int(millis(datetime(2026, 11, 24, tzinfo=UTC)))

tokens = Tokeniser(b"a key for stories, 32 bytes long")
_NAMESPACE = UUID("0d3f1c1e-7b0e-5a5e-8a43-2c1f6c1d9b77")


class Story:
    """Tells activities of one person; what it is given at first holds for all of them unless one says otherwise."""

    def __init__(self, title: str, **usually: Any) -> None:
        self.title = title
        self.usually = {"actor_id": "u7", "ip": "203.0.113.9", **usually}
        self.told: list[Activity] = []

    def tell(self, action: str, at: int, **fields: Any) -> Activity:
        """One more activity, at `at` ms."""
        said = {**self.usually, **fields}
        number = len(self.told)
        login, ip = said.get("actor_login", ""), said.get("ip", "")
        name = str(uuid5(_NAMESPACE, f"{self.title}|{number}"))
        activity = Activity(
            tenant="acme",
            # ids sort as they were told, so that a story's order is the order of the fold
            activity_id=f"{number:08x}-{name[9:]}",
            occurred_at=at,
            action=action,
            source="generic",
            feed="stories",
            native_id=f"{self.title}-{number}",
            actor_token=tokens(said["actor_id"]),
            login_token=tokens(login),
            ip_token=tokens(ip),
            net_token=tokens(ip.rpartition(".")[0]),
            app_token=tokens(said.get("app_id", "")),
            **said,
        )
        self.told.append(activity)
        return activity

    def ids(self, start: int | None = None, stop: int | None = None) -> list[str]:
        return [activity.activity_id for activity in self.told[start:stop]]


def findings(detector: Detector[Any], activities: Iterable[Activity]) -> list[Finding]:
    """Every finding of the fold, in order."""
    return [finding for found in fold(detector, activities)[1] for finding in found]


def severities(detector: Detector[Any], activities: Iterable[Activity]) -> list[str]:
    """The severity of every finding, in order."""
    return [Severity(finding.severity).name for finding in findings(detector, activities)]


def last(detector: Detector[Any], activities: Iterable[Activity]) -> tuple[Finding, ...]:
    """The findings of the last activity."""
    return fold(detector, activities)[1][-1]


def moved(activity: Activity, **fields: Any) -> Activity:
    return msgspec.structs.replace(activity, **fields)

"""F24: the token of an app is used from a network where the app never was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors import clients, parts
from detectors.base import Arm, Context, Finding, Spec, Step, token
from detectors.clients import Client
from detectors.travels import is_new
from domain.actions import (
    API_CALLED,
    DATA_EXPORTED,
    FILE_DOWNLOADED,
    LOGIN_SUCCEEDED,
    RECORD_CREATED,
    RECORD_DELETED,
    RECORD_READ,
    RECORD_SEARCHED,
    RECORD_UPDATED,
    REPORT_VIEWED,
)
from domain.activity import Judged
from domain.alert import Part, Severity, evidence
from domain.clock import DAY
from domain.subject import CLIENT

#: Somebody sits in front of these: the app is a screen, and no token works by itself.
_SCREENS = frozenset({"ui", "mobile"})
#: Where programs have no business, and what the alert says of it.
_ODD = {"tor": "it came through Tor", "vpn": "it came through a VPN", "home": "it came from a home network"}

_SPEC = Spec(
    id="app_new_network",
    code="F24",
    version=1,
    title="App token from a new network",
    severity=Severity.MEDIUM,
    scope=CLIENT,
    # What a token is stolen for, and how it signs in. Who may do what is judged elsewhere, and a token that shares
    # or grants has signed in or read before: each action more is one more copy of each activity that names an app.
    actions=frozenset(
        {
            LOGIN_SUCCEEDED,
            API_CALLED,
            RECORD_READ,
            RECORD_SEARCHED,
            RECORD_CREATED,
            RECORD_UPDATED,
            RECORD_DELETED,
            REPORT_VIEWED,
            DATA_EXPORTED,
            FILE_DOWNLOADED,
        }
    ),
    attack=("T1550.001", "T1199"),
    # What was new up to a day ago is still in the window; whether it was new then is known from the 29 days before
    # it, and the first of those is forgotten whole.
    horizon=timedelta(days=31),
    cooldown=timedelta(hours=24),
    arms=(
        Arm(
            "network",
            "the token of an app used from a network operator that is not usual for it in 30 d, after 20 activities",
            "live",
            "Datadog",
        ),
    ),
    sentence="Token of {app} used from {asn}; before only {list}",
    activation="an app in use for 7 d, with 20 activities and a usual network before the new one",
    false_positives="an app that moves to another cloud: at most four alerts, then the network is usual; silent: "
    "another address of a known operator, the company's own networks, activities without an address, people at a "
    "screen; INFO: an app with six usual networks, unless through Tor; a worker behind a VPN alerts every day",
    tuning="name the ranges of vendors and of your own workers in `ingest.enrich.overrides` with network `corporate`; "
    "lower `everywhere` for apps that people carry around",
)


@dataclass(frozen=True)
class AppNewNetwork:
    """`critical` is in rows taken from new networks within 24 hours."""

    least_events: int = 20
    learning: timedelta = timedelta(days=7)
    critical: int = 10_000
    everywhere: int = 6  # usual networks that make another one no surprise

    spec: ClassVar[Spec] = _SPEC
    state: ClassVar[type[Client]] = Client

    def __post_init__(self) -> None:
        name = self.spec.id
        parts.check_number(name, "least_events", self.least_events, low=1, high=clients.COUNTED)
        parts.check_span(name, "learning", self.learning, low=timedelta(days=1), high=timedelta(days=21))
        parts.check_number(name, "critical", self.critical, low=1, high=1_000_000_000)
        parts.check_number(name, "everywhere", self.everywhere, low=2, high=16)

    def initial(self) -> Client:
        return Client()

    def step(self, state: Client, activity: Judged, context: Context) -> Step[Client]:  # noqa: ARG002 the contract passes it
        state = clients.expire(state, activity.occurred_at)
        key = clients.network_of(activity)
        if not key or activity.channel in _SCREENS:
            return Step(state)
        if not self._is_new(state, activity, key):
            return Step(clients.learn(state, activity, key))
        state = clients.take(state, activity)
        return Step(clients.learn(state, activity, key), (self._finding(state, activity, key),))

    def _is_new(self, state: Client, activity: Judged, key: int) -> bool:
        at, tor = activity.occurred_at, activity.network == "tor"
        # An exit of Tor is nobody's usual network, also where it stands with the operator that the app is with.
        if activity.network == "corporate" or (not tor and clients.is_usual(state, key, at)):
            return False
        days, events = clients.known_before(state, at // DAY if tor else clients.first_day(state, key, at))
        enough = timedelta(days=days) >= self.learning and events >= self.least_events
        return enough and bool(clients.usual_networks(state, at))

    def _finding(self, state: Client, activity: Judged, key: int) -> Finding:
        at, network = activity.occurred_at, activity.network
        new_agent = is_new(state.agents, clients.agent_of(activity), at)
        usual = clients.usual_networks(state, at)
        severity, why = self._severity(state.new.total, network, new_agent, len(usual))
        name = clients.network_name(key)
        said: dict[str, Part] = {
            "app": token(activity.app_token),
            "asn": f"{name} ({network})" if key > 0 and network in clients.MASKS else name,
            "list": clients.listed(usual),
            "rows": state.new.total,
            "events": state.new.count,
            "suppressed" if severity == Severity.INFO else "why": why,
        }
        days, events = clients.known_before(state, clients.first_day(state, key, at))
        return Finding(
            arm="network",
            severity=severity,
            observed=float(state.new.count),
            threshold=1.0,
            parts=said,
            baseline={
                "days_before": days,
                "events_before": events,  # at most 100 of each day
                "usual_networks": len(usual),
                "network": network,
                "usual_agent": "unknown" if new_agent is None else "no" if new_agent else "yes",
            },
            evidence=evidence(state.new.ids(), count=state.new.count),
        )

    def _severity(self, rows: int, network: str, new_agent: bool | None, usual: int) -> tuple[Severity, str]:
        if usual >= self.everywhere and network != "tor":
            return Severity.INFO, f"the app is at home in {usual} networks: people carry it around"
        if rows >= self.critical:
            return Severity.CRITICAL, f"{self.critical:,} rows or more taken from new networks in 24 h"
        if network in _ODD:
            return Severity.HIGH, _ODD[network]
        if new_agent:
            return Severity.HIGH, "the user agent is new for the app, too"
        return Severity.MEDIUM, "the app was never used from this network operator"

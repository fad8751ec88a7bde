"""The fields of the generic event: what each is called, which field of the activity it fills, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from domain import actions
from ingest.refusal import Refused, shown, unknown_value, wrong_type
from ingest.settings import TENANT
from ingest.values import Reader, country, day_or_moment, entries, ident, number, one_of, text, truth, whole

#: What a source may be called.
SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")

FACTS: Final = (
    "leaver", "leave", "travel", "rehire", "approved_change", "approved_app", "break_glass", "decoy", "egress_range",
    "holiday",
)  # fmt: skip
#: What a fact may be about, besides `tenant`.
ABOUT: Final = ("actor", "app", "network", "record")

#: What an action says of its outcome by itself.
OUTCOME: Final = {
    actions.LOGIN_SUCCEEDED: "success",
    actions.LOGIN_FAILED: "failure",
    actions.MFA_DENIED: "denied",
}
_ACTIONS: Final = {name: name for name in actions.ACTIONS}


def _action(value: Any, _: set[str]) -> str:
    if type(value) is not str:
        raise wrong_type("action", "a text such as auth.login.failed", value)
    known = _ACTIONS.get(value)
    if known is None:
        raise unknown_value("action", value, actions.ACTIONS, code="unknown_action")
    return known


@lru_cache(maxsize=4096)
def check_names(tenant: str, source: str) -> None:
    """Refuses names of tenant and source that are neither empty nor fit to be one."""
    if tenant and not TENANT.fullmatch(tenant):
        raise invalid_tenant(tenant)
    if source and not SOURCE.fullmatch(source):
        raise wrong_type("source", "a name of a-z, 0-9, '.', _ and -, at most 63 characters", source)


def invalid_tenant(tenant: str) -> Refused:
    return Refused(
        "tenant_invalid",
        f"tenant {shown(tenant)} is no tenant name; use a-z, 0-9, _ and -, at most 63 characters, the first no _ or -",
    )


def _same(*names: str, read: Callable[[str], Reader]) -> dict[str, tuple[str, Reader]]:
    return {name: (name, read(name)) for name in names}


#: Top-level name -> (field of the activity, its reader).
TOP: Final[dict[str, tuple[str, Reader]]] = {
    "id": ("native_id", ident("id")),
    "tenant": ("tenant", text("tenant")),
    "source": ("source", text("source")),
    "action": ("action", _action),
    "outcome": ("outcome", one_of("outcome", actions.OUTCOMES)),
    "reason": ("reason", one_of("reason", actions.REASONS)),
    "channel": ("channel", one_of("channel", actions.CHANNELS)),
    "sensitivity": ("sensitivity", one_of("sensitivity", actions.SENSITIVITIES)),
    "time_precision": ("time_precision", one_of("time_precision", actions.PRECISIONS)),
    "direction": ("direction", one_of("direction", ("weakened", "strengthened", "neutral"))),
    "credential": ("credential", one_of("credential", ("password", "mfa", "recovery", "api_key"))),
    "fact": ("fact", one_of("fact", FACTS)),
    "from": ("valid_from", day_or_moment("from", end=False)),
    "until": ("valid_until", day_or_moment("until", end=True)),
    "scopes": ("scopes", entries("scopes")),
    "fields": ("fields", entries("fields")),
    "object_ids": ("object_ids", entries("object_ids", ident)),
    "score": ("score", number("score", 0, 1)),
    **_same("session_id", "app_id", "object_id", "target_id", "request_id", "execution_id", "job_id", read=ident),
    **_same("about", "role", "ticket", read=ident),
    **_same(
        "feed", "auth_method", "app_name", "object_type", "title", "value_digest", "area", "destination", read=text
    ),
    **_same("purpose", "change", "method", "state", "result", "kind", "control", read=text),
    **_same("count", "bytes", "recipient_count", "sequence", read=whole),
    **_same("mfa", "external", "exported", "hard", "attachment", read=truth),
}

ACTOR: Final[dict[str, tuple[str, Reader]]] = {
    "id": ("actor_id", ident("actor.id")),
    "login": ("actor_login", ident("actor.login")),
    "kind": ("actor_kind", one_of("actor.kind", actions.ACTOR_KINDS)),
    "name": ("actor_name", text("actor.name")),
    "email": ("actor_email", text("actor.email")),
    "roles": ("roles", entries("actor.roles")),
    "privileged": ("privileged", truth("actor.privileged")),
    "team": ("team", text("actor.team")),
    "impersonator": ("impersonator", ident("actor.impersonator")),
}

ORIGIN: Final[dict[str, tuple[str, Reader]]] = {
    "ip": ("ip", text("origin.ip")),
    "ip_basis": ("ip_basis", one_of("origin.ip_basis", actions.IP_BASES)),
    "asn": ("asn", whole("origin.asn")),
    "network": ("network", one_of("origin.network", actions.NETWORKS)),
    "country": ("country", country("origin.country")),
    "region": ("region", text("origin.region")),
    "city": ("city", text("origin.city")),
    "lat": ("lat", number("origin.lat", -90, 90)),
    "lon": ("lon", number("origin.lon", -180, 180)),
    "radius_km": ("radius_km", number("origin.radius_km", 0, 20_038)),
    "user_agent": ("user_agent", text("origin.user_agent")),
    "device_id": ("device_id", ident("origin.device_id")),
    "tls": ("tls", text("origin.tls")),
}

OBJECTS: Final = (("actor", ACTOR), ("origin", ORIGIN))

#: Top-level names that are read by other means than TOP.
CONSUMED: Final = frozenset({"actor", "origin", "occurred_at"})

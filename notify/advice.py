"""What a page says beyond the alert: a headline short enough for a title, and three first steps per detector."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Templates over an alert's parts. A detector without one, or an alert without these parts, uses its sentence.
HEADLINES: Mapping[str, str] = MappingProxyType(
    {
        "failed_login_burst": "{n:failed sign-in|failed sign-ins} in {span} (usual at most {p99})",
        "login_after_failures": "sign-in after {n:failure|failures}",
        "password_spray": "{u:account|accounts} tried {n} times from one address",
        "distributed_spray": "{n:failed sign-in|failed sign-ins} on {u:account|accounts}",
        "mfa_fatigue": "{n:refused prompt|refused prompts} in {span}",
        "impossible_travel": "{a} to {b} in {dt}",
        "new_country": "first sign-in from {country}",
        "anonymised_login": "sign-in through {kind}",
        "bulk_export": "{rows} {object} (usual {p50}/day)",
        "excessive_access": "{n} records in 24 h (own busiest {m})",
        "mass_delete": "{n} {object} deleted (busiest day {m})",
        "mass_update": "{n} {object} overwritten in {span}",
        "privileged_grant": "{role} granted",
        "defences_weakened": "{area} weakened",
        "new_app": "{app} read {rows} {object}",
    }
)

_SIGN_IN = (
    "Ask the person over another channel whether these sign-ins were theirs.",
    "If not: end their sessions and reset the password and the second factor.",
    "Read what the account did since the first of these activities.",
)
_GUESSING = (
    "Check whether any account was reached: look for a success from these addresses.",
    "Block the addresses at the edge, unless they are your own or a provider's shared ones.",
    "Require a second factor and a new password for every account that was reached.",
)
_DATA = (
    "Suspend the account or the app's token while you ask: what has left does not come back.",
    "List what was taken and where it went; check whether it was announced or ticketed.",
    "Look for what came before: a new device, a new app, a granted role, a notice to leave.",
)
_CHANGE = (
    "Stop the job or suspend the account before more records change.",
    "List the record ids of this incident and compare them with the last good backup.",
    "Ask the owner of the data whether an import, a merge or a purge was planned.",
)
_RIGHTS = (
    "Ask who approved this change, and undo it until somebody has.",
    "Check what the actor did in the hour before: how they signed in, from where.",
    "Read what was done with the new right or under the weaker setting since.",
)
_ANY = (
    "Open the alert and read its evidence from the first activity on.",
    "Ask the person, or the owner of the app, over another channel.",
    "If nobody can explain it: suspend the account or the token, then investigate.",
)

FIRST_STEPS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "failed_login_burst": _GUESSING,
        "password_spray": _GUESSING,
        "distributed_spray": _GUESSING,
        "login_after_failures": _SIGN_IN,
        "mfa_fatigue": _SIGN_IN,
        "impossible_travel": _SIGN_IN,
        "new_country": _SIGN_IN,
        "anonymised_login": _SIGN_IN,
        "session_hijack": _SIGN_IN,
        "dormant_wakes": _SIGN_IN,
        "bulk_export": _DATA,
        "excessive_access": _DATA,
        "new_app": _DATA,
        "app_new_network": _DATA,
        "mass_delete": _CHANGE,
        "mass_update": _CHANGE,
        "privileged_grant": _RIGHTS,
        "defences_weakened": _RIGHTS,
    }
)


def first_steps(detector: str) -> tuple[str, str, str]:
    """Three things to do first, the same for every alert of a detector."""
    return FIRST_STEPS.get(detector, _ANY)

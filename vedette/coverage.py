"""Which detector sees what of which source: computed from what adapters declare and what detectors' code reads."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from types import FunctionType
from typing import Any, Final

import msgspec

from detectors.base import Spec
from detectors.registry import discover, specs
from domain import actions
from domain.activity import FIELDS
from ingest.sources.base import Adapter

SEES, PARTLY, BLIND = "sees", "partly", "BLIND"
#: What of a detector cannot be left out: all of these actions, and these fields; a detector not named needs one action.
_NEEDS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "failed_login_burst": (frozenset({actions.LOGIN_FAILED}), ""),
    "login_after_failures": (actions.AUTHENTICATION, ""),
    "password_spray": (frozenset({actions.LOGIN_FAILED}), "ip"),
    "impossible_travel": (frozenset({actions.LOGIN_SUCCEEDED}), "ip"),
    "bulk_export": (frozenset({actions.DATA_EXPORTED}), ""),
    "app_new_network": (frozenset(), "ip app_id"),
}
#: Fields that ingest fills from another field, and those that every activity has.
_FROM: Final = {
    "actor_token": "actor_id", "login_token": "actor_login", "app_token": "app_id", "ip_token": "ip",
    "net_token": "ip", "agent_family": "user_agent", "asn": "ip", "network": "ip", "country": "ip", "region": "ip",
    "city": "ip", "lat": "ip", "lon": "ip", "radius_km": "ip",
}  # fmt: skip
_GIVEN: Final = frozenset(
    {"tenant", "activity_id", "occurred_at", "action", "source", "feed", "native_id", "actor_id", "time_precision",
     "flags", "key", "outcome", "actor_kind", "received_at", "actor_login"}
)  # fmt: skip


class Sight(msgspec.Struct, frozen=True):
    """How well a detector sees a source, and what it misses."""

    code: str
    detector: str
    source: str
    level: str  # SEES, PARTLY or BLIND
    actions: tuple[str, ...]  # of the detector's, that the source never tells
    fields: tuple[str, ...]  # that the detector reads and the source never fills


def sights(adapters: dict[str, Adapter]) -> list[Sight]:
    """Every detector by every source."""
    return [_sight(spec, name, adapter) for spec in specs() for name, adapter in adapters.items()]


def _sight(spec: Spec, source: str, adapter: Adapter) -> Sight:
    told = spec.actions & adapter.yields.keys()
    filled = set(adapter.always.split()).union(*(adapter.yields[action].split() for action in told))
    fields = sorted({_FROM.get(name, name) for name in reads(spec.id)} - _GIVEN - filled)
    needed, wanted = _NEEDS.get(spec.id, (frozenset(), ""))
    blind = not told or not needed <= told or not set(wanted.split()) <= filled
    missing = tuple(sorted(spec.actions - told))
    level = BLIND if blind else PARTLY if missing or fields else SEES
    lacking = sorted(set(wanted.split()) - filled) if blind else fields
    return Sight(spec.code, spec.id, source, level, tuple(sorted(needed - told)) if blind else missing, tuple(lacking))


@cache
def reads(detector: str) -> frozenset[str]:
    """The fields of an activity that the detector's code reads, its helpers in `detectors` and `models` included."""
    module = importlib.import_module(f"detectors.rules.{detector}")
    kind = discover()[detector]
    waiting: list[Any] = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    waiting += [each for each in vars(kind).values() if isinstance(each, FunctionType)]
    seen, found = set[Any](), set[str]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or not callable(each):
            continue
        seen.add(id(each))
        tree = _tree(each)
        if tree is None:
            continue
        found |= _fields(tree)
        waiting += _called(tree, vars(inspect.getmodule(each)))
    return frozenset(found)


def _tree(each: Any) -> ast.AST | None:
    home = getattr(each, "__module__", "") or ""
    if not home.startswith(("detectors", "models")):
        return None
    try:
        return ast.parse(inspect.cleandoc("\n" + inspect.getsource(each)))
    except (OSError, TypeError, SyntaxError):  # it has no source of its own: made by a library
        return None


def _fields(tree: ast.AST) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        and node.value.id in ("activity", "each", "report", "export") and node.attr in FIELDS
    }  # fmt: skip


def _called(tree: ast.AST, names: dict[str, Any]) -> Iterator[Any]:
    """The functions and classes that code names, directly or as `module.function`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield names[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = names.get(node.value.id)
            if inspect.ismodule(module):
                yield getattr(module, node.attr, None)

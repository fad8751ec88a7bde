"""Which detectors there are, with the settings and stages in force, and which of them judge an action."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, get_type_hints

import msgspec

from domain.alert import settings_hash, settings_json
from domain.configuration import Configuration
from domain.errors import SettingsInvalid
from domain.subject import Routing

from . import rules
from .base import Detector, Spec

STAGES = ("off", "shadow", "live")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
#: A century, in seconds: whoever writes more means something else.
_LONGEST = 3_155_760_000
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d)\s*)+")


@dataclasses.dataclass(frozen=True, slots=True)
class Armed:
    """A detector with the settings and the stage of each arm in force.

    One that warms up gathers what it must know when it comes into effect; its findings do not count.
    """

    detector: Detector[Any]
    settings_hash: str
    stages: Mapping[str, str]
    warming: bool = False

    @property
    def slot(self) -> str:
        return self.detector.spec.slot

    @property
    def settings(self) -> dict[str, Any]:
        return _fields(self.detector)

    @property
    def on(self) -> bool:
        """Whether any of its arms may fire."""
        return any(stage != "off" for stage in self.stages.values())

    def warm(self) -> Armed:
        """The same while it warms up."""
        return dataclasses.replace(self, stages=dict.fromkeys(self.stages, "off"), warming=True)


class Registry:
    """Every detector that is not off, by scope and action."""

    def __init__(self, armed: tuple[Armed, ...]) -> None:
        self.all = armed
        on = [each for each in armed if each.on or each.warming]
        self._scopes: dict[str, list[Armed]] = {}
        self._actions: dict[tuple[str, str], list[Armed]] = {}
        for each in on:
            spec = each.detector.spec
            self._scopes.setdefault(spec.scope, []).append(each)
            for action in spec.actions:
                self._actions.setdefault((spec.scope, action), []).append(each)

    def routing(self) -> Routing:
        """By scope, the actions that some detector sees: what ingest sends, whatever the settings are.

        So that a detector that was off, or is of an older version, has missed nothing when its time comes.
        """
        seen: dict[str, frozenset[str]] = {}
        for spec in (*(each.detector.spec for each in self.all), *(kind.spec for kind in kinds().values())):
            seen[spec.scope] = seen.get(spec.scope, frozenset()) | spec.actions
        return seen

    def configurations(self) -> list[Configuration]:
        """What is to be recorded of it."""
        return [
            Configuration(
                detector=each.detector.spec.id,
                slot=each.slot,
                settings=settings_json(each.settings),
                stages=each.stages,
                hash=each.settings_hash,
            )
            for each in self.all
        ]

    def for_scope(self, scope: str) -> list[Armed]:
        """The detectors of a scope, by id."""
        return list(self._scopes.get(scope, ()))

    def for_action(self, scope: str, action: str) -> list[Armed]:
        """The detectors of a scope that see an action, by id."""
        return list(self._actions.get((scope, action), ()))

    def stage(self, slot: str, arm: str) -> str:
        """The stage of one arm; `off` for a slot or an arm that there is not."""
        return next((each.stages.get(arm, "off") for each in self.all if each.slot == slot), "off")


@cache
def discover() -> dict[str, type[Any]]:
    """The detector of each module in `rules`, by id in order: of several versions the newest."""
    newest: dict[str, Any] = {}
    for kind in kinds().values():
        known = newest.get(kind.spec.id)
        if known is None or known.spec.version < kind.spec.version:
            newest[kind.spec.id] = kind
    return newest


@cache
def kinds() -> dict[str, type[Any]]:
    """Every version of every detector, by slot. A module keeps the version before, so that what came before a change
    can be judged as it was; a module with none, with two of one version or with another detector's is an error.
    """
    found: dict[str, Any] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(rules.__path__) if not each.name.startswith("_")):
        loaded = importlib.import_module(f"{rules.__name__}.{module}")
        here: list[Any] = [
            each
            for each in vars(loaded).values()
            if isinstance(each, type)
            and each.__module__ == loaded.__name__
            and isinstance(getattr(each, "spec", None), Spec)
        ]
        slots = {each.spec.slot: each for each in here}
        if not here or len(slots) != len(here) or any(each.spec.id != module for each in here):
            raise SettingsInvalid(
                f"detectors/rules/{module}.py must define one detector, once per version, and its spec.id must be "
                f"{module}"
            )
        found |= slots
    return found


@cache
def specs() -> tuple[Spec, ...]:
    """The published contracts, by the catalogue's code."""
    return tuple(
        sorted((kind.spec for kind in discover().values()), key=lambda spec: (spec.code[0], int(spec.code[1:])))
    )


def load(settings: Mapping[str, Mapping[str, Any]]) -> Registry:
    """The registry under a configuration: by detector, its settings, `stage` for all arms and `arms` by name.

    Raises SettingsInvalid for a detector, a setting, an arm or a value that there is not.
    """
    known = discover()
    for name in settings:
        if name not in known:
            raise _unknown("detectors", "detector", name, known, "there are")
    return Registry(tuple(_arm(kind, settings.get(name, {})) for name, kind in known.items()))


def rearm(configuration: Configuration) -> Armed | None:
    """The detector of a configuration of then; None when this program cannot judge as that one did.

    That is so when it has not that version of it, or one of its settings is no more. A setting that came later has its
    default: what it means without being set is what was done without it, else the version would be another.
    """
    kind = kinds().get(configuration.slot)
    if kind is None or configuration.gone:
        return None
    given = msgspec.json.decode(configuration.settings, type=dict[str, Any])
    if not given.keys() <= {field.name for field in dataclasses.fields(kind)}:
        return None
    try:
        detector = msgspec.json.decode(configuration.settings, type=kind)
    except (msgspec.ValidationError, SettingsInvalid):
        return None
    arms = {arm.name: "off" for arm in kind.spec.arms}  # one that came later fired then as little as one that was off
    return Armed(detector, configuration.hash, arms | dict(configuration.stages))


def duration(value: object) -> timedelta | None:
    """`10m`, `1h30m`, `24h` or a number of seconds as a length of time; None when it is neither."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value) if abs(value) < _LONGEST else None
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        amounts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value)
        return duration(sum(float(amount) * _UNITS[unit] for amount, unit in amounts))
    if isinstance(value, str) and re.fullmatch(r"\d+(?:\.\d+)?", value.strip()):
        return duration(float(value))
    return None


def _arm(kind: type[Any], given: Mapping[str, Any]) -> Armed:
    spec: Spec = kind.spec
    hints = {field.name: get_type_hints(kind)[field.name] for field in dataclasses.fields(kind)}
    chosen = {}
    for name, value in given.items():
        if name in ("stage", "arms"):
            continue
        if name not in hints:
            raise _unknown(spec.id, "setting", name, (*hints, "stage", "arms"), "it has")
        chosen[name] = _value(spec.id, name, hints[name], value)
    detector = kind(**chosen)
    return Armed(detector, settings_hash(_fields(detector)), _stages(spec, given))


def _value(detector: str, name: str, kind: type[Any], value: object) -> object:
    if kind is timedelta:
        span = duration(value)
        if span is None:
            raise SettingsInvalid(
                f"{detector}: {name} is {value!r}; write a length of time such as '10m', '24h' or seconds"
            )
        return span
    if kind is int and isinstance(value, str) and re.fullmatch(r"\d+", value.strip().replace("_", "")):
        return int(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise SettingsInvalid(f"{detector}: {name} is {value!r}; it must be of type {kind.__name__}")


def _stages(spec: Spec, given: Mapping[str, Any]) -> dict[str, str]:
    """An arm's own stage, else the detector's, else the published one."""
    overall, single = given.get("stage"), given.get("arms", {})
    arms = [arm.name for arm in spec.arms]
    if not isinstance(single, Mapping):
        raise SettingsInvalid(
            f"{spec.id}: arms is {single!r}; write a stage for each arm, such as {{{arms[0]} = 'live'}}"
        )
    for name in single:
        if name not in arms:
            raise _unknown(spec.id, "arm", name, arms, "it has")
    stages = {arm.name: single.get(arm.name, arm.stage if overall is None else overall) for arm in spec.arms}
    for stage in stages.values():
        if stage not in STAGES:
            raise _unknown(spec.id, "stage", stage, STAGES, "there are")
    return stages


def _unknown(where: str, what: str, name: object, known: Iterable[str], rest: str) -> SettingsInvalid:
    """The refusal of a name that there is not, with the one that was probably meant."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    meant = f"; did you mean '{close[0]}'? " if close else "; "
    return SettingsInvalid(f"{where}: no such {what} '{name}'{meant}{rest} {', '.join(names)}")


def _fields(detector: Detector[Any]) -> dict[str, Any]:
    return {field.name: getattr(detector, field.name) for field in dataclasses.fields(type(detector))}  # type: ignore[arg-type]

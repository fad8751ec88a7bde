"""The registry: discovery, settings from a configuration, stages, routing."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from detectors import registry, rules
from detectors.registry import discover, duration, load, specs
from detectors.rules.bulk_export import BulkExport
from detectors.rules.failed_login_burst import FailedLoginBurst
from domain.actions import API_CALLED, DATA_EXPORTED, FILE_DOWNLOADED, LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.configuration import Configuration
from domain.errors import SettingsInvalid


def test_every_module_of_rules_is_a_detector_by_its_id() -> None:
    assert discover()["bulk_export"] is BulkExport
    assert [spec.code for spec in specs()][:2] == ["A1", "A2"]


VERSIONS = """
from detectors.rules.bulk_export import BulkExport
import msgspec
class Before(BulkExport):
    spec = msgspec.structs.replace(BulkExport.spec, id="twice", version={before})
class Now(BulkExport):
    spec = msgspec.structs.replace(BulkExport.spec, id="{id}", version=10)
"""


def versions(folder: Path, monkeypatch: pytest.MonkeyPatch, **named: object) -> dict[str, type[Any]]:
    """What is found where there is a module `twice` beside the others."""
    (folder / "twice.py").write_text(VERSIONS.format(**named))
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, "detectors.rules.twice", raising=False)
    found: dict[str, type[Any]] = registry.kinds.__wrapped__()
    return found


def test_a_module_may_keep_the_version_before_and_the_newest_is_the_detector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = versions(tmp_path, monkeypatch, before=9, id="twice")
    assert [slot for slot in found if slot.startswith("twice")] == ["twice.v9", "twice.v10"]
    monkeypatch.setattr(registry, "kinds", lambda: found)
    assert discover.__wrapped__()["twice"].spec.version == 10
    kept = registry.rearm(Configuration("twice", "twice.v9", '{"floor":7}', {"rows": "live"}, "x"))
    assert kept is not None
    assert (kept.slot, kept.settings["floor"], kept.stages["files"]) == ("twice.v9", 7, "off")


@pytest.mark.parametrize("named", [{"before": 10, "id": "twice"}, {"before": 9, "id": "thrice"}])
def test_a_module_with_one_version_twice_or_with_anothers_detector_is_refused(
    named: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        versions(tmp_path, monkeypatch, **named)
    assert str(refused.value) == (
        "detectors/rules/twice.py must define one detector, once per version, and its spec.id must be twice"
    )


def test_settings_are_given_by_name_and_durations_by_words_or_seconds() -> None:
    registry = load(
        {"failed_login_burst": {"threshold": "12", "span": "1h30m"}, "bulk_export": {"span": 1800, "floor": 500}}
    )
    found = {armed.detector.spec.id: armed.detector for armed in registry.all}
    assert found["failed_login_burst"] == FailedLoginBurst(threshold=12, span=timedelta(minutes=90))
    assert found["bulk_export"] == BulkExport(span=timedelta(minutes=30), floor=500)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10m", timedelta(minutes=10)),
        ("24h", timedelta(hours=24)),
        ("1h 30m", timedelta(minutes=90)),
        ("1.5d", timedelta(hours=36)),
        ("250ms", timedelta(milliseconds=250)),
        ("90", timedelta(seconds=90)),
        (90, timedelta(seconds=90)),
        (0.5, timedelta(milliseconds=500)),
        ("ten minutes", None),
        ("", None),
        (True, None),
        (1e300, None),
        ("9" * 400 + "d", None),
    ],
)
def test_durations(written: object, meant: timedelta | None) -> None:
    assert duration(written) == meant


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"failed_login_burst": {"treshold": 5}},
            "failed_login_burst: no such setting 'treshold'; did you mean 'threshold'? it has threshold, span, high, "
            "stage, arms",
        ),
        (
            {"failed_logins": {}},
            "detectors: no such detector 'failed_logins'; did you mean 'failed_login_burst'? there are "
            + ", ".join(discover()),
        ),
        (
            {"bulk_export": {"arms": {"slwo": "live"}}},
            "bulk_export: no such arm 'slwo'; did you mean 'slow'? it has rows, slow, files",
        ),
        ({"bulk_export": {"stage": "on"}}, "bulk_export: no such stage 'on'; there are off, shadow, live"),
        (
            {"bulk_export": {"arms": "live"}},
            "bulk_export: arms is 'live'; write a stage for each arm, such as {rows = 'live'}",
        ),
        (
            {"bulk_export": {"span": "soon"}},
            "bulk_export: span is 'soon'; write a length of time such as '10m', '24h' or seconds",
        ),
        ({"bulk_export": {"floor": "many"}}, "bulk_export: floor is 'many'; it must be of type int"),
        ({"bulk_export": {"floor": True}}, "bulk_export: floor is True; it must be of type int"),
        ({"bulk_export": {"span": "24h"}}, "bulk_export: span is 1 d; it must be from 1 m to 6 h"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_with_a_remedy(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        load(settings)
    assert str(refused.value) == message


def test_stages_are_the_published_ones_until_the_configuration_says_otherwise() -> None:
    def stages(given: dict[str, Any]) -> dict[str, str]:
        return dict(next(each for each in load({"bulk_export": given}).all if each.slot == "bulk_export.v1").stages)

    assert stages({}) == {"rows": "live", "slow": "shadow", "files": "live"}
    assert stages({"stage": "shadow"}) == {"rows": "shadow", "slow": "shadow", "files": "shadow"}
    assert stages({"arms": {"slow": "live"}}) == {"rows": "live", "slow": "live", "files": "live"}
    assert stages({"stage": "off", "arms": {"files": "live"}}) == {"rows": "off", "slow": "off", "files": "live"}
    assert load({"bulk_export": {"arms": {"slow": "off"}}}).stage("bulk_export.v1", "slow") == "off"
    assert load({}).stage("bulk_export.v0", "rows") == "off"


def test_routing_names_what_each_scope_judges() -> None:
    routing = load({}).routing()
    assert routing["login"] == {LOGIN_FAILED, LOGIN_SUCCEEDED}
    assert {DATA_EXPORTED, API_CALLED, FILE_DOWNLOADED} <= routing["actor"]


def test_a_detector_that_is_off_judges_nothing_and_is_sent_everything_for_the_day_it_comes_on() -> None:
    registry = load({name: {"stage": "off"} for name, kind in discover().items() if kind.spec.scope == "actor"})
    assert registry.routing() == load({}).routing()
    assert registry.for_scope("actor") == []
    assert registry.for_action("actor", DATA_EXPORTED) == []
    assert "bulk_export" in {armed.detector.spec.id for armed in registry.all}


def test_detectors_are_dispatched_by_scope_and_action() -> None:
    registry = load({})
    assert [armed.slot for armed in registry.for_scope("login")] == ["failed_login_burst.v1", "login_after_failures.v1"]
    assert [armed.slot for armed in registry.for_action("login", LOGIN_FAILED)] == [
        "failed_login_burst.v1",
        "login_after_failures.v1",
    ]
    assert registry.for_action("login", DATA_EXPORTED) == []


def test_the_hash_names_the_settings_and_nothing_else() -> None:
    def hashed(given: dict[str, Any]) -> str:
        return next(each for each in load({"bulk_export": given}).all if each.slot == "bulk_export.v1").settings_hash

    assert hashed({}) == hashed({"floor": 10_000, "span": "60m", "stage": "shadow"})
    assert hashed({"floor": 9_999}) != hashed({})
    assert hashed({"span": "59m"}) != hashed({})

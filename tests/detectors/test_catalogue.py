"""The detectors as people read about them."""

from __future__ import annotations

import json

from detectors.catalogue import entries, table
from detectors.registry import load
from detectors.rules.login_after_failures import LoginAfterFailures


def test_the_table_has_a_row_for_each_detector() -> None:
    assert table((LoginAfterFailures.spec,)).splitlines() == [
        "| Detector | Judges | Fires on | Severity | Cooldown | Needs | Known false positives | ATT&CK |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| **A2** `login_after_failures` | login | a success 15 m or less after 5 or more failures within 20 m "
        "[Sentinel, Datadog] | HIGH | 1 h | none: works from the first event | somebody who forgot their password: "
        "INFO when everything came from one usual device and place; an expired password that was renewed: INFO | "
        "T1110, T1078.004 |",
    ]
    assert len(table().splitlines()) == 2 + len(load({}).all)
    assert "(shadow) [ours]" in table()


def test_the_catalogue_has_the_contract_and_what_is_in_force() -> None:
    registry = load({"bulk_export": {"floor": 500, "arms": {"slow": "live"}}})
    found = entries(registry)
    assert [entry["code"] for entry in found][:2] == ["A1", "A2"]
    export = next(entry for entry in found if entry["code"] == "C13")
    assert export["arms"][1] == {
        "name": "slow",
        "fires": "20,000 rows or more in 7 d, and more than 5 x the median week",
        "stage": "live",
        "source": "ours",
    }
    assert export["settings"] == {
        "floor": 500,
        "high": 50_000,
        "critical": 100_000,
        "span": "1 h",
        "slow_floor": 20_000,
        "files": 100,
        "files_span": "1 h",
        "burst_files": 50,
        "burst_span": "1 m",
    }
    assert (export["severity"], export["scope"], export["horizon"], export["cooldown"]) == (
        "MEDIUM",
        "actor",
        "36 d",
        "1 h",
    )
    assert json.loads(json.dumps(found)) == found

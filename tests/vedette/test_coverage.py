"""Coverage is computed: what a detector's code reads against what a source can tell."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from detectors.registry import specs
from ingest.sources.registry import ADAPTERS
from tests.ingest.sources.rows import HUBSPOT
from tests.ingest.sources.test_mapping import ROW, YAML
from vedette.cli import main
from vedette.coverage import _NEEDS, BLIND, PARTLY, SEES, reads, sights


def test_what_a_detector_reads_is_found_in_its_code_and_its_helpers() -> None:
    assert {"login_token", "ip_token", "reason", "request_id"} <= reads("failed_login_burst")
    assert {"count", "execution_id", "object_type"} <= reads("bulk_export")
    assert {"lat", "lon", "radius_km"} <= reads("impossible_travel")
    assert "count" not in reads("password_spray")


def test_a_blind_spot_is_shown_with_what_is_missing() -> None:
    found = {(each.detector, each.source): each for each in sights(ADAPTERS)}
    assert {each.level for each in found.values() if each.source == "generic"} == {SEES}
    blind = found["failed_login_burst", "dataverse"]
    assert (blind.level, blind.actions, blind.fields) == (BLIND, ("auth.login.failed",), ())
    assert found["impossible_travel", "twenty"].fields == ("ip",)
    assert (found["bulk_export", "hubspot"].level, "count" in found["bulk_export", "hubspot"].fields) == (PARTLY, True)


def test_every_need_is_of_a_detector_that_there_is() -> None:
    known = {spec.id: spec for spec in specs()}
    assert set(_NEEDS) <= set(known)
    assert all(needed <= known[name].actions for name, (needed, _) in _NEEDS.items())


def test_the_table_and_the_list_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sources", "coverage"]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[0].split() == ["DETECTOR", *ADAPTERS]
    assert "  A1 blind on twenty: no auth.login.failed\n" in table
    assert main(["sources", "list"]) == 0
    assert "vedette.raw.hubspot" in capsys.readouterr().out


def test_a_mapping_is_tried_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mapping.yaml").write_text(YAML)
    rows = [ROW, {**ROW, "event": {"id": 8, "type": "HEARTBEAT"}}, {**ROW, "at": "yesterday"}]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    assert main(["sources", "try", str(tmp_path / "mapping.yaml"), str(tmp_path / "rows.jsonl")]) == 1
    said = capsys.readouterr()
    first, second, third = said.out.splitlines()
    assert first.startswith("rows.jsonl:1: occurred_at=2026-11-24T08:59:00")
    assert "action=data.exported" in first
    assert second == "rows.jsonl:2: skipped, HEARTBEAT"
    assert third.startswith("rows.jsonl:3: refused, time_unreadable: occurred_at 'yesterday' is no RFC 3339 time;")
    assert said.err == "3 rows: 1 understood, 1 skipped, 1 refused\n"
    assert main(["sources", "try"]) == 2


def test_import_tells_whose_rows_they_are_and_unfolds_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.json"
    page.write_bytes(msgspec.json.encode({"results": HUBSPOT, "paging": {"next": {"after": "x"}}}))
    assert main(["import", str(page), "--tenant", "acme", "--dry-run", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "        20 rows read: hubspot 20",
        "        19 would be stored (fewer, where some are stored already)",
        "         1 skipped: LOGIN_SUCCEEDED 1",
        "         0 rejected",
    ]

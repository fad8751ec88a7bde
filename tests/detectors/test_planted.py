"""A detector is covered by being there: nothing names it but its file and its stories."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

from detectors import rules
from detectors.registry import discover, kinds, load
from tests.detectors.test_conformance import stories


def test_a_file_is_all_that_a_new_detector_needs_to_be_held_to_this(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(inspect.getfile(discover()["failed_login_burst"])).read_text()
    (tmp_path / "planted_burst.py").write_text(source.replace('"failed_login_burst"', '"planted_burst"'))
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    _forget()
    try:
        planted = next(armed for armed in load({}).all if armed.detector.spec.id == "planted_burst")
        with pytest.raises(ModuleNotFoundError, match=r"tests\.detectors\.rules\.test_planted_burst"):
            stories(planted, "FIRES")  # so each test above would fail until its stories are told
    finally:
        _forget()


def _forget() -> None:
    discover.cache_clear()
    kinds.cache_clear()
    sys.modules.pop("detectors.rules.planted_burst", None)

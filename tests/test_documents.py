"""The documents say what the code says."""

from __future__ import annotations

from pathlib import Path

from detectors.catalogue import table

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_has_the_detector_table_of_the_code() -> None:
    shown = README.read_text().split("<!-- detectors -->\n")[1].split("\n<!-- /detectors -->")[0]
    assert shown == table().rstrip()

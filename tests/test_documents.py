"""The documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.kafka.run import RIGHTS
from deploy.prepare import GRANTS, READER
from detectors.catalogue import table
from detectors.registry import specs
from ingest.sources.generic_fields import FACTS

ROOT = Path(__file__).parent.parent
README, OPERATOR = ROOT / "README.md", ROOT / "docs" / "operator.md"


def test_the_readme_has_the_detector_table_of_the_code() -> None:
    shown = README.read_text().split("<!-- detectors -->\n")[1].split("\n<!-- /detectors -->")[0]
    assert shown == table().rstrip()


def test_the_operators_page_grants_what_the_tests_servers_grant() -> None:
    lines = OPERATOR.read_text().splitlines()
    granted = [line for line in lines if line.startswith("GRANT ")]
    assert granted == [f"{grant} TO {user};" for user, grants in GRANTS.items() for grant in grants]
    bounds = ", ".join(f"{name} = {value}" for name, value in READER.items())
    assert f"CREATE SETTINGS PROFILE vedette_reader SETTINGS {bounds};" in lines
    assert any(line.endswith(f"--add --allow-principal User:vedette {' '.join(RIGHTS)}") for line in lines)


def test_the_page_of_the_sources_says_of_every_fact_what_becomes_of_it() -> None:
    page = (ROOT / "docs/sources/README.md").read_text()
    rows = [line.split("|") for line in page.partition("| fact |")[2].splitlines()[2:] if line.startswith("|")]
    assert sorted(fact for row in rows for fact in row[1].strip().split(", ")) == sorted(FACTS)
    waiting = [code for row in rows for code in re.findall(r"\(([A-Z]\d+)\)", row[3])]
    assert waiting
    assert not {spec.code for spec in specs()} & set(waiting), "a detector is there now: say what it makes of the fact"

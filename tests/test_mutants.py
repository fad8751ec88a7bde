"""The faults of `make mutants` can be planted: planting takes ten minutes, so a place that moved is found here."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.faults import MUTANTS
from scripts.mutant import Mutant

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("fault", MUTANTS, ids=lambda fault: fault.name)
def test_the_place_of_every_fault_stands_once(fault: Mutant) -> None:
    assert (ROOT / fault.file).read_text().count(fault.before) == 1
    assert all((ROOT / test.partition("::")[0]).exists() for test in fault.tests)

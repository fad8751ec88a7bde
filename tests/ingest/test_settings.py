"""Settings of ingest: what cannot be is refused with the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import SettingsInvalid
from ingest.settings import IngestSettings


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lateness": 61.0}, "ingest: lateness is 61.0 s; use 0 to 60"),
        ({"workers": 0}, "ingest: workers is 0; use 1 to 64"),
        ({"fetch_rows": 0}, "ingest: fetch_rows is 0; use 1 or more"),
        (
            {"default_tenant": "Acme"},
            "ingest: default_tenant: 'Acme' is no tenant name; use a-z, 0-9, _ and -, at most 63 characters",
        ),
        (
            {"organizations": {"00D5j": "acme"}},
            "ingest: organizations: '00D5j' is no Salesforce id; use its 15 or 18 letters and digits",
        ),
        (
            {"organizations": {"00D5j000000VI3n": "A"}},
            "ingest: organizations: 00D5j000000VI3n: 'A' is no tenant name; "
            "use a-z, 0-9, _ and -, at most 63 characters",
        ),
    ],
)
def test_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        IngestSettings(**wrong)
    assert str(refused.value) == sentence

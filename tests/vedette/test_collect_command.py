"""`vedette collect`: what is wrong with its words is said before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.collect.vendors import TOKEN
from vedette.cli import main


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    file = tmp_path / "secrets.toml"
    file.touch(0o600)
    file.write_text(f'token = "{TOKEN}"\napi_key = "{TOKEN}"\n')
    return file


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["espocrm"], "--url is missing"),
        (["hubspot", "--url", "http://api.example"], "must begin with https://"),
        (["hubspot", "--since", "yesterday"], "'yesterday' is no time; use 7d, 36h or 2026-11-24T09:00:00Z"),
        (["hubspot", "--every", "0"], "--every is 0 s; use more than 0"),
        (["salesforce", "--url", "https://acme.my.salesforce.example"], "lacks client_id, client_secret"),
        (["hubspot", "--once"], "start it with `vedette up`"),
    ],
)
def test_a_wrong_word_is_named_with_its_remedy(
    words: list[str], told: str, secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["collect", *words, "--credentials", str(secrets), "--data", str(tmp_path / "none")])
    said = capsys.readouterr().err
    assert code in (1, 2)
    assert told in said
    assert TOKEN not in said


def test_credentials_that_others_can_read_are_refused(
    secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets.chmod(0o644)
    assert main(["collect", "hubspot", "--credentials", str(secrets), "--data", str(tmp_path / "none")]) == 2
    assert f"others can read {secrets}; run `chmod 600" in capsys.readouterr().err

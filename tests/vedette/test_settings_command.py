"""`vedette settings show`: what it prints is a settings file, and shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.cli import main
from vedette.settings import load

FILE = """
[kafka]
bootstrap = "kafka.example:9092"
username = "vedette"
password_file = "/run/secrets/kafka"
security_protocol = "SASL_SSL"

[notify.channels."on call"]
url = "https://user:secret@hooks.example/vedette"

[detectors.bulk_export]
floor = 20_000
"""


def show(tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    file = tmp_path / "some.toml"
    file.write_text(FILE)
    assert main(["settings", "show", "--config", str(file), "--data", str(tmp_path), *options]) == 0
    return capsys.readouterr().out


def test_what_is_shown_loads_to_the_same_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = tmp_path / "shown.toml"
    shown.write_text(show(tmp_path, capsys).replace("***@", "user:secret@"))
    assert load(shown, {}) == load(tmp_path / "some.toml", {}, data=tmp_path)


def test_credentials_in_an_address_are_never_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(tmp_path, capsys)
    assert 'url = "https://***@hooks.example/vedette"' in shown
    assert "secret@" not in shown


def test_redacted_it_hides_addresses_and_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(tmp_path, capsys, "--redact")
    assert "example" not in shown
    assert 'username = "***"' in shown
    assert "floor = 20000" in shown

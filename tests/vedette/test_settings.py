"""The settings: what is refused, in which words, and what wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import SettingsInvalid
from vedette.settings import Settings, find, load


def refused(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    file = tmp_path / "some.toml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load(file, environ or {}, data=tmp_path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        (
            "[store.writer]\npasword_file = 'x'",
            {},
            "store.writer: no such setting 'pasword_file'; it has name, password_file; did you mean 'password_file'?",
        ),
        (
            "[store.writer]\nzzz = 1",
            {},
            "store.writer: no such setting 'zzz'; it has name, password_file",
        ),
        (
            "[kafak]",
            {},
            "settings: no such setting 'kafak'; it has data_dir, kafka, store, ingest, detect, api, notify, embedded, "
            "detectors; did you mean 'kafka'?",
        ),
        (
            "",
            {"VEDETTE_STORE__WRITER__NAM": "x"},
            "store.writer: no such setting 'nam' (from VEDETTE_STORE__WRITER__NAM); it has name, password_file; "
            "did you mean 'name'?",
        ),
        ("[kafka]\nraw_partitions = 0", {}, "kafka.raw_partitions: expected `int` >= 1"),
        ("[api]\nport = 'high'", {}, "api.port: expected `int`, got `str`"),
        ("", {"VEDETTE_API__PORT": "high"}, "api.port: expected `int`, got `str` (from VEDETTE_API__PORT)"),
        ("api = 1", {}, "api: expected `object`, got `int`"),
        ("api = 1", {"VEDETTE_API__PORT": "1"}, "VEDETTE_API__PORT: api is one value, it has nothing inside"),
        (
            "[kafka]\nsecurity_protocol = 'TLS'",
            {},
            "kafka.security_protocol: 'TLS' is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        ),
        (
            "[notify.channels.ops]\nurl = 'https://a.example'\nkind = 'carrier pigeon'",
            {},
            "notify.channels[...].kind: 'carrier pigeon' is not one of webhook",
        ),
        (
            "[kafka]\nsecurity_protocol = 'SASL_SSL'\nusername = 'a'",
            {},
            "kafka: security_protocol SASL_SSL also needs password_file",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_what_would_be_right(
    tmp_path: Path, text: str, environ: dict[str, str], words: str
) -> None:
    assert refused(tmp_path, text, environ) == words


def test_a_secret_in_the_settings_is_refused_with_the_name_of_the_file_setting(tmp_path: Path) -> None:
    words = refused(tmp_path, "[kafka]\npassword = 'hunter2'")
    assert words.endswith("did you mean 'password_file'?")
    assert "hunter2" not in words


def test_a_typo_inside_a_channel_is_found(tmp_path: Path) -> None:
    words = refused(tmp_path, "[notify.channels.ops]\nurl = 'https://a.example'\nmin_sevrity = 'LOW'")
    assert words.startswith("notify.channels.ops: no such setting 'min_sevrity'; it has kind, url")
    assert words.endswith("did you mean 'min_severity'?")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, "x =").startswith(f"{tmp_path / 'some.toml'} is no TOML: ")


def test_a_file_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path / "none.toml", {})
    assert str(caught.value) == f"{tmp_path / 'none.toml'} does not exist; leave --config out to run with the defaults"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}, data=tmp_path / "data") == Settings(data_dir=tmp_path / "data")


def test_the_environment_wins_over_the_file_and_an_argument_over_both(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text("data_dir = '/file'\n[api]\nport = 1\nhost = '::1'\n[kafka]\nbootstrap = 'a:1'")
    environ = {"VEDETTE_API__PORT": "2", "VEDETTE_DATA_DIR": "/environ", "PATH": "/bin"}
    made = load(file, environ)
    assert (made.api.port, made.api.host, made.kafka.bootstrap) == (2, "::1", "a:1")
    assert made.data_dir == Path("/environ")
    assert load(file, environ, data=Path("/argument")).data_dir == Path("/argument")


def test_lists_tables_and_values_of_detectors_come_from_the_environment_as_json(tmp_path: Path) -> None:
    environ = {
        "VEDETTE_NOTIFY__CHANNELS": '{"ops": {"url": "https://a.example"}}',
        "VEDETTE_DETECTORS__BULK_EXPORT__FLOOR": "20000",
        "VEDETTE_DETECTORS__BULK_EXPORT__SPAN": "2h",
    }
    made = load(None, environ, data=tmp_path)
    assert made.notify.channels["ops"].url == "https://a.example"
    assert made.detectors == {"bulk_export": {"floor": 20000, "span": "2h"}}


def test_the_file_here_comes_before_the_one_in_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, data = tmp_path / "here", tmp_path / "data"
    for folder in (here, data):
        folder.mkdir()
        (folder / "vedette.toml").touch()
    monkeypatch.chdir(here)
    assert find(None, {}, data=data) == Path("vedette.toml")
    (here / "vedette.toml").unlink()
    assert find(None, {"VEDETTE_DATA_DIR": str(data)}) == data / "vedette.toml"

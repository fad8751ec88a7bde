"""What clients of Kafka are told, and what is refused before they try."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import SettingsInvalid
from transport.security import arguments, context, mechanism, password
from transport.settings import KafkaSettings


def test_without_security_a_client_gets_the_address_alone() -> None:
    assert arguments(KafkaSettings(bootstrap="a:1,b:2")) == {
        "bootstrap_servers": "a:1,b:2",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_sasl_reads_the_password_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    settings = KafkaSettings(
        bootstrap="a:1", security_protocol="SASL_PLAINTEXT", username="vedette", password_file=str(file)
    )
    assert arguments(settings) == {
        "bootstrap_servers": "a:1",
        "security_protocol": "SASL_PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "vedette",
        "sasl_plain_password": "correct horse",
    }


def test_tls_verifies_the_broker() -> None:
    made = context(KafkaSettings(bootstrap="a:1", security_protocol="SSL"))
    assert made is not None
    assert made.check_hostname
    assert made.verify_mode.name == "CERT_REQUIRED"


def test_the_mechanism_is_the_one_that_was_set_and_none_without_sasl() -> None:
    sasl = KafkaSettings(security_protocol="SASL_SSL", sasl_mechanism="PLAIN", username="a", password_file="b")
    assert (mechanism(sasl), mechanism(KafkaSettings())) == ("PLAIN", "")


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    missing, empty = str(tmp_path / "missing"), tmp_path / "empty"
    empty.touch()
    tls = KafkaSettings(bootstrap="a:1", security_protocol="SSL", ca_file=missing)
    pair = KafkaSettings(bootstrap="a:1", security_protocol="SSL", cert_file=str(empty), key_file=str(empty))
    sasl = KafkaSettings(security_protocol="SASL_PLAINTEXT", username="a", password_file=missing)
    with pytest.raises(SettingsInvalid, match=f"^kafka: ca_file {missing} holds no usable certificates"):
        context(tls)
    with pytest.raises(SettingsInvalid, match=f"^kafka: cert_file {empty} and key_file {empty} are no usable pair"):
        context(pair)
    with pytest.raises(SettingsInvalid, match=f"^kafka: password_file {missing} cannot be read"):
        password(sasl)


def test_no_address_is_said_with_both_remedies() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        arguments(KafkaSettings())
    assert str(caught.value) == (
        "kafka: bootstrap is empty and no `vedette up` runs on this data directory; "
        "start one, or set bootstrap to your broker's host:port"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"security_protocol": "SASL_SSL"}, "kafka: security_protocol SASL_SSL also needs username, password_file"),
        (
            {"sasl_mechanism": "PLAIN"},
            "kafka: sasl_mechanism PLAIN does nothing with security_protocol PLAINTEXT; set that to SASL_SSL",
        ),
        ({"key_file": "k"}, "kafka: key_file is given without cert_file; set both or none"),
    ],
)
def test_combinations_that_no_broker_accepts_are_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        KafkaSettings(**given)  # type: ignore[arg-type]
    assert str(caught.value) == words

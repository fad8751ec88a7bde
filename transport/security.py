"""SASL and TLS for every client of Kafka."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from domain.errors import SettingsInvalid
from transport.settings import KafkaSettings


def context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """A verifying TLS context, with the client's certificate for mutual TLS; None without TLS. SettingsInvalid."""
    if "SSL" not in settings.security_protocol:
        return None
    try:
        made = ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsInvalid(f"kafka: ca_file {settings.ca_file} holds no usable certificates ({error})") from error
    if settings.cert_file:
        try:
            made.load_cert_chain(settings.cert_file, settings.key_file or None)
        except OSError as error:
            raise SettingsInvalid(
                f"kafka: cert_file {settings.cert_file} and key_file {settings.key_file or 'in it'} "
                f"are no usable pair ({error})"
            ) from error
    return made


def mechanism(settings: KafkaSettings) -> str:
    """The SASL mechanism in force, "" without SASL."""
    if not settings.security_protocol.startswith("SASL"):
        return ""
    return settings.sasl_mechanism or "SCRAM-SHA-512"


def password(settings: KafkaSettings) -> str:
    """What `password_file` holds, without the line end; "" when none is named. SettingsInvalid when unreadable."""
    if not settings.password_file:
        return ""
    try:
        return Path(settings.password_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsInvalid(
            f"kafka: password_file {settings.password_file} cannot be read ({error.strerror})"
        ) from error


def arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of an aiokafka client: addresses, protocol, SASL, TLS. SettingsInvalid."""
    if not settings.bootstrap:
        raise SettingsInvalid(
            "kafka: bootstrap is empty and no `vedette up` runs on this data directory; "
            "start one, or set bootstrap to your broker's host:port"
        )
    made: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
        "ssl_context": context(settings),
    }
    if mechanism(settings):
        made["sasl_mechanism"] = mechanism(settings)
        made["sasl_plain_username"] = settings.username
        made["sasl_plain_password"] = password(settings)
    return made

"""SASL and TLS for every client of Kafka."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from domain.errors import SettingsInvalid
from transport.settings import KafkaSettings

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


def context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """A verifying TLS context, with the client's certificate for mutual TLS; None without TLS."""
    if settings.security_protocol not in PROTOCOLS:
        raise SettingsInvalid(
            f"kafka: security_protocol {settings.security_protocol!r} is not one of {', '.join(PROTOCOLS)}"
        )
    if "SSL" not in settings.security_protocol:
        return None
    made = ssl.create_default_context(cafile=settings.ca_file or None)
    if settings.cert_file:
        made.load_cert_chain(settings.cert_file, settings.key_file or None)
    return made


def password(settings: KafkaSettings) -> str:
    return Path(settings.password_file).read_text().strip() if settings.password_file else ""


def arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of an aiokafka client."""
    made: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
        "ssl_context": context(settings),
    }
    if settings.security_protocol.startswith("SASL"):
        made |= {
            "sasl_mechanism": settings.sasl_mechanism or "SCRAM-SHA-512",
            "sasl_plain_username": settings.username,
            "sasl_plain_password": password(settings),
        }
    return made

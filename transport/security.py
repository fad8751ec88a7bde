"""How a client proves who it is to Kafka and checks whom it talks to: a neutral value, and aiokafka's arguments."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import msgspec

from domain.errors import SettingsInvalid
from transport.settings import KafkaSettings


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """What any Kafka client needs; `context` is None without TLS, `mechanism` "" without SASL."""

    protocol: str
    mechanism: str
    username: str
    password: str
    context: ssl.SSLContext | None

    def __repr__(self) -> str:
        return f"Security({self.protocol}, {self.mechanism}, {self.username})"


def security(settings: KafkaSettings) -> Security:
    """Reads the files that the settings name. SettingsInvalid when one cannot be read or used."""
    sasl = settings.security_protocol.startswith("SASL")
    return Security(
        protocol=settings.security_protocol,
        mechanism=settings.sasl_mechanism if sasl else "",
        username=settings.username if sasl else "",
        password=_secret(settings.password_file) if sasl else "",
        context=_context(settings) if settings.security_protocol.endswith("SSL") else None,
    )


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """The arguments that every aiokafka client takes: address, protocol, SASL, TLS."""
    if not settings.bootstrap:
        raise SettingsInvalid(
            "kafka.bootstrap is empty and no `vedette up` runs on this data directory; "
            "start one, or set kafka.bootstrap to your broker's host:port"
        )
    access = security(settings)
    options: dict[str, Any] = {
        "bootstrap_servers": [address.strip() for address in settings.bootstrap.split(",") if address.strip()],
        "security_protocol": access.protocol,
        "ssl_context": access.context,
    }
    if access.mechanism:
        options["sasl_mechanism"] = access.mechanism
        options["sasl_plain_username"] = access.username
        options["sasl_plain_password"] = access.password
    return options


def _secret(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsInvalid(f"kafka.password_file: {path} cannot be read ({error.strerror})") from error


def _context(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:  # ssl.SSLError is one of these
        raise SettingsInvalid(f"kafka.ca_file: {settings.ca_file} holds no usable certificates ({error})") from error
    if settings.cert_file:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except OSError as error:
            raise SettingsInvalid(
                f"kafka.cert_file: {settings.cert_file} and key_file {settings.key_file} are no usable pair ({error})"
            ) from error
    return context

"""Where Kafka is and how we prove who we are."""

from __future__ import annotations

import msgspec


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bootstrap` "" is the embedded broker. Passwords and keys come from files, never from here."""

    bootstrap: str = ""
    raw_partitions: int = 4
    activity_partitions: int = 4
    replication: int = 1
    security_protocol: str = "PLAINTEXT"  # PLAINTEXT | SSL | SASL_PLAINTEXT | SASL_SSL
    sasl_mechanism: str = ""  # PLAIN | SCRAM-SHA-256 | SCRAM-SHA-512
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

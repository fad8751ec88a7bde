"""Where Kafka is and how we prove who we are."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from domain.errors import SettingsInvalid

#: How long a consumer believes what it knows of topics, ms. While a broker starts it may answer that a topic has no
#: partitions: a group that forms then owns none until somebody asks again, by default after five minutes.
METADATA_AGE = 5_000

Partitions = Annotated[int, msgspec.Meta(ge=1, le=1024)]


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bootstrap` is `host:port[,host:port]`; "" is the embedded broker. Secrets come from files, never from here."""

    bootstrap: str = ""
    raw_partitions: Partitions = 4
    activity_partitions: Partitions = 4
    replication: Annotated[int, msgspec.Meta(ge=1, le=15)] = 1  # copies of the topics that we create
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""  # "" is SCRAM-SHA-512
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def __post_init__(self) -> None:
        """SettingsInvalid for a combination that no broker could accept."""
        sasl = self.security_protocol.startswith("SASL")
        if sasl and not (self.username and self.password_file):
            missing = [name for name in ("username", "password_file") if not getattr(self, name)]
            raise SettingsInvalid(f"kafka: security_protocol {self.security_protocol} also needs {', '.join(missing)}")
        if self.sasl_mechanism and not sasl:
            raise SettingsInvalid(
                f"kafka: sasl_mechanism {self.sasl_mechanism} does nothing with security_protocol "
                f"{self.security_protocol}; set that to SASL_SSL"
            )
        if self.key_file and not self.cert_file:
            raise SettingsInvalid("kafka: key_file is given without cert_file; set both or none")

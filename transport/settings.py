"""Settings of the Kafka connection: where the broker is, how to be let in, how many partitions the topics have."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from domain.errors import SettingsInvalid

Partitions = Annotated[int, msgspec.Meta(ge=1, le=1024)]


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bootstrap` is `host:port[,host:port]`; "" means the broker that `vedette up` carries.

    Secrets come from files: the SASL password from `password_file`, the client's key from `key_file`.
    """

    bootstrap: str = ""
    raw_partitions: Partitions = 4
    activity_partitions: Partitions = 4
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def __post_init__(self) -> None:
        """SettingsInvalid for a combination that no broker could accept."""
        if self.security_protocol.startswith("SASL"):
            given = {
                "sasl_mechanism": self.sasl_mechanism,
                "username": self.username,
                "password_file": self.password_file,
            }
            missing = [name for name, value in given.items() if not value]
            if missing:
                raise SettingsInvalid(f"kafka: {self.security_protocol} also needs {', '.join(missing)}")
        elif self.sasl_mechanism:
            raise SettingsInvalid(
                f"kafka: sasl_mechanism {self.sasl_mechanism} has no effect with security_protocol "
                f"{self.security_protocol}; set it to SASL_SSL"
            )
        if bool(self.cert_file) != bool(self.key_file):
            raise SettingsInvalid("kafka: cert_file and key_file belong together; set both or none")

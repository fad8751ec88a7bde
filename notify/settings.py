"""Settings of the notify role: the channels that are told, and from which age on nothing pages."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from domain.alert import Severity
from domain.errors import SettingsInvalid
from notify import signature


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receiver. `secret_file` holds one `whsec_` secret a line; while a secret is changed, the new and the old one.

    Without `secret_file` the secret is `<data>/channels/<name>.secret`, which `vedette channels secret NAME` makes.
    `tenant` "" means every tenant. `allow_private` permits http, any port and addresses that are not public.
    """

    kind: Literal["webhook"] = "webhook"
    url: str
    secret_file: str = ""
    tenant: str = ""
    min_severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"] = "LOW"
    allow_private: bool = False
    identity: Literal["pseudonym", "full"] = "pseudonym"

    def takes(self, tenant: str, severity: int) -> bool:
        """Whether an incident of this tenant and severity is this channel's business."""
        return self.tenant in ("", tenant) and severity >= Severity[self.min_severity]


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`page_within` and `poll` in seconds; `api_url` is the address that links in a page lead to, "" for no links."""

    channels: dict[str, Channel] = {}
    page_within: int = 3600
    poll: float = 1.0
    api_url: str = ""


def secret_path(name: str, channel: Channel, data_dir: Path) -> Path:
    return Path(channel.secret_file) if channel.secret_file else data_dir / "channels" / f"{name}.secret"


def secrets_of(name: str, channel: Channel, data_dir: Path) -> tuple[bytes, ...]:
    """The channel's keys, the current one first. SettingsInvalid when there is none to sign with."""
    path = secret_path(name, channel, data_dir)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsInvalid(
            f"notify.channels.{name}: its secret {path} cannot be read ({error.strerror}); "
            f"`vedette channels secret {name}` makes one"
        ) from error
    try:
        return signature.parse_secrets(text)
    except ValueError as error:
        raise SettingsInvalid(f"notify.channels.{name}: {path}: {error}") from error

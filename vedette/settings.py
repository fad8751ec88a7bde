"""All settings: one TOML file and the environment, each section the frozen settings of one package."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from domain.errors import SettingsInvalid
from ingest.settings import IngestSettings
from storage.settings import StoreSettings
from stream.settings import DetectSettings
from transport.settings import KafkaSettings

from api.settings import ApiSettings  # isort: skip
from notify.settings import NotifySettings  # isort: skip


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `vedette` runs with. `detectors` is checked by the detectors' own registry."""

    data_dir: Path = Path("~/.local/share/vedette")
    kafka: KafkaSettings = KafkaSettings()
    store: StoreSettings = StoreSettings()
    ingest: IngestSettings = IngestSettings()
    detect: DetectSettings = DetectSettings()
    api: ApiSettings = ApiSettings()
    notify: NotifySettings = NotifySettings()
    detectors: dict[str, dict[str, Any]] = {}


def load(path: Path | None, environ: Mapping[str, str], *, data: Path | None = None) -> Settings:
    """Settings from `path` (default: ./vedette.toml, else DATA/vedette.toml), then `VEDETTE_SECTION__NAME` variables."""
    values: dict[str, Any] = {}
    home = data or Path(environ.get("VEDETTE_DATA_DIR", "~/.local/share/vedette")).expanduser()
    if path is not None and not path.exists():
        raise SettingsInvalid(f"{path} does not exist; leave --config out to run with defaults")
    for file in [path] if path else [Path("vedette.toml"), home / "vedette.toml"]:
        if file and file.exists():
            try:
                values = tomllib.loads(file.read_text())
            except tomllib.TOMLDecodeError as error:
                raise SettingsInvalid(f"{file} is no TOML: {error}") from error
            break
    for name, text in environ.items():
        if name.startswith("VEDETTE_") and "__" in name:
            where = values
            *sections, last = name.removeprefix("VEDETTE_").lower().split("__")
            for section in sections:
                where = where.setdefault(section, {})
            where[last] = text
    if data is not None or "data_dir" not in values:
        values["data_dir"] = str(home)
    _check(values, Settings, "")
    try:
        made = msgspec.convert(values, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"settings: {error}") from error
    return msgspec.structs.replace(made, data_dir=Path(os.path.abspath(made.data_dir.expanduser())))


def _check(values: Mapping[str, Any], kind: Any, where: str) -> None:
    """Unknown names are refused with the names there are."""
    fields = {f.name: f.type for f in msgspec.structs.fields(kind)}
    for name, value in values.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsInvalid(f"{where or 'settings'}: no such setting {name!r}; {hint}it has {', '.join(fields)}")
        inner = fields[name]
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _check(value, inner, f"{where}.{name}" if where else name)

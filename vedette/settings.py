"""All settings: one TOML file and the environment, each section the frozen settings of one package."""

from __future__ import annotations

import difflib
import os
import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from api.settings import ApiSettings
from domain.errors import SettingsInvalid
from ingest.settings import IngestSettings
from notify.settings import NotifySettings
from storage.settings import StoreSettings
from stream.settings import DetectSettings
from transport.settings import KafkaSettings
from vedette.nightly import minute_of_day

DEFAULT_DATA = "~/.local/share/vedette"
FILE = "vedette.toml"
PREFIX = "VEDETTE_"


class EmbeddedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded parts. `broker_memory` is in bytes: the broker frees none, so from there on it is renewed; from a
    quarter of it on it is renewed at `broker_nightly` (HH:MM, UTC; "" for never), when that disturbs least.
    """

    broker_memory: int = 2_000_000_000
    broker_nightly: str = "03:00"

    def __post_init__(self) -> None:
        if self.broker_nightly:
            minute_of_day(self.broker_nightly)
        if self.broker_memory < 50_000_000:
            raise ValueError(f"broker_memory is {self.broker_memory}; it must be at least 50000000 bytes")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `vedette` runs with. `detectors` is checked by the detectors' own registry."""

    data_dir: Path = Path(DEFAULT_DATA)
    kafka: KafkaSettings = KafkaSettings()
    store: StoreSettings = StoreSettings()
    ingest: IngestSettings = IngestSettings()
    detect: DetectSettings = DetectSettings()
    api: ApiSettings = ApiSettings()
    notify: NotifySettings = NotifySettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    detectors: dict[str, dict[str, Any]] = {}


def load(path: Path | None, environ: Mapping[str, str], *, data: Path | None = None) -> Settings:
    """Defaults, then the file, then `VEDETTE_SECTION__NAME` variables, then `data`; SettingsInvalid says what is wrong.

    The file is `path`, else ./vedette.toml, else vedette.toml in the data directory. `data_dir` comes back absolute.
    """
    file = find(path, environ, data=data)
    values = _read(file) if file else {}
    sources = _overlay(values, environ)
    if data is not None:
        values["data_dir"] = str(data)
    _refuse_unknown(values, Settings, (), sources)
    try:
        made = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(_wrong_value(str(error), sources)) from error
    return msgspec.structs.replace(made, data_dir=_absolute(made.data_dir))


def find(path: Path | None, environ: Mapping[str, str], *, data: Path | None = None) -> Path | None:
    """The file that `load` reads, None when it runs on defaults. SettingsInvalid when `path` is not there."""
    if path is not None:
        if not path.is_file():
            raise SettingsInvalid(f"{path} does not exist; leave --config out to run with the defaults")
        return path
    home = _absolute(data or Path(environ.get(f"{PREFIX}DATA_DIR") or DEFAULT_DATA))
    return next((file for file in (Path(FILE), home / FILE) if file.is_file()), None)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"expected a path, got {value!r}")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{file} is no TOML: {error}") from error
    except OSError as error:
        raise SettingsInvalid(f"{file} cannot be read ({error.strerror})") from error


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Puts the environment's settings into `values`; where each came from: place -> variable.

    A value that starts like a JSON list or object is read as one, and so is any value of a detector, whose types only
    the detector knows; else the text is converted to the setting's own type.
    """
    sources = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        place = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        where = values
        for section in place[:-1]:
            inner = where.setdefault(section, {})
            if not isinstance(inner, dict):
                raise SettingsInvalid(f"{variable}: {section} is one value, it has nothing inside")
            where = inner
        where[place[-1]] = _value(environ[variable], any_type=place[0] == "detectors")
        sources[place] = variable
    return sources


def _value(text: str, *, any_type: bool) -> Any:
    if not any_type and not text.startswith(("[", "{")):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _refuse_unknown(
    values: Mapping[str, Any], kind: Any, place: tuple[str, ...], sources: Mapping[tuple[str, ...], str]
) -> None:
    """SettingsInvalid for the first name that `kind` does not have, with the names it has and the one meant."""
    hints = typing.get_type_hints(kind)
    for name, value in values.items():
        here = (*place, name)
        if name not in hints:
            variable = next((text for key, text in sources.items() if key[: len(here)] == here), "")
            raise SettingsInvalid(no_such(".".join(place) or "settings", name, hints, variable=variable))
        inner, arguments = hints[name], typing.get_args(hints[name])
        if not isinstance(value, Mapping):
            continue
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _refuse_unknown(value, inner, here, sources)
        elif typing.get_origin(inner) is dict and isinstance(arguments[1], type):
            for key, item in value.items():
                if isinstance(item, Mapping) and issubclass(arguments[1], msgspec.Struct):
                    _refuse_unknown(item, arguments[1], (*here, key), sources)


def no_such(section: str, name: str, names: Iterable[str], *, variable: str = "") -> str:
    """`ingest: no such setting 'cycl'; it has cycle, lateness; did you mean 'cycle'?`"""
    have = list(names)
    near = difflib.get_close_matches(name, have, 1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    came = f" (from {variable})" if variable else ""
    return f"{section}: no such setting {name!r}{came}; it has {', '.join(have)}{meant}"


def _wrong_value(text: str, sources: Mapping[tuple[str, ...], str]) -> str:
    """``api.port: expected `int`, got `str` ``, out of msgspec's own words; a closed choice lists what there is."""
    reason, _, where = text.partition(" - at `$.")
    place = tuple(where.removesuffix("`").replace("[...]", ".*").split("."))
    came = f" (from {sources[place]})" if place in sources else ""
    choice = _choice(place) if reason.startswith("Invalid enum value") else ()
    said = (
        f"{reason.removeprefix('Invalid enum value ')} is not one of {', '.join(choice)}"
        if choice
        else reason[:1].lower() + reason[1:]
    )
    return f"{where.removesuffix('`') or 'settings'}: {said}{came}"


def _choice(place: tuple[str, ...]) -> tuple[str, ...]:
    """The values of the `Literal` setting at `place`; () when it is something else."""
    kind: Any = Settings
    for name in place:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = typing.get_type_hints(kind).get(name)
        else:  # an entry of a dict of structs: its key stands as *
            kind = (typing.get_args(kind) or (None,))[-1]
    return tuple(value or '""' for value in typing.get_args(kind)) if typing.get_origin(kind) is typing.Literal else ()

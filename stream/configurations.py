"""What the detect role judges by: records its configuration when it starts, then follows what is recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable

from detectors.registry import Registry
from detectors.timeline import Timeline, timeline
from domain.clock import rfc3339
from domain.configuration import ALWAYS, Configuration, by_detector, changes
from domain.errors import SettingsInvalid, VedetteError
from engine.fold import Folder
from storage.configurations import MARGIN, ConfigurationStore
from stream.watching import watch

log = logging.getLogger("vedette.detect")


async def record(store: ConfigurationStore, registry: Registry, *, back: bool = False) -> list[Configuration]:
    """Put in effect what `registry` has and the store has not yet; what that was, with its times.

    Nothing is judged by a registry, only by what the store has of it, so that all judges judge alike. SettingsInvalid
    when the store has a newer version of a detector, for then this program is older than the one that put it in effect;
    with `back` it goes back to its own.
    """
    history, wanted = await store.history(), registry.configurations()
    versions = {name: rows[-1].version for name, rows in by_detector(history).items()}
    asked = changes(history, wanted)
    for each in asked:
        if versions.get(each.detector, 0) > each.version and not back:
            raise SettingsInvalid(
                f"{each.detector}: version {versions[each.detector]} is in effect and this program has {each.version}; "
                "start the newer program, or go back with `vedette settings apply --back`"
            )
    if not asked:
        return []
    await store.put(asked)
    known = set(map(_name, history))
    return [each for each in await store.history() if _name(each) not in known]


def _name(each: Configuration) -> tuple[str, int, int]:
    return each.detector, each.effective_from, each.made_at


class ConfigurationWatch:
    """Keeps a folder to the configurations in the store. They are a minute ahead when they are made: who has not read
    them for half of that might judge by old ones, and `watch` then calls `lost` and ends.
    """

    def __init__(self, store: ConfigurationStore, folder: Folder, *, every: float) -> None:
        self._store, self._folder, self._every = store, folder, every
        self._known: list[Configuration] = []

    async def take(self) -> None:
        """Once. StoreUnavailable when the store does not answer: then nothing changed. SettingsInvalid when this
        program cannot judge by what was put in effect.
        """
        history = await self._store.history()
        if history == self._known:
            return
        found = checked(timeline(history))
        self._folder.take(found.segments, found.activations)
        for each in history[len(self._known) :]:
            since = "always" if each.effective_from <= ALWAYS else f"from {rfc3339(each.effective_from)} on"
            log.info("%s: settings %s hold %s", each.slot, each.hash or "none", since)
        self._known = history

    async def watch(self, stopped: Callable[[], bool], lost: Callable[[VedetteError], None]) -> None:
        """Until `stopped`."""
        await watch(
            self.take, what="configurations", every=self._every, patience=MARGIN / 2000, stopped=stopped, lost=lost
        )


def checked(found: Timeline) -> Timeline:
    """The same; SettingsInvalid when it ends in something that this program cannot judge by."""
    for each in found.beyond:
        raise SettingsInvalid(
            f"{each.slot} with settings {each.settings} was put in effect by another program, and this one has not "
            "that version or one of these settings; start the program that put it in effect"
        )
    return found

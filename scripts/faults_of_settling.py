"""The faults of settling that `make mutants` plants."""

from __future__ import annotations

from typing import Final

from scripts.mutant import FROZEN, SCHEDULES, SETTLING, SNAPSHOTS, TRACES, VERSIONS, Mutant

OF_SETTLING: Final = (
    Mutant(
        "a settle before what waits below the clock",
        "engine/settle.py",
        "            live.apply()  # what waits below the shadow's key would be applied once more\n",
        "",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "a settle that begins without the horizon",
        "engine/shadow.py",
        "low = true - self._horizon(slot)",
        "low = true",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "episodes of the live fold seed a settle",
        "engine/shadow.py",
        "        self._memory = Memory()\n",
        "        self._memory = Memory(episodes=dict(live.episodes))\n",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "a settle that begins in the midst of an episode",
        "engine/shadow.py",
        "if before and content.slot == slot:",
        "if False:",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "slots swapped that see no late action",
        "engine/shadow.py",
        "        for slot in self._starts:\n            live.slots.pop",
        "        for slot in self._specs:\n            live.slots.pop",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "an event ahead of time judged by some detectors only",
        "engine/shadow.py",
        "not mark.actions or mark.start > applied for mark",
        "not mark.actions for mark",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "a settle of some detectors up to the clock",
        "engine/shadow.py",
        "if whole else applied\n",
        "if True else applied\n",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "what was delivered before an event ahead of time not judged",
        "engine/shadow.py",
        "            first = min(first, applied)",
        "            pass",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "late activities dropped",
        "engine/late.py",
        '        dirt.add(subject, start, "late", (action,))\n',
        "        pass\n",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "settings of the moment in settle",
        "engine/shadow.py",
        "for content in self._folder.apply(self._memory, self.subject, activities, self.failures, self._starts):\n",
        "since, self._folder._since = self._folder._since, -(2**62)\n"
        "        contents = self._folder.apply(self._memory, self.subject, activities, self.failures, self._starts)\n"
        "        self._folder._since = since\n"
        "        for content in contents:\n",
        (VERSIONS,),
    ),
    Mutant(
        "frozen alerts withdrawn",
        "engine/shadow.py",
        "if i not in truth and i not in fixed]",
        "if i not in truth]",
        (FROZEN,),
    ),
    Mutant(
        "a snapshot kept that lacks what came late",
        "engine/snapshots.py",
        "if now - KEPT <= each.at <= key[0]]",
        "if now - KEPT <= each.at]",
        (SNAPSHOTS,),
    ),
    Mutant(
        "a snapshot whatever judged before it",
        "engine/snapshots.py",
        " and each.judged == self._folder.judged(slot, each.at)",
        "",
        (SNAPSHOTS,),
    ),
    Mutant(
        "a snapshot of a state that still warms up",
        "engine/shadow.py",
        "if at >= max(self._true[slot], self.through[0] - snapshots.KEPT)",
        "if at >= self.through[0] - snapshots.KEPT",
        (SNAPSHOTS,),
    ),
)

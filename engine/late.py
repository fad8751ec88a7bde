"""Late activities: which of them are new, and from where their subjects are dirty."""

from __future__ import annotations

from domain.activity import Judged, Key
from engine.marks import Dirt
from storage.judge import JudgeStore


async def sort_out(late: list[tuple[str, Judged]], store: JudgeStore, dirt: Dirt) -> tuple[int, list[Judged]]:
    """Mark the subjects dirty: one mark for each action. How many were duplicates, and those that say something else.

    A late activity that the store has under another raw position is a duplicate.
    """
    copies = await store.copies([activity for _, activity in late]) if late else {}
    duplicates, conflicts = 0, list[Judged]()
    earliest: dict[tuple[str, str], Key] = {}
    for subject, activity in late:
        copy = copies.get((activity.tenant, activity.key))
        if copy is not None and copy.place != activity.place:
            duplicates += 1
            if copy.digest != activity.record_digest:
                conflicts.append(activity)
        else:
            kind = (subject, activity.action)
            earliest[kind] = min(activity.key, earliest.get(kind, activity.key))
    for (subject, action), start in earliest.items():
        dirt.add(subject, start, "late", (action,))
    return duplicates, conflicts

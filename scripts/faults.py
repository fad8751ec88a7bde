"""The faults that `make mutants` plants. Every one of them once was, or nearly was, in a design of ours."""

from __future__ import annotations

from typing import Final, NamedTuple

TRACES, SCHEDULES = "tests/engine/test_traces.py", "tests/engine/test_schedules.py"
WORKER = "tests/ingest/test_worker.py"
VERSIONS, FROZEN = "tests/engine/test_versions.py", "tests/engine/test_frozen.py"
SETTLING, SNAPSHOTS = "tests/engine/test_settling.py", "tests/engine/test_snapshots.py"


class Mutant(NamedTuple):
    """`before` stands exactly once in `file` and becomes `after`; one of `tests` must fail."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTANTS: Final = (
    Mutant(
        "committed before judged",
        "engine/judge.py",
        "commit = self._buffer.lowest_offset(self.offset)",
        "commit = self.offset",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "bundled before stored",
        "ingest/worker.py",
        "        await stored\n",
        "",
        (WORKER,),
    ),
    Mutant(
        "stored behind what could not be stored",
        "ingest/worker.py",
        "        if self._stored.exception():\n",
        "        if False:\n",
        (WORKER,),
    ),
    Mutant(
        "a judge begins wherever Faust goes on",
        "stream/app.py",
        "        if offset <= committed or offset <=",
        "        if True or offset <=",
        ("tests/stream/test_going_on.py",),
    ),
    Mutant(
        "states before dirty marks",
        "engine/judge.py",
        "await store.put_dirty(p, term, dirty, cleared=False)\n",
        "await store.put_states(p, term, states)\n        await store.put_dirty(p, term, dirty, cleared=False)\n",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "marks cleared by subject, due or not",
        "engine/marks.py",
        "due = clock is not None and mark.due < clock and mark.start[0] < clock",
        "due = clock is not None",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "no fence",
        "storage/migrations/0017_fence_states.sql",
        "WHERE (partition, term) IN (SELECT partition, max(term) FROM claims GROUP BY partition)",
        "WHERE term > 0",
        ("tests/storage",),
    ),
    Mutant(
        "no epoch in the position",
        "domain/judgement.py",
        "return (epoch << _EPOCH) + ((offset + 1) << _OFFSET) + revision",
        "return ((offset + 1) << _OFFSET) + revision",
        ("tests/storage", TRACES),
    ),
    Mutant(
        "what waited not read again below the marker",
        "engine/judge.py",
        "mine = [group for group in bundle.groups if",
        "mine = [group for group in bundle.groups if at > self._marker_at and",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "the first copy kept",
        "engine/buffer.py",
        "if activity.place < known.place",
        "if False",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "an id without its subjects",
        "ingest/usual.py",
        "{action}\\0{known.subjects}",
        "{action}",
        ("tests/ingest/test_identity.py",),
    ),
    Mutant(
        "enrichment of the moment",
        "ingest/enrich/enricher.py",
        "return lookups[max(0, bisect_right(starts, at) - 1)]",
        "return lookups[-1]",
        ("tests/ingest/enrich",),
    ),
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
        "findings before the start of a settle emitted",
        "engine/fold.py",
        "if activity.key >= start.arms.get(finding.arm, start.key):",
        "if True:",
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
        "what was applied live during a settle not followed",
        "engine/judge.py",
        "            self._settler.follow(subject, ready)\n",
        "",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "what a settle may have missed not marked",
        "engine/judge.py",
        '            self._dirt.add(shadow.subject, late.key, "tail", (late.action,))\n',
        "            pass\n",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "marks that came during a settle cleared",
        "engine/judge.py",
        "self._dirt.clear(shadow.marks)",
        "self._dirt.clear([m for m in (self._dirt._stored | self._dirt._fresh).values() "
        "if m.subject == shadow.subject])",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "alerts on their way to the store not known to a settle",
        "engine/judge.py",
        "return (*self._landing, *self._pending.alerts.values())",
        "return self._pending.alerts.values()",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "alerts emitted live during a settle not known to it",
        "engine/judge.py",
        "        self._settler.note(revision)\n",
        "",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "a memory read twice, the second over the first",
        "engine/judge.py",
        "                if subject not in self._memories:\n",
        "                if True:\n",
        (SETTLING, SCHEDULES),
    ),
    Mutant(
        "a memory let go while it is settled",
        "engine/judge.py",
        "(self._pending.states, self._buffer, self._settler)",
        "(self._pending.states, self._buffer)",
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
        "a state of one's own not known",
        "engine/judge.py",
        "            self._stored.add(subject)\n",
        "            pass\n",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "late activities dropped",
        "engine/late.py",
        '        dirt.add(subject, start, "late", (action,))\n',
        "        pass\n",
        (TRACES, SCHEDULES),
    ),
    Mutant(
        "settings ignored",
        "detectors/registry.py",
        "chosen[name] = _value(spec.id, name, hints[name], value)",
        "_value(spec.id, name, hints[name], value)",
        ("tests/detectors/test_registry.py",),
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
        "settings chosen by arrival",
        "engine/fold.py",
        "if activities[0].occurred_at >= self._since:",
        "if True:",
        (VERSIONS,),
    ),
    Mutant(
        "a slot not warmed up when it comes into effect",
        "engine/judge.py",
        '                self._dirt.add(subject, start, "activated")\n',
        "                pass\n",
        (VERSIONS,),
    ),
    Mutant(
        "a memory of before a slot that knows it",
        "engine/memory.py",
        "row.position, body.knows)",
        "row.position, 2**62)",
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
    Mutant(
        "page on replay",
        "notify/incidents.py",
        "return revision.revised_at - revision.content.completed[0] > page_within + usual_delay",
        "return False",
        ("tests/notify/test_worker.py",),
    ),
    Mutant(
        "an insert named by its first lane",
        "ingest/pipeline.py",
        "for lane, last in sorted(fetch.through.items()))",
        "for lane, last in sorted(fetch.through.items())[:1])",
        ("tests/ingest/test_pipeline.py",),
    ),
)

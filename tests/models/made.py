"""A small company whose people work in office hours, and a model trained on it: made once, the same every time."""

from __future__ import annotations

import random
from functools import cache

from domain.activity import Activity
from domain.clock import DAY, HOUR, MINUTE
from models.artifact import pack
from models.features import vector
from models.forest import train
from models.hours import Hours
from models.memory import Recent
from models.observe import observe
from models.score import Model
from tests.detectors.story import MIDNIGHT, Story

#: What an ordinary working day consists of.
ACTS = (
    "record.read",
    "record.read",
    "record.read",
    "record.updated",
    "record.created",
    "report.viewed",
    "message.sent",
)


def worker(name: str, *, days: int = 28, seed: int = 0, acts: int = 14) -> Story:
    """One person's working days up to the day before MIDNIGHT (a Tuesday), between eight and seven o'clock."""
    rng = random.Random(f"{name}/{seed}")
    story = Story(name, actor_id=name, country="DE", device_id=f"laptop-{name}", ip="203.0.113.9", roles=("sales",))
    for day in range(days, 0, -1):
        start = MIDNIGHT - day * DAY
        if (start // DAY + 3) % 7 >= 5:
            continue
        for at in sorted(rng.randrange(8 * HOUR, 19 * HOUR) for _ in range(rng.randrange(acts // 2, acts * 2))):
            action = rng.choice(ACTS)
            if rng.random() < 0.02:
                story.tell("data.exported", start + at, object_type="contact", count=rng.randrange(1, 200))
            else:
                kind = rng.choice(("contact", "account", "opportunity", "task"))
                story.tell(action, start + at, object_type=kind, object_id=f"{kind}-{rng.randrange(400)}")
    return story


def intruder(story: Story, *, at: int = MIDNIGHT + 3 * HOUR + 12 * MINUTE) -> Story:
    """03:12, a new device abroad, and six types that this person never touched, a minute each."""
    new = {"device_id": "unknown-box", "country": "RO", "ip": "198.51.100.7"}
    story.tell("auth.login.succeeded", at, **new)
    for n, kind in enumerate(("case", "contract", "quote", "invoice", "user", "report")):
        for m in range(8):
            story.tell(
                "record.read", at + (n + 1) * MINUTE + m * 5_000, object_type=kind, object_id=f"{kind}-{m}", **new
            )
    return story


def monday(story: Story, *, acts: int = 90) -> Story:
    """Twice as much as usual, at the usual hours, with the usual things; told on the day of MIDNIGHT."""
    rng = random.Random("busy")
    for at in sorted(rng.randrange(8 * HOUR, 18 * HOUR) for _ in range(acts)):
        kind = rng.choice(("contact", "account", "opportunity", "task"))
        story.tell(rng.choice(ACTS), MIDNIGHT + at, object_type=kind, object_id=f"{kind}-{rng.randrange(400)}")
    return story


@cache
def company(people: int = 60) -> dict[str, tuple[Activity, ...]]:
    return {name: tuple(worker(name).told) for name in (f"person-{n}" for n in range(people))}


@cache
def hours() -> Hours:
    found = Hours()
    for name, told in company().items():
        found.add(name, told)
    return found


@cache
def model(*, live_from: int | None = None, effective_from: int | None = None, trees: int = 100) -> Model:
    import msgspec

    manifest, flat = train(
        hours().frame(), tenant="acme", at=MIDNIGHT, since=MIDNIGHT - 28 * DAY, until=MIDNIGHT, seed=7, trees=trees
    )
    manifest = msgspec.structs.replace(manifest, live_from=live_from, effective_from=effective_from)
    return Model.read(manifest, pack(flat))


def last_row(told: list[Activity]) -> tuple[float, ...]:
    """The features of the hour that ends with the last activity."""
    state = Recent()
    for activity in told:
        state = observe(state, (activity,))
    return vector(state)

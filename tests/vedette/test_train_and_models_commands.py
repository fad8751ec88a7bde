"""`vedette train` and `vedette models` against a real store: from history to a model that counts."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from domain import clock
from domain.clock import DAY, HOUR, rfc3339
from storage.client import connect
from storage.events import EventStore
from storage.models import Promotion
from storage.settings import StoreSettings
from tests.detectors.story import MIDNIGHT, moved
from tests.models import made
from vedette.cli import main
from vedette.commands.models import in_effect, state_of


@pytest.fixture(scope="module")
def company(database: StoreSettings) -> str:
    """Sixty people's month in the store; the tenant."""

    async def fill() -> None:
        client = await connect(database, "writer")
        try:
            for number, told in enumerate(made.company().values()):
                rows = [moved(each, received_at=clock.now()) for each in told]
                await EventStore(client).insert(rows, token=f"train/{number}")
        finally:
            await client.close()

    asyncio.run(fill())
    return "acme"


@pytest.fixture
def words(database: StoreSettings, company: str, tmp_path: Path) -> list[str]:
    """The options of a command on the module's database and its tenant."""
    users = "".join(
        f'[store.{role}]\nname = "{user.name}"\npassword_file = "{user.password_file}"\n'
        for role, user in (("migrator", database.migrator), ("writer", database.writer), ("reader", database.reader))
    )
    config = tmp_path / "vedette.toml"
    config.write_text(
        f'[store]\nurl = "{database.url}"\ndatabase = "{database.database}"\n{users}[detect]\nmodels_every = 0.01\n'
    )
    return ["--tenant", company, "--config", str(config), "--data", str(tmp_path)]


def test_a_month_becomes_a_model_that_is_shown_and_counts(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", *words]) == 0
    assert capsys.readouterr().err.startswith("acme has no models; `vedette train --tenant acme` makes one")
    assert main(["train", "--days", "28", "--until", rfc3339(MIDNIGHT), "--seed", "7", *words]) == 0
    told = capsys.readouterr()
    model = made.model()
    name = told.out.split(":")[0]
    assert re.fullmatch(r"[0-9a-f]{16}", name)
    assert f"{name}: {model.manifest.rows:,} hours of 60 people, in " in told.out
    assert "60 of 60 people, " in told.err
    assert "growing 100 trees on " in told.err

    assert main(["models", "show", "latest", *words]) == 0
    shown = capsys.readouterr().out
    # actors come in another order from the store, so that the forest is another one of the same hours
    assert f"rows       {model.manifest.rows:,} hours of 60 people on {model.manifest.judged_days} days" in shown
    assert "alerts per 1,000 users and day: at most 1, so 0.06 a day among 60 people" in shown
    assert "\nnew device " in shown

    assert main(["models", "promote", name[:6], "--at", rfc3339(MIDNIGHT + HOUR), *words]) == 0
    said = capsys.readouterr().out
    start, live = rfc3339(MIDNIGHT + HOUR), rfc3339(MIDNIGHT + 7 * DAY + HOUR)
    assert said.startswith(f"{name} counts from {start} on, its alerts shadow until {live}\nthreshold ")
    assert main(["models", "promote", "none", *words]) == 0
    assert main(["models", "list", *words]) == 0
    assert f"{name}  " in capsys.readouterr().out


def test_a_model_never_judges_the_days_it_was_trained_on(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--days", "28", "--until", rfc3339(MIDNIGHT), *words]) == 0
    capsys.readouterr()
    assert main(["models", "promote", "latest", "--at", rfc3339(MIDNIGHT - 1), *words]) == 2
    assert "but the model was trained on days up to" in capsys.readouterr().err


def test_a_promotion_of_what_may_have_been_judged_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--days", "28", "--until", rfc3339(MIDNIGHT), *words]) == 0
    capsys.readouterr()
    assert main(["models", "promote", "latest", "--at", rfc3339(clock.now()), *words]) in (1, 2)
    assert re.search(r"already have been judged|was trained on days up to", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["train", "--days", "9"], "vedette train: --days is 9; people are judged from their 15th day on"),
        (["train", "--until", "soon"], "vedette train: 'soon' is no moment; write one such as"),
        (["models", "show", "ffff"], "vedette models: acme has no model ffff; `vedette models list"),
        (["models", "promote", "none", "--trial-days", "-1"], "vedette models: --trial-days is -1; it must not be neg"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    command: list[str], said: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    until = ["--until", rfc3339(MIDNIGHT)] if command[0] == "train" and "--until" not in command else []
    assert main([*command, *until, *words]) != 0
    assert said in capsys.readouterr().err


def test_a_tenant_without_people_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *words, "--tenant", "nobody"]) == 1
    assert "tenant nobody has no people's activities in these days" in capsys.readouterr().err


def test_the_promotion_that_counts_is_the_last_one_begun() -> None:
    made_of = [
        Promotion("acme", "1", "a", 100, 100),
        Promotion("acme", "2", "b", 300, 300),
        Promotion("acme", "3", "c", 200, 200),
    ]
    assert [getattr(in_effect(made_of, at), "model", None) for at in (99, 100, 250, 300)] == [None, "a", "c", "b"]
    now = in_effect(made_of, 250)
    assert [state_of(name, made_of, now) for name in "abcd"] == [
        "counted",
        f"counts from {rfc3339(300)} on",
        f"counts since {rfc3339(200)}",
        "",
    ]

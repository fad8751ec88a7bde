"""`vedette token` and `vedette alerts` against a real store."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import pytest

from domain.alert import canonical
from storage.client import Client
from storage.settings import StoreSettings
from tests.api.made import accept, alert, uid
from vedette.commands import alerts, token


@pytest.fixture
def configured(database: StoreSettings, tmp_path: Path) -> list[str]:
    """The common options of a command on the module's database."""
    users = "".join(
        f'[store.{role}]\nname = "{user.name}"\npassword_file = "{user.password_file}"\n'
        for role, user in (("migrator", database.migrator), ("writer", database.writer), ("reader", database.reader))
    )
    config = tmp_path / "vedette.toml"
    config.write_text(
        '[kafka]\nbootstrap = "127.0.0.1:1"\n'
        f'[store]\nurl = "{database.url}"\ndatabase = "{database.database}"\n{users}'
    )
    return ["--config", str(config), "--data", str(tmp_path)]


def parsed(module: object, words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config")
    parser.add_argument("--data")
    module.register(parser)  # type: ignore[attr-defined]
    return parser.parse_args(words)


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(
    configured: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        token.run(parsed(token, [*configured, "create", "--tenant", "acme", "--role", "analyst", "--name", "Ada"])) == 0
    )
    key = capsys.readouterr().out.strip()
    prefix, key_id, secret = key.split("_", 2)
    assert (prefix, len(key_id), len(secret)) == ("vdt", 12, 43)
    assert token.run(parsed(token, [*configured, "list", "--tenant", "acme"])) == 0
    listed = capsys.readouterr().out
    assert listed.startswith(f"{key_id}  acme  analyst  valid")
    assert secret not in listed
    assert token.run(parsed(token, [*configured, "revoke", key_id])) == 0
    assert token.run(parsed(token, [*configured, "list"])) == 0
    assert "revoked  " in capsys.readouterr().out
    assert token.run(parsed(token, [*configured, "revoke", "nobody"])) == 1


async def _fill(store: Client) -> list[bytes]:
    """Alerts of two tenants; the canonical lines that stand, in order."""
    shadow = alert(2, stage="shadow")
    standing = [alert(1), shadow, alert(3), alert(1, tenant="globex")]
    await accept(store, *standing[::-1])
    await accept(store, alert(4), version=2, withdrawn=True)
    await store.insert(
        "names", ("tenant", "token", "value", "last_seen"), [("acme", f"{1:032x}", "ada@acme.example", 1_764_072_000)]
    )
    return [canonical(content) for content in standing]


@pytest.fixture
async def lines(store: Client) -> list[bytes]:
    return await _fill(store)


def test_a_dump_is_the_canonical_bytes_in_order_without_what_was_withdrawn(
    lines: list[bytes], configured: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert alerts.run(parsed(alerts, [*configured, "dump", "--canonical"])) == 0
    assert capsysbinary.readouterr().out.splitlines() == lines
    assert alerts.run(parsed(alerts, [*configured, "dump", "--canonical", "--live"])) == 0
    assert capsysbinary.readouterr().out.splitlines() == [lines[0], *lines[2:]]
    assert alerts.run(parsed(alerts, [*configured, "dump", "--canonical", "--named"])) == 0
    named = msgspec.json.decode(capsysbinary.readouterr().out.splitlines()[0])
    assert (named["subject"], named["parts"]) == ("login|acme|ada@acme.example", {"actor": "ada@acme.example"})
    assert (named["subject_name"], named["native_ids"]) == ("ada@acme.example", [])


def test_an_alert_is_listed_and_shown_and_one_that_is_not_there_is_said_so(
    lines: list[bytes], configured: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert alerts.run(parsed(alerts, [*configured, "list"])) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [uid("acme", "alert", number) in row for number, row in zip((3, 1), rows, strict=True)] == [True, True]
    assert alerts.run(parsed(alerts, [*configured, "show", uid("acme", "alert", 1)])) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("MEDIUM  ")
    assert "ada@acme.example" in told[0]
    assert [line.split()[0] for line in told[2:]] == [
        "who",
        "when",
        "observed",
        "usual",
        "evidence",
        "status",
        "detector",
        "id",
        "frozen",
    ]
    assert "  observed  12, limit 10" in told
    behind = msgspec.json.decode(lines[0])["evidence"]
    ends = dict.fromkeys([(behind["first"] + behind["last"])[end] for end in (0, -1)])
    assert f"  evidence  {behind['count']} event{'' if len(ends) == 1 else 's'}, {' to '.join(ends)}" in told
    assert alerts.run(parsed(alerts, [*configured, "show", uid("acme", "alert", 1), "--json"])) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["content"]["alert_id"] == uid("acme", "alert", 1)
    assert alerts.run(parsed(alerts, [*configured, "show", uid("acme", "alert", 1), "--tenant", "globex"])) == 1
    assert alerts.run(parsed(alerts, [*configured, "show", "nonsense"])) == 1


def test_what_is_usual_stands_one_below_the_other_and_the_hour_of_a_model_in_a_table() -> None:
    assert alerts._usual({"daily_peak_p99": 0, "days": 3}) == "daily peak p99: 0\n            days: 3"
    hour = {
        "base": 0.36,
        "contribution.rows": 0.25,
        "value.rows": "76,623",
        "usual.rows": "0",
        "contribution.bytes": -0.5,
        "value.bytes": "0",
        "usual.bytes": "3",
    }
    assert alerts._usual(hour) == ""
    assert list(alerts._hour(hour))[:5] == [
        "",
        "  FEATURE                                 IN THIS HOUR  USUAL  ADDS TO THE SCORE",
        "  (any hour)                                                   0.360000",
        "  bytes downloaded                        0             3      -0.500000",
        "  rows exported or read in bulk           76,623        0      +0.250000",
    ]
    assert not list(alerts._hour({"days": 3}))

"""`vedette dead-letters`: what was refused is listed, explained and sent again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import transport.producer
from ingest.dead_letters import COLUMNS, DeadLetter
from storage.client import connect
from storage.settings import StoreSettings
from tests.ingest.made import event, normaliser, record
from transport.settings import KafkaSettings
from vedette import compose
from vedette.cli import main
from vedette.settings import Settings

HEADERS = (("tenant", b"acme"), ("source", b"generic"))


def letter(value: bytes, offset: int) -> DeadLetter:
    outcome = normaliser().normalise(record(value, topic="vedette.raw.import", headers=HEADERS, offset=offset))
    assert isinstance(outcome, DeadLetter)
    return outcome


LETTERS = [
    letter(msgspec.json.encode(event(action="nonsense", title="\x1b[31m")), 1),
    letter(b"{\xff", 2),
    letter(b"{" + b" " * 70_000, 3),
]


class Producer:
    """Acknowledges everything."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, list[tuple[str, bytes]]]] = []

    async def send(
        self, topic: str, value: bytes, *, key: bytes | None, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[Any]:
        assert key is None
        self.sent.append((topic, value, headers))
        placed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        placed.set_result(SimpleNamespace(partition=0, offset=len(self.sent), timestamp=0))
        return placed

    async def stop(self) -> None:
        """Nothing is open."""


@pytest.fixture
def producer(database: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> Producer:
    """A system whose store holds LETTERS, open."""

    async def fill() -> None:
        client = await connect(database, "writer")
        await client.insert("dead_letters", COLUMNS, LETTERS)
        await client.close()

    asyncio.run(fill())
    made = Producer()

    async def start(settings: KafkaSettings) -> Producer:
        return made

    kafka = KafkaSettings(bootstrap="127.0.0.1:1")
    monkeypatch.setattr(transport.producer, "producer", start)
    monkeypatch.setattr(compose, "settings", lambda _: Settings(store=database, kafka=kafka))
    return made


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["dead-letters", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_letters_are_listed_explained_and_replayed(producer: Producer, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list", "--tenant", "acme")
    assert (code, sorted(line.split()[2] for line in out.splitlines())) == (
        0,
        ["not_json", "not_utf8", "unknown_action"],
    )
    assert run(capsys, "list")[2].startswith("no dead letters without a tenant; --tenant NAME shows a tenant's")

    _, out, _ = run(capsys, "show", LETTERS[0].dead_letter_id, "--tenant", "acme")
    assert out.splitlines()[0] == f"{LETTERS[0].dead_letter_id}, open: unknown_action"
    assert out.splitlines()[1] == LETTERS[0].reason
    assert "place     vedette.raw.import:0, offset 1, epoch 3" in out
    assert '"title":"\\\\u001b[31m"' not in out
    assert "\x1b" not in out
    assert "raw       {\\xff" in run(capsys, "show", LETTERS[1].dead_letter_id, "--tenant", "acme")[1]
    assert "raw       (not kept" in run(capsys, "show", LETTERS[2].dead_letter_id, "--tenant", "acme")[1]

    _, out, err = run(capsys, "replay", LETTERS[2].dead_letter_id, "--tenant", "acme")
    assert err == (
        f"vedette dead-letters: {LETTERS[2].dead_letter_id} cannot be replayed: its bytes were not kept; send it anew\n"
    )
    code, out, err = run(capsys, "replay", "--all", "--tenant", "acme")
    assert (code, out) == (0, "2 sent again; `vedette dead-letters list` shows those that are refused again\n")
    assert err == "1 cannot be replayed, since their bytes were not kept; send them anew\n"
    assert sorted(producer.sent) == sorted(
        [
            ("vedette.raw.import", msgspec.json.encode(event(action="nonsense", title="\x1b[31m")), list(HEADERS)),
            ("vedette.raw.import", b"{\xff", list(HEADERS)),
        ]
    )
    _, out, _ = run(capsys, "list", "--tenant", "acme")
    assert [line.split()[1] for line in out.splitlines()] == [LETTERS[2].dead_letter_id]
    _, out, _ = run(capsys, "list", "--tenant", "acme", "--status", "replayed")
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "x"], "'x' is no id of a dead letter; `vedette dead-letters list` shows them"),
        (
            ["show", "00000000-0000-0000-0000-000000000000"],
            "there is no dead letter 00000000-0000-0000-0000-000000000000 without a tenant; "
            "add --tenant NAME for a tenant's",
        ),
    ],
)
def test_an_unknown_letter_is_told(
    producer: Producer, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert run(capsys, *words) == (1, "", f"vedette dead-letters: {sentence}\n")

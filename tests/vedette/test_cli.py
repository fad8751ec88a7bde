"""The command line: what it imports, what it refuses, with which exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vedette.cli import COMMANDS, main

HEAVY = ("aiokafka", "asyncio", "clickhouse_connect", "faust", "fastapi", "msgspec", "numpy", "pydantic", "uvicorn")


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from vedette.cli import main; code = main(['--help']); "
        f"print('imported', *[m for m in {HEAVY!r} if m in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    *usage, imported = done.stdout.splitlines()
    assert imported == "imported"
    assert [line.split()[0] for line in usage if line.startswith("  ")] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: vedette {command} ")


def test_a_command_there_is_not_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerst"]) == 2
    names = ", ".join(COMMANDS)
    assert capsys.readouterr().err == f"vedette: no such command 'alerst'; there are {names}; did you mean 'alerts'?\n"


def test_wrong_settings_end_with_2_and_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "some.toml"
    file.write_text("[store.writer]\nnam = 'x'")
    assert main(["settings", "show", "--config", str(file)]) == 2
    said = "store.writer: no such setting 'nam'; it has name, password_file; did you mean 'name'?"
    assert capsys.readouterr().err.splitlines()[-1] == f"vedette settings: {said}"


def test_the_common_options_may_stand_behind_the_action(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--data", str(tmp_path), "show"], ["show", "--data", str(tmp_path)]):
        assert main(["settings", *words]) == 0
        assert capsys.readouterr().out.startswith(f'data_dir = "{tmp_path}"\n')


def test_nothing_running_is_said_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"vedette migrate: nothing runs on {tmp_path}; start it with `vedette up`, "
        f"or set kafka.bootstrap and store.url\n"
    )

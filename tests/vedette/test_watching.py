"""A watched folder: only complete files are taken, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import SettingsInvalid
from vedette.watching import Folder


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_file_is_complete_once_it_has_not_changed_for_long_enough(tmp_path: Path, clock: Clock) -> None:
    folder, file = Folder(tmp_path, settle=2.0, clock=clock), tmp_path / "a.jsonl"
    file.write_text("1")
    assert folder.complete() == []
    clock.now += 1.5
    file.write_text("12")  # still being written
    assert folder.complete() == []
    clock.now += 1.5
    assert folder.complete() == []
    assert folder.waits()
    clock.now += 0.5
    assert folder.complete() == [file]
    assert not folder.waits()


def test_a_file_under_a_name_of_unfinished_ones_is_taken_once_it_is_renamed(tmp_path: Path, clock: Clock) -> None:
    folder = Folder(tmp_path, settle=1.0, clock=clock)
    (tmp_path / ".hidden.csv").write_text("x")
    (tmp_path / "b.csv.PART").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / ".hidden.csv")
    for _ in range(3):
        assert folder.complete() == []
        clock.now += 1
    (tmp_path / "b.csv.PART").rename(tmp_path / "b.csv")
    assert folder.complete() == []
    clock.now += 1
    assert folder.complete() == [tmp_path / "b.csv"]


def test_a_file_that_is_done_is_left_alone_until_it_changes(tmp_path: Path, clock: Clock) -> None:
    folder, file = Folder(tmp_path, settle=1.0, clock=clock), tmp_path / "a.csv"
    file.write_text("1")
    folder.complete()
    clock.now += 1
    assert folder.complete() == [file]
    assert folder.done(file)
    clock.now += 5
    assert folder.complete() == []
    file.write_text("12")
    assert folder.complete() == []
    clock.now += 1
    assert folder.complete() == [file]
    file.write_text("123")  # while it was brought in
    assert not folder.done(file)
    assert folder.complete() == []
    clock.now += 1
    assert folder.complete() == [file]


def test_what_is_no_folder_is_refused(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(SettingsInvalid, match="name a folder"):
        Folder(tmp_path / "none", settle=1.0, clock=clock).complete()

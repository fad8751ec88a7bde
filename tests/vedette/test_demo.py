"""The demo, whole: real broker, real store, four processes, exactly the alerts that the story has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vedette import story


def test_every_event_of_the_story_has_an_id_of_its_own_and_comes_in_order() -> None:
    scenes = story.tell(1_795_500_000_000)
    events = [event for scene in scenes for event in scene.events]
    assert len({event["id"] for event in events}) == len(events)
    for scene in scenes:
        assert list(scene.events) == sorted(scene.events, key=lambda event: str(event["occurred_at"]))
    assert story.tell(1_795_500_000_000) == scenes


def test_the_demo_shows_the_alerts_of_its_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path), "VEDETTE_API__HOST": "not.for.the.demo"}
    command = [sys.executable, "-P", "-m", "vedette", "demo", "--once"]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=tmp_path, timeout=150, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 alerts, 5 expected" in done.stdout
    assert "CRITICAL login_after_failures: k.wolf@acme.example got in from 192.0.2.66" in done.stdout
    assert list(tmp_path.iterdir()) == []

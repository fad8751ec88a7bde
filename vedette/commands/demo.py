"""`vedette demo`: everything on this machine, an ordinary morning with three attacks sent into it, and the alerts."""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from domain import clock
from domain.errors import Unavailable, VedetteError
from vedette import story
from vedette.commands.up import Ready, begin, compose_up, say, with_port
from vedette.lock import Lock
from vedette.settings import FILE, PREFIX, Settings
from vedette.story import Scene
from vedette.supervisor import StopAsked, Supervisor, raise_on_signals

#: Seconds in which an event must be stored, and in which all alerts must have come.
SEND_SECONDS, ALERT_SECONDS = 60.0, 60.0


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port of the API (default 8080, a free one if that is taken)")
    parser.add_argument("--once", action="store_true", help="stop after the last alert; exit code 1 if one is missing")
    parser.description = (
        "Starts everything with default settings in a directory of its own, which is removed at the end, "
        "sends an ordinary morning with three attacks in it and shows the alerts."
    )


def run(args: argparse.Namespace) -> int:
    raise_on_signals()
    home = Path(args.data) if args.data else Path(tempfile.mkdtemp(prefix="vedette-demo-"))
    lock = Lock(home)
    (home / FILE).touch()  # so that the children do not take up somebody's settings
    made = with_port(Settings(data_dir=home.absolute()), args.port, say)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    supervisor = compose_up(made, say, ["--config", str(home / FILE)], environ)
    code = 0
    try:
        code = play(supervisor, begin(supervisor, say))
        if not args.once:
            say("it goes on running: look around, or press Ctrl-C")
            supervisor.watch()
    except StopAsked:
        say("stopping")
    finally:
        supervisor.stop()
        lock.release()
        if not args.data:
            shutil.rmtree(home, ignore_errors=True)
    return code


def play(supervisor: Supervisor, ready: Ready) -> int:
    """Sends the story and shows the alerts as they come; 0 when there were exactly those that had to be."""
    if not ready.key:
        raise VedetteError("there are API keys in this directory already; leave --data out, or name an empty one")
    client = Client(ready)
    scenes = story.tell(clock.now())
    shown: dict[str, Any] = {}
    began = time.monotonic()
    for scene in scenes:
        _send(client, scene, supervisor)
        say(f"  {scene.events[-1]['occurred_at'][11:16]}       {scene.sentence}")
        _show(client, shown)
    want = sorted(name for scene in scenes for name in scene.alerts)
    deadline = time.monotonic() + ALERT_SECONDS
    while (found := sorted(shown[alert]["detector"] for alert in shown)) != want and time.monotonic() < deadline:
        supervisor.look()
        time.sleep(0.2)
        _show(client, shown)
    sent = sum(len(scene.events) for scene in scenes)
    took = time.monotonic() - began
    say(
        f"{sent} events, {len(found)} alerts, {len(want)} expected, {took:.1f} s from the first event to the last alert"
    )
    return 0 if found == want else 1


def _send(client: Client, scene: Scene, supervisor: Supervisor) -> None:
    """Until all is stored: a 503 says that it is not known yet, and sending again is safe."""
    deadline = time.monotonic() + SEND_SECONDS
    while True:
        try:
            answer = client.ask("POST", "/api/v1/events", list(scene.events))
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            supervisor.look()
            time.sleep(0.2)
            continue
        if answer["rejected"]:
            raise VedetteError(f"the API refused an event of the demo: {answer['events']}")
        return


def _show(client: Client, shown: dict[str, Any]) -> None:
    """Says what is new or has become worse."""
    for alert in client.ask("GET", "/api/v1/alerts?sort=completed_at&limit=100")["items"]:
        known = shown.get(alert["id"])
        shown[alert["id"]] = alert
        if known is None or known["severity"] != alert["severity"]:
            say(f"  {alert['completed_at'][11:16]} {alert['severity']:8} {alert['detector']}: {alert['sentence']}")


class Client:
    """The API as the demo uses it."""

    def __init__(self, ready: Ready) -> None:
        parts = urlsplit(ready.api)
        self._host, self._port, self._key = parts.hostname or "", parts.port or 80, ready.key

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The answer's JSON. Unavailable for 503 and for no answer, VedetteError for any other refusal."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            with closing(http.client.HTTPConnection(self._host, self._port, timeout=30)) as connection:
                connection.request(method, path, None if body is None else msgspec.json.encode(body), headers)
                response = connection.getresponse()
                text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"the API does not answer ({error}); its log is api.log in the log directory") from error
        if response.status >= 500:
            raise Unavailable(f"the API answers {response.status}: {text[:300].decode(errors='replace')}")
        if response.status >= 300:
            raise VedetteError(f"the API refused {method} {path}: {text[:300].decode(errors='replace')}")
        return msgspec.json.decode(text, type=dict[str, Any])

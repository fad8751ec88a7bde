"""`vedette demo`: all on this machine, a simulated company with attacks hidden in its morning, and a scorecard."""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from domain import clock
from domain.clock import moment
from vedette.signals import StopAsked, raise_on_signals

if TYPE_CHECKING:
    from simulation.company import Company
    from vedette.demo.ahead import Days
    from vedette.demo.plan import Plan
    from vedette.demo.play import Verdict
    from vedette.demo.stage import Say, Stage


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=7, help="which company and which morning (default 7)")
    parser.add_argument(
        "--start",
        default="",
        metavar="DATE",
        help="the day of the morning (default: the last working day; with --exit the seed's own)",
    )
    parser.add_argument("--speed", type=float, default=600.0, metavar="N", help="times as fast as life (default 600)")
    parser.add_argument("--people", type=int, default=200, metavar="N", help="how many work there (default 200)")
    parser.add_argument(
        "--exit",
        action="store_true",
        help="as fast as it can, then stop; 0 when every attack was found and nothing harmless alerted above INFO",
    )
    parser.add_argument(
        "--json", action="store_true", help="with --exit: one JSON scorecard on stdout, the rest on stderr"
    )


def run(args: argparse.Namespace) -> int:
    from vedette.demo.plan import plan

    raise_on_signals()
    whole = args.exit or args.json
    made = plan(seed=args.seed, day=args.start, people=args.people, fixed=whole, now=clock.now())
    with tempfile.TemporaryDirectory(prefix="vedette-demo-") as scratch:
        data = Path(args.data).absolute() if args.data else Path(scratch) / "data"
        return _play(args, made, data, whole=whole)


def _play(args: argparse.Namespace, made: Plan, data: Path, *, whole: bool) -> int:
    from detectors.registry import discover
    from vedette.demo.ahead import written_ahead
    from vedette.demo.showing import as_json, scorecard
    from vedette.demo.stage import stage

    out = sys.stderr if args.json else sys.stdout
    clear = "\x1b[2K" if out.isatty() else ""  # what shows progress stands on the line

    def say(line: str) -> None:
        print(f"{clear}{line}", file=out, flush=True)

    kept = "" if args.data else ", removed at the end"
    say(f"vedette {version('vedette')} demo: nothing leaves this machine; data in {data}{kept}")
    try:
        with written_ahead(made) as days, stage(data, args.config, made, say) as running:
            verdict = _acts(made.company(), days, running, say, None if whole else args.speed)
            say("\n".join(["", *scorecard(verdict, discover())]))
            if args.json:
                print(msgspec.json.encode(as_json(made, verdict)).decode(), flush=True)
            if whole:
                return 0 if verdict.card.clean else 1
            _goodbye(running, say)
            running.supervisor.watch()
    except StopAsked:
        say("stopping")
    return 1 if whole else 0


def _acts(company: Company, days: Days, running: Stage, say: Say, speed: float | None) -> Verdict:
    from vedette.demo.play import play

    with play(company, running, say) as acts:
        history = acts.history(days)
        day = moment(company.start)
        pace = "as fast as it goes" if speed is None else f"x{speed:g} speed"
        say(
            f"\n Playing: the morning of {day:%A} {day.day} {day:%B %Y} at Acme CRM, {len(company.morning):,} events, "
            f"some of them attacks; {pace}\n"
        )
        return acts.verdict(history, acts.morning(speed))


def _goodbye(running: Stage, say: Say) -> None:
    say("\n The system goes on; Ctrl-C stops it. Try")
    if running.key:
        say(f"  curl -s -H 'Authorization: Bearer {running.key}' '{running.api}/api/v1/alerts?min.severity=HIGH'")
    say(f'  documentation of the API: {running.api}/docs; your own events: README.md, "How a CRM sends events"')

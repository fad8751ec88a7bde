"""`vedette chaos`: kill, stall and mangle a system of its own under load, and say whether its alerts are the truth."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import msgspec

from domain.errors import SettingsInvalid, VedetteError
from vedette.signals import StopAsked, raise_on_signals

_NUMBERS = (
    ("--seed", 1, "everything comes out of it (default 1)"),
    ("--events", 20_000, "distinct events that are sent (default 20000)"),
    ("--kills", 0, "SIGKILLs of ingest, detect, store, api and notify"),
    ("--workers", 1, "detect processes (default 1)"),
    ("--partitions", 4, "partitions of the activity topic (default 4)"),
    ("--stalls", 0, "times that a detect process is stopped for 30 s, then woken"),
    ("--joins", 0, "detect processes that join and leave again"),
    ("--renewals", 0, "times that the embedded broker is renewed, which must lose nothing"),
    ("--broker-kills", 0, "SIGKILLs of the embedded broker: what it had and nobody had stored is lost, and counted"),
)
_SHARES = (
    ("--duplicates", "events that are sent twice"),
    ("--disorder", "events that come up to a minute after they occurred, among newer ones"),
    ("--late", "events that come in hourly files, one to seven hours late"),
)


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Starts a system of its own in a scratch directory, sends it seeded load, strikes its parts while it works, "
        "waits until it has settled, and compares what it stored and which alerts stand with what was sent. "
        "Exit code 0 when there is no difference. Yours, if one runs, is not touched."
    )
    for name, default, words in _NUMBERS:
        parser.add_argument(name, type=int, default=default, metavar="N", help=words)
    for name, words in _SHARES:
        parser.add_argument(name, type=share, default=0.0, metavar="P%", help=f"{words}, as a share such as 5%%")
    words = "faults come so many seconds apart, so that one is over before the next (default 0: as they fall)"
    parser.add_argument("--apart", type=float, default=0.0, metavar="S", help=words)
    parser.add_argument("--json", action="store_true", help="the verdict as one JSON object on stdout, else on stderr")


def share(text: str) -> float:
    """`5%` or `0.05`."""
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def run(args: argparse.Namespace) -> int:
    from vedette.chaos import run as chaos
    from vedette.chaos.plan import Plan
    from vedette.chaos.verdict import words

    raise_on_signals()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that brokers go away is what we are here for
    if args.config:
        raise SettingsInvalid("chaos runs with settings of its own; leave --config out")
    plan = Plan(**{name: getattr(args, name) for name in Plan.__struct_fields__})
    out = sys.stderr if args.json else sys.stdout

    def say(line: str) -> None:
        print(line, file=out, flush=True)

    with tempfile.TemporaryDirectory(prefix="vedette-chaos-") as scratch:
        data = Path(args.data).absolute() if args.data else Path(scratch) / "data"
        if data.exists():
            raise VedetteError(f"{data} exists; name a directory that does not, or leave --data out")
        say(f"chaos     seed {plan.seed}: {plan.events:,} events in {plan.seconds:.0f} s or more; data in {data}")
        try:
            verdict = chaos.run(plan, data, say)
        except StopAsked:
            say("stopped")
            return 130
    for line in words(verdict):
        say(line)
    if args.json:
        print(msgspec.json.encode(verdict).decode(), flush=True)
    return 0 if verdict.ok else 1

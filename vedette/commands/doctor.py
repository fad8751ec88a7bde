"""`vedette doctor`: what works, what does not, and the remedy."""

from __future__ import annotations

import argparse
import asyncio
import sys

from vedette import compose, health


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = "Says what works, what does not, and the remedy. The exit code is 1 when something is broken."


def run(args: argparse.Namespace) -> int:
    made = compose.settings(args)
    found = compose.running(made.data_dir)
    marks = {health.GOOD: "ok", health.OFF: "--", health.BAD: "BAD"}
    broken = 0
    for check in asyncio.run(health.examine(made, found, version=sys.version_info[:3])):
        print(f"{marks[check.state]:4} {check.name:11} {check.words}", flush=True)
        broken += check.state == health.BAD
    print(f"{broken} broken" if broken else "nothing is broken")
    return 1 if broken else 0

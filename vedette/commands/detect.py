"""`vedette detect`: the role that judges bundles and writes alerts."""

from __future__ import annotations

import argparse

from vedette import compose


def register(parser: argparse.ArgumentParser) -> None:
    """No options beyond the common ones."""


def run(args: argparse.Namespace) -> int:
    from stream.app import Detect

    compose.log_to_stderr()
    made = compose.reachable(compose.settings(args))
    Detect(made.kafka, made.store, made.detect, compose.registry(made), data=made.data_dir).run()
    return 0

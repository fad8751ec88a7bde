"""The command line: a table of commands; a command's module is imported only when it is asked for."""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Sequence

#: command -> (module in vedette.commands, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up", "run everything on this machine until Ctrl-C"),
    "demo": ("demo", "run everything, send it audit events and watch the alerts"),
    "import": ("import_files", "bring in files of audit events"),
    "collect": ("collect", "poll a CRM's audit API and bring in what is new"),
    "watch-folder": ("watch_folder", "bring in files of audit events as they arrive in a folder"),
    "alerts": ("alerts", "list, show and dump alerts"),
    "sources": ("sources", "did my events arrive? per feed: last seen, usual delay, counts"),
    "geo": ("geo", "say where an address is, in whose network, and why"),
    "replay": ("replay", "fold the store again from nothing and compare with the alerts that stand"),
    "chaos": ("chaos", "kill parts of a system of its own under load, and see that its alerts are the truth"),
    "dead-letters": ("dead_letters", "list, explain and replay records that were refused"),
    "train": ("train", "make a model of a tenant's ordinary hours from its history"),
    "models": ("models", "list, show and promote models"),
    "token": ("token", "create, list and revoke API keys"),
    "channels": ("channels", "list and test the channels of on-call"),
    "deliveries": ("deliveries", "list webhook deliveries, deliver one again"),
    "doctor": ("doctor", "say what works, what does not, and the remedy"),
    "settings": ("settings", "show the settings in force"),
    "migrate": ("migrate", "bring the store, the topics and the epoch up to date"),
    "ingest": ("ingest", "role: raw records to stored activities and bundles"),
    "detect": ("detect", "role: bundles to alerts"),
    "api": ("api", "role: the HTTP API"),
    "notify": ("notify", "role: alerts to on-call"),
}


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {line}" for name, (_, line) in COMMANDS.items()]
    return "\n".join(
        [
            "vedette COMMAND [--config FILE] [--data DIR] ...",
            "",
            "Watches CRM audit events and tells a security team what looks like an attack, an insider or an accident.",
            "",
            *lines,
            "",
            "vedette COMMAND --help tells more.",
        ]
    )


def _common() -> argparse.ArgumentParser:
    """The options that every command has."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--config", metavar="FILE", help="settings, TOML (default: vedette.toml, here or in the data directory)"
    )
    parser.add_argument("--data", metavar="DIR", help="data directory (default: ~/.local/share/vedette)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; its exit code: 2 for wrong settings or words, 1 for other errors, each one sentence on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(version("vedette"))
        return 0
    if words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, 1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        print(f"vedette: no such command {words[0]!r}; there are {', '.join(COMMANDS)}{meant}", file=sys.stderr)
        return 2
    from domain.errors import SettingsInvalid, VedetteError

    module = importlib.import_module(f"vedette.commands.{COMMANDS[words[0]][0]}")
    common = _common()
    parser = argparse.ArgumentParser(
        prog=f"vedette {words[0]}", description=COMMANDS[words[0]][1], parents=[common], allow_abbrev=False
    )
    module.register(parser)
    given, rest = common.parse_known_args(words[1:])  # so that they may also stand behind an action
    args = parser.parse_args(rest)
    args.config, args.data = given.config, given.data
    try:
        return int(module.run(args))
    except VedetteError as error:
        print(f"vedette {words[0]}: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsInvalid) else 1
    except BrokenPipeError:  # whoever read our lines has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130

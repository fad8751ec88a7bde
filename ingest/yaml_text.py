"""YAML read so that it means one thing: an unquoted word is what it is in JSON, else a text; keys stand once.

So `NO`, `on`, `12:30` and `2026-11-24` stay what was written. No aliases, no tags.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import yaml

from domain.errors import SettingsInvalid

#: The line on which each key stands, named by the keys that lead to it.
Lines = dict[tuple[str, ...], int]

_PLAIN: Final = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


def parse(text: str, name: str) -> tuple[dict[str, Any], Lines]:
    """What the file `name` says, and where. Raises SettingsInvalid with the line and the remedy."""
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark, words = error.problem_mark or error.context_mark, f"{error.context or ''} {error.problem or ''}".strip()
        raise SettingsInvalid(
            f"{name}:{mark.line + 1 if mark else 1}: {words}; mend that line, or put the text in quotes"
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsInvalid(f"{name}:{line}: {error.reason}; take that character out") from error
    lines: Lines = {}
    told = _Reader(name, lines).made(node, ()) if node else {}
    if type(told) is not dict:
        raise SettingsInvalid(f"{name}:1: the file is one value or a list; write keys, such as source: acme-crm")
    return told, lines


class _Reader:
    def __init__(self, name: str, lines: Lines) -> None:
        self._name, self._lines = name, lines
        self._met: set[yaml.Node] = set()

    def made(self, node: yaml.Node, path: tuple[str, ...]) -> Any:
        if node.tag not in _PLAIN or node in self._met:
            raise self._wrong(node, "tags and aliases are not read; write the value")
        self._met.add(node)
        if isinstance(node, yaml.ScalarNode):
            return _word(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.made(each, path) for each in node.value]
        made: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._wrong(key, "a key is no word; write one")
            if key.value in made:
                raise self._wrong(key, f"{key.value} stands twice; keep one")
            self._lines[(*path, key.value)] = key.start_mark.line + 1
            made[key.value] = self.made(value, (*path, key.value))
        return made

    def _wrong(self, node: yaml.Node, reason: str) -> SettingsInvalid:
        return SettingsInvalid(f"{self._name}:{node.start_mark.line + 1}: {reason}")


def _word(node: yaml.ScalarNode) -> Any:
    if node.style is not None:  # in quotes, or a block
        return node.value
    try:
        return msgspec.json.decode(node.value) if node.value else None
    except msgspec.DecodeError:
        return node.value

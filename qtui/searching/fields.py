"""Names of payload fields: seen in some points, and completed while a filter is typed. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from qtui.filters import Condition, Filter, HasId
from qtui.model import Payload

_DEEPEST = 3
_MOST = 200
_LAST_WORD = re.compile(r"""(?:^|(?<=[\s(]))[^\s()<>=!~,"']+$""")
_BEFORE_A_FIELD = re.compile(r"(?:^|\(|\b(?:and|or|not))\s*$", re.IGNORECASE)
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)
_PLAIN = re.compile(r"""[^\s()<>=!~,"']+""")
_INDEX = re.compile(r"\[\d*\]")
"""Of a list, in a field's name."""
_WORDS = {"and", "or", "not", "in", "is"}


def fields(payloads: Iterable[Payload | None]) -> tuple[str, ...]:
    """The fields that these payloads have, in the order met; those of objects inside as `outer.inner`."""
    found: dict[str, None] = {}
    for payload in payloads:
        for name in _names(payload or {}, "", 1):
            if len(found) >= _MOST:
                return tuple(found)
            found[name] = None
    return tuple(found)


def _names(value: dict[str, Any], prefix: str, depth: int) -> Iterator[str]:
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict) and inner and depth < _DEEPEST:
            yield from _names(inner, f"{name}.", depth + 1)
        else:
            yield name


def missing(filter_: Filter, names: Sequence[str]) -> str | None:
    """The first field of a filter that is none of these names, nor part of one; None where there is none."""
    return next((key for key in _keys(filter_) if not any(_meets(key, name) for name in names)), None)


def _keys(condition: Condition) -> Iterator[str]:
    match condition:
        case Filter():
            for part in (*condition.must, *condition.should, *condition.must_not):
                yield from _keys(part)
        case HasId():
            return
        case _:
            yield condition.key


def _meets(key: str, name: str) -> bool:
    """Whether one is the other, or is inside it: names are known to some depth alone, and lists hold objects."""
    asked, seen = _INDEX.sub("", key.replace('"', "")), name.replace('"', "")
    return f"{asked}.".startswith(f"{seen}.") or f"{seen}.".startswith(f"{asked}.")


def typed(name: str) -> str:
    """A field's name as a filter takes it: in quotes where it isn't one plain word."""
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS and not name.startswith("{"):  # which begins JSON
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def completed(text: str, names: Sequence[str]) -> str | None:
    """The text with its last word made a field's name; None where no field is expected, or none begins so."""
    last = _LAST_WORD.search(text)
    if last is None or not _BEFORE_A_FIELD.search(text[: last.start()]) or set("\"'") & set(_QUOTED.sub("", text)):
        return None
    word = last[0]
    plain = (name for name in names if typed(name) == name)
    found = next((name for name in plain if name.startswith(word) and name != word), None)
    return None if found is None else text[: last.start()] + found

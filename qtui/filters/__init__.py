"""Filters on payload fields, their JSON form, which is Qdrant's own, and a short form. Standard library only.

A filter is a tree: `Filter` holds conditions in `must`, `should` and `must_not`, and is a condition itself.

The short form: `part = noun and length > 30 and not text ~ "moon"`. `and`, `or`, `not` and parentheses;
`=`, `!=`, `<`, `<=`, `>`, `>=` (numbers, or RFC 3339 times), `~` (holds these words), `in (a, b)`, `not in (a, b)`,
`is empty`, `is not empty`, `is null`, `is not null`, and `has_id in (1, 2)` for points' ids. Values are words, numbers,
true, false, or text in quotes of either kind, where a backslash takes the next character as it is.
"""

from __future__ import annotations

import json
from typing import NoReturn

from qtui.errors import UsageError, shown
from qtui.filters import short_form
from qtui.filters.json_form import from_json, to_json
from qtui.filters.tree import MAX_DEPTH, Condition, Filter, HasId, IsEmpty, IsNull, Match, Range, Scalar

__all__ = [
    "MAX_DEPTH",
    "Condition",
    "Filter",
    "HasId",
    "IsEmpty",
    "IsNull",
    "Match",
    "Range",
    "Scalar",
    "filter_text",
    "from_json",
    "parse_filter",
    "to_json",
]

_MAX_TEXT = 200_000


def filter_text(filter_: Filter | str | None) -> str | None:
    """A filter as a text that `parse_filter` reads: as it was typed, or as Qdrant's JSON."""
    return filter_ if filter_ is None or isinstance(filter_, str) else json.dumps(to_json(filter_))


def parse_filter(text: str) -> Filter:
    """A filter from Qdrant's JSON (text that starts with a brace) or from the short form.

    Raises UsageError, which says at which character of the short form the mistake is.
    """
    if len(text) > _MAX_TEXT:
        raise UsageError(f"the filter is longer than {_MAX_TEXT} characters; shorten it")
    if not text.strip():
        raise UsageError("the filter is empty; leave it out, or write one such as: part = noun and length > 30")
    if not text.lstrip().startswith("{"):
        return short_form.parse(text)
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise UsageError(f"the filter is not JSON, at character {error.pos + 1}: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"the filter can't be read: {shown(error)}") from None
    return from_json(value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")

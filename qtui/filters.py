"""Filters on payload fields, and their JSON form, which is Qdrant's own. Standard library only.

A filter is a tree: `Filter` holds conditions in `must`, `should` and `must_not`, and is a condition itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qtui.model import PointId

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Match:
    """A payload field equals `value`, or is one of `any_of`, or is none of `none_of`, or holds the words of `text`."""

    key: str
    value: str | int | bool | None = None
    any_of: tuple[str | int, ...] | None = None
    none_of: tuple[str | int, ...] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A payload field lies in a range, of numbers or of RFC 3339 times."""

    key: str
    gt: float | str | None = None
    gte: float | str | None = None
    lt: float | str | None = None
    lte: float | str | None = None


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """A payload field is missing, null or an empty list."""

    key: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """A payload field is null."""

    key: str


@dataclass(frozen=True, slots=True)
class HasId:
    """The point's id is one of these."""

    ids: tuple[PointId, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """All of `must`, any of `should`, none of `must_not`."""

    must: tuple[Condition, ...] = ()
    should: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()


Condition = Match | Range | IsEmpty | IsNull | HasId | Filter


def parse_filter(text: str) -> Filter:
    """A filter from Qdrant's JSON or from the short form (`type = report and pages > 3`). Raises UsageError."""
    raise NotImplementedError


def to_json(filter_: Filter) -> dict[str, Any]:
    """The filter as Qdrant's REST interface takes it."""
    raise NotImplementedError

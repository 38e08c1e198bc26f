"""The filter tree: frozen dataclasses, and how deep they may go. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

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

MAX_DEPTH = 32
"""Filters inside filters. Qdrant's engine is left broken by filters some 150 deep; deeper ones end the process."""

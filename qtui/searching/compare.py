"""Answers side by side: overlap, rank changes, titles of points. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from qtui.model import Answer, Payload, PointId
from qtui.records import Effective

TITLE_FIELDS = ("title", "name", "word", "text", "label", "question", "query", "caption", "filename", "path", "url")
_TITLE_CHARACTERS = 500
_PREVIEW_CHARACTERS, _PREVIEW_FIELDS = 240, 8


class Move(StrEnum):
    """Where a point stands, compared with the first column."""

    SAME = "="
    UP = "▲"
    DOWN = "▼"
    NEW = "new"
    """Not in the first column's answer."""


@dataclass(frozen=True, slots=True)
class Change:
    """How far a point has moved, compared with the first column."""

    move: Move
    by: int = 0
    """Ranks; 0 for = and new."""

    @property
    def text(self) -> str:
        """As it is shown: =, ▲2, ▼1, new."""
        return f"{self.move}{self.by}" if self.by else str(self.move)

    @property
    def signed(self) -> int | None:
        """Ranks up (positive) or down; None when it is new."""
        return None if self.move is Move.NEW else -self.by if self.move is Move.DOWN else self.by


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many points two answers have in common."""

    common: int
    of: int
    """Points that the first answer holds."""

    @property
    def text(self) -> str:
        """As it is shown: 9/10."""
        return f"{self.common}/{self.of}"


@dataclass(frozen=True, slots=True)
class Found:
    """A point of an answer."""

    id: PointId
    score: float
    title: str = ""
    """From its payload; '' when that holds no text."""
    preview: str = ""
    """The first fields of its payload on one line, cut."""
    image: str = ""
    """The image file that its payload names."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one column's search found, or why it failed."""

    hits: tuple[Found, ...] = ()
    engine_ms: float | None = None
    round_trip_ms: float | None = None
    effective: Effective | None = None
    raw_scores: bool = False
    """Whether the scores are those of quantized vectors."""
    error: str | None = None
    gone: bool = False
    """Whether it failed because the engine's process ended."""

    @property
    def ids(self) -> tuple[PointId, ...]:
        """The points in rank order."""
        return tuple(hit.id for hit in self.hits)


def changes(ids: Sequence[PointId], first: Sequence[PointId]) -> tuple[Change, ...]:
    """For each point of an answer, how its rank differs from that in the first answer."""
    ranks = {point: rank for rank, point in enumerate(first)}
    return tuple(_change(rank, ranks.get(point)) for rank, point in enumerate(ids))


def _change(rank: int, before: int | None) -> Change:
    if before is None:
        return Change(Move.NEW)
    if before == rank:
        return Change(Move.SAME)
    return Change(Move.UP, before - rank) if rank < before else Change(Move.DOWN, rank - before)


def overlap(ids: Sequence[PointId], first: Sequence[PointId]) -> Overlap:
    """How many of the first answer's points the other one has too."""
    return Overlap(len(set(ids) & set(first)), len(first))


def without(answer: Answer, point: PointId, limit: int) -> Answer:
    """The answer without that point, at most `limit` of it. Ask for one more than the limit."""
    kept = [rank for rank, found in enumerate(answer.ids) if found != point][:limit]
    payloads = None if answer.payloads is None else tuple(answer.payloads[rank] for rank in kept)
    return Answer(tuple(answer.ids[rank] for rank in kept), tuple(answer.scores[rank] for rank in kept), payloads)


def title(payload: Payload | None) -> str:
    """What to call a point: the first of TITLE_FIELDS that holds text, else the first field that does, else ''."""
    if not payload:
        return ""
    named = (payload.get(name) for name in TITLE_FIELDS)
    text = next((value for value in (*named, *payload.values()) if isinstance(value, str) and value.strip()), "")
    return text[:_TITLE_CHARACTERS]


def preview(payload: Payload | None) -> str:
    """The payload's first fields with plain values on one line, each cut short; '' when there are none."""
    plain = ((key, value) for key, value in (payload or {}).items() if isinstance(value, (str, int, float)))
    return " · ".join(
        f"{key[:40]}: {_word(value)[:_PREVIEW_CHARACTERS]}" for key, value in islice(plain, _PREVIEW_FIELDS)
    )


def _word(value: str | float) -> str:
    """As the payload has it, which is JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def score(value: float) -> str:
    """A score in at most seven characters or so: four digits behind the point for small ones, none for large."""
    size = abs(value)
    if not math.isfinite(value):
        return str(value)
    digits = 4 if size < 10 else 3 if size < 100 else 2 if size < 1_000 else 1 if size < 10_000 else 0
    return f"{value:.{digits}f}" if size < 1e7 else f"{value:.2e}"

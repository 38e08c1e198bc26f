"""The answers of `qtui search` as text of 80 columns, two abreast, and as JSON. Standard library only.

JSON, schema qtui.search/1: `query {title, point}`, `k`, `filter`, and `variants`, the reference first. A variant has
`collection`, `vector`, `method`, `search` and `effective` as in a run record, `raw_scores`, `engine_ms`,
`round_trip_ms`, `overlap {common, of}` (null for the reference, or without one), `error`, and `hits
[{rank, id, score, change, title}]`: `change` counts ranks up (or down, negative) against the reference, and is null
for the reference and for what it doesn't hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from qtui import units
from qtui.commands.tables import WIDTH
from qtui.model import PointId
from qtui.plain import cells_of, cut_to, plain
from qtui.searching import compare
from qtui.searching.ask import Target
from qtui.searching.columns import Column, Place, asked_text
from qtui.searching.compare import Change, Found, Outcome

SCHEMA = "qtui.search/1"
GAP = 2
LONGEST_ID = 10
"""Characters; with longer ids blocks stand one under the other."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One variant with what it found."""

    column: Column
    place: Place
    outcome: Outcome


def record(target: Target, answers: Sequence[Answered], limit: int, filter_: str | None) -> dict[str, Any]:
    """What --json prints."""
    first = _reference(answers)
    return {
        "schema": SCHEMA,
        "query": {"title": target.title, "point": target.point},
        "k": limit,
        "filter": filter_,
        "variants": [_variant(each, None if at == 0 else first) for at, each in enumerate(answers)],
    }


def _reference(answers: Sequence[Answered]) -> tuple[PointId, ...] | None:
    return answers[0].outcome.ids if answers and answers[0].outcome.error is None else None


def _variant(each: Answered, first: tuple[PointId, ...] | None) -> dict[str, Any]:
    outcome = each.outcome
    compared = None if first is None or outcome.error is not None else compare.overlap(outcome.ids, first)
    return {
        "collection": each.column.collection,
        "vector": each.column.using,
        "method": each.place.method,
        "search": each.column.search,
        "effective": outcome.effective,
        "raw_scores": outcome.raw_scores,
        "engine_ms": outcome.engine_ms,
        "round_trip_ms": outcome.round_trip_ms,
        "overlap": compared,
        "error": outcome.error,
        "hits": [
            {
                "rank": rank,
                "id": hit.id,
                "score": hit.score,
                "change": None if move is None else move.signed,
                "title": hit.title,
            }
            for rank, (hit, move) in enumerate(_moved(outcome, first), 1)
        ],
    }


def _moved(outcome: Outcome, first: tuple[PointId, ...] | None) -> Iterator[tuple[Found, Change | None]]:
    moves = [None] * len(outcome.hits) if first is None else compare.changes(outcome.ids, first)
    return zip(outcome.hits, moves, strict=True)


def story(target: Target, answers: Sequence[Answered], limit: int, filter_: str | None) -> str:
    """The query, then a block a variant."""
    title = plain(target.title)
    head = [cut_to(f"query   {title}", WIDTH), f"limit   {limit}"]
    if target.point is not None:
        head[1] += ", without the point itself"
    if filter_ is not None:
        head.append(cut_to(f"filter  {plain(filter_)}", WIDTH))
    longest = max((len(str(hit.id)) for each in answers for hit in each.outcome.hits), default=0)
    abreast = 2 if longest <= LONGEST_ID and len(answers) > 1 else 1
    width = (WIDTH - GAP * (abreast - 1)) // abreast
    first = _reference(answers)
    blocks = [_block(at + 1, each, None if at == 0 else first, width, longest) for at, each in enumerate(answers)]
    rows = [_beside(blocks[start : start + abreast], width) for start in range(0, len(blocks), abreast)]
    return "\n\n".join(["\n".join(head), *rows])


def _beside(blocks: Sequence[list[str]], width: int) -> str:
    rows = zip_longest(*blocks, fillvalue="")
    return "\n".join((" " * GAP).join(line + " " * (width - cells_of(line)) for line in row).rstrip() for row in rows)


def _block(number: int, each: Answered, first: tuple[PointId, ...] | None, width: int, longest: int) -> list[str]:
    outcome, id_width = each.outcome, max(2, longest)
    asked = asked_text(each.place, each.column.search)
    name_room = max(8, width - len(f"{number}  · {asked}"))
    lines = [cut_to(f"{number} {cut_to(plain(each.column.collection), name_room)} · {asked}", width)]
    if outcome.error is not None:
        return [*lines, *(cut_to(line, width) for line in wrap(f"failed: {plain(outcome.error)}", width))]
    lines.append(cut_to(_summary(number, each, first), width))
    lines.append(cut_to(f"engine {_ms(outcome.engine_ms)}, round trip {_ms(outcome.round_trip_ms)}", width))
    score_width = max([len(compare.score(hit.score)) for hit in outcome.hits] + [9 if outcome.raw_scores else 6])
    rank_width = max(2, len(str(len(outcome.hits))))
    move = "" if number == 1 else f"{'Δ':<5}"
    score = "raw score" if outcome.raw_scores else "score"
    lines.append(cut_to(f"{'#':>{rank_width}} {'id':>{id_width}} {move}{score:>{score_width}} title", width))
    if not outcome.hits:
        return [*lines[:-1], "no point found"]
    for rank, (hit, change) in enumerate(_moved(outcome, first), 1):
        moved = "" if number == 1 else f"{'' if change is None else change.text:<5}"
        start = f"{rank:>{rank_width}} {hit.id!s:>{id_width}} {moved}{compare.score(hit.score):>{score_width}} "
        lines.append(cut_to(start + plain(hit.title), width))
    return lines


def _summary(number: int, each: Answered, first: tuple[PointId, ...] | None) -> str:
    outcome = each.outcome
    did = outcome.effective
    parts = ["the reference" if number == 1 else "no reference"] if first is None else []
    if first is not None:
        found = compare.overlap(outcome.ids, first)
        parts.append(f"overlap@{found.of} {found.text}")
    if not each.place.built and not each.column.search.exact:
        parts.append("⚠ not built")
    elif did is not None and did.rescore:
        parts.append(f"{did.candidates} candidates")
    return ", ".join(parts)


def _ms(value: float | None) -> str:
    return f"{units.millis(value)} ms"

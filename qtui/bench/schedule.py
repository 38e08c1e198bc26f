"""In which order variants take turns. Pure: no engine, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qtui.records import Dataset

BLOCK = 25
"""Queries that a variant answers before the next one takes its turn."""
MOST_WARMUP = 200
MOST_SCANNED = 256 * 1024 * 1024
"""Bytes of float32 originals."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One variant's block: queries `start` to `stop` of pass `repeat`."""

    variant: int
    repeat: int
    start: int
    stop: int


def block_size(queries: int, concurrency: tuple[int, ...]) -> int:
    """Queries in a block: enough that the workers of the highest concurrency are busy for most of it."""
    return max(1, min(queries, max(BLOCK, 8 * max(concurrency, default=1))))


def warmup_queries(queries: int, *, survey: int = 0, scan: bool = False) -> int:
    """How many uncounted queries each collection answers first: those that it will be measured on.

    After a scan of it a block is enough for a `survey` of so many queries.
    """
    few = survey or queries
    return min(queries, few, BLOCK if scan and survey else MOST_WARMUP)


def scans(dataset: Dataset, kind: str) -> bool:
    """Whether the originals of a collection are few enough to be read once before any search is counted.

    Else the first search to need one pays for it, which the variants asked later are spared.
    """
    size = dataset.points * dataset.dimension * 4
    return kind == "embedded" and not dataset.multivector and size <= MOST_SCANNED


def turn_order(variants: int, turn: int) -> tuple[int, ...]:
    """The order of one round: every variant leads in turn, and follows each other one equally often.

    Rows of a Williams square. A plain rotation would let the same variant follow the same one in nearly every round,
    and inherit the caches that it leaves behind.
    """
    if variants == 0:
        return ()
    zigzag = [i // 2 if i % 2 == 0 else variants - 1 - i // 2 for i in range(variants)]
    row, flip = turn % variants, variants % 2 == 1 and (turn // variants) % 2 == 1
    order = tuple((i + row) % variants for i in zigzag)
    return order[::-1] if flip else order


def turns(variants: int, queries: int, block: int, repeat: int) -> Iterator[Turn]:
    """All turns of a run: pass by pass, block by block, every variant over the same queries in the same order."""
    rounds = 0
    for number in range(repeat):
        for start in range(0, queries, block):
            for variant in turn_order(variants, rounds):
                yield Turn(variant, number, start, min(start + block, queries))
            rounds += 1

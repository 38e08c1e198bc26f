"""In which order variants take turns. Pure: no engine, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = 25
"""Queries that a variant answers before the next one takes its turn."""
MOST_WARMUP = 200


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


def warmup_queries(queries: int) -> int:
    """How many uncounted queries each variant answers first: those that it will be measured on."""
    return min(queries, MOST_WARMUP)


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

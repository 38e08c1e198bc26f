"""How long building will take, said before it starts. Rough on purpose, and always shown as an estimate.

The rates were measured with the embedded engine on 2 cores: writing 12,000 vectors/s of 384 dimensions, a graph in
0.25 ms a vector, product quantization in 17 s + 4.1 s x bits^1.8 for 20,000 vectors, half of it training on
at most 10,000 of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from qtui.methods import METHODS

ASK_ABOVE_S = 120.0
LOAD_S = 1 / 12_000
GRAPH_S = 0.25e-3
MEASURED_DIMENSION = 384
PRODUCT_ROWS = 20_000
TRAINED_ROWS = 10_000


def build_seconds(method: str, rows: int, dimension: int, *, graph: bool) -> float:
    """Seconds that one collection of `rows` vectors takes to load and build; an estimate."""
    wide = dimension / MEASURED_DIMENSION
    seconds = rows * wide * (LOAD_S + (GRAPH_S if graph else 0.0))
    entry = METHODS[method]
    if entry.slow_build:
        whole = (17 + 4.1 * entry.bits**1.8) * wide
        seconds += whole * (0.5 * min(1, rows / TRAINED_ROWS) + 0.5 * rows / PRODUCT_ROWS)
    return seconds


def slowest(methods: Sequence[str], rows: int, dimension: int, *, graph: bool) -> tuple[float, str, float]:
    """Seconds for all methods, then the slowest method and its seconds; estimates."""
    each = {name: build_seconds(name, rows, dimension, graph=graph) for name in methods}
    worst = max(each, key=lambda name: each[name])
    return sum(each.values()), worst, each[worst]

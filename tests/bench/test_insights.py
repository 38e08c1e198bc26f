"""What a report concludes: which variants it compares, what it calls a surprise, when a factor is enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qtui.bench.deliverable.parts import Bullets, Figure, Part
from qtui.bench.deliverable.reading import read
from qtui.bench.deliverable.words import domain, insights, surprise
from qtui.records import RunRecord
from tests.bench.planted import Plant, always, run

NONE = Plant("none", always(10), always(1.0))
OFF = Plant("binary", always(6), always(0.2), bytes_=16)


def rescored(factor: float, found: int, ms: float = 0.2, **changes: Any) -> Plant:
    return replace(OFF, oversampling=factor, found=always(found), ms=always(ms), **changes)


def record(*plants: Plant, target: float | None = 0.95) -> RunRecord:
    found = run([NONE, *plants], queries=20, repeat=1)[0]
    return replace(found, plan=replace(found.plan, target_recall=target))


def said(line: tuple[str | Figure, ...]) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in line)


def bullets(parts: tuple[Part, ...]) -> list[str]:
    return [said(line) for part in parts if isinstance(part, Bullets) for line in part.lines]


# --- what is compared -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (0.65, 2.0),  # the least that keeps it
        (0.8, 4.0),
        (0.99, 8.0),  # none does: the best there is
        (None, 8.0),
    ],
)
def test_with_rescoring_the_least_factor_that_keeps_the_target_is_compared(target, expected):
    plants = [rescored(factor, hits) for factor, hits in ((1, 5), (2, 7), (4, 8), (8, 9))]
    found = read(record(OFF, *plants, target=target))
    (method,) = found.methods
    assert method.on is not None
    assert found.of(method.on).search.oversampling == expected


def test_the_lowest_concurrency_is_compared():
    found = read(record(replace(OFF, concurrency=4), OFF))
    (method,) = found.methods
    assert method.off is not None
    assert found.of(method.off).concurrency == 1


def test_the_smallest_measured_is_named():
    small, large = replace(OFF, bytes_=16), Plant("scalar", always(9), always(0.3), bytes_=68)
    (why,) = [line for line in bullets(domain(read(record(large, small)))) if line.startswith("Why")]
    assert "binary, the smallest measured" in why


# --- when a factor is enough ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recalls", "enough"),
    [((8, 10, 10), "2 is enough"), ((8, 9, 10), None), ((10, 10, 10), "1 is enough")],
)
def test_a_factor_is_enough_where_more_gain_next_to_nothing(recalls, enough):
    plants = [rescored(factor, hits) for factor, hits in zip((1, 2, 4), recalls, strict=True)]
    (line,) = [line for line in bullets(insights(read(record(OFF, *plants)))) if line.startswith("How oversampling")]
    assert ("is enough" in line) is (enough is not None)
    assert enough is None or enough in line


# --- surprises --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plants", "expected"),
    [
        ((OFF,), "none that stands out"),
        ((replace(OFF, ms=always(1.5)),), "binary was slower than float32 here"),
        ((OFF, rescored(4, 9, 0.21)), "rescoring took binary from 0.600 to 0.900"),
        ((OFF, rescored(4, 9, 0.3)), "none that stands out"),  # it costs half as much again
        ((OFF, rescored(4, 6)), "none that stands out"),
        ((replace(OFF, found=always(10)),), "binary keeps 1.000 recall without any rescoring"),
        ((replace(OFF, found=lambda query: 10 if query % 2 else 9),), "none that stands out"),
        ((Plant("turbo-4bit", always(10), always(0.3), bytes_=40),), "turbo-4bit keeps 1.000"),
        ((Plant("scalar", always(10), always(0.3), bytes_=68),), "none that stands out"),  # eight bits are expected to
        ((replace(OFF, ms=always(3.0)), rescored(4, 9, 3.1)), "binary was slower than float32"),  # the larger one
    ],
)
def test_a_surprise_is_what_is_furthest_from_what_one_expects(plants, expected):
    assert said(surprise(read(record(*plants)))).startswith(f"Surprise: {expected}")

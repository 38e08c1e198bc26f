"""Charts: marks where they belong, labels that collide left out, nothing wider than its window."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from rich.cells import cell_len

from qtui.events import CollectionReady, Measured
from qtui.methods import METHODS
from qtui.plan import BenchRequest
from qtui.tui import charts
from qtui.tui.fold import RunState
from qtui.tui.theme import SERIES
from qtui.tui.widgets.plot import Mark, Series, draw
from tests.tui.fake_room import collection_record, script

REQUEST = BenchRequest(collection=None, source=None)


def measured(request: BenchRequest = REQUEST) -> RunState:
    state = RunState.of(request, "the sample")
    for event in script(request):
        state = state.after(event)
    return state


def rows(series: tuple[Series, ...], width: int = 60, height: int = 14) -> list[str]:
    return [row.text for row in draw(series, width, height).rows]


def test_every_row_has_the_width_asked() -> None:
    for width, height in ((78, 17), (40, 10), (120, 30)):
        drawn = rows(charts.recall_latency(measured()), width, height)
        assert len(drawn) == height
        assert {cell_len(row) for row in drawn} == {width}


def test_letter_of_every_measured_method_is_drawn() -> None:
    text = "\n".join(rows(charts.recall_latency(measured()), 78, 17))
    for name in REQUEST.methods:
        assert METHODS[name].letter in text


def test_better_is_higher_and_faster_is_further_left() -> None:
    a, b = Mark("A", "", 0.1, 0.5), Mark("B", "", 1.0, 0.9)
    drawn = rows((Series(12, (), (a,)), Series(13, (), (b,))))
    (row_a, at_a), (row_b, at_b) = (
        next((y, row.index(letter)) for y, row in enumerate(drawn) if letter in row) for letter in "AB"
    )
    assert row_b < row_a
    assert at_a < at_b


def test_log_axis_puts_equal_factors_at_equal_distances() -> None:
    marks = tuple(Mark(letter, "", x, 0.5) for letter, x in (("A", 0.1), ("B", 1.0), ("C", 10.0)))
    row = next(row for row in rows((Series(12, (), marks),)) if "A" in row)
    a, b, c = (row.index(letter) for letter in "ABC")
    assert abs((b - a) - (c - b)) <= 1


def test_label_that_would_collide_is_dropped_and_the_mark_stays() -> None:
    far = Series(12, (), (Mark("A", "", 0.01, 0.1), Mark("Z", "", 100.0, 0.9)))
    close = Series(13, (), (Mark("S", "12", 1.0, 0.5), Mark("T", "34", 1.02, 0.5)))
    drawing = draw((far, close), 60, 14)
    text = "\n".join(row.text for row in drawing.rows)
    assert text.count("S") + text.count("T") == 2 - drawing.hidden
    assert "12" not in text or "S12" in text


def test_hidden_marks_are_counted() -> None:
    same = tuple(Mark(letter, "", 1.0, 0.5) for letter in "ABC")
    assert draw((Series(12, (), same),), 60, 14).hidden == 2


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_what_is_not_finite_is_left_out(bad: float) -> None:
    marks = (Mark("A", "", 1.0, 0.5), Mark("B", "", bad, 0.5))
    text = "\n".join(rows((Series(12, marks),)))
    assert "A" in text
    assert "B" not in text


def test_no_marks_or_no_room_draws_nothing() -> None:
    assert draw((), 60, 14).rows == ()
    assert draw((Series(12, (Mark("A", "", 1.0, 0.5),)),), 10, 3).rows == ()


def test_one_mark_and_equal_values_are_fine() -> None:
    assert rows((Series(12, (Mark("A", "1", 1.0, 1.0),)),))
    assert rows((Series(12, (Mark("A", "1", 1.0, 0.9), Mark("B", "2", 1.0, 0.9))),))


def test_controls_are_not_drawn() -> None:
    plain = charts.recall_latency(measured())
    request = replace(REQUEST, exact=True, ignore=True)
    count = sum(len(each.joined) + len(each.single) for each in charts.recall_latency(measured(request)))
    assert count == sum(len(each.joined) + len(each.single) for each in plain)


def test_colours_of_families_are_distinct() -> None:
    assert len(set(SERIES.values())) == len(SERIES)


@pytest.mark.parametrize("width", [77, 116])
def test_text_pages_fit(width: int) -> None:
    for text in (charts.percentiles(measured(), width), charts.memory(measured(), width)):
        assert max(cell_len(line) for line in text.plain.splitlines()[:-1]) <= width


def test_percentile_marks_stand_in_order() -> None:
    for line in charts.percentiles(measured(), 100).plain.splitlines()[1:22]:
        assert line.index("█") < line.index("┼") < line.index("┤")


def test_no_p99_where_there_are_too_few_samples() -> None:
    state = RunState.of(REQUEST, "x")
    for event in script(REQUEST, blocks=20)[: -20 * 2]:
        state = state.after(event)
    first = next(event for event in script(REQUEST, blocks=20) if isinstance(event, Measured))
    line = charts.percentiles(state.after(first), 100).plain.splitlines()[1]
    assert "┤" not in line
    assert line.endswith("–")


def test_captions_say_n_k_and_what_was_measured() -> None:
    assert charts.made_of(measured()) == "n=600 searches a mark, k=10, on the sample, 4,800 points"
    unfinished = RunState.of(REQUEST, "the sample").ended(cancelled=True, error=None)
    assert charts.made_of(unfinished).endswith("partial run")


def test_memory_shows_measured_against_the_formula() -> None:
    state = RunState.of(REQUEST, "x").after(CollectionReady(collection_record("scalar")))
    line = charts.memory(state, 78).plain.splitlines()[1]
    assert line.split()[-5:-1] == ["388", "4.0x", "1.8", "MiB"] or "388" in line
    assert "1/1 ✓" in line

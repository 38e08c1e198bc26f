"""Charts: marks where they belong, labels that collide left out, nothing wider than its window."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult

from qtui.events import CollectionFailed, CollectionReady, Measured
from qtui.methods import DEFAULT_METHODS, METHODS
from qtui.model import Built
from qtui.plan import BenchRequest
from qtui.records import Failure, Recall
from qtui.tui import bars, charts, pages
from qtui.tui.fold import RunState, as_a_grid
from qtui.tui.pages import Look
from qtui.tui.shades import SERIES
from qtui.tui.widgets.axes import Axes, Frame
from qtui.tui.widgets.chart import Chart
from qtui.tui.widgets.plot import Mark, Series, draw
from tests.tui.driving import screen_text, until_seen
from tests.tui.fake_figures import distribution
from tests.tui.scripted import collection_record, residency, script

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


def test_colours_of_a_default_plan_are_distinct() -> None:
    assert len({SERIES[name] for name in DEFAULT_METHODS}) == len(DEFAULT_METHODS)
    assert set(SERIES) == set(METHODS)


@pytest.mark.parametrize("beside", [True, False])
def test_a_letter_stands_where_something_was_measured_or_behind_the_end_of_its_line(*, beside: bool) -> None:
    one, other = (tuple(Mark(letter, "", x, 0.5) for x in (1, 2, 3)) for letter in "AB")
    axes = Axes(log_x=False, open=True, beside=beside)
    drawing = draw((Series(12, one), Series(13, other)), 60, 8, axes)
    frame = Frame.around([(1, 0.5), (3, 0.5)], 60, 8, axes)
    places = [frame.cell(x, 0.5) for x in (1, 2, 3)]
    row = drawing.rows[places[0][0]].text
    found = {letter: [at for at, sign in enumerate(row) if sign == letter] for letter in "AB"}
    columns = [column for _, column in places]
    assert found == {"A": columns, "B": [at + 1 for at in (columns if beside else columns[-1:])]}
    assert drawing.hidden == (0 if beside else 3)


def test_one_slow_variant_does_not_squeeze_the_bars_of_the_others() -> None:
    state = measured()
    slow = state.measured[0]
    assert slow.engine_ms is not None
    times = replace(slow.engine_ms, p50=90.0, p95=95.0, p99=99.0)
    state = replace(state, measured={**state.measured, 0: replace(slow, engine_ms=times)})
    lines = texts("latency", state, 78, 30)
    assert "»" in lines[1]
    assert "99" in lines[1]
    assert all(line.count("█") + line.count("─") >= 2 for line in lines[2:22])
    assert "further right" in lines[-2]


SIZES = [(78, 18), (78, 12), (116, 30), (40, 10), (24, 5), (10, 2)]
TIMES = {at: distribution(at) for at in range(21)}


@pytest.mark.parametrize("name", pages.PAGES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_page_fits_its_room_and_says_what_it_is_of(name: str, width: int, height: int) -> None:
    lines = texts(name, measured(), width, height)
    assert len(lines) <= max(height, 8) or name == "hot"  # which scrolls
    if width >= 78:
        assert len(lines) == height
        assert max(cell_len(line) for line in lines) <= width
        assert "n=" in lines[-1]
        of_bytes = name in {"memory", "hot"}
        said = "n=4,800 points, on the sample" if of_bytes else "k=10, on the sample, 4,800 points"
        assert said in lines[-1]


@pytest.mark.parametrize("name", pages.PAGES)
def test_pages_of_odd_runs_say_what_is_missing(name: str) -> None:
    nothing = RunState.of(REQUEST, "x")
    failed = nothing.after(CollectionFailed("b", "binary", "no room")).ended(cancelled=False, error="nothing")
    alone = measured(BenchRequest(collection="c", methods=("none",)))
    blind = replace(measured(), measured={at: replace(found, recall=None) for at, found in measured().measured.items()})
    failing = replace(
        measured(),
        measured={
            at: replace(found, engine_ms=None, recall=None, errors=600, failures=(Failure("no", 600),))
            for at, found in measured().measured.items()
        },
    )
    for state in (nothing, failed, alone, blind, failing):
        lines = texts(name, state, 78, 18, spread={})
        assert len(lines) == 18
        assert all(cell_len(line) <= 78 for line in lines)
        assert any(line.strip() for line in lines[:-1])


def texts(name: str, state: RunState, width: int, height: int, *, chosen: int = 0, **more: Any) -> list[str]:
    look = pages.Look(state, chosen, more.get("spread", TIMES))
    lines = pages.PAGES[name].draw(look, width, height)
    return [line.plain if isinstance(line, Text) else line.text for line in lines]


def test_percentile_marks_stand_in_order() -> None:
    for line in texts("latency", measured(), 100, 30)[1:22]:
        far = "┤" if "┤" in line else "»"
        assert line.index("█") < line.index("┼") < line.index(far)


def test_percentiles_follow_the_chosen_variant() -> None:
    state = measured()
    for chosen in range(len(state.variants)):
        lines = texts("latency", state, 78, 12, chosen=chosen)
        marked = [line for line in lines if line.startswith("▸")]
        assert len(marked) == 1
        assert state.variants[chosen].method in marked[0]
    assert "▼ 13 more variants" in texts("latency", state, 78, 12)[9]


def test_no_p99_where_there_are_too_few_samples() -> None:
    state = RunState.of(REQUEST, "x")
    first = next(event for event in script(REQUEST, blocks=20) if isinstance(event, Measured))
    line = texts("latency", state.after(first), 100, 30)[1]
    assert "┤" not in line
    assert line.rstrip().endswith("–")


def test_captions_say_n_k_and_what_was_measured() -> None:
    assert charts.made_of(measured()) == "n=600 searches each, k=10, on the sample, 4,800 points"
    unfinished = RunState.of(REQUEST, "the sample").ended(cancelled=True, error=None)
    assert charts.made_of(unfinished).endswith("partial run")


def test_a_long_name_of_the_data_gives_way_to_how_many_marks_are_covered() -> None:
    state = replace(measured(), about="sample of WordNet glosses and more", request=replace(REQUEST, limit=100))
    state = replace(state, measured={at: replace(state.measured[0]) for at in state.measured})
    last = str(pages.PAGES["chart"].draw(pages.Look(state, 0), 78, 19)[-1])
    assert cell_len(last) <= 78
    assert "points" in last
    assert last.endswith("under others")
    assert "…" in last


@pytest.mark.parametrize("values", [(0.121, 0.178), (0.5, 0.5), (12.0, 14.0)])
def test_an_axis_has_the_two_ticks_that_make_a_scale(values: tuple[float, float]) -> None:
    frame = Frame.around([(1.0, values[0]), (5.0, values[1])], 78, 5, Axes(log_x=False, open=True, x_ticks=(1, 5)))
    assert len(frame.y_ticks) >= len(set(values))


def test_memory_shows_measured_against_the_formula() -> None:
    state = RunState.of(REQUEST, "x").after(CollectionReady(collection_record("scalar")))
    line = texts("memory", state, 78, 18)[1]
    assert line.split()[-6:] == ["388", "388", "1.00x", "4.0x", "1.8", "MiB"]


def test_memory_mark_stands_at_the_formula_and_the_ratio_beside() -> None:
    found = collection_record("scalar")
    twice = replace(found, bytes_per_vector=replace(found.bytes_per_vector, quantized=776.0))
    line = texts("memory", RunState.of(REQUEST, "x").after(CollectionReady(twice)), 78, 18)[1]
    bar = line[17 : 78 - 42]
    assert bar.index("│") == pytest.approx(len(bar.rstrip()) / 2, abs=1)
    assert "2.00x" in line


def test_unbuilt_collection_is_said_beside_its_bytes() -> None:
    found = replace(collection_record("scalar"), built=Built(0, 1))
    assert "⚠ 0/1 built" in texts("memory", RunState.of(REQUEST, "x").after(CollectionReady(found)), 90, 18)[1]


def test_oversampling_has_a_tick_at_every_factor_and_lines_in_line() -> None:
    lines = texts("oversampling", measured(), 78, 18)
    assert lines[-3].split() == ["1", "2", "3", "5"]
    axes = [line.index("┤") for line in lines if "┤" in line]
    assert len(set(axes)) == 1


def test_every_method_has_its_letter_in_the_oversampling_chart() -> None:
    text = "\n".join(texts("oversampling", measured(), 78, 18)[:8])
    assert all(METHODS[name].letter in text for name in REQUEST.methods if name != "none")


def test_distributions_compare_one_variant_a_method() -> None:
    state = measured()
    chosen = charts.compared(state)
    assert set(chosen) == set(REQUEST.methods)
    lines = texts("spread", state, 78, 18)
    assert all(METHODS[name].letter in "".join(lines[:12]) for name in chosen)
    good = [at for at, found in state.measured.items() if found.method == "scalar" and found.recall]
    fast = [at for at in good if state.measured[at].recall.mean >= 0.95]  # type: ignore[union-attr]  # has one
    assert chosen["scalar"] == min(fast, key=lambda at: state.measured[at].engine_ms.p50)  # type: ignore[union-attr]  # it has a latency, too


def test_histogram_counts_every_search_and_marks_the_percentiles() -> None:
    found = distribution(0)
    assert sum(found.joined(60)) == found.n
    latency = measured().measured[0].engine_ms
    lines = [line.plain for line in bars.histogram(found, latency, 78, 14, 15)]
    assert len(lines) == 14
    assert {len(line) for line in lines[:12]} == {67}
    assert lines[0].startswith(f"{max(found.joined(60)):>6}┤")
    assert all(name in "".join(lines) for name in ("p50", "p95", "p99"))


def test_row_of_a_rule_is_the_row_of_its_tick() -> None:
    for height in range(8, 30):
        drawn = [row.text for row in draw(charts.distributions(measured(), TIMES), 60, height, charts.SHARES).rows]
        ruled = [row for row in drawn if row.count("┄") > 20]
        assert any("p50" in row for row in ruled), height


def test_one_line_for_each_hnsw_ef() -> None:
    request = BenchRequest(collection="c", methods=("none", "scalar"), hnsw_ef=(64, 128))
    series = charts.recall_latency(measured(request))
    assert [len(each.joined) for each in series] == [0, 0, 4, 4]
    assert "ef64" in "".join(texts("latency", measured(request), 78, 18))


def test_thousands_of_marks_are_drawn_without_lines() -> None:
    request = BenchRequest(collection="c", hnsw_ef=tuple(range(1, 101)))
    series = charts.recall_latency(measured(request))
    assert not any(each.joined for each in series)
    assert draw(series, 78, 18).rows


def test_what_a_search_asked_is_shown_in_the_order_of_a_plan() -> None:
    planned = [measured().measured[at] for at in range(len(measured().variants))]
    asked = [planned[0], *reversed(planned[1:])]  # the strongest first, and methods in turns
    methods = dict.fromkeys(found.method for found in asked)
    assert as_a_grid(asked) == [found for method in methods for found in planned if found.method == method]


def looked_at(capped: int | None) -> RunState:
    """A run with its default methods: every variant as it was set, off and the largest factor in each placement."""
    state = measured()
    assert state.record is not None
    seen = []
    for at, found in enumerate(state.record.measurements):
        ends = found.method != "none" and found.search.oversampling in (None, 5.0)
        for placement in (None, "cached", "cold", "pinned")[: 4 if ends else 1]:
            one = replace(residency(at), placement=placement, cap_bytes=capped, capped_read_bytes=capped)
            seen.append(one)
    return replace(state, record=replace(state.record, residency=tuple(seen)))


def test_what_was_looked_at_in_ram_fits_a_small_window_with_its_explanation() -> None:
    lines = texts("hot", looked_at(None), 78, 18, chosen=6)
    assert sum(line.startswith(("none ", "binary ")) for line in lines) == 12
    assert len(lines) == 18
    assert any("kept on disk: the rest" in line for line in lines)
    assert "↑ ↓ another method" in lines[-1]


async def test_a_page_that_is_higher_than_its_room_is_scrolled_to_its_last_line() -> None:
    class Page(App[None]):
        AUTO_FOCUS = None  # it comes with a key

        def compose(self) -> ComposeResult:
            yield Chart(id="chart")

    app = Page()
    async with app.run_test(size=(80, 18)) as pilot:
        chart = app.query_one(Chart)
        chart.page, chart.look = "hot", Look(looked_at(1_000), 6)
        await until_seen(pilot, "more lines: Tab goes there, PgDn")
        chart.focus()
        await until_seen(pilot, "more lines: PgDn")
        await pilot.press("pagedown", "pagedown")
        await until_seen(pilot, "▲ PgUp: the lines above")
        assert "↑ ↓ another method" in screen_text(app)
        await pilot.press("pageup", "pageup")
        await until_seen(pilot, "memory during search")


@pytest.mark.parametrize("name", ["chart", "oversampling"])
def test_equal_recall_stands_at_1_and_no_tick_is_above(name: str) -> None:
    state = measured()
    perfect = Recall(1.0, 1.0, 1.0, 1.0)
    state = replace(state, measured={at: replace(found, recall=perfect) for at, found in state.measured.items()})
    lines = texts(name, state, 78, 18)
    ticks = [float(line.split()[0].rstrip("┤┼│├")) for line in lines if re.match(r" *1[.]0\d*[┤┼]", line)]
    assert ticks
    assert max(ticks) == 1.0


def test_a_line_lies_in_the_rows_of_its_letters() -> None:
    for y in (0.70, 0.83, 0.95, 0.97):
        line = Series(1, (Mark("A", "", 1, y), Mark("B", "", 9, y)))
        drawn = rows((line, Series(2, (), (Mark("L", "", 1, 0.7), Mark("H", "", 9, 1.0)))), 60, 15)
        (lettered,) = [row for row in drawn if "A" in row and "B" in row] or [next(r for r in drawn if "B" in r)]
        assert any("\u2800" < character <= "\u28ff" for character in lettered)

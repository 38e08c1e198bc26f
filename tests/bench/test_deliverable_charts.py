"""Charts of a report: every mark stands where the record says, and no label or figure is in the way of another."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from qtui.bench.deliverable.document import document
from qtui.bench.deliverable.labels import Labels
from qtui.bench.deliverable.parts import Chart
from qtui.bench.deliverable.scale import Scale
from qtui.bench.deliverable.svg import colour, draw
from qtui.bench.export import to_html, to_markdown
from qtui.bench.record import encode
from tests.bench.test_deliverable import Read, looked_up, record


def test_every_mark_of_a_chart_stands_where_the_record_says():
    made, json = document(record()), encode(record())
    charts = [part for section in made.sections for part in section.parts if isinstance(part, Chart)]
    assert [chart.kind for chart in charts] == ["scatter", "bars", "lines", "lines", "bars"]
    for chart in charts:
        root = ET.fromstring(draw(chart))
        marks = [each for each in root.iter("g") if each.get("class") == "mark"]
        assert len(marks) == sum(len(series.marks) for series in chart.series)
        for mark in marks:
            for axis in ("x", "y"):
                assert float(mark.get(f"data-{axis}", "")) == looked_up(json, mark.get(f"data-from-{axis}", ""))
        _in_order(chart, marks)


def _in_order(chart: Chart, marks: list[ET.Element]) -> None:
    """Further right is a larger value, and the same value is the same place."""
    bars = chart.kind == "bars"
    places = [
        (float(mark.get("data-x", "")), float(mark[2].get("width", "") if bars else mark[1].get("cx", "")))
        for mark in marks
    ]
    assert [value for value, _ in sorted(places)] == [value for value, _ in sorted(places, key=lambda each: each[1])]


def test_a_scale_puts_values_in_proportion():
    assert Scale(0, 10, 100, 200).place(5) == 150
    assert Scale(1, 100, 0, 100, log=True).place(10) == pytest.approx(50)
    assert Scale(0.3, 12, 0, 1, log=True).ticks() == [0.5, 1, 2, 5, 10]
    assert len(Scale(0.22, 0.45, 0, 1, log=True).ticks()) > 1
    for low, high in ((0.0, 1.0), (0.93, 1.0), (0, 123_456), (0.5, 0.500001)):
        ticks = Scale(low, high, 0, 1).ticks()
        assert 2 <= len(ticks) <= 7
        assert all(low <= tick <= high for tick in ticks)


def test_no_label_of_a_chart_lies_on_another_or_on_a_mark():
    labels = Labels(0, 0, 400, 400)
    marks = [(100 + 2 * n, 200 + n % 3) for n in range(30)]
    for x, y in marks:
        labels.keep_free(x, y, 3)
    placed = [labels.find(x, y, f"B{n}") for n, (x, y) in enumerate(marks)]
    boxes = labels.taken
    for number, one in enumerate(boxes):
        for other in boxes[max(number + 1, len(marks)) :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)
    assert 4 <= sum(place is not None for place in placed) < 30, "some find room, and what finds none is left out"


def test_a_method_has_one_colour_in_every_chart_and_a_letter_beside_it():
    page = Read(to_html(record()))
    classes = {given["class"] for name, given in page.elements if name == "rect"}
    assert classes == {colour("none"), colour("scalar"), colour("binary")}
    assert '<b class="m2">B</b>binary' in to_html(record())


def test_charts_as_text_fit_80_columns_and_say_what_the_record_says():
    found = to_markdown(record())
    blocks = re.findall(r"```text\n(.*?)```", found, flags=re.DOTALL)
    assert len(blocks) == 5
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 80
    assert "binary on x4" in blocks[1]
    bars = {line[:20].strip(): line.count("█") for line in blocks[1].splitlines()}
    assert bars["none"] > bars["scalar off"] > bars["binary off"]
    slow = record(measurements=tuple(
        replace(each, engine_ms=replace(each.engine_ms, p50=each.engine_ms.p95)) if each.method == "scalar" else each
        for each in record().measurements
    ))  # fmt: skip
    (line,) = [line for line in to_markdown(slow).splitlines() if line.startswith("scalar off")]
    assert line.count("█") > bars["scalar off"], "a bar is as long as its figure"


def test_a_p99_far_out_squeezes_no_bar_and_its_figure_stands_beside_it():
    first = record().measurements[0]
    far = replace(first, engine_ms=replace(first.engine_ms, p99=500.0))
    found = record(measurements=(far, *record().measurements[1:]))

    def bars(of: Any) -> ET.Element:
        parts = [part for section in document(of).sections for part in section.parts if isinstance(part, Chart)]
        return ET.fromstring(draw(parts[1]))

    def widths(root: ET.Element) -> list[float]:
        return [float(each.get("width", "")) for each in root.iter("rect")]

    (beyond,) = [each for each in bars(found).iter("path") if each.get("class") == "tip far"]
    assert beyond.get("data-value") == "500.0"
    assert max(widths(bars(found))) > 0.5 * max(widths(bars(record()))), "the others keep their length"
    assert "500" in [each.text for each in bars(found).iter("text")]
    assert not [*bars(record()).iter("path")]
    lines = to_markdown(found).splitlines()
    assert any(line.startswith("none") and "─»" in line and line.endswith(" 500") for line in lines)
    assert sum("»: p99 lies further right" in line for line in lines) == 1
    assert to_html(found).count("»: p99 lies further right") == 1

"""Reports: every figure is what the record has under the name that the report gives, and nothing comes from outside."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from qtui.bench.deliverable import figures
from qtui.bench.deliverable.document import document
from qtui.bench.deliverable.parts import QUOTED, STYLES, Bullets, Table, figures_of_part
from qtui.bench.deliverable.reading import read
from qtui.bench.export import to_html, to_markdown
from qtui.bench.record import encode
from qtui.choices import Span
from qtui.model import Bytes, Hnsw, SearchSettings
from qtui.prices import Prices
from qtui.records import Failure, Recommendation, RunnerUp, RunWarning
from tests.bench.planted import Plant, always, run

HOSTILE = "<img src=x onerror=alert(1)>\x1b]0;t\x07\u202e|`*_[\"'&"


def record(**changes: Any) -> Any:
    """A planted run with a recommendation, bytes and prices."""
    plants = [
        Plant("none", always(10), lambda q: 2.0 + q / 100),
        Plant("scalar", always(9), lambda q: 1.0 + q / 100, bytes_=68),
        Plant("binary", always(6), lambda q: 0.5 + q / 200, bytes_=16),
        Plant("binary", always(8), lambda q: 0.6 + q / 200, oversampling=2.0, bytes_=16),
        Plant("binary", lambda q: 9 + q % 2, lambda q: 0.7 + q / 200, oversampling=4.0, bytes_=16),
        Plant("none", always(10), always(9.0), exact=True),
    ]
    found, _ = run(plants)
    sizes = {"none": 0, "scalar": 68_000, "binary": 16_000}
    collections = tuple(
        replace(
            each,
            memory={
                "originals": Bytes(0, 4096, 256_000),
                "quantized": Bytes(sizes[each.method], 0, sizes[each.method]),
                "graph": Bytes(0, 0, 50_000),
                "other": Bytes(None, None, 1_000_000),
            },
        )
        for each in found.collections
    )
    search = found.measurements[4].search
    best = Recommendation(
        "binary", search, Span(0.95, 0.94, 0.96), 2.0, 16.0, ("recall: 0.950 | kept",),
        RunnerUp("scalar", SearchSettings(), "larger"), "print('```')\n", "PUT /x\n",
    )  # fmt: skip
    prices = Prices(5.0, 0.1, "EUR", 2, 1_000_000)
    warnings = (RunWarning("noisy", "loud", "of_none"),)
    return replace(found, collections=collections, recommendation=best, cost=prices, warnings=warnings, **changes)


class Read(HTMLParser):
    """Every element that names an origin, with its text; and every element's name and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        for _, _, text in self._open:
            text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("meta", "br"):
            return
        opened, given, text = self._open.pop()
        assert opened == tag, f"{opened} is closed by {tag}"
        if "data-from" in given or "data-from-x" in given:
            self.found.append((given, "".join(text)))


def looked_up(json: bytes, source: str) -> Any:
    """The expression over the record's JSON, by Python itself: independent of qtui.trace."""
    assert set(source) <= set(string.ascii_letters + string.digits + "_.[]()+-*/ "), source
    plain = msgspec.json.decode(json)
    names = {name: _space(value) for name, value in plain.items()}
    return eval(source, {"__builtins__": {}}, names)


def _space(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{name: _space(inner) for name, inner in value.items()})
    return [_space(inner) for inner in value] if isinstance(value, list) else value


def test_the_same_record_makes_the_same_report_also_after_it_was_kept():
    kept = msgspec.json.decode(encode(record()), type=type(record()))
    assert to_html(kept) == to_html(record())
    assert to_markdown(kept) == to_markdown(record())


def test_a_figure_that_changed_in_the_record_changes_the_report():
    whole, page, text = record(), to_html(record()), to_markdown(record())
    for index, measured in enumerate(whole.measurements[:5]):
        assert measured.engine_ms is not None
        slower = replace(measured, engine_ms=replace(measured.engine_ms, p95=measured.engine_ms.p95 + 0.5))
        changed = replace(whole, measurements=(*whole.measurements[:index], slower, *whole.measurements[index + 1 :]))
        assert to_html(changed) != page
        assert to_markdown(changed) != text


def test_every_column_of_the_comparison_has_the_figure_that_its_head_names():
    table = next(part for part in figures.comparison(read(record())) if isinstance(part, Table))
    ends = {
        "average ms": r"measurements\[\d\]\.engine_ms\.mean",
        "p95 ms": r"measurements\[\d\]\.engine_ms\.p95",
        "speed-up": r"measurements\[0\]\.engine_ms\.mean / measurements\[\d\]\.engine_ms\.mean",
        "recall@10": r"measurements\[\d\]\.recall\.mean",
        "retained": r"measurements\[\d\]\.recall\.mean / measurements\[0\]\.recall\.mean",
        "RAM": r"collections\[\d\]\.memory.* 52 \* collections\[\d\]\.points",
        "smaller": r"collections\[\d\]\.compression\.measured",
    }
    assert set(table.heads[2:]) == set(ends)
    for row in table.rows:
        for head, cell in zip(table.heads, row, strict=True):
            for figure in cell:
                assert isinstance(figure, str) or re.fullmatch(ends[head], figure.source), (head, figure)


def test_every_figure_of_the_html_is_what_the_record_has_under_its_name():
    json, page = encode(record()), Read(to_html(record()))
    shown = [(given, text) for given, text in page.found if "data-as" in given]
    assert len(shown) > 150
    for given, text in shown:
        source, style = given["data-from"] or "", given["data-as"] or ""
        value = looked_up(json, source)
        if style == QUOTED:
            assert text == value, source
        else:
            assert float(given["value"] or "nan") == pytest.approx(value), source
            assert text == STYLES[style](value), source


def test_no_number_of_the_tables_is_without_an_origin():
    page = to_html(record())
    body = page.split("<h2>How it was measured")[0].split("<h2>Method comparison")[1]
    bare = re.sub(r"<(data|span)[^>]*data-from.*?</\1>", "", body, flags=re.DOTALL)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", bare, flags=re.DOTALL)
    numbers = [cell for cell in cells if re.fullmatch(r"[\d.,]+(x|%| \w+)?", cell)]
    assert numbers == [], "but for the names of rows, what is a number says where it is from"


def test_no_number_of_the_answers_is_without_an_origin():
    for section in document(record()).sections:
        if section.title not in ("Key insights", "Theoretical maxima", "To share"):
            continue
        lines = [line for part in section.parts if isinstance(part, Bullets) for line in part.lines]
        words = " ".join(piece for line in lines for piece in line if isinstance(piece, str))
        names = r"rescore x4|float32|p50|less than 0\.005 of recall"
        assert re.findall(r"\d+", re.sub(names, "", words)) == [], section.title


def test_originals_in_ram_save_none_and_are_not_said_to_stay_on_disk():
    kept = to_markdown(record())
    assert "- Vectors in RAM: 16.0x smaller" in kept
    assert "What RAM it saves: 234.4 KiB of 349.6 KiB (67.0%)" in kept
    whole = record()
    both = tuple(
        replace(held, settings=replace(held.settings, vectors=(replace(held.settings.vectors[0], on_disk=False),)))
        for held in whole.collections
    )
    text = to_markdown(replace(whole, collections=both))
    assert "- Quantized vectors: 16.0x smaller than the originals, which are in RAM too" in text
    assert "What RAM it saves: none, it takes 15.6 KiB more than the 349.6 KiB" in text
    assert "smaller vectors in RAM" not in text
    assert "Why quantization matters" not in text


def test_speed_past_what_is_advertised_has_another_reason_than_speed_below():
    found = replace(record(), warnings=(RunWarning("full-scan", "no graph is used"),))
    why = to_markdown(found).partition("## Theoretical maxima")[2].partition("## Cost")[0]
    assert "- binary: 8 bytes" in why, "16 bytes where 8 hold 64 bits"
    assert "a search also sorts; in 0.748 ms a search (p50)" in why
    assert "more than comparing gains" not in why
    fast = tuple(
        replace(each, engine_ms=replace(each.engine_ms, mean=0.01)) if each.method == "binary" else each
        for each in found.measurements
    )
    why = to_markdown(replace(found, measurements=fast)).partition("## Theoretical maxima")[2]
    assert "more than comparing gains: a vector is also 16.0x fewer bytes to fetch" in why.partition("## Cost")[0]


def test_multivectors_without_a_graph_are_scanned():
    whole = record()
    no_graph = tuple(
        replace(held, settings=replace(
            held.settings, vectors=(replace(held.settings.vectors[0], multivector=True, hnsw=Hnsw(m=0)),)
        ))
        for held in whole.collections
    )  # fmt: skip
    assert "walking the graph" in to_markdown(whole)
    text = to_markdown(replace(whole, collections=no_graph))
    assert "walking the graph" not in text
    assert "all vectors are scanned" in text


def test_the_baseline_is_marked_where_it_is_the_choice():
    whole = record()
    best = replace(whole.recommendation, method="none", search=whole.measurements[0].search)
    assert "| none (baseline, recommended) |" in to_markdown(replace(whole, recommendation=best))


def test_failures_stand_in_the_report_with_each_reason_and_nobody_wins_unadvised():
    whole = record()
    broken = replace(whole.measurements[2], failures=(Failure("timed out", 28), Failure("<gone>", 2)))
    found = replace(whole, measurements=(*whole.measurements[:2], broken, *whole.measurements[3:]), recommendation=None)
    text = to_markdown(found)
    assert "- binary no rescore ef 64: 28: timed out\n- binary no rescore ef 64: 2: \\<gone>\n" in text
    assert "| 28 | `measurements[2].failures[0].count` |" in text
    assert "- Winner: none could be recommended" in text
    assert "by reason" not in to_markdown(whole)


def test_a_warning_is_headed_by_its_code_once():
    found = replace(record(), warnings=(RunWarning("tuned", "tuned: rougher"), RunWarning("noisy", "loud", "of_none")))
    assert "\n- tuned: rougher\n- noisy (of\\_none): loud\n" in to_markdown(found)


def test_an_average_above_its_p95_is_explained():
    whole, said = record(), "An average above its p95"
    assert said not in to_markdown(whole)
    first = whole.measurements[0]
    between = replace(first, engine_ms=replace(first.engine_ms, mean=first.engine_ms.p95))
    assert said not in to_markdown(replace(whole, measurements=(between, *whole.measurements[1:])))
    slow = replace(first, engine_ms=replace(first.engine_ms, mean=99.0))
    assert said in to_markdown(replace(whole, measurements=(slow, *whole.measurements[1:])))


def test_the_html_needs_nothing_from_outside_and_runs_nothing():
    page = Read(to_html(record()))
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "image", "use", "foreignobject"}
    given = {key for _, attributes in page.elements for key in attributes}
    assert not given & {"src", "href", "xlink:href", "srcset", "action"}
    assert not [key for key in given if key.startswith("on")]
    assert "url(" not in to_html(record())
    policy = next(a["content"] for n, a in page.elements if n == "meta" and "http-equiv" in a)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_nothing_from_data_becomes_markup():
    bad = record(name=HOSTILE)
    best = replace(bad.recommendation, reasons=(HOSTILE,), python=HOSTILE, rest=HOSTILE,
                   runner_up=replace(bad.recommendation.runner_up, method=HOSTILE, why=HOSTILE))  # fmt: skip
    bad = replace(
        bad,
        id=HOSTILE,
        status=HOSTILE,
        recommendation=best,
        cost=replace(bad.cost, currency=HOSTILE),
        dataset=replace(bad.dataset, source=HOSTILE, filter=HOSTILE),
        warnings=(RunWarning(HOSTILE, HOSTILE, HOSTILE),),
        collections=tuple(replace(held, memory={HOSTILE: Bytes(1, 2, 3)} | held.memory) for held in bad.collections),
    )
    page = to_html(bad)
    assert page.replace("\n", "").isprintable()
    assert "img" not in {name for name, _ in Read(page).elements}
    assert to_markdown(bad).replace("\n", "").isprintable()
    assert "\n# " not in to_markdown(replace(bad, name="x\n# y"))


def test_the_shape_of_the_deliverable():
    made = document(record())
    assert [section.title for section in made.sections] == [
        "Optimal configuration", "Domain and data set", "Method comparison", "Charts", "Key insights",
        "Theoretical maxima", "Cost", "Memory", "To share", "To paste", "All figures, recall@10", "Collections",
        "How it was measured", "Warnings",
    ]  # fmt: skip
    text = to_markdown(record())
    for words in (
        "- Method: binary\n- Search: rescore x4, hnsw\\_ef 64\n- Recall@10: 0.950 (95% 0.940 to 0.960)",
        "Final speed-up: 2.63x by average engine time, with 95.0% of the accuracy retained",
        "| binary (recommended) | rescore x4 | 0.948 | 1.17 | 2.63x | 0.950 | 95.0% | 115.2 KiB | 16.0x |",
        "from 2 to 4 recall went 0.800 → 0.950 and engine p50 0.847 → 0.948 ms",
        "binary: 16.0x smaller of 32.0x",
        "- Winner: binary, rescore x4",
        "- recall: 0.950 \\| kept",
        "````python\nprint('```')\n````",
        "| 0.950 | `recommendation.recall.mean` |",
        "noisy (of\\_none): loud",
    ):
        assert words in text, words
    rows = {}
    for section in re.split(r"\n## ", text):
        rows[section.partition("\n")[0]] = {line.count(" | ") for line in section.splitlines() if line[:2] == "| "}
    assert all(len(widths) == 1 for title, widths in rows.items() if title in ("Method comparison", "Collections"))


def test_what_was_asked_less_often_and_what_has_no_price_is_said_so():
    whole = record()
    assert whole.measurements[4].engine_ms is not None
    few = replace(whole.measurements[4], engine_ms=replace(whole.measurements[4].engine_ms, n=25))
    text = to_markdown(replace(whole, measurements=(*whole.measurements[:4], few, *whole.measurements[5:])))
    assert f"n=25 to {whole.measurements[0].engine_ms.n} searches a variant" in " ".join(text.split())
    assert " Disk: all files. Grown: vectors" in to_markdown(whole)
    assert "links × 9.6 bytes" in to_markdown(replace(whole, warnings=(RunWarning("full-scan", "no graph"),)))
    assert "Grown" not in to_markdown(replace(whole, cost=Prices(4.0)))
    assert "(GiB of RAM × 5 + GiB of disk × 0.1) × 2 (copies)" in to_markdown(whole)
    assert "(GiB of RAM × 4) × 1 (copies)" in to_markdown(replace(whole, cost=Prices(4.0)))


def test_a_run_with_little_in_it_still_has_a_report():
    whole = record()
    for poor in (
        replace(whole, measurements=(), collections=(), recommendation=None, cost=None, status="partial"),
        replace(whole, recommendation=None, warnings=(RunWarning("no-recommendation", "nothing keeps it"),)),
        replace(whole, measurements=whole.measurements[1:], cost=None),
        replace(whole, measurements=whole.measurements[:1], collections=whole.collections[:1]),
        replace(whole, measurements=tuple(replace(each, recall=None) for each in whole.measurements)),
        replace(whole, measurements=tuple(replace(each, engine_ms=None) for each in whole.measurements)),
        replace(whole, collections=tuple(replace(each, memory={}, settings=None) for each in whole.collections)),
    ):
        assert to_html(poor).endswith("</html>\n")
        assert to_markdown(poor).startswith("# ")
        json = encode(poor)
        parts = [part for section in document(poor).sections for part in section.parts]
        for figure in (each for part in parts for each in figures_of_part(part)):
            if figure.value is not None:
                assert looked_up(json, figure.source) == pytest.approx(figure.value)

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import msgspec
import pytest

from qtui.bench.compare import diff
from qtui.bench.export import to_csv, to_html, to_json, to_markdown
from qtui.bench.report import table
from qtui.errors import UsageError
from qtui.plain import cells_of
from qtui.records import EngineVersion, RunWarning
from tests.bench.runs import REQUEST, run, threshold
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine


async def some_record(home, **options):
    def latency_ms(call):
        return 2.0 if call.collection == "synthetic" else 1.0

    return (await run(replace(REQUEST, **options), home, FakeEngine(clock=FakeClock(), latency_ms=latency_ms))).record


async def test_the_table_fits_and_says_what_it_must(home):
    record = await some_record(home, repeat=4)
    text = table(record)
    assert max(len(line) for line in text.splitlines()) <= 80
    rows = [line.split() for line in text.splitlines()]
    assert ["none", "–", "1.000", ".000", "2.00", "2.00", "2.00", "2.05", "488", "1.00x"] in rows
    off = next(row for row in rows if row[:2] == ["binary", "off"])
    assert off[4:] == ["1.00", "1.00", "1.00", "1.05", "952", "2.00x"]
    for words in ("16 B 2.0x", "32 B", "recall@5", "n=120", "hnsw_ef 128", record.id, "truth: exact", "30 queries"):
        assert words in " ".join(text.split()), words
    assert "on x4" in text


async def test_the_table_marks_what_is_missing(home):
    request = threshold(replace(REQUEST, methods=("none", "scalar"), hnsw_ef=(64, 128), concurrency=(1, 2)), 0)
    record = (await run(request, home)).record
    text = table(record)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "not built" in text
    assert "  ef 64 " in text
    assert "  2 at once" in text
    assert "! scalar is configured, but built in 0 of 1 segments" in text


async def test_the_table_of_measurements_alone_and_of_none(home):
    record = await some_record(home)
    alone = table(record.measurements)
    assert "binary" in alone
    assert "truth:" not in alone
    assert "no figures" in table(replace(record, measurements=(), status="partial"))


async def test_wide_values_stay_in_their_columns(home):
    record = await some_record(home)
    wide = tuple(
        replace(
            measured,
            qps=123456.0,
            speedup=measured.speedup and replace(measured.speedup, engine=123.456),
            engine_ms=measured.engine_ms and replace(measured.engine_ms, p50=12345.6, p95=99999.0, p99=99999.0),
        )
        for measured in record.measurements
    )
    text = table(replace(record, measurements=wide))
    assert max(len(line) for line in text.splitlines()) <= 80


async def test_nothing_from_data_reaches_the_terminal_or_breaks_a_line(home):
    record = await some_record(home)
    hostile = "evil\x1b]0;owned\x07\x9b31m\n\u202e" + "漢字" * 60
    dataset = replace(record.dataset, source=hostile, filter=hostile)
    collections = tuple(replace(found, method=hostile) for found in record.collections)
    record = replace(record, dataset=dataset, collections=collections, warnings=(RunWarning("x", hostile, hostile),))
    for text in (table(record), to_markdown(record), to_html(record), to_json(record)):
        assert text.replace("\n", "").isprintable()
    assert max(cells_of(line) for line in table(record).splitlines()) <= 80
    assert msgspec.json.decode(to_json(record), type=type(record)) == record


async def test_json_is_the_record(home):
    record = await some_record(home)
    assert json.loads(to_json(record))["id"] == record.id
    assert msgspec.json.decode(to_json(record), type=type(record)) == record


async def test_csv_has_a_flat_row_a_measurement(home):
    record = await some_record(home)
    rows = list(csv.DictReader(io.StringIO(to_csv(record))))
    assert len(rows) == 4
    assert [row["oversampling"] for row in rows] == ["", "1.0", "4.0", ""]
    assert [row["engine_p50_ms"] for row in rows] == ["2.0", "1.0", "1.0", "1.0"]
    assert {row["engine_n"] for row in rows} == {"60"}
    assert rows[0]["bytes_quantized"] == ""
    assert to_csv(replace(record, measurements=())) == "run\n"


async def test_a_run_does_not_differ_from_itself(home):
    record = await some_record(home)
    found = diff(record, record)
    assert len(found.pairs) == 4
    assert found.doubts == found.only_before == found.only_after == ()
    for pair in found.pairs:
        assert pair.engine_p50_ms is not None
        assert (pair.engine_p50_ms.ratio, pair.engine_p50_ms.significant) == (1.0, False)
    assert max(len(line) for line in str(found).splitlines()) <= 80


async def test_differences_beyond_the_intervals_are_significant(home):
    before = await some_record(home)
    after = (await run(REQUEST, home, FakeEngine(clock=FakeClock(), latency_ms=lambda _: 3.0))).record
    found = diff(before, after)
    assert [pair.engine_p50_ms.ratio for pair in found.pairs if pair.engine_p50_ms] == [1.5, 3.0, 3.0, 3.0]
    assert all(pair.engine_p50_ms is not None and pair.engine_p50_ms.significant for pair in found.pairs)
    assert "1.50x" in str(found)
    assert msgspec.json.encode(found)


async def test_variants_of_one_run_only_are_named(home):
    before, after = await some_record(home), await some_record(home, oversampling=(4.0, 8.0))
    found = diff(before, after)
    assert found.only_before == ("binary rescore x1 ef 128",)
    assert found.only_after == ("binary rescore x8 ef 128",)


@pytest.mark.parametrize(
    "change", [{"k": 7}, {"distance": "dot"}, {"points": 9}, {"fingerprint": "x"}, {"filter": "x"}]
)
async def test_unlike_runs_are_refused(change, home):
    record = await some_record(home)
    other = replace(record, dataset=replace(record.dataset, **change))
    with pytest.raises(UsageError, match="can't be compared"):
        diff(record, other)


async def test_what_may_matter_is_said(home):
    record = await some_record(home)
    environment = replace(record.environment, engine=EngineVersion("embedded", "0.10"))
    other = replace(record, environment=environment, status="partial")
    found = diff(record, other)
    assert any("engine" in doubt for doubt in found.doubts)
    assert any("partial" in doubt for doubt in found.doubts)

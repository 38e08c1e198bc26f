"""Cost by hand: every formula worked out, and figures that are what their expression says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from qtui import trace
from qtui.cost import GIB, costs
from qtui.costtext import cost_lines, costs_as_text, money
from qtui.errors import UsageError
from qtui.model import Bytes
from qtui.prices import Prices, changed, read
from qtui.records import RunWarning
from tests.bench.planted import Plant, always, run

PRICES = Prices(ram_gib_month=4.0, disk_gib_month=0.5, currency="EUR", replicas=3, points=10_000)


def record(*, measured=True, on_disk=True):
    """1,000 points of 64 dimensions."""
    plants = [Plant("none", always(10), always(2.0)), Plant("scalar", always(9), always(1.0), bytes_=68)]
    found, _ = run(plants, on_disk=on_disk)
    if not measured:
        return found
    sizes = {"none": 0, "scalar": 70_000}
    return replace(
        found,
        collections=tuple(
            replace(
                held,
                memory={
                    "originals": Bytes(0, 1, 260_000),
                    "quantized": Bytes(sizes[held.method], 2, sizes[held.method] + 100),
                    "graph": Bytes(0, 3, 30_000),
                    "payload": Bytes(None, 4, 5_000),
                    "other": Bytes(None, 5, 1_000_000),
                },
            )
            for held in found.collections
        ),
    )


def test_ram_and_disk_of_measured_bytes():
    none, scalar = costs(record())
    assert none.today.ram.value == 260_000 + 30_000 + 52 * 1000
    assert scalar.today.ram.value == 70_000 + 30_000 + 52 * 1000
    assert scalar.today.disk.value == 260_000 + 70_100 + 30_000 + 5_000 + 1_000_000
    assert (none.grown, none.today.month.value, none.measured) == (None, None, True)


def test_originals_in_ram_are_paid_for():
    _, scalar = costs(record(on_disk=False))
    assert scalar.today.ram.value == 260_000 + 70_000 + 30_000 + 52 * 1000


def test_grown_and_in_money():
    none, scalar = costs(record(), PRICES)
    assert scalar.grown is not None
    assert none.grown is not None
    assert scalar.grown.ram.value == (70_000 + 30_000 + 52_000) * 10
    assert scalar.grown.disk.value == (260_000 + 70_100 + 30_000 + 5_000) * 10 + 1_000_000
    month = (152_000 / GIB * 4.0 + 1_365_100 / GIB * 0.5) * 3
    assert scalar.today.month.value == pytest.approx(month)
    assert scalar.today.year.value == pytest.approx(month * 12)
    before = (342_000 / GIB * 4.0 + (260_100 + 30_000 + 5_000 + 1_000_000) / GIB * 0.5) * 3
    assert scalar.today.saved_month.value == pytest.approx(before - month)
    assert none.grown.saved_month.value == pytest.approx(0)
    only_ram = costs(record(), Prices(ram_gib_month=4.0))[1]
    assert only_ram.today.month.value == pytest.approx(152_000 / GIB * 4.0)


def test_without_measured_bytes_the_bytes_of_a_vector_count():
    none, scalar = costs(record(measured=False), PRICES)
    assert none.today.ram.value == 256 * 1000 + 52 * 1000
    assert scalar.today.ram.value == 68 * 1000 + 52 * 1000
    assert scalar.today.disk.value == (256 + 68) * 1000
    assert not scalar.measured
    assert "(est)" in costs_as_text(record(measured=False))


def test_every_amount_is_what_its_expression_says():
    priced = replace(record(), cost=PRICES)
    amounts = [
        amount
        for each in costs(priced)
        for need in (each.today, each.grown)
        if need is not None
        for amount in (need.ram, need.disk, need.month, need.year, need.saved_month)
    ]
    assert len(amounts) == 20
    for amount in amounts:
        assert trace.number(priced, amount.source) == amount.value


def test_the_text_fits_and_says_its_formulas():
    lines = cost_lines(record(), PRICES)
    assert max(map(len, lines)) <= 80
    assert max(map(len, cost_lines(record(), PRICES, 68))) <= 68
    text = " ".join(" ".join(lines).split())
    for words in (
        "cost of 1,000 points",
        "cost of 10,000 points (est)",
        "4 a GiB of RAM + 0.5 a GiB of disk",
        "3 copies",
        "EUR",
    ):
        assert words in text, words
    assert "no price was given" in costs_as_text(record())
    assert "nothing to pay for" in costs_as_text(replace(record(), collections=()))
    hostile = replace(PRICES, currency="\x1b[31m")
    assert costs_as_text(record(), hostile).replace("\n", "").isprintable()


def test_prices_are_read_from_the_configuration(tmp_path: Path):
    file = tmp_path / "config.toml"
    assert read(file) is None
    file.write_text('theme = "nord"\n')
    assert read(file) is None
    file.write_text('[cost]\nram_gib_month = 5\ncurrency = "EUR"\nreplicas = 2\npoints = 1_000_000\n')
    assert read(file) == Prices(5, None, "EUR", 2, 1_000_000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cost = 3", "must be a table"),
        ("[cost]\nram = 5", "not 'ram'"),
        ('[cost]\nram_gib_month = "5"', "price of RAM"),
        ("[cost]\nram_gib_month = true", "price of RAM"),
        ("[cost]\ndisk_gib_month = nan", "price of disk"),
        ("[cost]\nreplicas = 0", "replicas"),
        ("[cost]\npoints = 1.5", "points"),
        ('[cost]\ncurrency = "far too long"', "currency"),
        ('[cost]\ncurrency = "\\u001b"', "currency"),
        ("[cost", "can't be read"),
    ],
)
def test_prices_that_make_no_sense_are_refused_in_a_line(tmp_path: Path, text: str, says: str):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        read(file)


def test_values_that_are_given_win():
    assert changed(PRICES, {"replicas": 1, "currency": None}) == replace(PRICES, replicas=1)
    with pytest.raises(UsageError):
        changed(PRICES, {"ram_gib_month": -1.0})


def test_names_of_figures():
    thing = {"a": SimpleNamespace(b=(1.0, {"c": 4})), "n": None}
    assert trace.evaluate(thing, "a.b[1].c") == 4
    assert trace.number(thing, "(a.b[0] + 3) * 2 / a.b[1].c - 1") == 1.0
    for missing in ("a.x", "a.b[7]", "n.x.y", "a.b[0] / 0", "a.b[0] + n", "a.b.c", "nothing"):
        assert trace.number(thing, missing) is None, missing
    for refused in ("a.__class__", "f(1)", "a.b[0] ** 9", "[1]", "'x'", "a.b[0:1]", "a b"):
        with pytest.raises(ValueError, match="name"):
            trace.evaluate(thing, refused)


def test_amounts_keep_their_places():
    amounts = (None, 0.0, 0.0796, 0.0204, 0.1, 12.345, -3.0, 12_345.6)
    assert [money(amount) for amount in amounts] == [
        "–", "0", "0.080", "0.020", "0.10", "12.35", "-3.00", "12,346",
    ]  # fmt: skip


def test_runs_that_do_not_tell_have_their_originals_on_disk():
    found, _ = run([Plant("none", always(10), always(2.0)), Plant("scalar", always(9), always(1.0), bytes_=68)],
                   on_disk=None)  # fmt: skip
    _, scalar = costs(found)
    assert scalar.today.ram.value == 68 * 1000 + 52 * 1000


def test_a_set_too_small_for_a_graph_will_have_one_when_grown():
    small = replace(record(), warnings=(RunWarning("full-scan", "no graph is used"),))
    _, scalar = costs(small, PRICES)
    assert scalar.grown is not None
    assert scalar.today.ram.value == 70_000 + 30_000 + 52 * 1000
    assert scalar.grown.ram.value == pytest.approx((70_000 + 1000 * 16 * 9.6 + 52_000) * 10)

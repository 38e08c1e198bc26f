"""The cost of a run, and reports of it, from Runs and from Advise."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from qtui.errors import UsageError
from qtui.preferences import Memory
from qtui.prices import Prices
from qtui.tui.dialogs.cost import AskCost, as_typed, read_typed
from tests.tui import fake_runs
from tests.tui.driving import make, screen_text, until, until_seen

NEWEST = "20261122-013000-aaaa"


def furnished(memory=None):
    app, room = make(memory=memory)
    room.kept = {record.id: record for record in fake_runs.three()}
    return app, room


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_cost_of_a_run_follows_what_is_typed_and_is_remembered(size):
    memory = Memory()
    app, _ = furnished(memory)
    async with app.run_test(size=size) as pilot:
        await until_seen(pilot, "demo__binary")
        await pilot.press("5")
        await until_seen(pilot, "3 runs")
        await pilot.press("dollar_sign")
        await until_seen(pilot, "type what a GiB costs you")
        app.screen.query_one("#cost-ram", Input).value = "5"
        app.screen.query_one("#cost-points", Input).value = "1M"
        await until_seen(pilot, "cost of 1M points" if size[1] > 24 else "a year")
        await pilot.pause()
        table = app.screen.query_one("#cost-text", Static)
        assert table.size.height == len(str(table.content).splitlines()), "no line folds, beside a scroll bar either"
        app.screen.query_one("#cost-replicas", Input).value = "none"
        await until_seen(pilot, "'none' is no whole number")
        await pilot.press("enter")
        assert isinstance(app.screen, AskCost), "what makes no sense is not taken"
        app.screen.query_one("#cost-replicas", Input).value = "2"
        await until(pilot, lambda: "is no whole" not in screen_text(app))
        await pilot.press("pagedown", "enter")
        await until(pilot, lambda: memory.get("prices", dict))
        assert Prices(**(memory.get("prices", dict) or {})) == Prices(5.0, None, "", 2, 1_000_000)
        await pilot.press("dollar_sign")
        await until_seen(pilot, "5 a GiB of RAM" if size[1] > 24 else "a year")
        await pilot.press("7")
        assert app.screen.query_one("#cost-ram", Input).value == "7", "it takes the place of the price before"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AskCost))


async def test_cost_and_report_from_advise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app, _ = furnished(Memory())
    app.memory.keep("prices", {"ram_gib_month": 3.5})
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "demo__binary")
        await pilot.press("4")
        await until_seen(pilot, "target recall")
        await until(pilot, lambda: "Python" in screen_text(app))
        await pilot.press("dollar_sign")
        await until_seen(pilot, "3.5 a GiB of RAM")
        await pilot.press("escape")
        await pilot.press("e")
        await until_seen(pilot, "Export this run")
        await pilot.press("enter")
        await until(pilot, lambda: list(tmp_path.iterdir()))
        (path,) = tmp_path.iterdir()
        assert path.read_text() == f"md of {NEWEST} at 3.5\n"


def test_prices_are_read_as_they_are_written():
    for prices in (Prices(), Prices(5.0, 0.125, "EUR", 3, 10_000_000)):
        assert read_typed(as_typed(prices)) == prices
    with pytest.raises(UsageError):
        read_typed(as_typed(Prices()) | {"replicas": "0"})

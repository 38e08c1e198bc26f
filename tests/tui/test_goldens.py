"""Whole screens kept as text, at both sizes; remove a file to have it written anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from qtui.tui.app import QtuiApp
from qtui.tui.panels.benchmark import BenchmarkPanel
from tests.tui import fake_runs
from tests.tui.driving import make, until, until_golden, until_seen
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import DEMO, view

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
WAITING = view("waiting__scalar", "scalar", built=False, status="partial", expected_points=9_000)


@pytest.mark.parametrize("size", SIZES)
async def test_collections(size: str) -> None:
    app, _ = make((*DEMO, WAITING))
    async with app.run_test(size=SIZES[size]) as pilot:
        await until_seen(pilot, "6 collections")
        await pilot.press("end")
        await until_seen(pilot, "waiting__scalar  ◐" if size == "120x40" else "▸ waiting__scalar")
        await until_golden(pilot, f"collections-{size}")


async def test_inspection() -> None:
    app, _ = make((*DEMO, WAITING))
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until_seen(pilot, "6 collections")
        await pilot.press("end", "enter")
        await until_seen(pilot, "Findings")
        await until_golden(pilot, "inspection-80x24")


async def test_first_run() -> None:
    app, _ = make(())
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until_seen(pilot, "No collections yet")
        await until_golden(pilot, "first-run-80x24")


async def test_plan() -> None:
    app, _ = make()
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await until_golden(pilot, "plan-80x24")


@pytest.mark.parametrize("size", SIZES)
async def test_results(size: str) -> None:
    app, _ = make()
    async with app.run_test(size=SIZES[size]) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state is not None and panel.run_state.over)
        await until_seen(pilot, "worst 0.598")
        await until_golden(pilot, f"results-{size}")


async def test_chart() -> None:
    app, _ = make()
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r", "c")
        await until_seen(pilot, "n=600")
        await until_golden(pilot, "chart-80x24")


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are local ones."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("size", SIZES)
async def test_runs(size: str) -> None:
    app, _ = with_runs()
    async with app.run_test(size=SIZES[size]) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("5", "down")
        await until_seen(pilot, "3 runs")
        await until_seen(pilot, "Resume")
        await until_golden(pilot, f"runs-{size}")


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("size", SIZES)
async def test_advise(size: str) -> None:
    app, _ = with_runs()
    async with app.run_test(size=SIZES[size]) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("4")
        await until_seen(pilot, "▶ Use")
        await until_golden(pilot, f"advise-{size}")


@pytest.mark.parametrize("size", SIZES)
async def test_search(size: str) -> None:
    app, _ = make()
    async with app.run_test(size=SIZES[size]) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("2")
        await until_seen(pilot, "overlap")
        await until_golden(pilot, f"search-{size}")


def with_runs() -> tuple[QtuiApp, FakeRoom]:
    app, room = make()
    room.kept = {record.id: record for record in fake_runs.three()}
    return app, room

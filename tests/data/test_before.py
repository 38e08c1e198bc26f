"""Settings kept before a change in place, and the way back to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtui.data.before import MOST, forget, keep, last, way_back
from qtui.data.before import changed as changed_here
from qtui.engine.base import Engine
from qtui.errors import NotFound, UsageError
from qtui.model import Change, Hnsw, Placement, Quantization
from tests.engine.making import filled, opened, randoms, single

CHANGES = [
    Change(quantization=Quantization("binary", placement=Placement.PINNED)),
    Change(drop_quantization=True),
    Change(hnsw=Hnsw(m=4, ef_construct=32)),
    Change(placement=Placement.PINNED),
    Change(indexing_threshold_kb=500),
]


async def changed(engine: Engine, home: Path, change: Change) -> None:
    keep(home, "here", await engine.view("things"), "")
    await engine.reconfigure("things", change)


async def back(engine: Engine, home: Path) -> None:
    before = last(home, "here", "things", "")
    await engine.reconfigure("things", way_back(before, await engine.view("things")))
    forget(home, before)


async def test_every_change_has_its_way_back_one_after_the_other(tmp_path: Path, home: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(method="scalar"), randoms(60, 16))
        seen = [(await engine.view("things")).spec]
        for change in CHANGES:
            await changed(engine, home, change)
            seen.append((await engine.view("things")).spec)
        assert len({str(spec) for spec in seen}) == len(seen)
        while seen:
            assert (await engine.view("things")).spec == seen.pop()
            if seen:
                await back(engine, home)
        with pytest.raises(NotFound, match="no earlier settings"):
            last(home, "here", "things", "")


async def test_only_the_last_few_are_kept_and_each_place_has_its_own(tmp_path: Path, home: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(), randoms(30, 16))
        view = await engine.view("things")
        for threshold in range(MOST + 5):
            keep(home, "here", replace(view, spec=replace(view.spec, indexing_threshold_kb=threshold)), "")
        found = []
        for _ in range(MOST):
            before = last(home, "here", "things", "")
            found.append(before.indexing_threshold_kb)
            forget(home, before)
        assert found == list(range(MOST + 4, 4, -1))
        keep(home, "here", view, "")
        with pytest.raises(NotFound):
            last(home, "there", "things", "")
        with pytest.raises(UsageError, match="already"):
            way_back(last(home, "here", "things", ""), view)


async def test_a_damaged_file_counts_as_none(tmp_path: Path, home: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(), randoms(30, 16))
        keep(home, "here", await engine.view("things"), "")
    for path in (home / "before").iterdir():
        path.write_bytes(b"[{")
    with pytest.raises(NotFound):
        last(home, "here", "things", "")


async def test_what_was_changed_here_is_known_until_it_is_taken_back(tmp_path: Path, home: Path) -> None:
    assert changed_here(home, "here") == ()
    async with opened(tmp_path) as engine:
        await filled(engine, single(method="scalar"), randoms(60, 16))
        keep(home, "here", await engine.view("things"), "")
    kept = last(home, "here", "things", "")
    assert changed_here(home, "here") == ("things",)
    assert changed_here(home, "there") == ()
    (home / "before" / "damaged.json").write_bytes(b"[")
    assert changed_here(home, "here") == ("things",)
    forget(home, kept)
    assert changed_here(home, "here") == ()

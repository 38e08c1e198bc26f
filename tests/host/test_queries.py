"""Titled queries and rows of files through a real engine room, and searches with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qtui.errors import NotFound, UsageError
from qtui.host.client import EngineRoom
from qtui.loads import LoadRequest, SourceSpec
from qtui.model import SearchSettings
from qtui.searching.ask import Asker, Target, point_target
from qtui.searching.columns import defaults, place


async def test_queries_come_from_the_sample_from_files_and_from_points(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((20, 384)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    room = EngineRoom(tmp_path / "store")
    await room.start()
    try:
        async for _ in room.load(LoadRequest("s", SourceSpec("sample", rows=300), ("none", "binary"))):
            pass
        async for _ in room.load(LoadRequest("f", SourceSpec("file", path=str(tmp_path / "rows.npy")), ("none",))):
            pass
        titled = await room.titled_queries("s")
        assert len(titled) == 12
        assert all(len(each.values) == 384 and each.title for each in titled)
        assert await room.titled_queries("f") == ()

        row = await room.vector_from(str(tmp_path / "rows.npy"), 3)
        assert row.title == "row 3 of rows.npy"
        np.testing.assert_allclose(row.values, rows[3], rtol=1e-6)
        for path, number, error in (
            ("rows.npy", 20, UsageError),
            ("rows.npy", -1, UsageError),
            ("no.npy", 0, NotFound),
        ):
            with pytest.raises(error):
                await room.vector_from(str(tmp_path / path), number)

        views = [await room.view(name) for name in ("s", "s__binary")]
        shown, asker = defaults(views), Asker(room)
        assert [column.collection for column in shown] == ["s", "s__binary", "s__binary"]
        for target in (Target(titled[0].values, titled[0].title), await point_target(room, "s", 7)):
            for column in shown:
                where = place(next(view for view in views if view.name == column.collection))
                assert where is not None
                outcome = await asker.outcome(column, where, target)
                assert outcome.error is None
                assert len(outcome.ids) == 10
                assert target.point not in outcome.ids
                assert all(hit.title for hit in outcome.hits)
        exact = await room.query("f", rows[3].tolist(), SearchSettings(limit=1, exact=True))
        assert exact.value.ids == (3,)
    finally:
        await room.close()

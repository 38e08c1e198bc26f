"""The demo of documents, on the real engine: the notebook's flow, what it does not see, and building that."""

from __future__ import annotations

from pathlib import Path

from qtui.demos import DOCUMENTS, NOTEBOOK, PRESETS
from qtui.host.client import EngineRoom
from qtui.model import Distance
from qtui.plan import SourceFacts, SourceSpec
from qtui.searching.compare import Outcome
from qtui.tui.app import QtuiApp
from qtui.tui.panels.search import SearchPanel
from qtui.tui.setupform import SetupText, preset_text, read
from tests.tui.driving import make, screen_text, until, until_seen

FINANCE, TITANIC, MOON, EINSTEIN = range(4)


def answers(app: QtuiApp) -> list[Outcome]:
    panel = app.query_one(SearchPanel)
    return [panel._session.outcomes.get(column, Outcome()) for column in panel.columns]


async def test_the_notebooks_flow_and_what_it_does_not_see(tmp_path: Path) -> None:
    app = QtuiApp(lambda told: EngineRoom(tmp_path / "store", on_state=told), where="store", demo=DOCUMENTS)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, "Einstein Theory")
        await until(pilot, lambda: all(found.hits for found in answers(app)))
        unbuilt, rescored, raw = answers(app)
        # neither the unbuilt scalar nor a rescored binary differs from exact search; one bit alone does
        assert unbuilt.ids == rescored.ids == (FINANCE, EINSTEIN, TITANIC, MOON)
        assert [hit.score for hit in unbuilt.hits] == [hit.score for hit in rescored.hits]
        assert raw.ids == (FINANCE, EINSTEIN, MOON, TITANIC)
        assert raw.raw_scores
        for said in (
            "financial quarterly results revenue",
            "token vectors of the documents' texts here, not ColPali's",
            "colpali-scalar: 0 of 1 segments quantized; b builds it",
            "917 KB, stay below the indexing threshold of 10,000 KB",
            "not built: searches the originals",
        ):
            assert said in " ".join(screen_text(app).split())
        await pilot.press("b")
        await until_seen(pilot, "Sets the indexing threshold to 1 KB")
        await pilot.press("enter")
        await until_seen(pilot, "colpali-scalar is built")
        await until(pilot, lambda: "not built" not in screen_text(app) and all(each.hits for each in answers(app)))
        assert answers(app)[0].effective == answers(app)[1].effective
        assert not app.query_one(SearchPanel).check_action("build", ())
        view = await app.room.view("colpali-scalar")
        assert view.vectors[0].built.complete
        assert view.spec.indexing_threshold_kb == 1
        await pilot.press("f", "n")


async def test_the_demo_is_offered_where_nothing_is() -> None:
    app, room = make(())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until_seen(pilot, "four pages as multivectors")
        await pilot.press("i")
        await until(pilot, lambda: len(room.asked) == 2)
    assert tuple(room.asked) == DOCUMENTS.loads


def test_presets_make_what_the_demo_makes() -> None:
    facts = SourceFacts("documents", 4, 128, multivector=True, vectors=1835, distance=Distance.DOT)
    for name, load in zip(PRESETS, DOCUMENTS.loads, strict=True):
        text = preset_text(name, SetupText())
        assert (text.kind, read(text, facts, ()).request) == ("documents", load)
        kept = preset_text(name, SetupText(kind="file", path="mine.npz"))
        assert (kept.kind, kept.path) == ("file", "mine.npz")


def test_the_notebooks_settings() -> None:
    for load in DOCUMENTS.loads:
        assert (load.source, load.build, load.keep_name) == (SourceSpec("documents"), NOTEBOOK, True)
    build = NOTEBOOK
    assert (build.distance, build.vector_name, build.hnsw_m, build.quantile) == (Distance.DOT, "colpali", 0, 0.99)
    assert (build.on_disk, build.indexing_threshold_kb, build.segments, build.placement) == (None, None, None, None)
    first, second, third = (column.search for column in DOCUMENTS.columns)
    assert first == second
    assert (first.rescore, first.oversampling, first.limit) == (True, 2.0, 10)
    assert (third.rescore, third.oversampling, third.limit) == (False, None, 10)

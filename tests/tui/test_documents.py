"""The demo of documents, on the real engine: the notebook's flow, what it does not see, and building that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from qtui.demos import DOCUMENTS, NOTEBOOK, PRESETS
from qtui.embedders import EmbedderChoice, EmbedderSpec, Kind, SearchedVector
from qtui.errors import UsageError
from qtui.events import Event, Progress
from qtui.host.client import EngineRoom
from qtui.loads import LoadRequest, SourceFacts, SourceSpec
from qtui.model import TOKENS, Distance
from qtui.searching.compare import Outcome
from qtui.served import Served
from qtui.tui.app import QtuiApp
from qtui.tui.figures import ram
from qtui.tui.panels.search import SearchPanel
from qtui.tui.panels.search_form import QueryBox
from qtui.tui.setupform import SetupText, preset_text, read
from tests.tui.driving import make, put, screen_text, until, until_seen
from tests.tui.scripted import view
from tests.tui.test_setup import NARROW, open_setup

FINANCE, TITANIC, MOON, EINSTEIN = range(4)


def answers(app: QtuiApp) -> list[Outcome]:
    panel = app.query_one(SearchPanel)
    return [panel._session.outcomes.get(column, Outcome()) for column in panel.columns]


async def test_the_notebooks_flow_and_what_it_does_not_see(tmp_path: Path) -> None:
    app = QtuiApp(lambda told: EngineRoom(tmp_path / "store", on_state=told), where="store", demo=lambda: DOCUMENTS)
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
        await until_seen(pilot, "or the one of documents")
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


MODEL = EmbedderSpec("some/model", Kind.DENSE_PAIR, 384, "abc")


async def asked_for(text: str, *, made_by: EmbedderSpec | None = MODEL, error: str = "") -> tuple[str, list[object]]:
    """What is on the screen after a text was typed over a collection that a model made, and what was embedded."""
    app, room = make((view("a", origin="scans", embedder=made_by), view("a__binary", "binary", embedder=MODEL)))
    room.embed_error = UsageError(error) if error else None
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, "collection")
        await pilot.press("2")
        await until_seen(pilot, "the reference")
        app.query_one(QueryBox).focus()
        app.query_one(QueryBox).value = text
        await pilot.press("enter")
        session = app.query_one(SearchPanel)._session

        def is_over() -> bool:
            if error or made_by is None:
                return "✗" in screen_text(app)
            return bool(session.target and session.target.embedder) and all(
                found.hits or found.error for found in answers(app)
            )

        await until(pilot, is_over)
        return screen_text(app), list(room.embedded)


async def test_a_typed_text_is_embedded_by_the_model_that_is_remembered() -> None:
    screen, embedded = await asked_for("who walked on the moon")
    assert embedded == [(MODEL.choice, SearchedVector("a", 384, False, MODEL), "who walked on the moon", "")]
    assert "overlap@10" in screen


async def test_a_typed_image_is_embedded_too(tmp_path: Path) -> None:
    _, embedded = await asked_for(f"{tmp_path}/moon.PNG")
    assert embedded == [(MODEL.choice, SearchedVector("a", 384, False, MODEL), "", f"{tmp_path}/moon.PNG")]


async def test_what_can_not_be_embedded_is_said() -> None:
    screen, _ = await asked_for("moon", error="some/model is not on this machine; get it")
    assert "✗ some/model is not on this machine; get it" in screen
    screen, embedded = await asked_for("moon.png", made_by=None)
    assert "doesn't know which model made its vectors" in " ".join(screen.split())
    assert embedded == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_model_is_named_for_a_collection_that_remembers_none(tmp_path: Path, size: tuple[int, int]) -> None:
    app, room = make((view("a", origin="scans"), view("a__binary", "binary")))
    async with app.run_test(size=size) as pilot:
        await until_seen(pilot, "collection")
        await pilot.press("2")
        await until_seen(pilot, "the reference")
        await pilot.press("slash", *'"moon"', "enter")
        await until_seen(pilot, "name the model by M")
        await pilot.press("escape", "M")
        await until_seen(pilot, "with what the collection remembers")
        await pilot.press("f10")
        await until_seen(pilot, "colbert-ir/colbertv2.0")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query_one("#model-name", Input).value == "colbert-ir/colbertv2.0")
        await pilot.press("enter")
        searched_ = SearchedVector("a", 384, False)
        await until(pilot, lambda: room.embedded == [(EmbedderChoice("colbert-ir/colbertv2.0"), searched_, "moon", "")])
        await until_seen(pilot, "overlap@10")
        await pilot.press("M")
        await until_seen(pilot, "with what the collection remembers")
        app.screen.query_one("#model-name", Input).value = str(tmp_path)
        await pilot.press("enter")
        await until(pilot, lambda: len(room.embedded) == 2)
        assert room.embedded[1][0] == EmbedderChoice(path=str(tmp_path))
        await pilot.press("M", "ctrl+u", "enter")
        await until_seen(pilot, "name the model by M")


async def test_a_column_that_another_model_made_says_so() -> None:
    other = replace(MODEL, model="another/model")
    screen, _ = await asked_for("moon", made_by=other)
    assert "can't be searched with" in " ".join(screen.split())


def test_ram_is_not_estimated_of_vectors_that_nobody_counts() -> None:
    one = view("pages", points=4)
    vector = replace(one.vectors[0], spec=replace(one.vectors[0].spec, multivector=True), vectors=4 * 1030)
    counted = replace(one, vectors=(vector,))
    assert ram(counted, " est").endswith(" est")
    uncounted = replace(counted, served=Served(unknown={TOKENS: "a server doesn't count them"}))
    assert (ram(uncounted, " est"), uncounted.documents, counted.documents) == ("–", None, 4)


# --- the setup ------------------------------------------------------------------------------------------------


async def test_keys_that_come_all_at_once_go_where_they_were_meant() -> None:
    app, _ = make(())
    async with app.run_test(size=NARROW) as pilot:
        dialog = await open_setup(pilot)
        put(app, "setup-kind", "embed")
        await until_seen(pilot, "documents")
        dialog.query_one("#setup-documents").focus()
        await until(pilot, lambda: app.focused is dialog.query_one("#setup-documents"))
        keys = [*((each, each) for each in "many"), ("tab", "\t"), *((each, each) for each in "clip")]
        for key, character in (*keys, ("shift+tab", None), ("s", "s")):
            app.post_message(Key(key, character))
        await until(pilot, lambda: (dialog.text.documents, dialog.text.model) == ("manys", "clip"))


async def test_embedding_that_is_cancelled_leaves_no_collection() -> None:
    app, room = make(())

    async def load(*loads: LoadRequest) -> AsyncGenerator[Event, None]:
        yield Progress("embed", loads[0].name, 3, 9, 1.0, 2.0)
        await asyncio.Event().wait()

    room.load = load  # type: ignore[method-assign]  # one load that goes on
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("f9")
        await until_seen(pilot, "33%")
        await pilot.press("escape")
        await until_seen(pilot, "no collection was begun; what was embedded is kept")

"""Documents and models in the setup, through Pilot, over a scripted room."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot
from textual.widgets import Input

from qtui.embedders import EmbedderChoice
from qtui.errors import AccessError
from qtui.loads import DocumentsSpec, SourceSpec
from qtui.tui.dialogs.models import ModelsDialog
from qtui.tui.dialogs.setup import SetupDialog
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.controls import Choice
from tests.tui.driving import make, screen_text, until, until_seen

WIDE, NARROW = (120, 40), (80, 24)
COLPALI, COLBERT = "Qdrant/colpali-v1.3-fp16", "colbert-ir/colbertv2.0"


async def open_models(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: pilot.app.query_one(CollectionsPanel).can_make("new"))
    await pilot.press("n")
    await until_seen(pilot, "✓ 5 collections of 5,000 points")
    await pilot.press("f10")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelsDialog))
    await until_seen(pilot, COLBERT)


async def test_a_model_that_is_here_fills_the_form_and_documents_are_loaded(tmp_path) -> None:
    app, room = make(())
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_models(pilot)
        text = screen_text(app)
        assert text.index(COLBERT) < text.index(COLPALI)  # what is here comes first
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SetupDialog))
        assert app.screen.query_one("#setup-kind", Choice).value == "embed"
        await until_seen(pilot, "documents: type a folder, a file or a pattern")
        app.screen.query_one("#setup-documents", Input).value = f"{tmp_path}; {tmp_path}/*.png"
        await until_seen(pilot, "✓ 4 × 1,030 tokens × 128")
        assert "embedding comes before" in screen_text(app)
        await pilot.press("f9")
        await until(pilot, lambda: room.asked)
        await until_seen(pilot, "5 collections ready")
    documents = DocumentsSpec((str(tmp_path), f"{tmp_path}/*.png"), EmbedderChoice(COLBERT))
    assert room.asked[0].source == SourceSpec("embed", documents=documents)


async def test_a_download_is_asked_for_first_shown_and_cancelled() -> None:
    app, room = make(())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_models(pilot)
        await pilot.press("down", "enter")
        await until_seen(pilot, "is 6.1 GiB under the licence gemma.")
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: "vectors a token" not in screen_text(app))
        assert "is 6.1 GiB under the licence gemma." in screen_text(app)
        assert not room.fetched
        await pilot.press("escape")
        await until_seen(pilot, "not here: d downloads 6.1 GiB")
        room.gate = asyncio.Semaphore(0)
        await pilot.press("d", "d")
        await until_seen(pilot, "512.0 MiB of 1.0 GiB (50%)")
        await pilot.press("escape")
        await until_seen(pilot, "cancelled: what came is kept")
        room.gate = None
        room.error_at_end = AccessError("the hub can't be reached; use one that is here")
        await pilot.press("d", "d")
        await until_seen(pilot, "✗ the hub can't be reached; use one that is here")
        room.error_at_end = None
        await pilot.press("d", "d")
        await until(pilot, lambda: screen_text(app).count("✓") == 3)
        assert room.fetched == [COLPALI] * 3
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SetupDialog))

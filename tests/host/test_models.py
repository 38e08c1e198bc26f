"""Listing, downloading and asking models in a process of their own, from a hub on this machine."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from qtui.data.embed import models, open_embedder
from qtui.data.embed.fetch import fetch as fetch_here
from qtui.data.embed.fetch import missing_bytes
from qtui.embedders import EmbedderChoice, EmbedderSpec, Kind, SearchedVector
from qtui.errors import AccessError, DiskFull, UsageError
from qtui.events import Event, Progress
from qtui.host.client import EngineRoom
from qtui.host.once import fetch
from tests import hub, standins

MINILM, REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2", "Qdrant/all-MiniLM-L6-v2-onnx"


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A hub with one model, and nothing on this machine."""
    with hub.serving({REPOSITORY: standins.dense_text(tmp_path / "published")}) as served:
        for name, value in (
            ("FASTEMBED_CACHE_PATH", str(tmp_path / "cache")),
            ("HF_HOME", str(tmp_path / "hf")),
            ("HF_ENDPOINT", served[0]),
            ("HF_HUB_DISABLE_XET", "1"),
        ):
            monkeypatch.setenv(name, value)
        yield served


async def test_a_model_is_downloaded_with_progress_cancelled_and_gone_on_with(published, tmp_path) -> None:
    _, gate, asked = published
    async with aclosing(fetch(MINILM, tmp_path)) as events:
        async for event in events:
            assert isinstance(event, Progress)
            assert event.stage == "download"
            assert event.total is not None
            assert 0 <= event.done < event.total
            if any(each.startswith(f"GET {REPOSITORY}/resolve") for each in asked):
                break
    gate.set()
    happened: list[Event] = [event async for event in fetch(MINILM, tmp_path)]
    last = happened[-1]
    assert isinstance(last, Progress)
    assert last.done == last.total
    assert [event async for event in fetch_here(MINILM)] == []
    here = {facts.model: facts.cached for facts in models()}
    assert str(tmp_path / "cache") in str(here[MINILM])
    assert open_embedder(EmbedderChoice(MINILM)).embed_query("hello").shape == (384,)


async def test_offline_and_unknown_to_the_hub_are_said_at_once_with_what_can_be_done(
    standin_models, published, monkeypatch
) -> None:
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(standin_models))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(AccessError, match="the hub can't be reached; use one that is here: Qdrant/colpali") as caught:
        missing_bytes("Qdrant/colmodernvbert")
    assert "953.7 MiB to download, licence mit" in caught.value.text
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", published[0])
    with pytest.raises(AccessError, match="the hub has no 'Qdrant/colmodernvbert'"):
        missing_bytes("Qdrant/colmodernvbert")
    assert missing_bytes(MINILM) == 0
    monkeypatch.setattr("qtui.data.embed.fetch.missing_bytes", lambda _: 2**60)
    with pytest.raises(DiskFull, match=r"takes 1024\.0 PiB and .* left; free some"):
        _ = [event async for event in fetch_here("Qdrant/colmodernvbert")]


async def test_queries_are_embedded_or_refused_for_the_collection(standin_models, tmp_path) -> None:
    room = EngineRoom(tmp_path / "store")
    choice = EmbedderChoice("Qdrant/colpali-v1.3-fp16")
    try:
        first, second = await asyncio.gather(
            room.embed_query(choice, SearchedVector("c", 128, multivector=True), text="a query"),
            room.embed_query(choice, text="a query"),
        )
        assert first == second
        assert {len(token) for token in first.values} == {128}
        made_by = EmbedderSpec("other", Kind.LATE_TEXT, 128)
        assert choice.model in {facts.model for facts in await room.models() if facts.cached}
        with pytest.raises(UsageError, match="it was embedded with 'other'"):
            await room.embed_query(choice, SearchedVector("c", 128, multivector=True, embedder=made_by), text="x")
    finally:
        await room.close()

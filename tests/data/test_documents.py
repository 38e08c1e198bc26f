"""Documents of every kind into the cache and into collections: what is broken is told and left out, nothing twice."""

from __future__ import annotations

import asyncio
import json
import threading
import weakref
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qtui.data.describe import describe
from qtui.data.documents import ingest, reading
from qtui.data.documents.embedded import open_embedded
from qtui.data.documents.finding import find
from qtui.data.documents.ingest import prepare
from qtui.data.embed.cache import EmbeddingCache
from qtui.data.embed.running import Running
from qtui.data.load import load
from qtui.data.vectors import open_vectors
from qtui.embedders import EmbedderChoice, Kind
from qtui.engine import open as engines
from qtui.errors import DataError, DiskFull, NotFound, QtuiError, UsageError
from qtui.events import BuildDone, Event, Progress, Skipped
from qtui.loads import BuildJob, BuildSpec, DocumentsSpec, SourceSpec
from qtui.model import Distance

COLPALI, MINILM, CLIP = "Qdrant/colpali-v1.3-fp16", "sentence-transformers/all-MiniLM-L6-v2", "Qdrant/clip-ViT-B-32"


@pytest.fixture(autouse=True)
def here(standin_models, monkeypatch):
    """Models are here, and every step is told."""
    monkeypatch.setattr(ingest, "_EVERY_S", 0.0)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "documents"
    made.mkdir()
    return made


def asked(*paths: Path | str, model: str = MINILM, field: str = "") -> DocumentsSpec:
    return DocumentsSpec(tuple(map(str, paths)), EmbedderChoice(model), field)


async def embedded(documents: DocumentsSpec) -> list[Event]:
    return [event async for event in prepare(documents, "c")]


def skipped(events: list[Event]) -> dict[str, str]:
    return {name: why for event in events if isinstance(event, Skipped) for name, why in event.documents}


def payloads(documents: DocumentsSpec) -> list[Any]:
    with open_embedded(documents) as source:
        return source.payloads(0, source.rows)


def photo(path: Path, seed: int = 0, size: tuple[int, int] = (90, 60), **options: Any) -> Path:
    Image.effect_noise(size, 40 + seed).convert("RGB").save(path, **options)
    return path


@pytest.fixture
def calls(monkeypatch):
    """Every document that a model was given."""
    given: list[object] = []
    for name in ("embed_texts", "embed_images"):
        real = getattr(Running, name)

        def counted(self, batch, real=real):
            given.extend(batch)
            return real(self, batch)

        monkeypatch.setattr(Running, name, counted)
    return given


# --- what is read -------------------------------------------------------------------------------------------


async def test_images_of_every_kind_in_the_order_of_their_names(folder) -> None:
    photo(folder / "a.jpg")
    Image.new("CMYK", (40, 40), (0, 200, 200, 0)).save(folder / "b-cmyk.jpg")
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(folder / "c_clear.png")
    frames = [Image.new("RGB", (30, 30), color) for color in ("red", "blue")]
    frames[0].save(folder / "d.webp", lossless=True, save_all=True, append_images=frames[1:])
    frames[0].save(folder / "e.tiff", save_all=True, append_images=frames[1:])
    (folder / "inner").mkdir()
    photo(folder / "inner" / "f.PNG", 1)
    photo(folder / ".hidden.png")
    (folder / "inner" / "notes.bin").write_bytes(b"no document")
    documents = asked(folder, model=CLIP)
    events = await embedded(documents)
    assert not skipped(events)
    found = payloads(documents)
    assert [each["title"] for each in found] == ["a", "b cmyk", "c clear", "d", "e", "e", "f"]
    assert [each.get("page") for each in found] == [None] * 4 + [1, 2, None]
    assert found[-1]["image"] == str(folder / "inner" / "f.PNG")
    with open_embedded(documents) as source:
        vectors = source.rows_at(range(source.rows))
        assert source.distance is Distance.COSINE
    # transparent is white, an animation is its first frame, and so equal to the first page
    np.testing.assert_array_equal(vectors[3], vectors[4])
    assert not np.allclose(vectors[4], vectors[5])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.png", b"", "is empty"),
        ("text.jpg", b"hello, I am no image", "is not an image that can be read"),
        ("cut.png", None, "is broken"),
        ("no.pdf", b"%PDF-1.7 nothing", "it is not a PDF, or damaged"),
    ],
)
async def test_what_is_broken_is_told_and_the_rest_goes_on(name, content, said, folder) -> None:
    whole = photo(folder / "whole.png").read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    documents = asked(folder, model=CLIP)
    events = await embedded(documents)
    assert list(skipped(events)) == [name]
    assert said in skipped(events)[name]
    assert [each["title"] for each in payloads(documents)] == ["whole"]


async def test_a_hundred_megapixels_are_shrunk_and_ten_times_that_refused(folder, monkeypatch) -> None:
    Image.new("1", (12_000, 9_000)).save(folder / "huge.png")
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 60_000_000)
    await embedded(asked(folder, model=CLIP))
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 50_000_000)
    Image.new("1", (11_999, 9_000)).save(folder / "huge.png")
    with pytest.raises(DataError, match="not one of the documents"):
        await embedded(asked(folder, model=CLIP))


async def test_pdf_pages_are_images_or_texts_as_the_model_takes_them(folder) -> None:
    pages = [Image.new("RGB", (200, 280), color) for color in ("white", "gray")]
    pages[0].save(folder / "scan.pdf", save_all=True, append_images=pages[1:])
    (folder / "words.pdf").write_bytes(_words_pdf("Quarterly results"))
    documents = asked(folder, model=COLPALI)
    assert not skipped(await embedded(documents))
    assert [(each["title"], each["page"]) for each in payloads(documents)] == [("scan", 1), ("scan", 2), ("words", 1)]
    with open_embedded(documents) as source:
        assert [vectors.shape for vectors in source.rows_at([0, 2])] == [(1030, 128)] * 2
    texts = asked(folder)
    assert "holds no text" in skipped(await embedded(texts))["scan.pdf, page 2"]
    assert [each["text"].strip() for each in payloads(texts)] == ["Quarterly results"]


def _words_pdf(words: str) -> bytes:
    content = f"BT /F1 24 Tf 40 100 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(body),
    )


async def test_texts_in_files_and_rows(folder) -> None:
    (folder / "a.txt").write_text("plain", "utf-8")
    (folder / "b.md").write_bytes("\ufeff# head".encode())
    (folder / "c.txt").write_bytes("sixteen".encode("utf-16"))
    (folder / "d.txt").write_bytes(b"caf\xe9")
    (folder / "e.txt").write_text(" \n")
    (folder / "f.txt").write_bytes(b"a\0b")
    (folder / "g.csv").write_text("title;text\nT;first\nU;\n")
    (folder / "h.jsonl").write_text('{"body": "row", "n": 1}\n\n{"body": 3}\n')
    (folder / "i.jsonl").write_text('{"text": "x"}\n{no json\n')
    photo(folder / "j.png")
    documents = asked(folder)
    why = skipped(await embedded(documents))
    assert [each["text"] if "text" in each else each["body"] for each in payloads(documents)] == [
        "plain",
        "# head",
        "sixteen",
        "first",
        "row",
        "x",
    ]
    assert why["d.txt"] == "it is not UTF-8 text; convert it"
    assert why["e.txt"] == "it is empty"
    assert "zero bytes" in why["f.txt"]
    assert why["g.csv, row 2"] == why["h.jsonl, row 2"].replace("'body'", "'text'") == "its field 'text' holds no text"
    assert "line 2 of 'i.jsonl' is not JSON" in why["i.jsonl"]
    assert why["j.png"] == "the model takes no images"


async def test_which_field_is_the_text(folder) -> None:
    (folder / "x.csv").write_text("word,gloss\nmoon,a satellite\n")
    with pytest.raises(UsageError, match=r"which field of 'x.csv' is the text.*--text-field: 'word', 'gloss'"):
        await embedded(asked(folder))
    with pytest.raises(UsageError, match="has no field 'meaning'"):
        await embedded(asked(folder, field="meaning"))
    chosen = asked(folder, field="gloss")
    await embedded(chosen)
    assert payloads(chosen) == [{"word": "moon", "gloss": "a satellite"}]


async def test_payload_comes_from_beside_the_file(folder) -> None:
    for name in ("a.png", "b.png", "c.png", "d.png"):
        photo(folder / name, ord(name[0]))
    (folder / "a.json").write_text('{"title": "Financial Report", "type": "report", "topic": "finance"}')
    (folder / "b.png.json").write_text('{"title": "B"}')
    (folder / "metadata.jsonl").write_text('{"file_name": "c.png", "topic": "space"}\n')
    (folder / "d.json").write_text("[1]")
    documents = asked(folder, model=CLIP)
    assert skipped(await embedded(documents)) == {"d.png": "'d.json' beside it is not an object; write {…}"}
    first, second, third = payloads(documents)
    assert first == {
        "title": "Financial Report",
        "type": "report",
        "topic": "finance",
        "image": str(folder / "a.png"),
    }
    assert (second["title"], third["topic"]) == ("B", "space")


async def test_what_is_asked_for_must_be_there(folder) -> None:
    photo(folder / "a.png")
    for paths, kind, said in (
        ((folder / "gone",), NotFound, "no file or folder"),
        ((f"{folder}/*.jpg",), NotFound, "nothing matches"),
        ((folder / "a.png",), UsageError, r"takes texts and there are only 1 \.png"),
    ):
        with pytest.raises(kind, match=said):
            await embedded(asked(*paths))
    (folder / "b.zip").write_bytes(b"PK")
    (folder / "empty").mkdir()
    for path, said in ((folder / "b.zip", "is no document"), (folder / "empty", "no documents in")):
        with pytest.raises(UsageError, match=said):
            await embedded(asked(path))
    with pytest.raises(UsageError, match="are not embedded yet"):
        open_embedded(asked(f"{folder}/*.png", model=CLIP))


def test_a_source_is_described_before_it_is_embedded(folder) -> None:
    photo(folder / "a.png")
    photo(folder / "b.png", 1)
    facts = describe(SourceSpec("embed", documents=asked(folder, model=COLPALI)))
    assert (facts.rows, facts.dimension, facts.multivector, facts.vectors) == (2, 128, True, 2060)
    assert facts.name == f"documents, by {COLPALI}"
    with pytest.raises(UsageError, match="takes long: choose a folder further down"):
        find((str(folder),), -1.0)
    with pytest.raises(UsageError, match="takes texts"):
        describe(SourceSpec("embed", documents=asked(folder)))


# --- nothing twice ------------------------------------------------------------------------------------------


async def test_nothing_is_embedded_twice(folder, calls) -> None:
    lines = [json.dumps({"text": f"number {n % 5}", "n": n}) for n in range(10)]
    (folder / "a.jsonl").write_text("\n".join(lines))
    documents = asked(folder)
    events = await embedded(documents)
    assert len(calls) == 5
    progress, done = events[-2:]
    assert isinstance(progress, Progress)
    assert (progress.stage, progress.done, progress.remaining_s) == ("embed", 10, 0)
    assert [each["n"] for each in payloads(documents)] == list(range(10))
    assert await embedded(documents) == [done]
    (folder / "b.txt").write_text("another")
    await embedded(documents)
    assert len(calls) == 6
    assert len(payloads(documents)) == 11
    with open_embedded(documents) as source:
        before = source.fingerprint()
    (folder / "b.txt").touch()
    await embedded(documents)
    with open_embedded(documents) as source:
        assert source.fingerprint() == before
    assert len(calls) == 6


async def test_a_kill_loses_at_most_the_batch_under_way(folder, calls, monkeypatch) -> None:
    monkeypatch.setattr(ingest, "TEXTS_AT_ONCE", 2)
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": f"number {n}"}) for n in range(9)))
    documents = asked(folder)
    async with aclosing(prepare(documents, "c")) as events:
        async for event in events:
            if isinstance(event, Progress) and event.stage == "embed" and event.done >= 4:
                break
    done = len(calls)
    assert done < 9
    await embedded(documents)
    assert len(calls) == 9
    assert len(payloads(documents)) == 9


async def test_a_batch_that_is_being_kept_is_kept_when_it_is_cancelled(folder, calls, monkeypatch) -> None:
    monkeypatch.setattr(ingest, "TEXTS_AT_ONCE", 2)
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": f"number {n}"}) for n in range(9)))
    begun, gate, real = threading.Event(), threading.Event(), EmbeddingCache.put

    def held(self, rows):
        begun.set()
        assert gate.wait(60)
        return real(self, rows)

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddingCache, "put", held)
        task = asyncio.ensure_future(embedded(asked(folder)))
        assert await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    await embedded(asked(folder))
    assert len(calls) <= 9 + 2
    assert calls.count("number 0") == calls.count("number 1") == 1


async def test_at_most_two_batches_are_in_memory(folder, monkeypatch) -> None:
    for at in range(12):
        photo(folder / f"{at:02}.png", at)
    alive: list[weakref.ref[Image.Image]] = []
    most = 0
    real = reading.image_of

    def watched(document):
        nonlocal most
        image = real(document)
        alive.append(weakref.ref(image))
        most = max(most, sum(each() is not None for each in alive))
        return image

    monkeypatch.setattr(ingest, "image_of", watched)
    await embedded(asked(folder, model=COLPALI))
    assert most <= 2 * ingest.LATE_IMAGES_AT_ONCE


# --- the cache ----------------------------------------------------------------------------------------------


async def test_a_full_disk_is_said_and_what_was_embedded_is_kept(folder, calls, monkeypatch) -> None:
    monkeypatch.setattr(ingest, "TEXTS_AT_ONCE", 4)
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": f"number {n}"}) for n in range(40)))
    real = EmbeddingCache.__init__

    def narrow(self, spec):
        real(self, spec)
        self._db.execute(f"PRAGMA max_page_count = {self._db.execute('PRAGMA page_count').fetchone()[0] + 8}")

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddingCache, "__init__", narrow)
        with pytest.raises(DiskFull, match="no space is left for the cache of embeddings"):
            await embedded(asked(folder))
    done = len(calls)
    await embedded(asked(folder))
    assert len(calls) - done < 40


# --- into a collection --------------------------------------------------------------------------------------


async def test_documents_are_loaded_and_their_model_is_remembered(folder, tmp_path) -> None:
    for name in ("a.png", "b.png"):
        photo(folder / name, ord(name[0]))
    (folder / "c.png").write_bytes(b"broken")
    source = SourceSpec("embed", documents=asked(folder, model=COLPALI))
    build = BuildSpec(distance=Distance.DOT, vector_name="colpali")
    engine = await engines.open_embedded(tmp_path / "store")
    try:
        for method in ("binary", "scalar"):
            job = BuildJob(str(tmp_path / "store"), method, method, source, build)
            events = [event async for event in load(engine, job)]
            assert list(skipped(events)) == (["c.png"] if method == "binary" else [])
            assert [each.points for each in events[-1:] if isinstance(each, BuildDone)] == [2]
        view = await engine.view("binary")
        assert view.embedder is not None
        assert (view.embedder.model, view.embedder.kind) == (COLPALI, Kind.LATE_MULTIMODAL)
        vector = view.vector("colpali")
        assert (vector.spec.hnsw.m if vector.spec.hnsw else None, vector.vectors) == (0, 2060)
        with open_vectors(source) as opened:
            assert opened.multivector
    finally:
        await engine.close()


async def test_embedding_can_be_cancelled(folder) -> None:
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": f"number {n}"}) for n in range(600)))

    async def first() -> None:
        async for _ in prepare(asked(folder), "c"):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(first())
    await asyncio.wait({task}, timeout=0.2)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, QtuiError)):
        await task

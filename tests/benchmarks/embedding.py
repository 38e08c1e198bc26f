"""Embedding: seconds of the whole way into the cache over a bare fastembed loop, and peak memory with 10 times as much.

Ours finds the documents, reads them, embeds, checks, and writes to the cache; the bare loop only embeds. Both load the
model within their time, and both take batches of the same size.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastembed import ImageEmbedding, LateInteractionMultimodalEmbedding, TextEmbedding
from PIL import Image

from qtui.data.documents import ingest
from qtui.data.samples import open_sample
from qtui.embedders import EmbedderChoice
from qtui.loads import DocumentsSpec
from tests import realmodel, standins

from . import bare
from .pairs import Ratio, in_turns

BOUND = 1.10
TEXTS, IMAGES, PAGES = 320, 64, 24
COLPALI, CLIP = "Qdrant/colpali-v1.3-fp16", "Qdrant/clip-ViT-B-32-vision"
_SLACK = 32 * 2**20
"""What the allocator may differ by."""


def ratios(scratch: Path, pairs: int) -> list[Ratio]:
    """Texts by a real model, in the file's order and in the order of their lengths; images and pages by stand-ins."""
    return [*_texts(scratch, pairs), *_images(scratch, pairs), memory_of_texts(scratch), memory_of_images(scratch)]


def _texts(scratch: Path, pairs: int) -> list[Ratio]:
    try:
        model = realmodel.minilm(scratch / "minilm")
    except pytest.skip.Exception as reason:
        sys.stderr.write(f"texts are left out: {reason}\n")
        return []
    texts = _sample(TEXTS)
    file = _table(scratch / "texts.jsonl", texts)
    ordered = []
    for at in range(0, len(texts), ingest._WINDOW):
        ordered += sorted(texts[at : at + ingest._WINDOW], key=len)

    def loop(given: list[str]) -> Callable[[], float]:
        def timed() -> float:
            began = time.perf_counter()
            network = TextEmbedding(realmodel.MODEL, specific_model_path=str(model))
            for _ in network.passage_embed(given, batch_size=ingest.TEXTS_AT_ONCE):
                pass
            return time.perf_counter() - began

        return timed

    def ours() -> float:
        return _ours(scratch, file, EmbedderChoice(realmodel.MODEL, str(model)))

    note = f"{TEXTS:,} texts, {ingest.TEXTS_AT_ONCE} at once, real model"
    return [
        in_turns("embedding texts / bare fastembed loop", ours, loop(texts), pairs=pairs, bound=BOUND, note=note),
        in_turns("  / the same, shortest first", ours, loop(ordered), pairs=pairs, bound=BOUND, note=note),
    ]


def _images(scratch: Path, pairs: int) -> list[Ratio]:
    clip = standins.dense_image(_made(scratch / "clip"))
    colpali = standins.colpali(_made(scratch / "colpali"))
    photos = _photos(scratch / "photos", IMAGES, (640, 480))
    pages = _photos(scratch / "pages", PAGES, (1240, 1754))

    def one_vector() -> float:
        began = time.perf_counter()
        network = ImageEmbedding(CLIP, specific_model_path=str(clip))
        for _ in network.embed(sorted(photos.iterdir()), batch_size=ingest.IMAGES_AT_ONCE):
            pass
        return time.perf_counter() - began

    def many_vectors() -> float:
        began = time.perf_counter()
        network = LateInteractionMultimodalEmbedding(COLPALI, specific_model_path=str(colpali))
        for _ in network.embed_image(sorted(pages.iterdir()), batch_size=ingest.LATE_IMAGES_AT_ONCE):
            pass
        return time.perf_counter() - began

    return [
        in_turns(
            "embedding images / bare fastembed loop",
            lambda: _ours(scratch, photos, EmbedderChoice(CLIP, str(clip))),
            one_vector,
            pairs=pairs,
            bound=BOUND,
            note=f"{IMAGES} of 640 x 480, {ingest.IMAGES_AT_ONCE} at once, stand-in",
        ),
        in_turns(
            "embedding pages, 1030 vectors each / bare fastembed loop",
            lambda: _ours(scratch, pages, EmbedderChoice(COLPALI, str(colpali))),
            many_vectors,
            pairs=pairs,
            bound=BOUND,
            note=f"{PAGES} of 1240 x 1754, {ingest.LATE_IMAGES_AT_ONCE} at once, stand-in",
        ),
    ]


def memory_of_texts(scratch: Path) -> Ratio:
    """Peak memory of embedding 10 times as many texts over that of the fewer, each in a process of its own."""
    model = standins.dense_text(_made(scratch / "texts-model"))

    def made(count: int) -> Path:
        texts = [f"{number} {'words ' * (number % 40)}" for number in range(count)]
        return _table(scratch / f"{count}.jsonl", texts)

    return _memory(scratch, "texts", model, made, 600)


def memory_of_images(scratch: Path) -> Ratio:
    """The same of images, of which the many would take half a GiB if they were held."""
    model = standins.dense_image(_made(scratch / "images-model"))
    return _memory(scratch, "images", model, lambda count: _photos(scratch / f"{count}", count, (320, 240)), 200)


def _memory(scratch: Path, what: str, model: Path, made: Callable[[int], Path], few: int) -> Ratio:
    peaks = []
    for count in (few, 10 * few):
        command = [sys.executable, "-m", "tests.benchmarks.embedding", str(scratch), str(made(count)), str(model)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[-1]))
    note = f"{few:,} to {10 * few:,} {what}: {peaks[0] / 2**20:.0f} to {peaks[1] / 2**20:.0f} MiB"
    ratio = (peaks[1] - _SLACK) / peaks[0]
    return Ratio(f"peak memory of embedding {what}, 10 times as many", (ratio,), 1.0, note=note)


def _ours(scratch: Path, documents: Path, choice: EmbedderChoice) -> float:
    """Seconds until all is embedded and kept, into a cache that holds nothing yet."""
    home = _made(scratch / "home")
    os.environ["QTUI_HOME"] = str(home)

    async def run() -> None:
        async for _ in ingest.prepare(DocumentsSpec((str(documents),), choice), "timed"):
            pass

    try:
        began = time.perf_counter()
        asyncio.run(run())
        return time.perf_counter() - began
    finally:
        del os.environ["QTUI_HOME"]
        shutil.rmtree(home)


def _sample(count: int) -> list[str]:
    with open_sample() as source:
        return [str((payload or {})["text"]) for payload in source.payloads(0, count)]


def _table(file: Path, texts: list[str]) -> Path:
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return file


def _photos(folder: Path, count: int, size: tuple[int, int]) -> Path:
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(count):
        coarse = draw.integers(0, 256, (24, 32, 3), np.uint8)
        Image.fromarray(coarse).resize(size).save(folder / f"{number:04}.jpg")
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    _ours(Path(sys.argv[1]), Path(sys.argv[2]), EmbedderChoice(None, sys.argv[3]))
    sys.stdout.write(f"{bare.peak_bytes()}\n")

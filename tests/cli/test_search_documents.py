"""`qtui search --text` and `--image`: by the model that a collection remembers, by canned queries, or refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from qtui.data.load import load
from qtui.embedders import EmbedderChoice
from qtui.engine import open as engines
from qtui.loads import BuildJob, BuildSpec, DocumentsSpec, SourceSpec
from qtui.model import Distance
from qtui.pictured import sample_images
from tests import standins
from tests.cli.files import save
from tests.cli.running import called as qtui
from tests.cli.running import refused

COLPALI = "Qdrant/colpali-v1.3-fp16"
QUERY = "financial quarterly results revenue"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return standins.colpali(tmp_path_factory.mktemp("colpali"))


@pytest.fixture(scope="module")
def store(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pages` (an image model's vectors) and `canned` (the sample's), each in one store for reading alone."""
    folder = tmp_path_factory.mktemp("store")
    images = tuple(map(str, sorted(sample_images().glob("*.[jp][pn]g"))))
    pages = SourceSpec("embed", documents=DocumentsSpec(images, EmbedderChoice(COLPALI, str(model))))
    dot = BuildSpec(distance=Distance.DOT)
    for name, source in (("pages", pages), ("canned", SourceSpec("documents"))):
        asyncio.run(_filled(folder, source, dot, {"none": name, "binary": f"{name}__binary"}))
    plain = SourceSpec("file", path=str(save(folder / "x.npy")))
    asyncio.run(_filled(folder, plain, BuildSpec(hnsw_m=0), {"none": "plain"}))
    return folder


async def _filled(folder: Path, source: SourceSpec, build: BuildSpec, made: dict[str, str]) -> None:
    """As `qtui load` does, but in this process: the others would take most of the time."""
    engine = await engines.open_embedded(folder)
    try:
        for method, collection in made.items():
            async for _ in load(engine, BuildJob(str(folder), collection, method, source, build)):
                pass
    finally:
        await engine.close()


def test_a_page_finds_itself(store: Path) -> None:
    page = sample_images() / "titanic-newspaper.jpg"
    done = qtui("search", "pages", "pages__binary", "--image", page, "--limit", 4, "--json", "--path", store)
    assert done.code == 0, done
    assert done.json["query"]["title"] == "titanic-newspaper.jpg"
    for variant in done.json["variants"]:
        assert variant["hits"][0]["title"] == "Titanic Sinking"
        assert variant["raw_scores"] or variant["hits"][0]["score"] == pytest.approx(1030, rel=1e-4)


def test_a_text_is_embedded_by_the_model_that_is_remembered(store: Path) -> None:
    done = qtui("search", "pages", "--text", QUERY, "--limit", 4, "--json", "--path", store)
    assert done.code == 0, done
    reference, other = done.json["variants"]
    assert [hit["id"] for hit in reference["hits"]] == [hit["id"] for hit in other["hits"]]
    assert len(reference["hits"]) == 4
    assert done.json["query"] == {"title": QUERY, "point": None}


def test_canned_queries_need_no_model(store: Path) -> None:
    done = qtui("search", "canned", "canned__binary", "--text", QUERY, "--limit", 4, "--json", "--path", store)
    assert done.code == 0, done
    exact, *_, raw = done.json["variants"]
    assert [hit["title"] for hit in exact["hits"]] == [
        "Financial Report", "Einstein Theory", "Titanic Sinking", "Moon Landing",
    ]  # fmt: skip
    assert [hit["change"] for hit in raw["hits"]] == [0, 0, 1, -1], "one bit alone changes the order"


def test_what_does_not_fit_is_refused_with_the_reason(store: Path, model: Path, tmp_path: Path) -> None:
    at = ("--path", store)
    refused(2, "search", "plain", "--text", "owls", *at, saying="doesn't know which model made its vectors")
    refused(2, "search", "canned", "--text", "owls", *at, saying="no titled query holds 'owls'")
    with_model = ("--model", COLPALI, "--model-path", model)
    refused(2, "search", "plain", "--text", "owls", *with_model, *at, saying="makes several vectors a document")
    refused(2, "search", "pages", "--image", tmp_path / "no.png", *at, saying="no image")
    refused(2, "search", "pages", "--text", " ", *at, saying="--text is empty")
    refused(2, "search", "pages", "--text", "a", "--image", "b.png", *at, saying="give one of --text T")
    refused(2, "search", "pages", "--id", 1, "--model", "m", *at, saying="go with --text and --image")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    refused(4, "search", "pages", "--image", tmp_path / "torn.png", *at, saying="torn.png")


def test_a_collection_that_another_model_made_fails_alone(store: Path) -> None:
    done = qtui("search", "pages", "plain", "--text", QUERY, "--path", store)
    assert done.code == 0, done
    assert "failed: " in done.out
    assert "holds one a point" in " ".join(done.out.split())


def test_inspection_says_what_a_document_takes(store: Path) -> None:
    done = qtui("inspect", "pages__binary", "--path", store)
    assert done.code == 0, done
    assert "1,030.0 vectors on average: 515.0 KiB, 16.1 KiB quantized" in done.out
    assert "a document" not in qtui("inspect", "plain", "--path", store).out

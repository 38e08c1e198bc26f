"""Which demo the options of `qtui demo` mean, and what makes its vectors."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from qtui.commands.demo import chosen
from qtui.demos import DOCUMENTS, MODEL, PAGES, TEXTS, documents
from qtui.embedders import EmbedderChoice, EmbedderSpec, Kind
from qtui.errors import UsageError
from tests.cli.running import called as qtui
from tests.cli.running import refused
from tests.tui.scripted import view


def options(*, documents: bool = False, model_path: str | None = None) -> Namespace:
    return Namespace(documents=documents, model_path=model_path)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of models, and no other to be seen."""
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "shared"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path / "models"


def test_without_a_model_the_vectors_that_ship_stand_in(cache: Path) -> None:
    assert chosen(options()) is TEXTS
    assert chosen(options(documents=True)) == DOCUMENTS


def test_the_notebooks_model_is_used_where_it_is(cache: Path) -> None:
    snapshot = cache / f"models--{MODEL.replace('/', '--')}" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    for name in ("model.onnx", "tokenizer.json", "preprocessor_config.json"):
        (snapshot / name).write_text("x")
    assert chosen(options(documents=True)) == DOCUMENTS, "its weights are missing"
    (snapshot / "model.onnx_data").write_text("x")
    demo = chosen(options(documents=True))
    assert demo.embedder == EmbedderChoice(MODEL)
    for load in demo.loads:
        asked = load.source.documents
        assert load.source.kind == "embed"
        assert asked is not None
        assert [Path(path).name for path in asked.paths] == list(PAGES)
        assert all(Path(path).is_file() for path in asked.paths)
    assert [(load.name, load.build, load.methods) for load in demo.loads] == [
        (load.name, load.build, load.methods) for load in DOCUMENTS.loads
    ]
    assert demo.columns == DOCUMENTS.columns


def test_a_folder_of_the_model_is_for_documents(cache: Path) -> None:
    demo = chosen(options(documents=True, model_path="/models/colpali"))
    assert demo.embedder == EmbedderChoice(MODEL, "/models/colpali")
    with pytest.raises(UsageError, match="--model-path goes with --documents"):
        chosen(options(model_path="/models/colpali"))


def test_what_stood_in_is_no_substitute_once_a_model_is_wanted() -> None:
    views = [view(name) for name in DOCUMENTS.collections]
    made = [replace(each, embedder=EmbedderSpec(MODEL, Kind.LATE_MULTIMODAL, 128)) for each in views]
    with_model = documents(EmbedderChoice(MODEL))
    assert DOCUMENTS.is_ready(views)
    assert DOCUMENTS.is_ready(made)
    assert with_model.is_ready(made)
    assert not with_model.is_ready(views)
    assert not DOCUMENTS.is_ready(views[:1])
    assert not DOCUMENTS.is_ready([views[0], replace(views[1], status="partial")])


def test_without_a_terminal_the_flow_is_text(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_URL", "http://127.0.0.1:9")  # a demo has nothing to do with it
    done = qtui("demo", "--documents")
    assert done.code == 0, done
    head, *blocks = done.out.split("\n\n")
    assert "token vectors of the documents' texts, not ColPali's" in head
    assert "colpali-scalar  4 documents, 1,835 vectors of 128, 0 of 1 segments quantized" in head
    assert "917 KB stay below the indexing threshold of 10,000 KB" in head
    assert "colpali-binary  4 documents, 1,835 vectors of 128, 1 of 1 segments quantized" in head
    assert blocks[0].startswith("query   financial quarterly results revenue")
    assert "1 colpali-scalar · rescore x2" in blocks[1]
    assert "2 colpali-binary · rescore x2" in blocks[1]
    raw = blocks[2].splitlines()
    assert raw[0] == "3 colpali-binary · no rescore"
    assert [line.split(maxsplit=4)[-1] for line in raw[-4:]] == [
        "Financial Report", "Einstein Theory", "Moon Landing", "Titanic Sinking",
    ]  # fmt: skip
    monkeypatch.delenv("QDRANT_URL")
    built = qtui("reconfigure", "colpali-scalar", "--indexing-threshold", 1, "--confirm", "colpali-scalar")
    assert built.code == 0, built
    again = qtui("demo", "--documents")
    assert "1,835 vectors of 128, 1 of 1 segments quantized" in again.out
    assert "⚠" not in again.out
    refused(2, "demo", "--documents", "--url", "http://x", saying="leave out --url")

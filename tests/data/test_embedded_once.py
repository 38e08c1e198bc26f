"""Documents are embedded once, for whoever wants them: a load, a run, its queries; and what is cut is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtui.data.documents.embedded import open_embedded
from qtui.data.documents.ingest import prepare
from qtui.embedders import Embedded, EmbedderChoice, EmbedderSpec, Kind
from qtui.events import BuildDone, Cut, Event, Progress
from qtui.host import build
from qtui.host.preparing import Preparation
from qtui.loads import BuildJob, DocumentsSpec, LoadRequest, SourceSpec
from qtui.plan import BenchRequest
from tests.cli.running import called as qtui
from tests.cli.running import refused

MINILM, COLBERT = "sentence-transformers/all-MiniLM-L6-v2", "colbert-ir/colbertv2.0"
MADE_BY = EmbedderSpec(COLBERT, Kind.LATE_TEXT, 128, "0123")


def asked(*paths: Path | str, model: str = MINILM) -> DocumentsSpec:
    return DocumentsSpec(tuple(map(str, paths)), EmbedderChoice(model))


async def embedded(documents: DocumentsSpec) -> list[Event]:
    return [event async for event in prepare(documents, "c")]


@pytest.fixture
def folder(tmp_path: Path, standin_models: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    return made


async def test_a_text_longer_than_the_model_reads_is_told_every_time(folder: Path) -> None:
    (folder / "fits.txt").write_text("x" * 200)
    (folder / "long.txt").write_text("x" * 1000)
    rows = [{"text": "y" * 300, "title": "a novel"}, {"text": "short"}, {"text": "ż" * 200}]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    documents = asked(folder)
    told = [event for event in await embedded(documents) if isinstance(event, Cut)]
    assert told == [Cut(3, 256, ("long.txt", "a novel", "ż" * 60))]
    assert [event for event in await embedded(documents) if isinstance(event, Cut)] == told


async def test_queries_are_lines_and_embedded_as_such(folder: Path) -> None:
    (folder / "q.txt").write_text("who?\n\n  where? \n")
    documents = replace(asked(folder / "q.txt", model="colbert-ir/colbertv2.0"), queries=True)
    *_, done = await embedded(documents)
    assert isinstance(done, Embedded)
    with open_embedded(replace(documents, embedded=done)) as source:
        assert [(each or {})["text"] for each in source.payloads(0, source.rows)] == ["who?", "where?"]
        lengths = {len(tokens) for tokens in source.rows_at(range(source.rows))}
    assert lengths == {32}  # ColBERT fills its queries up


# --- once -------------------------------------------------------------------------------------------------------


class Model:
    """Stands for the process that embeds: what it was asked, and where it says that the vectors are."""

    def __init__(self) -> None:
        self.asked: list[DocumentsSpec] = []

    async def __call__(self, documents: DocumentsSpec, about: str) -> Any:
        self.asked.append(documents)
        yield Progress("embed", about, 1, 1, 0.0, None)
        yield Embedded(MADE_BY, f"key {len(self.asked)}")


async def test_all_methods_of_a_load_take_what_was_embedded_once(tmp_path: Path) -> None:
    model, built = Model(), []

    async def builder(job: BuildJob) -> Any:
        built.append(job)
        yield BuildDone(job.collection, 7, 0.0, 0.0)

    stale = replace(asked("notes/"), embedded=Embedded(MADE_BY, "of before"))
    request = LoadRequest("notes", SourceSpec("embed", documents=stale), ("scalar", "binary"))
    events = [event async for event in build.load_all(request, tmp_path, builder=builder, embedder=model)]
    assert model.asked == [asked("notes/")]
    assert [job.source.documents and job.source.documents.embedded for job in built] == [Embedded(MADE_BY, "key 1")] * 2
    assert Progress("embed", "notes__scalar", 1, 1, 0.0, None) in events
    assert not any(isinstance(event, Embedded) for event in events)


async def test_a_run_has_its_documents_and_its_queries_embedded(tmp_path: Path) -> None:
    model = Model()
    request = BenchRequest(source=SourceSpec("embed", documents=asked("notes/")), queries_file="questions.txt")
    preparation = Preparation(request, embedder=model)
    assert preparation.needed
    assert [event async for event in preparation.events()]
    assert model.asked == [asked("notes/"), replace(asked("questions.txt"), queries=True)]
    source = preparation.request.source
    assert source is not None
    assert source.documents is not None
    assert source.documents.embedded == Embedded(MADE_BY, "key 1")
    assert preparation.request.queries_embedded == Embedded(MADE_BY, "key 2")


@pytest.mark.parametrize(
    ("request_", "made_by", "models"),
    [
        (BenchRequest(collection="c", queries_file="q.txt"), MADE_BY, [COLBERT]),
        (BenchRequest(collection="c", queries_file="q.txt"), None, []),
        (BenchRequest(collection="c", queries_file="q.npy"), MADE_BY, []),
        (BenchRequest(collection="c"), MADE_BY, []),
        (BenchRequest(source=SourceSpec("file", path="v.npy"), queries_file="q.txt"), None, []),
    ],
)
async def test_queries_are_embedded_where_their_model_is_known(
    request_: BenchRequest, made_by: EmbedderSpec | None, models: list[str]
) -> None:
    model = Model()
    preparation = Preparation(request_, made_by, embedder=model)
    assert preparation.needed is bool(models)
    assert [event async for event in preparation.events()] or not models
    assert [each.embedder.model for each in model.asked] == models


# --- from the command line --------------------------------------------------------------------------------------


def test_documents_are_measured_with_questions_by_the_same_model(folder: Path, tmp_path: Path) -> None:
    rows = [{"text": f"{'word ' * (n % 7)}number {n}", "n": n} for n in range(40)]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "questions.txt").write_text("number 3\nword number 8\n")
    common = ("bench", "--vectors", folder, "--model", COLBERT, "--methods", "none", "--repeat", 1, "--json", "-")
    done = qtui(*common, "--queries", tmp_path / "questions.txt")
    assert done.code == 0, done
    found = done.json
    assert found["dataset"]["source"] == f"documents, by {COLBERT}"
    assert (found["dataset"]["points"], found["dataset"]["multivector"]) == (40, True)
    assert (found["dataset"]["queries"], found["dataset"]["query_origin"]) == (2, "file")
    assert "MaxSim" in found["dataset"]["truth"]["how"]
    assert found["measurements"][0]["recall"]["mean"] == 1.0
    assert found["collections"][0]["name"] == "documents"


def test_a_model_goes_with_documents() -> None:
    assert "go with documents" in refused(2, "bench", "--collection", "c", "--model", COLBERT)

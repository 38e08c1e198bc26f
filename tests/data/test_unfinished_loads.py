"""Loads that were asked for, kept until they are done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qtui.data.unfinished import UnfinishedLoads
from qtui.embedders import EmbedderChoice
from qtui.loads import BuildSpec, DocumentsSpec, LoadRequest, SourceSpec

DOCS = LoadRequest("docs", SourceSpec("file", path="/data/docs.npy"), ("none", "binary"), BuildSpec(hnsw_m=8))


def test_kept_by_place_until_they_are_forgotten(tmp_path: Path) -> None:
    here, there = UnfinishedLoads(tmp_path, "/store"), UnfinishedLoads(tmp_path, "http://localhost:6333")
    assert here.loads() == ()
    here.keep((DOCS, DOCS))
    assert UnfinishedLoads(tmp_path, "/store").loads() == (DOCS, DOCS)
    assert there.loads() == ()
    here.forget()
    assert here.loads() == ()
    here.forget()


def test_paths_mean_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    documents = DocumentsSpec(("scans/*.png",), EmbedderChoice(path="models/own"))
    source = SourceSpec("embed", path="v.npy", payload="p.jsonl", documents=documents)
    kept = UnfinishedLoads(tmp_path, "/store")
    kept.keep((LoadRequest("docs", source),))
    monkeypatch.chdir("/")
    ((found,)) = kept.loads()
    assert (found.source.path, found.source.payload) == (str(tmp_path / "v.npy"), str(tmp_path / "p.jsonl"))
    assert found.source.documents is not None
    assert found.source.documents.paths == (str(tmp_path / "scans/*.png"),)
    assert found.source.documents.embedder.path == str(tmp_path / "models/own")


def test_what_is_damaged_counts_as_nothing(tmp_path: Path) -> None:
    kept = UnfinishedLoads(tmp_path, "/store")
    kept.keep((DOCS,))
    (file,) = (tmp_path / "unfinished").iterdir()
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for damaged in (b"", b"[1]", file.read_bytes()[:-9]):
        file.write_bytes(damaged)
        assert kept.loads() == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_costs_the_memory_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    kept = UnfinishedLoads(tmp_path, "/store")
    kept.keep((DOCS,))
    assert kept.loads() == ()

"""What a form is told of a source before anything is loaded."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qtui.data.describe import describe
from qtui.errors import NotFound
from qtui.loads import SourceFacts, SourceSpec
from qtui.model import Distance
from tests.data import writers


def test_the_sample():
    facts = describe(SourceSpec("sample"))
    assert (facts.rows, facts.dimension, facts.multivector, facts.vectors) == (5_000, 384, False, 5_000)
    assert facts.payload_fields == ("word", "part", "text", "length")
    assert facts.queries == 300
    assert describe(SourceSpec("documents")).queries == 12


def test_generated_vectors():
    facts = describe(SourceSpec("synthetic", rows=70, dimension=8))
    assert (facts.rows, facts.dimension, facts.vectors, facts.payload_fields) == (70, 8, 70, ())


def test_tokens_of_a_multivector_are_counted(tmp_path):
    tokens = np.ones((10, 128), dtype=np.float32)
    np.savez(tmp_path / "docs.npz", vectors=tokens, offsets=np.array([0, 3, 4, 10]))
    facts = describe(SourceSpec("file", path=str(tmp_path / "docs.npz")))
    assert facts == SourceFacts("docs.npz", 3, 128, multivector=True, vectors=10)


def test_distance_and_payload_fields(tmp_path):
    writers.hdf5(tmp_path / "glove-angular.hdf5", writers.random_vectors(20, 4))
    writers.npy(tmp_path / "x.npy", writers.random_vectors(3, 4))
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in ({"a": 1}, None, {"b": 2, "a": 3})))
    assert describe(SourceSpec("file", path=str(tmp_path / "glove-angular.hdf5"))).distance in (None, Distance.COSINE)
    facts = describe(SourceSpec("file", path=str(tmp_path / "x.npy"), payload=str(tmp_path / "p.jsonl")))
    assert facts.payload_fields == ("a", "b")


def test_what_is_not_there(tmp_path):
    with pytest.raises(NotFound):
        describe(SourceSpec("file", path=str(tmp_path / "none.npy")))

"""The four documents that ship with qtui: pictures, what is known of them, and their token vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qtui.data import single
from qtui.data.samples import document_queries, open_documents
from qtui.demos import DOCUMENTS_NAME
from qtui.model import Distance
from qtui.pictured import sample_image, sample_images

FILES = ("financial-report.png", "titanic-newspaper.jpg", "men-walk-on-moon-newspaper.jpg", "einstein-newspaper.jpg")
KNOWN = (
    {"title": "Financial Report", "type": "report", "topic": "finance"},
    {"title": "Titanic Sinking", "type": "newspaper", "topic": "history"},
    {"title": "Moon Landing", "type": "newspaper", "topic": "space"},
    {"title": "Einstein Theory", "type": "newspaper", "topic": "science"},
)


def documents() -> list[np.ndarray]:
    with open_documents() as source:
        return list(next(source.blocks(source.rows))[1])


def test_four_multivectors_with_what_is_known_of_each():
    with open_documents() as source:
        assert (source.rows, source.dimension, source.multivector, source.distance) == (4, 128, True, Distance.DOT)
        payloads = source.payloads(0, 4)
    assert payloads == [{**known, "image": file} for known, file in zip(KNOWN, FILES, strict=True)]
    for tokens in documents():
        assert len(tokens) >= 400
        np.testing.assert_allclose(np.linalg.norm(tokens, axis=1), 1, atol=2e-3)


def test_pictures_look_like_pages_and_stand_beside_what_is_known():
    for file, known in zip(FILES, KNOWN, strict=True):
        path = sample_image(file)
        assert path is not None
        assert json.loads(path.with_suffix(".json").read_text()) == known
        with Image.open(path) as image:
            assert image.size == (1000, 1400)
            assert len(set(image.convert("L").resize((60, 84)).tobytes())) > 40, "an empty page"


@pytest.mark.parametrize("name", ["../texts.json", "none.png", "draw.py", "", "financial-report.json", "/etc/passwd"])
def test_only_pictures_of_the_sample_are_found(name):
    assert sample_image(name) is None


def test_texts_are_those_of_the_pictures():
    folder = Path(single.__file__).parent / "sample_documents"
    texts = json.loads((folder / "texts.json").read_text())
    assert [each["file"] for each in texts] == list(FILES)
    assert {path.name for path in sample_images().iterdir() if path.suffix in (".png", ".jpg")} == set(FILES)


def test_each_question_finds_its_document():
    queries, found = document_queries(), documents()
    assert (queries.titles or ())[0] == "financial quarterly results revenue"
    best = [int(np.argmax([(query @ each.T).max(axis=1).sum() for each in found])) for query in queries.vectors]
    assert best == [number for number in range(4) for _ in range(3)]


def test_without_rescoring_one_bit_changes_the_order():
    query, found = document_queries().vectors[0], documents()
    exact = np.argsort([-(query @ each.T).max(axis=1).sum() for each in found])
    bits = np.argsort([-(np.sign(query) @ np.sign(each).T).max(axis=1).sum() for each in found])
    assert exact.tolist() == [0, 3, 1, 2]
    assert bits.tolist() == [0, 3, 2, 1]


def test_questions_come_with_the_collections_of_the_documents_alone():
    assert [each.title for each in single.titled_queries(f"{DOCUMENTS_NAME} [0a]")][:1] == [
        "financial quarterly results revenue"
    ]
    assert len(single.titled_queries(f"{DOCUMENTS_NAME} [0a]")) == 12
    assert single.titled_queries("my documents [0a]") == ()
    assert single.titled_queries(None) == ()

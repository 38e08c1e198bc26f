"""What each control of the setup means, in a line for who meets it first. No widget."""

from __future__ import annotations

from collections.abc import Mapping

from qtui import units
from qtui.estimate import Forecast
from qtui.methods import METHODS

CONTROLS: Mapping[str, str] = {
    "preset": "←/→ chooses ready settings: those of Qdrant's notebook on documents with ColPali, under its names",
    "kind": "←/→ chooses: sample and documents ship with qtui; your own files come next; synthetic is random",
    "path": "vectors, one a row: .npy .npz .fvecs .bvecs .fbin .u8bin .parquet .hdf5",
    "payload": "a .jsonl or .parquet file with a row for each vector: to filter by, and as the title of what is found",
    "documents": "images, PDFs, .txt and .md files, .jsonl and .csv tables; several with ; between them",
    "model": "what turns documents into vectors: a name from the list, or the folder of a model",
    "text_field": "the column of the table that holds the text",
    "shape": "how many random vectors, of how many dimensions; their recall says nothing about real data",
    "name": "none makes a collection of this name, every other method one with its own name behind it",
    "vector_name": "for collections with several vectors a point; mostly left empty",
    "distance": "what near means: as the model was trained, cosine for most",
    "originals": "the float vectors; on disk they cost no RAM, and rescoring reads a few of them for each search",
    "quantized": "the small vectors that every search reads: fast in RAM",
    "hnsw_m": "links of a point in the graph: more find better, and take RAM and time to build; 0: a full scan",
    "ef_construct": "how thoroughly the graph is built: more finds better and builds longer",
    "quantile": "scalar only: the share of values that is kept exact in range, the outermost are clipped",
    "encoding": "binary only: how finely the query is kept; finer finds better at the same size",
    "threshold": "KB of vectors in a segment from which it is indexed and quantized; 1: always, 0: never",
    "methods": "Space chooses: each method makes a collection of its own, beside none as the baseline",
    "shards": "parts that a collection is split into, on its server",
    "replicas": "copies of each shard, on a cluster",
}
"""Control of the form → what it is for."""


def of_method(name: str, forecast: Forecast | None) -> str:
    """What a method is good for, and what it would take."""
    advice = f"{name}: {METHODS[name].advice}"
    if forecast is None:
        return advice
    return (
        f"{advice}\n{units.size(forecast.ram_bytes)} RAM est, {units.duration(max(0.1, forecast.seconds))} to build est"
    )

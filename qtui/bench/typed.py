"""A configuration as qtui's own commands: what loads such a collection, and what searches it so. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from qtui.bench.evidence import Candidate, originals_on_disk, vector_spec
from qtui.model import Distance, SearchSettings
from qtui.records import Dataset

_SAMPLE = "sample"
_SYNTHETIC = re.compile(r"synthetic (\d+) x (\d+), seed (\d+)")


def commands(dataset: Dataset, chosen: Candidate) -> str:
    """One command a line; the first, which loads, only where the run built its collections from a source."""
    method, name = chosen.measured.method, chosen.measured.collection
    lines = []
    if dataset.fingerprint is not None:
        base = name.removesuffix(f"__{method}")
        lines.append(
            ["load", base, "--vectors", _source(dataset.source), "--methods", method, *_build(dataset, chosen)]
        )
    lines.append(["search", name, "--id", "0", *_search(chosen.measured.search)])
    return "".join(f"qtui {shlex.join(line)}\n" for line in lines)


def _source(name: str) -> str:
    """As --vectors takes it: the file's name, or the words for the sample and for synthetic vectors."""
    made = _SYNTHETIC.fullmatch(name)
    if made is not None:
        return f"synthetic:{made[1]}x{made[2]}:{made[3]}"
    return _SAMPLE if name.startswith(_SAMPLE) and "." not in name else name


def _build(dataset: Dataset, chosen: Candidate) -> Iterator[str]:
    if dataset.distance != Distance.COSINE.value:
        yield from ("--distance", dataset.distance)
    held = chosen.collection
    spec = None if held is None else vector_spec(held)
    if held is None or spec is None:
        return
    if spec.name:
        yield from ("--vector-name", spec.name)
    if not originals_on_disk(held):
        yield "--in-ram"
    if spec.hnsw is not None:
        yield from ("--hnsw-m", str(spec.hnsw.m), "--ef-construct", str(spec.hnsw.ef_construct))


def _search(search: SearchSettings) -> Iterator[str]:
    if search.rescore is not None:
        yield from ("--rescore", "on" if search.rescore else "off")
    if search.oversampling is not None:
        yield from ("--oversampling", f"{search.oversampling:g}")
    if search.hnsw_ef is not None:
        yield from ("--hnsw-ef", str(search.hnsw_ef))
    yield from ("--limit", str(search.limit))

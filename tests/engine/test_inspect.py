"""Findings: each speaks up when its reason is there, and keeps silent when it isn't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtui.engine.inspect import findings
from qtui.engine.view import unreadable
from qtui.errors import AccessError
from qtui.model import (
    Built,
    CollectionSpec,
    CollectionView,
    Distance,
    Hnsw,
    Placement,
    Quantization,
    VectorSpec,
    VectorView,
)
from qtui.served import Served
from tests.engine.making import batch, filled, opened, randoms, single

ONE = Built(1, 1)
GOOD = Quantization("turbo-2bit", placement=Placement.PINNED)


def view(
    quantization: Quantization | None = GOOD,
    *,
    built: Built = ONE,
    indexed: Built = ONE,
    scanned: int = 0,
    threshold: int | None = 1,
    status: str = "green",
    points: int = 1000,
    **vector: Any,
) -> CollectionView:
    options = {"placement": Placement.COLD, "hnsw": Hnsw(), **vector}
    spec = VectorSpec(options.pop("size", 1536), quantization=quantization, **options)
    found = VectorView(
        spec, built, indexed, 4 * spec.size, 100.0, 16.0, effective_rescore=True, vectors=points, scanned=scanned
    )
    collection = CollectionSpec("things", (spec,), indexing_threshold_kb=threshold)
    return CollectionView("things", status, points, 1, (found,), collection, {}, expected_points=5000)


CASES: dict[str, CollectionView] = {
    "not-built": view(built=Built(0, 2), threshold=None),
    "segments-differ": view(built=Built(1, 2)),
    "originals-in-ram": view(placement=Placement.CACHED),
    "quantized-cold": view(Quantization("turbo-2bit", placement=Placement.COLD)),
    "few-dimensions": view(Quantization("binary", placement=Placement.PINNED), size=384),
    "binary-order": view(Quantization("binary", placement=Placement.PINNED), distance=Distance.EUCLID),
    "rescore-off": view(Quantization("scalar", placement=Placement.PINNED)),
    "uncalibrated": view(Quantization("binary-2bit", placement=Placement.PINNED), indexed=Built(0, 1)),
    "deprecated-on-disk": replace(view(None, placement=None, on_disk=True), served=Served()),
    "deprecated-hnsw-on-disk": replace(view(None, hnsw=Hnsw(on_disk=True)), served=Served()),
    "deprecated-always-ram": replace(view(Quantization("turbo-2bit", always_ram=True)), served=Served()),
    "no-graph": view(hnsw=Hnsw(m=0)),
    "full-scan": view(scanned=1),
    "inline-storage": view(hnsw=Hnsw(inline_storage=True)),
    "never-indexed": view(threshold=0),
    "lossy-originals": view(datatype="float16"),
    "multivector-graph": view(multivector=True),
    "not-indexed": view(indexed=Built(0, 1)),
    "partial": view(status="partial"),
    "empty": view(points=0),
}


def codes(found: CollectionView) -> set[str]:
    return {finding.code for finding in findings(found)}


def test_a_sound_collection_has_no_findings() -> None:
    assert findings(view()) == ()
    assert findings(view(None, placement=Placement.CACHED)) == ()


@pytest.mark.parametrize("code", CASES)
def test_each_finding_has_its_reason(code: str) -> None:
    found = findings(CASES[code])
    assert code in {finding.code for finding in found}
    for finding in found:
        assert finding.text
        assert finding.remedy
        assert finding.severity in ("error", "warning", "info")
        assert "\n" not in finding.text


def test_the_older_words_are_remarked_on_servers_alone() -> None:
    assert findings(view(Quantization("turbo-2bit", always_ram=True), placement=None, on_disk=True)) == ()


def test_findings_say_how_many_segments_and_which_threshold() -> None:
    (found,) = (f for f in findings(CASES["not-built"]) if f.code == "not-built")
    assert "0 of 2" in found.text
    assert "10,000 KB" in found.remedy
    for status, remedy in (("yellow", "wait until the server has rebuilt it"), ("partial", "finish its load first")):
        (found,) = (f for f in findings(view(built=Built(0, 2), status=status)) if f.code == "not-built")
        assert found.remedy == remedy


def test_errors_come_first_and_named_vectors_say_their_name() -> None:
    severities = [finding.severity for finding in findings(view(Quantization("scalar"), size=3, name="body"))]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert all(finding.text.startswith("body: ") for finding in findings(view(Quantization("scalar"), name="body")))


def test_a_threshold_of_never_is_no_bound_to_stay_below() -> None:
    known = view(Quantization("scalar"), built=Built(0, 1))
    never = replace(known, spec=replace(known.spec, indexing_threshold_kb=0))
    (found,) = (each for each in findings(never) if each.code == "not-built")
    assert found.remedy == "set an indexing threshold of 1 KB or more, and build again"


def test_what_concerns_several_vectors_is_found_once() -> None:
    one = view(Quantization("scalar"), name="body")
    title = replace(one.vectors[0], spec=replace(one.vectors[0].spec, name="title"))
    other = replace(title, spec=replace(title.spec, name="plain", quantization=None))
    found = {each.code: each.text for each in findings(replace(one, vectors=(one.vectors[0], title, other)))}
    assert found["rescore-off"].startswith("body, title: scalar does not rescore")
    assert len(found) == len(findings(replace(one, vectors=(one.vectors[0], title, other))))


async def test_real_collections_are_judged_by_their_files(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single("small", method="scalar", threshold=None), randoms(50, 16))
        await filled(engine, single("good", method="turbo-2bit"), randoms(50, 16))
        assert {"not-built", "not-indexed"} <= codes(await engine.view("small"))
        assert codes(await engine.view("good")) == {"full-scan"}
        await engine.upsert("good", batch(randoms(5, 16), start=50))
        assert {"partial", "not-indexed"} <= codes(await engine.view("good"))
        await engine.create(single("begun"))
        assert codes(await engine.view("begun")) == {"partial"}


async def test_what_may_not_be_read_is_told_from_what_is_damaged(tmp_path: Path, monkeypatch: Any) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single("shut"), randoms(5, 16))
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "manifest.json":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    async with opened(tmp_path) as engine:
        found = await engine.view("shut")
    assert [each.code for each in found.findings] == ["not-allowed"]
    error = unreadable(found)
    assert isinstance(error, AccessError)
    assert "check the permissions" in error.text


def test_a_graph_is_advised_for_single_vectors_alone() -> None:
    for multivector, said in ((True, "leave it so for multivectors"), (False, "set m to 16")):
        found = findings(view(hnsw=Hnsw(m=0), multivector=multivector))
        assert [each.remedy for each in found if each.code == "no-graph"] == [said]

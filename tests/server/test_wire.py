"""Settings, filters and searches as they stand on the wire, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from qdrant_client.http import models as m

from qtui.engine.base import Origin
from qtui.engine.server import reading, wire
from qtui.filters import Filter, HasId, IsEmpty, IsNull, Match, Range, from_json
from qtui.loads import BuildSpec, collection_spec
from qtui.methods import METHODS
from qtui.model import (
    Change,
    CollectionSpec,
    Distance,
    Hnsw,
    Placement,
    Quantization,
    SearchSettings,
    VectorSpec,
)
from tests.server import held as holding
from tests.server.held import Held

NAMES_ON_THE_WIRE = {
    "scalar": {"scalar": {"type": "int8"}},
    "binary": {"binary": {}},
    "binary-1.5bit": {"binary": {"encoding": "one_and_half_bits"}},
    "binary-2bit": {"binary": {"encoding": "two_bits"}},
    **{f"product-x{n}": {"product": {"compression": f"x{n}"}} for n in (4, 8, 16, 32, 64)},
    "turbo-1bit": {"turbo": {"bits": "bits1"}},
    "turbo-1.5bit": {"turbo": {"bits": "bits1_5"}},
    "turbo-2bit": {"turbo": {"bits": "bits2"}},
    "turbo-4bit": {"turbo": {"bits": "bits4"}},
    "turbo-8bit": {"turbo": {"bits": "bits8"}},
}


def sent(model: Any) -> Any:
    """As the client sends it."""
    return json.loads(model.model_dump_json(exclude_unset=True, exclude_none=True))


def test_every_method_has_its_name_on_the_wire() -> None:
    assert NAMES_ON_THE_WIRE.keys() == METHODS.keys() - {"none"}
    for name, expected in NAMES_ON_THE_WIRE.items():
        model = wire.quantization(Quantization(name), tiers=True)
        assert sent(model) == expected
        assert reading.quantization(model) == Quantization(name)


@pytest.mark.parametrize("name", NAMES_ON_THE_WIRE)
@pytest.mark.parametrize("placement", [None, *Placement])
def test_settings_come_back_as_they_went(name: str, placement: Placement | None) -> None:
    encoding = "scalar8bits" if METHODS[name].family == "binary" else None
    quantile = 0.97 if name == "scalar" else None
    quantized = Quantization(name, quantile, None, placement, encoding)
    spec = CollectionSpec(
        "things",
        (
            VectorSpec(8, Distance.DOT, "a", hnsw=Hnsw(0, 200, 5, True, False), quantization=quantized),
            VectorSpec(
                16, Distance.MANHATTAN, "b", multivector=True, datatype="uint8", hnsw=Hnsw(), placement=Placement.COLD
            ),
            VectorSpec(4, Distance.EUCLID, "c", datatype="float16", hnsw=Hnsw(), placement=placement),
        ),
        indexing_threshold_kb=7,
        segments=3,
        on_disk_payload=False,
        shards=2,
        replicas=2,
    )
    body = wire.creation(spec, tiers=True, metadata=None)
    again = reading.spec("things", info(holding.config(body)))
    assert [v.hnsw and v.hnsw.on_disk for v in again.vectors] == [True, False, False]  # a server says what holds
    assert again == CollectionSpec(**{**plain(spec), "vectors": tuple(shown(v) for v in spec.vectors)})
    theirs = holding.spec("things", Held(m.CollectionConfig.model_validate(holding.config(body).model_dump())))
    assert [v.quantization for v in theirs.vectors] == [v.quantization for v in spec.vectors]


def plain(spec: CollectionSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.__dataclass_fields__}


def shown(vector: VectorSpec) -> VectorSpec:
    from dataclasses import replace

    assert vector.hnsw is not None
    return replace(vector, hnsw=replace(vector.hnsw, on_disk=bool(vector.hnsw.on_disk)))


def info(config: m.CollectionConfig) -> m.CollectionInfo:
    return m.CollectionInfo(
        status=m.CollectionStatus.GREEN,
        optimizer_status=m.OptimizersStatusOneOf.OK,
        segments_count=1,
        config=config,
        payload_schema={},
    )


def test_a_server_that_knows_placements_is_told_no_older_flags() -> None:
    loaded = collection_spec("things", "scalar", BuildSpec(), size=8, multivector=False)
    body = sent(wire.creation(loaded, tiers=True, metadata=None))
    assert body["vectors"]["memory"] == "cold"
    assert body["vectors"]["quantization_config"]["scalar"]["memory"] == "pinned"
    change = Change(on_disk=False, quantization=Quantization("binary", always_ram=False))
    update = sent(wire.update(change, "", tiers=True))
    assert update == {"vectors": {"": {"memory": "cached", "quantization_config": {"binary": {}}}}}
    flagged = sent(wire.creation(loaded, tiers=False, metadata=None))
    assert flagged["vectors"]["on_disk"]
    assert flagged["vectors"]["quantization_config"]["scalar"]["always_ram"]
    assert "memory" not in json.dumps(flagged)


def test_a_graph_s_placement_is_read_whatever_it_is_called() -> None:
    config = holding.config(wire.creation(CollectionSpec("things", (VectorSpec(8),)), tiers=True, metadata=None))
    config.hnsw_config.memory = m.Memory.COLD
    (vector,) = reading.spec("things", info(config)).vectors
    assert vector.hnsw is not None
    assert vector.hnsw.tier is Placement.COLD
    config.hnsw_config.memory, config.hnsw_config.on_disk = None, True
    (vector,) = reading.spec("things", info(config)).vectors
    assert vector.hnsw is not None
    assert vector.hnsw.tier is Placement.COLD


@pytest.mark.parametrize("place", Placement)
def test_a_graph_s_placement_is_told_in_the_words_of_the_server(place: Placement) -> None:
    spec = CollectionSpec("things", (VectorSpec(8, hnsw=Hnsw(placement=place)),))
    newer = wire.creation(spec, tiers=True, metadata=None)
    told = sent(newer)["vectors"]["hnsw_config"]
    assert told["memory"] == place
    assert "on_disk" not in told
    (vector,) = reading.spec("things", info(holding.config(newer))).vectors
    assert vector.hnsw is not None
    assert vector.hnsw.placement is place
    told = sent(wire.creation(spec, tiers=False, metadata=None))["vectors"]["hnsw_config"]
    assert told["on_disk"] is (place is Placement.COLD)
    assert "memory" not in told


def test_an_older_server_gets_the_older_flags() -> None:
    spec = VectorSpec(8, placement=Placement.COLD, quantization=Quantization("binary", placement=Placement.PINNED))
    body = sent(wire.creation(CollectionSpec("things", (spec,)), tiers=False, metadata=None))
    assert body["vectors"]["on_disk"] is True
    assert body["vectors"]["quantization_config"] == {"binary": {"always_ram": True}}
    assert "memory" not in json.dumps(body)
    update = sent(wire.update(Change(placement=Placement.CACHED), "", tiers=False))
    assert update == {"vectors": {"": {"on_disk": False}}}


def test_dropping_is_said_and_not_left_out() -> None:
    assert sent(wire.update(Change(drop_quantization=True), "a", tiers=True)) == {
        "vectors": {"a": {"quantization_config": "Disabled"}}
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SearchSettings(), {}),
        (SearchSettings(hnsw_ef=64), {"hnsw_ef": 64}),
        (SearchSettings(exact=True, indexed_only=True), {"exact": True, "indexed_only": True}),
        (SearchSettings(ignore=True), {"quantization": {"ignore": True}}),
        (SearchSettings(rescore=False), {"quantization": {"ignore": False, "rescore": False}}),
        (
            SearchSettings(rescore=True, oversampling=2.5),
            {"quantization": {"ignore": False, "rescore": True, "oversampling": 2.5}},
        ),
    ],
)
def test_what_is_none_is_not_sent(settings: SearchSettings, expected: dict[str, Any]) -> None:
    assert sent(wire.search_params(settings)) == expected


@pytest.mark.parametrize(
    "form",
    [
        {"must": [{"key": "a", "match": {"value": "x"}}, {"key": "b", "match": {"value": True}}]},
        {"should": [{"key": "n", "range": {"gte": 1.0, "lt": 5.5}}, {"has_id": [1, 2]}]},
        {
            "must_not": [
                {"is_empty": {"key": "a"}},
                {"is_null": {"key": "b"}},
                {"must": [{"key": "t", "match": {"text": "w"}}]},
            ]
        },
        {"must": [{"key": "c", "match": {"any": ["x", "y"]}}, {"key": "d", "match": {"except": [1, 2]}}]},
        {"must": [{"key": "when", "range": {"gt": "2026-01-31T00:00:00Z"}}]},
    ],
)
def test_filters_are_qdrants_own_json(form: dict[str, Any]) -> None:
    model = wire.filter_(from_json(form))
    assert model is not None
    assert json.loads(model.model_dump_json(exclude_unset=True, exclude_none=True, by_alias=True)) == form


def test_a_mixed_list_becomes_one_of_each_kind() -> None:
    model = wire.filter_(Filter(must=(Match("a", any_of=("x", 1, True)),)))
    assert model is not None
    assert sent(model)["must"] == [
        {
            "should": [
                {"key": "a", "match": {"value": True}},
                {"key": "a", "match": {"any": ["x"]}},
                {"key": "a", "match": {"any": [1]}},
            ]
        }
    ]


def test_what_a_server_made_without_us_means() -> None:
    made = m.CreateCollection(
        vectors={
            "a": m.VectorParams(size=4, distance=m.Distance.COSINE),
            "b": m.VectorParams(size=8, distance=m.Distance.DOT),
        },
        sparse_vectors={"words": m.SparseVectorParams()},
        quantization_config=m.TurboQuantization(turbo=m.TurboQuantQuantizationConfig()),
        hnsw_config=m.HnswConfigDiff(m=32),
    )
    spec = reading.spec("things", info(holding.config(made)))
    assert [v.quantization for v in spec.vectors] == [Quantization("turbo-4bit")] * 2
    assert spec.vector("a").hnsw == Hnsw(32, 100, 10_000, False)
    assert spec.shards is None


@pytest.mark.parametrize("kept", [{}, {"source": 5, "expected_points": "many", "extra": [1]}, {"extra": {"a": 1}}])
def test_metadata_that_somebody_else_wrote(kept: dict[str, Any]) -> None:
    found = reading.origin(kept)
    assert found.source is None
    assert found.expected_points is None
    assert all(isinstance(value, str) for value in found.extra.values())
    origin = Origin("a file", 7, {"job": "x"})
    assert reading.origin(wire.remembered(origin, "ready")[wire.OURS]) == origin


def test_empty_and_null_and_ids() -> None:
    tree = Filter(must=(IsEmpty("a"), IsNull("b"), HasId((3,)), Range("n", lt=2)))
    model = wire.filter_(tree)
    assert model is not None
    assert len(model.must or []) == 4  # type: ignore[arg-type]  # a list here, of the union that it may be

"""What is built, and what it takes, from every kind of evidence. Pure."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_client.http import models as m

from qtui import servertext
from qtui.engine.server import evidence, reading
from qtui.engine.server.evidence import SegmentFact
from qtui.engine.server.shape import Evidence, view
from qtui.errors import DataError
from qtui.methods import METHODS
from qtui.model import Built, Bytes, Distance
from qtui.served import Served, Shard
from tests.server import held as holding

# As `CollectionMemoryReport` of Qdrant 1.19.0 (lib/collection/src/common/memory_reporter.rs) is written by serde, in
# the envelope of src/actix/helpers.rs; the figures are made up, and a field of a later version is added.
REPORT: dict[str, Any] = {
    "result": {
        "total": {"disk_bytes": 15, "ram_bytes": 5, "cached_bytes": 2, "expected_cache_bytes": 3},
        "vectors": [
            {
                "name": "",
                "storage": {"disk_bytes": 1000, "ram_bytes": 1, "cached_bytes": 2, "expected_cache_bytes": 1000},
                "index": {"disk_bytes": 200, "ram_bytes": 50, "cached_bytes": 0, "expected_cache_bytes": 0},
                "quantized": {"disk_bytes": 360, "ram_bytes": 360, "cached_bytes": 0, "expected_cache_bytes": 0},
                "of_the_future": 1,
            }
        ],
        "sparse_vectors": [
            {
                "name": "words",
                "storage": {"disk_bytes": 10, "ram_bytes": 0, "cached_bytes": 0, "expected_cache_bytes": 0},
                "index": {"disk_bytes": 20, "ram_bytes": 7, "cached_bytes": 0, "expected_cache_bytes": 0},
            }
        ],
        "payload": {"disk_bytes": 30, "ram_bytes": 0, "cached_bytes": 3, "expected_cache_bytes": 0},
        "payload_index": [
            {"name": "n", "usage": {"disk_bytes": 5, "ram_bytes": 4, "cached_bytes": 0, "expected_cache_bytes": 0}}
        ],
        "other": {"id_tracker": {"disk_bytes": 8, "ram_bytes": 6, "cached_bytes": 0, "expected_cache_bytes": 0}},
    },
    "status": "ok",
    "time": 0.001,
}


# A real server's answer at details level 4, cut down to one collection; the client's model refuses it, since searches
# of a segment without any come without their counts.
TELEMETRY: dict[str, Any] = {
    "result": {
        "app": {"name": "qdrant", "version": "1.19.0", "system": {"distribution": "debian"}},
        "collections": {
            "collections": [
                {"vectors": 8, "params": {}},
                {
                    "id": "pages",
                    "shards": [
                        {"id": 0, "local": None},
                        {
                            "id": 1,
                            "local": {
                                "segments": [
                                    {
                                        "info": {"segment_type": kind, "num_points": points},
                                        "config": {
                                            "vector_data": {
                                                "": {
                                                    "size": 16,
                                                    "index": {"type": "plain", "options": {}},
                                                    "quantization_config": quantized,
                                                }
                                            },
                                            "payload_storage_type": {"type": "mmap"},
                                        },
                                        "vector_index_searches": [{"index_name": ""}],
                                    }
                                    for kind, points, quantized in (
                                        ("plain", 0, None),
                                        ("plain", 3, {"of_the_future": {"bits": 3}}),
                                        ("indexed", 8, {"binary": {"memory": "pinned"}}),
                                    )
                                ]
                            },
                        },
                    ],
                },
            ]
        },
        "memory": {"resident_bytes": 26_746_880},
    }
}


def test_telemetry_is_read_where_the_clients_model_would_refuse_it() -> None:
    told = evidence.telemetry(TELEMETRY)
    assert evidence.segments(told, "pages") == (
        SegmentFact(3, {}, is_sealed=False),
        SegmentFact(8, {"": "binary"}, is_sealed=True),
    )
    assert evidence.segments(told, "gone") is None
    assert evidence.resident(told) == 26_746_880
    with pytest.raises(DataError, match="telemetry has an unknown form"):
        evidence.telemetry({"result": {"collections": []}})


def info(method: str | None = "scalar", points: int = 10, segments: int = 3, **options: Any) -> m.CollectionInfo:
    config = None
    if method is not None:
        from qtui.engine.server import wire
        from qtui.model import Quantization

        config = wire.quantization(Quantization(method), tiers=True)
    vector = m.VectorParams(size=32, distance=m.Distance.COSINE, **options)
    made = holding.config(m.CreateCollection(vectors=vector, quantization_config=config))
    return m.CollectionInfo(
        status=m.CollectionStatus.GREEN,
        optimizer_status=m.OptimizersStatusOneOf.OK,
        segments_count=segments,
        points_count=points,
        indexed_vectors_count=0,
        config=made,
        payload_schema={},
    )


def report(quantized: int | None) -> evidence.Report:
    found = evidence.report(REPORT)
    found.vectors[0].quantized = None if quantized is None else evidence.Usage(disk_bytes=quantized)
    return found


def test_components_of_a_report_are_kept_apart() -> None:
    memory = evidence.report(REPORT).memory()
    assert memory == {
        "originals": Bytes(heap=1, cached=2, disk=1010),
        "quantized": Bytes(heap=360, cached=0, disk=360),
        "graph": Bytes(heap=57, cached=0, disk=220),
        "payload": Bytes(heap=4, cached=3, disk=35),
        "other": Bytes(heap=6, cached=0, disk=8),
    }


@pytest.mark.parametrize("answer", [{}, {"result": None}, {"result": {"vectors": [{"name": 5}]}}, [], None])
def test_a_report_of_another_shape_is_refused(answer: Any) -> None:
    with pytest.raises(DataError, match="upgrade qtui"):
        evidence.report(answer)


@pytest.mark.parametrize(
    ("quantized", "built", "exact"),
    [(None, Built(0, 2), None), (360, Built(2, 2), 36.0), (180, Built(1, 2), 36.0), (32 << 20, Built(2, 2), 36.0)],
)
def test_quantized_bytes_prove_what_is_built(quantized: int | None, built: Built, exact: float | None) -> None:
    found = view("things", Evidence(info(), 10, report=report(quantized), occupied=2))
    vector = found.vector()
    assert vector.built == built
    assert vector.quantized_bytes == exact
    # 32 MiB for ten vectors are laid out ahead, not filled; of a half nobody knows which: both show the formula's bytes
    assert vector.quantized_from == ("files" if quantized == 360 else "formula")
    assert found.served is not None
    assert (found.served.memory_from, found.served.built_from) == ("report", "report")
    codes = {finding.code for finding in found.findings}
    assert ("not-built" in codes) is (quantized is None)
    assert ("segments-differ" in codes) is (quantized == 180)


def test_a_report_sums_up_all_replicas() -> None:
    shards = tuple(Shard(number % 2, number, "Active", local=number == 0) for number in range(6))
    for held, built in ((360, Built(0, 2)), (3 * 360, Built(2, 2))):
        found = view("things", Evidence(info(), 10, report=report(held), occupied=6, shards=shards))
        assert found.vector().built == built
    assert found.vector().quantized_bytes == 36.0


def test_segments_of_telemetry_say_it_of_each() -> None:
    done = SegmentFact(6, {"": "scalar"}, is_sealed=True)
    found = view("things", Evidence(info(), 10, segments=(done, SegmentFact(4, {}, is_sealed=False))))
    assert found.segments == 2
    assert (found.vector().built, found.vector().indexed) == (Built(1, 2), Built(1, 2))
    other = view("things", Evidence(info(), 10, segments=(SegmentFact(10, {"": "binary"}, is_sealed=True),)))
    assert other.vector().built == Built(0, 1)  # of the method before


@pytest.mark.parametrize(("method", "built"), [("scalar", 0), ("binary", 3), ("turbo-4bit", 3), ("product-x16", 0)])
def test_without_any_report_it_is_an_estimate_and_says_so(method: str, built: int) -> None:
    found = view("things", Evidence(info(method), 10))
    vector, served = found.vector(), found.served
    assert vector.built == Built(built, 3)
    assert served is not None
    assert (served.built_from, served.memory_from) == ("estimate", "formula")
    formula = METHODS[method].bytes_per_vector(32, Distance.COSINE)
    assert formula is not None
    assert found.memory["quantized"] == Bytes(disk=10 * formula)
    assert found.memory["originals"] == Bytes(disk=10 * 128)
    assert found.memory["payload"] == Bytes()
    assert "memory-estimated" in {finding.code for finding in found.findings}


def test_a_multivectors_tokens_are_not_guessed() -> None:
    multi = m.MultiVectorConfig(comparator=m.MultiVectorComparator.MAX_SIM)
    found = view("things", Evidence(info("binary", multivector_config=multi), 10, occupied=1))
    assert all(size == Bytes() for size in found.memory.values())
    reported = view("things", Evidence(info("binary", multivector_config=multi), 10, report=report(999), occupied=1))
    assert reported.vector().built == Built(1, 1)
    assert reported.vector().quantized_from == "formula"


def test_what_the_server_warns_of_is_passed_on() -> None:
    warned = info().model_copy(update={"warnings": [m.CollectionWarning(message="too many\x1b[2J indexes")]})
    (finding,) = [f for f in view("things", Evidence(warned, 10)).findings if f.code == "server-warning"]
    assert finding.text.isprintable()


@pytest.mark.parametrize(
    ("datatype", "bytes_"), [("float32", 128), ("float16", 64), ("uint8", 32), ("turbo4", 16), ("turbo8", 32)]
)
def test_originals_take_what_their_type_takes(datatype: str, bytes_: int) -> None:
    found = view("things", Evidence(info(None, datatype=m.Datatype(datatype)), 10))
    assert found.vector().original_bytes == bytes_
    assert ("lossy-originals" in {finding.code for finding in found.findings}) is (datatype != "float32")


def test_the_processs_memory_is_read_from_metrics() -> None:
    # As src/common/metrics.rs of Qdrant 1.19.0 names them; a server may put a prefix of its own before each.
    text = (
        "# HELP memory_resident_bytes Maximum number of bytes in physically resident data pages mapped\n"
        "# TYPE memory_resident_bytes gauge\nmine_memory_resident_bytes 1.5e9\n"
        'app_info{name="qdrant",version="1.19.0"} 1\nmemory_retained_bytes x\n'
    )
    assert evidence.metric(text, "memory_resident_bytes") == 1.5e9
    assert evidence.metric(text, "app_info") == 1
    assert evidence.metric(text, "memory_retained_bytes") is None
    assert evidence.metric("", "memory_resident_bytes") is None
    assert evidence.metric("memory_resident_bytes\n", "memory_resident_bytes") is None


# As GET /cluster of Qdrant 1.19.0 (`ClusterStatus` in lib/storage/src/types.rs) tells of three nodes, one killed.
CLUSTER: dict[str, Any] = {
    "status": "enabled",
    "peer_id": 11,
    "peers": {str(peer): {"uri": f"http://10.0.0.{peer}:6335/"} for peer in (11, 12, 13)},
    "raft_info": {
        "term": 1, "commit": 31, "pending_operations": 0, "leader": 11, "role": "Leader", "is_voter": True
    },
    "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-11-22T16:11:26Z"},
    "message_send_failures": {"http://10.0.0.13:6335/": {"count": 1087, "latest_error": "transport error"}},
}  # fmt: skip


def test_replicas_on_a_node_that_does_not_answer_are_not_well() -> None:
    silent = reading.silent(m.ClusterStatusOneOf1.model_validate(CLUSTER))
    assert silent == {13}
    assert reading.silent(m.ClusterStatusOneOf(status="disabled")) == frozenset()
    remote = [m.RemoteShardInfo(shard_id=0, peer_id=peer, state=m.ReplicaState.ACTIVE) for peer in (12, 13)]
    told = m.CollectionClusterInfo(peer_id=11, shard_count=1, local_shards=[], remote_shards=remote, shard_transfers=[])
    shards = reading.shards(told, silent)
    assert [(shard.peer, shard.well) for shard in shards] == [(12, True), (13, False)]
    found = Served(shards=shards, replication_factor=2)
    assert [fact.text for fact in servertext.facts(found) if fact.mood == "warn"] == ["0  Silent  node 13"]

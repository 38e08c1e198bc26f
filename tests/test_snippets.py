"""What is offered to paste: compiles, runs, is accepted by the client's own models, and says the same in both forms."""

from __future__ import annotations

import ast
import json
from itertools import product
from typing import Any

import pytest

from qtui import snippets
from qtui.methods import METHODS
from qtui.model import CollectionSpec, Distance, Hnsw, Placement, Quantization, SearchSettings, VectorSpec

PLAIN = VectorSpec(384)
NASTY = "a'b\"c\\ {x}\n\u202e\U0001f600/?#%"


def colpali(method: str = "scalar") -> CollectionSpec:
    quantization = Quantization(method, quantile=0.99 if method == "scalar" else None, always_ram=True)
    vector = VectorSpec(128, Distance.DOT, "colpali", multivector=True, hnsw=Hnsw(m=0), quantization=quantization)
    return CollectionSpec(f"colpali-{method}", (vector,))


def every_spec() -> list[CollectionSpec]:
    """Each method, distance, placement and option at least once."""
    specs = [colpali("scalar"), colpali("binary"), CollectionSpec("bare", (VectorSpec(3),))]
    for name, distance in product(METHODS, Distance):
        quantization = None if name == "none" else Quantization(name, always_ram=True)
        specs.append(CollectionSpec(name, (VectorSpec(384, distance, on_disk=True, quantization=quantization),)))
    for encoding, placement in product(("default", "binary", "scalar4bits", "scalar8bits"), Placement):
        quantization = Quantization("binary-2bit", placement=placement, query_encoding=encoding)
        vector = VectorSpec(
            8, datatype="float16", placement=placement, hnsw=Hnsw(32, 200, 5000), quantization=quantization
        )
        specs.append(CollectionSpec("placed", (vector,), indexing_threshold_kb=1, segments=2, on_disk_payload=True))
    specs.append(CollectionSpec("spread", (VectorSpec(3),), shards=3, replicas=2))
    two = (VectorSpec(4, name=NASTY), VectorSpec(5, name="b", datatype="uint8"))
    specs.append(CollectionSpec(NASTY, two, indexing_threshold_kb=0, payload_indexes={"a.b": "keyword", NASTY: "uuid"}))
    return specs


def every_search() -> list[SearchSettings]:
    flags = product((None, 128), (False, True), (False, True), (None, True, False), (None, 2.5))
    return [SearchSettings(7, ef, exact, ignore, rescore, factor) for ef, exact, ignore, rescore, factor in flags]


def body(rest: str) -> dict[str, Any]:
    """The JSON of the one request in `rest`."""
    parsed: dict[str, Any] = json.loads(rest.partition("\n")[2])
    return parsed


def test_the_notebooks_scalar_collection() -> None:
    assert snippets.collection_python(colpali()) == snippets.PYTHON_CLIENT + (
        "\n"
        "client.create_collection(\n"
        '    collection_name="colpali-scalar",\n'
        "    vectors_config={\n"
        '        "colpali": models.VectorParams(\n'
        "            size=128,\n"
        "            distance=models.Distance.DOT,\n"
        "            multivector_config=models.MultiVectorConfig(\n"
        "                comparator=models.MultiVectorComparator.MAX_SIM,\n"
        "            ),\n"
        "            hnsw_config=models.HnswConfigDiff(m=0),\n"
        "            quantization_config=models.ScalarQuantization(\n"
        "                scalar=models.ScalarQuantizationConfig(\n"
        "                    type=models.ScalarType.INT8,\n"
        "                    quantile=0.99,\n"
        "                    always_ram=True,\n"
        "                ),\n"
        "            ),\n"
        "        ),\n"
        "    },\n"
        ")\n"
    )
    assert body(snippets.collection_rest(colpali()))["vectors"]["colpali"] == {
        "size": 128,
        "distance": "Dot",
        "multivector_config": {"comparator": "max_sim"},
        "hnsw_config": {"m": 0},
        "quantization_config": {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}},
    }


def test_a_graph_in_its_place() -> None:
    spec = CollectionSpec("things", (VectorSpec(8, hnsw=Hnsw(on_disk=False, placement=Placement.PINNED)),))
    assert body(snippets.collection_rest(spec))["vectors"]["hnsw_config"]["memory"] == "pinned"
    assert "memory=models.Memory.PINNED" in snippets.collection_python(spec)
    assert "on_disk=" not in snippets.collection_python(spec).split("hnsw_config")[1]


def test_one_bit_is_the_servers_default_and_stays_unsaid() -> None:
    quantization = body(snippets.collection_rest(colpali("binary")))["vectors"]["colpali"]["quantization_config"]
    assert quantization == {"binary": {"always_ram": True}}


def test_an_unnamed_vector_stands_alone_and_a_placement_wins_over_the_flags() -> None:
    quantization = Quantization("turbo-1.5bit", always_ram=True, placement=Placement.PINNED)
    vector = VectorSpec(384, on_disk=True, placement=Placement.COLD, quantization=quantization)
    vectors = body(snippets.collection_rest(CollectionSpec("c", (vector,))))["vectors"]
    assert vectors == {
        "size": 384,
        "distance": "Cosine",
        "memory": "cold",
        "quantization_config": {"turbo": {"bits": "bits1_5", "memory": "pinned"}},
    }


def test_a_search_says_only_what_is_asked() -> None:
    assert body(snippets.search_rest("c", SearchSettings(), PLAIN)) == {
        "query": [0.1, 0.2, 0.3],
        "limit": 10,
        "with_payload": True,
    }
    asked = SearchSettings(limit=5, hnsw_ef=64, rescore=True, oversampling=3.0)
    sent = body(snippets.search_rest("c", asked, VectorSpec(4, name="v")))
    assert (sent["using"], sent["limit"]) == ("v", 5)
    assert sent["params"] == {"hnsw_ef": 64, "quantization": {"rescore": True, "oversampling": 3.0}}
    assert "rescore=True, oversampling=3.0" in " ".join(snippets.search_python("c", asked, PLAIN).split())


def test_lines_of_python_are_narrow_enough_for_a_small_terminal() -> None:
    hnsw = Hnsw(m=16, ef_construct=100)
    spec = CollectionSpec("docs__binary-2bit", (VectorSpec(384, on_disk=True, hnsw=hnsw),), 1, segments=1)
    made = snippets.collection_python(spec) + snippets.search_python("docs", SearchSettings(rescore=True), PLAIN)
    assert max(map(len, made.splitlines())) < 78


def test_a_hostile_name_stays_inside_its_quotes() -> None:
    spec = every_spec()[-1]
    python, rest = snippets.collection_python(spec), snippets.collection_rest(spec)
    for text in (
        python,
        rest,
        snippets.search_python(NASTY, SearchSettings(), PLAIN),
        snippets.search_rest(NASTY, SearchSettings(), PLAIN),
    ):
        assert text.isascii()
        assert all(line.isprintable() for line in text.splitlines())
    assert rest.startswith("PUT /collections/a%27b%22c%5C%20%7Bx%7D%0A%E2%80%AE%F0%9F%98%80%2F%3F%23%25\n")
    ast.parse(python)


@pytest.mark.parametrize("spec", every_spec(), ids=lambda spec: ascii(spec.name))
def test_python_compiles(spec: CollectionSpec) -> None:
    compile(snippets.collection_python(spec), "snippet", "exec")
    if spec.name != NASTY:
        assert max(map(len, snippets.collection_python(spec).splitlines())) <= 100


class _Client:
    """Stands for the client: keeps each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda **arguments: self.calls.append((name, arguments))


def run(python: str) -> list[tuple[str, dict[str, Any]]]:
    """Runs a snippet against the client's real models and a client that only listens."""
    models = pytest.importorskip("qdrant_client.models", reason="needs qdrant-client")
    client = _Client()
    exec(python.replace(snippets.PYTHON_CLIENT, ""), {"client": client, "models": models})
    return client.calls


def as_json(model: Any) -> Any:
    return json.loads(model.model_dump_json(exclude_none=True))


def requests(rest: str) -> list[tuple[str, dict[str, Any]]]:
    """Each request of a text: its first line, and its JSON."""
    found, decoder = [], json.JSONDecoder()
    while rest:
        line, _, rest = rest.partition("\n")
        value, end = decoder.raw_decode(rest)
        found.append((line, value))
        rest = rest[end:].lstrip("\n")
    return found


@pytest.mark.parametrize("spec", every_spec(), ids=lambda spec: ascii(spec.name))
def test_the_clients_models_take_both_forms_and_they_agree(spec: CollectionSpec) -> None:
    models = pytest.importorskip("qdrant_client.models", reason="needs qdrant-client")
    (created, arguments), *indexes = run(snippets.collection_python(spec))
    (_, sent), *rest_indexes = requests(snippets.collection_rest(spec))
    assert created == "create_collection"
    assert arguments.pop("collection_name") == spec.name
    renamed = {"vectors": arguments.pop("vectors_config"), **arguments}
    assert as_json(models.CreateCollection(**renamed)) == as_json(models.CreateCollection(**sent)) == sent
    for (called, index), (_, value) in zip(indexes, rest_indexes, strict=True):
        assert called == "create_payload_index"
        assert as_json(models.CreateFieldIndex(**{k: v for k, v in index.items() if k != "collection_name"})) == value


@pytest.mark.parametrize("search", every_search(), ids=str)
@pytest.mark.parametrize("multivector", [False, True])
def test_a_search_is_the_same_in_both_forms(search: SearchSettings, *, multivector: bool) -> None:
    models = pytest.importorskip("qdrant_client.models", reason="needs qdrant-client")
    vector = VectorSpec(4, name="v", multivector=multivector)
    [(called, arguments)] = run(snippets.search_python("c", search, vector))
    sent = body(snippets.search_rest("c", search, vector))
    assert called == "query_points"
    assert arguments["query"] == ([[0.1] * 4] if multivector else [0.1] * 4)
    assert (sent["query"] == [[0.1, 0.2, 0.3]]) == multivector
    asked = models.SearchParams(**sent.get("params", {}))
    assert arguments.get("search_params", models.SearchParams()) == asked
    assert (arguments["limit"], arguments["using"]) == (sent["limit"], sent["using"]) == (7, "v")
    models.QueryRequest(**sent)
    assert json.loads(asked.model_dump_json(exclude_unset=True, exclude_none=True)) == sent.get("params", {})

"""Configurations to paste: a collection, and a search of it, as Python for qdrant-client and as REST.

Standard library only. Both forms are written from one description, so they can't say different things. What is not
set is not written, so that the server's default holds there; no address and no key is ever part of a snippet: the
Python reads both from the environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from qtui.methods import method
from qtui.model import CollectionSpec, Hnsw, Quantization, SearchSettings, VectorSpec

PYTHON_CLIENT = """\
from os import environ

from qdrant_client import QdrantClient, models

client = QdrantClient(
    url=environ["QDRANT_URL"],
    api_key=environ.get("QDRANT_API_KEY"),
)
"""
"""The lines that a Python snippet needs before it: imports, and a client without any secret in it."""

_DEFAULT_HNSW = Hnsw()
_INDENT = "    "
_ROOM = 48
"""Columns for a model on one line, indentation included: with the names around it, under eighty."""
_ENCODINGS = {"binary-1.5bit": "one_and_half_bits", "binary-2bit": "two_bits"}
_TURBO_BITS = {
    "turbo-1bit": "bits1",
    "turbo-1.5bit": "bits1_5",
    "turbo-2bit": "bits2",
    "turbo-4bit": "bits4",
    "turbo-8bit": "bits8",
}


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of one of the client's enumerations: its name is its REST value in capitals."""

    enum: str
    value: str


@dataclass(frozen=True, slots=True)
class _Model:
    """One of the client's models, with the fields that are set: in REST, an object of the same fields."""

    name: str
    fields: Mapping[str, Any]


# --- what is offered ----------------------------------------------------------------------------------------------


def collection_python(spec: CollectionSpec) -> str:
    """Python that makes the collection and its payload indexes, from the import to the last call."""
    arguments = {
        "collection_name": spec.name,
        "vectors_config": _vectors(spec),
        **_of_collection(spec),
    }
    calls = [_python_call("client.create_collection", arguments)]
    calls += [
        _python_call(
            "client.create_payload_index",
            {"collection_name": spec.name, "field_name": name, "field_schema": _Member("PayloadSchemaType", kind)},
        )
        for name, kind in spec.payload_indexes.items()
    ]
    return "\n".join([PYTHON_CLIENT, *calls])


def collection_rest(spec: CollectionSpec) -> str:
    """The requests that make the collection and its payload indexes: a line with verb and path, then the JSON."""
    body = {"vectors": _vectors(spec), **_of_collection(spec)}
    path = f"/collections/{quote(spec.name, safe='', errors='replace')}"
    requests = [_request(f"PUT {path}", body)]
    requests += [
        _request(f"PUT {path}/index", {"field_name": name, "field_schema": kind})
        for name, kind in spec.payload_indexes.items()
    ]
    return "\n".join(requests)


def search_python(collection: str, search: SearchSettings, vector: VectorSpec) -> str:
    """One search in Python, after `PYTHON_CLIENT`; it runs, with a vector that stands for the reader's own."""
    arguments = {
        "collection_name": collection,
        "query": _Raw("vector"),
        "using": vector.name or None,
        "search_params": _params(search),
        "limit": search.limit,
    }
    one = f"[0.1] * {vector.size}"
    own = f"[{one}]  # your query's, one a token" if vector.multivector else f"{one}  # your query's"
    return f"vector = {own}\n{_python_call('answer = client.query_points', arguments)}"


def search_rest(collection: str, search: SearchSettings, vector: VectorSpec) -> str:
    """The request of one search; its query is three numbers that stand for the reader's own."""
    numbers = [0.1, 0.2, 0.3]
    body = {
        "query": [numbers] if vector.multivector else numbers,
        "using": vector.name or None,
        "params": _params(search),
        "limit": search.limit,
        # the server leaves payloads out unless asked, and the Python client asks
        "with_payload": True,
    }
    return _request(f"POST /collections/{quote(collection, safe='', errors='replace')}/points/query", body)


# --- the description ----------------------------------------------------------------------------------------------


def _vectors(spec: CollectionSpec) -> Any:
    vectors = {vector.name: _vector(vector) for vector in spec.vectors}
    return vectors[""] if list(vectors) == [""] else vectors


def _vector(spec: VectorSpec) -> _Model:
    fields = {
        "size": spec.size,
        "distance": _Member("Distance", spec.distance.value.capitalize()),
        "datatype": None if spec.datatype == "float32" else _Member("Datatype", spec.datatype),
        "multivector_config": _MAX_SIM if spec.multivector else None,
        "on_disk": None if spec.placement is not None else spec.on_disk,
        "memory": None if spec.placement is None else _Member("Memory", spec.placement.value),
        "hnsw_config": None if spec.hnsw is None else _hnsw(spec.hnsw),
        "quantization_config": None if spec.quantization is None else _quantization(spec.quantization),
    }
    return _Model("VectorParams", fields)


_MAX_SIM = _Model("MultiVectorConfig", {"comparator": _Member("MultiVectorComparator", "max_sim")})


def _hnsw(hnsw: Hnsw) -> _Model:
    threshold = hnsw.full_scan_threshold
    # without a graph, how it would be built says nothing
    says_build = hnsw.m > 0 or hnsw.ef_construct != _DEFAULT_HNSW.ef_construct
    fields = {
        "m": hnsw.m,
        "ef_construct": hnsw.ef_construct if says_build else None,
        "full_scan_threshold": None if threshold == _DEFAULT_HNSW.full_scan_threshold else threshold,
        "on_disk": None if hnsw.placement is not None else hnsw.on_disk,
        "memory": None if hnsw.placement is None else _Member("Memory", hnsw.placement.value),
        "inline_storage": hnsw.inline_storage,
    }
    return _Model("HnswConfigDiff", fields)


def _quantization(settings: Quantization) -> _Model:
    family = method(settings.method).family
    placed = {
        "always_ram": None if settings.placement is not None else settings.always_ram,
        "memory": None if settings.placement is None else _Member("Memory", settings.placement.value),
    }
    if family == "scalar":
        own: dict[str, Any] = {"type": _Member("ScalarType", "int8"), "quantile": settings.quantile}
        return _Model("ScalarQuantization", {family: _Model("ScalarQuantizationConfig", own | placed)})
    if family == "product":
        own = {"compression": _Member("CompressionRatio", settings.method.removeprefix("product-"))}
        return _Model("ProductQuantization", {family: _Model("ProductQuantizationConfig", own | placed)})
    if family == "turbo":
        own = {"bits": _Member("TurboQuantBitSize", _TURBO_BITS[settings.method])}
        return _Model("TurboQuantization", {family: _Model("TurboQuantQuantizationConfig", own | placed)})
    return _Model("BinaryQuantization", {family: _Model("BinaryQuantizationConfig", _binary(settings) | placed)})


def _binary(settings: Quantization) -> dict[str, Any]:
    encoding, asked = _ENCODINGS.get(settings.method), settings.query_encoding
    return {
        "encoding": None if encoding is None else _Member("BinaryQuantizationEncoding", encoding),
        "query_encoding": None if asked is None else _Member("BinaryQuantizationQueryEncoding", asked),
    }


def _of_collection(spec: CollectionSpec) -> dict[str, Any]:
    return {
        "optimizers_config": _optimizers(spec),
        "on_disk_payload": spec.on_disk_payload,
        "shard_number": spec.shards,
        "replication_factor": spec.replicas,
    }


def _optimizers(spec: CollectionSpec) -> _Model | None:
    fields = {"indexing_threshold": spec.indexing_threshold_kb, "default_segment_number": spec.segments}
    return None if not any(_set(fields)) else _Model("OptimizersConfigDiff", fields)


def _params(search: SearchSettings) -> _Model | None:
    quantization = {
        "ignore": search.ignore or None,
        "rescore": search.rescore,
        "oversampling": search.oversampling,
    }
    fields = {
        "hnsw_ef": search.hnsw_ef,
        "exact": search.exact or None,
        "indexed_only": search.indexed_only or None,
        "quantization": _Model("QuantizationSearchParams", quantization) if any(_set(quantization)) else None,
    }
    return _Model("SearchParams", fields) if any(_set(fields)) else None


# --- writing it ---------------------------------------------------------------------------------------------------


class _Raw(str):
    """A name in Python code rather than a text."""

    __slots__ = ()


def _set(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in fields.items() if value is not None)


def _request(line: str, body: Mapping[str, Any]) -> str:
    # everything but ASCII is escaped, so that no name can turn or hide the text around it
    return f"{line}\n{json.dumps(_plain(_Model('', body)), indent=2)}\n"


def _plain(value: Any) -> Any:
    match value:
        case _Model():
            return {name: _plain(field) for name, field in _set(value.fields)}
        case _Member():
            return value.value
        case dict():
            return {name: _plain(field) for name, field in value.items()}
        case _:
            return value


def _python_call(function: str, arguments: Mapping[str, Any], depth: int = 0) -> str:
    return f"{function}(\n{_python_fields(arguments, depth)})\n"


def _python_fields(fields: Mapping[str, Any], depth: int) -> str:
    inner = _INDENT * (depth + 1)
    return "".join(f"{inner}{name}={_python(value, depth + 1)},\n" for name, value in _set(fields))


def _python(value: Any, depth: int) -> str:
    """A value in the client's terms: on one line where it fits and holds nothing else, else a line a field."""
    match value:
        case _Raw():
            return value
        case _Member():
            return f"models.{value.enum}.{value.value.upper()}"
        case _Model():
            return _python_model(value, depth)
        case dict():
            inner = _INDENT * (depth + 1)
            items = "".join(f"{inner}{_quoted(name)}: {_python(field, depth + 1)},\n" for name, field in value.items())
            return f"{{\n{items}{_INDENT * depth}}}"
        case str():
            return _quoted(value)
        case _:
            return repr(value)


def _python_model(value: _Model, depth: int) -> str:
    short = ", ".join(f"{name}={_python(field, depth)}" for name, field in _set(value.fields))
    nested = any(isinstance(field, (_Model, dict)) for _, field in _set(value.fields))
    if not nested and len(short) + len(value.name) + depth * len(_INDENT) <= _ROOM:
        return f"models.{value.name}({short})"
    return f"models.{value.name}(\n{_python_fields(value.fields, depth)}{_INDENT * depth})"


def _quoted(text: str) -> str:
    """A text in Python, ASCII only; in double quotes, unless it holds quotes of its own."""
    literal = ascii(text)
    return literal if "'" in text or '"' in text else f'"{literal[1:-1]}"'

"""What a source holds, told from its header and its first payloads. Imports no engine."""

from __future__ import annotations

from qtui.data.vectors import VectorSource, open_vectors
from qtui.loads import SAMPLES, SourceFacts, SourceSpec

_FLOAT32_BYTES = 4
_LOOKED_AT = 100
"""Payloads whose fields are told."""
_MOST_FIELDS = 50
_LONGEST_FIELD = 200


def describe(source: SourceSpec) -> SourceFacts:
    """Rows, dimension and what else a form asks of a source; its vectors are not read. Raises as `open_vectors`."""
    if source.documents is not None:
        from qtui.data.documents.embedded import describe as described

        return described(source.documents)
    with open_vectors(source) as found:
        return SourceFacts(
            name=found.name,
            rows=found.rows,
            dimension=found.dimension,
            multivector=found.multivector,
            vectors=round(found.rows * found.bytes_per_row / (found.dimension * _FLOAT32_BYTES)),
            distance=found.distance,
            payload_fields=_fields(found),
            queries=len(found.queries() or ()) if source.kind in SAMPLES else 0,
        )


def _fields(source: VectorSource) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for payload in source.payloads(0, _LOOKED_AT) if source.has_payload else ():
        names.update(dict.fromkeys(str(name)[:_LONGEST_FIELD] for name in payload or ()))
    return tuple(names)[:_MOST_FIELDS]

"""What `qtui demo` builds and asks, and the two collections of the notebook that the presets make.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.methods import DEFAULT_METHODS
from qtui.model import Distance, SearchSettings
from qtui.plan import BuildSpec, LoadRequest, SourceSpec, collection_names
from qtui.searching.columns import Column

PRESETS = {"colpali-scalar": "scalar", "colpali-binary": "binary"}
"""Preset, which is the collection's name too → its method."""
VECTOR, DIMENSION = "colpali", 128
DOCUMENTS_NAME = "sample documents, as token vectors of their texts"
"""The source's name wherever it is shown; it says what stands there instead of a vision model's vectors."""
NOTEBOOK = BuildSpec(
    distance=Distance.DOT,
    vector_name=VECTOR,
    on_disk=None,
    hnsw_m=0,
    # what the notebook doesn't say is the engine's to choose
    indexing_threshold_kb=None,
    segments=None,
)
"""Its settings; the quantile (0.99) and quantized vectors always in RAM are every build's."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Collections to load, and what to ask of them first."""

    name: str
    loads: tuple[LoadRequest, ...]
    columns: tuple[Column, ...] = ()
    """What the Search tab opens with; () leaves the app where it is."""
    query: str = ""

    @property
    def collections(self) -> tuple[str, ...]:
        """Names of all that it builds, in order."""
        return tuple(name for load in self.loads for name in collection_names(load).values())


def preset(name: str, source: SourceSpec) -> LoadRequest:
    """The load that makes one of the notebook's collections, under the notebook's name for it."""
    return LoadRequest(name, source, (PRESETS[name],), NOTEBOOK, keep_name=True)


TEXTS = Demo("texts", (LoadRequest("demo", SourceSpec("sample"), DEFAULT_METHODS),))
DOCUMENTS = Demo(
    "documents",
    tuple(preset(name, SourceSpec("documents")) for name in PRESETS),
    (
        Column("colpali-scalar", SearchSettings(10, rescore=True, oversampling=2.0), VECTOR),
        Column("colpali-binary", SearchSettings(10, rescore=True, oversampling=2.0), VECTOR),
        Column("colpali-binary", SearchSettings(10, rescore=False), VECTOR),
    ),
    "financial quarterly results revenue",
)

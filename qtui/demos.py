"""What `qtui demo` builds and asks, and the two collections of the notebook that the presets make.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qtui.embedders import EmbedderChoice
from qtui.loads import BuildSpec, DocumentsSpec, LoadRequest, SourceSpec, collection_names
from qtui.methods import DEFAULT_METHODS
from qtui.model import CollectionView, Distance, SearchSettings
from qtui.pictured import sample_images
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
MODEL = "Qdrant/colpali-v1.3-fp16"
"""The notebook's model."""
PAGES = ("financial-report.png", "titanic-newspaper.jpg", "men-walk-on-moon-newspaper.jpg", "einstein-newspaper.jpg")
"""The pictures, in the notebook's order."""
QUERY = "financial quarterly results revenue"
_COLUMNS = (
    Column("colpali-scalar", SearchSettings(10, rescore=True, oversampling=2.0), VECTOR),
    Column("colpali-binary", SearchSettings(10, rescore=True, oversampling=2.0), VECTOR),
    Column("colpali-binary", SearchSettings(10, rescore=False), VECTOR),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """Collections to load, and what to ask of them first."""

    name: str
    loads: tuple[LoadRequest, ...]
    columns: tuple[Column, ...] = ()
    """What the Search tab opens with; () leaves the app where it is."""
    query: str = ""
    embedder: EmbedderChoice | None = None
    """The model that makes the vectors; None where they ship with qtui."""

    @property
    def collections(self) -> tuple[str, ...]:
        """Names of all that it builds, in order."""
        return tuple(name for load in self.loads for name in collection_names(load).values())

    def is_ready(self, views: Iterable[CollectionView]) -> bool:
        """Whether all that it builds is there, made by a model where it wants one."""
        made = {each.name for each in views if each.status == "green" and (each.embedder or not self.embedder)}
        return made.issuperset(self.collections)


def preset(name: str, source: SourceSpec) -> LoadRequest:
    """The load that makes one of the notebook's collections, under the notebook's name for it."""
    return LoadRequest(name, source, (PRESETS[name],), NOTEBOOK, keep_name=True)


def documents(choice: EmbedderChoice | None = None) -> Demo:
    """The notebook's flow: on the pictures with that model, or on the sample's vectors where there is none."""
    source = SourceSpec("documents")
    if choice is not None:
        pages = tuple(str(sample_images() / name) for name in PAGES)
        source = SourceSpec("embed", documents=DocumentsSpec(pages, choice))
    return Demo("documents", tuple(preset(name, source) for name in PRESETS), _COLUMNS, QUERY, choice)


TEXTS = Demo("texts", (LoadRequest("demo", SourceSpec("sample"), DEFAULT_METHODS),))
DOCUMENTS = documents()

"""What turns images and texts into vectors, as plain data: what is offered, chosen, and remembered by a collection.

Standard library only: the app's process, the engine room and the command line share these. The models themselves are
run by `qtui.data.embed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qtui.errors import UsageError, shown

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
PAGES = (".pdf",)
TEXTS = (".txt", ".md")
TABLES = (".jsonl", ".ndjson", ".csv")
DOCUMENTS = (*IMAGES, *PAGES, *TEXTS, *TABLES)
"""How the names of files end that hold documents to embed."""
REMEMBERED = "embedder"
"""Under this name a collection keeps its EmbedderSpec, as JSON, in `Origin.extra`."""


def installing(package: str) -> str:
    """The command that brings one of the optional packages to this very Python, in a version that qtui works with."""
    import re
    import shlex
    import sys
    from importlib import metadata

    wanted = (asked.partition(";")[0].strip() for asked in metadata.requires("qtui") or ())
    version = next((each for each in wanted if re.split(r"[^\w.-]", each)[0] == package), package)
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.quote(version)}"


class Modality(StrEnum):
    """What a model can embed."""

    TEXT = "text"
    IMAGE = "image"


class Kind(StrEnum):
    """How a model embeds; the value is what people read."""

    LATE_MULTIMODAL = "late interaction, images and text"
    LATE_TEXT = "late interaction, text"
    DENSE_TEXT = "dense, text"
    DENSE_IMAGE = "dense, images"
    DENSE_PAIR = "dense, images and text"

    @property
    def multivector(self) -> bool:
        """Whether a document becomes several vectors, compared by MaxSim."""
        return self in (Kind.LATE_MULTIMODAL, Kind.LATE_TEXT)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What can be embedded, as a document or as a query."""
        if self in (Kind.LATE_TEXT, Kind.DENSE_TEXT):
            return (Modality.TEXT,)
        return (Modality.IMAGE,) if self is Kind.DENSE_IMAGE else (Modality.IMAGE, Modality.TEXT)


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """A model as the user names it: one of the catalogue, a folder, or both (that model's files in that folder)."""

    model: str | None = None
    path: str | None = None
    """Folder of the model's files."""


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """The model that made a collection's vectors, as the collection remembers it."""

    model: str
    """Its name in the catalogue, or what a custom model calls itself."""
    kind: Kind
    dimension: int
    """Components of one vector (of one token, where it makes multivectors)."""
    identity: str = ""
    """A hash of what decides its vectors: its files, how they are pooled, prefixes. '' where nobody knows."""
    path: str | None = None
    """The folder that it came from; None for one of the catalogue."""

    @property
    def multivector(self) -> bool:
        """Whether a document becomes several vectors."""
        return self.kind.multivector

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What it can embed."""
        return self.kind.modalities

    @property
    def choice(self) -> EmbedderChoice:
        """How to open it again."""
        return EmbedderChoice(self.model, self.path)


@dataclass(frozen=True, slots=True)
class Embedded:
    """Documents are embedded: by which model, and under which key the cache has them. An event, too."""

    embedder: EmbedderSpec
    key: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model that can be chosen."""

    model: str
    kind: Kind
    dimension: int
    licence: str
    download_bytes: int
    """What the publisher says its files take; 0 where nobody says."""
    cached: str | None
    """The folder where its files are on this machine; None when they would have to be downloaded."""
    description: str = ""

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What it can embed."""
        return self.kind.modalities


@dataclass(frozen=True, slots=True)
class SearchedVector:
    """The vector of a collection that a query is for."""

    collection: str
    size: int
    multivector: bool
    embedder: EmbedderSpec | None = None
    """What the collection remembers of the model that made it."""


def check_fits(offered: EmbedderSpec, searched: SearchedVector) -> None:
    """Raises UsageError, with the reason, when vectors of `offered` can't be compared with those that are searched."""
    remembered, collection = searched.embedder, searched.collection
    made = f"; it was embedded with {shown(remembered.model)}, search with that" if remembered else ""
    if offered.multivector != searched.multivector:
        its, theirs = ("several vectors", "one") if offered.multivector else ("one vector", "several")
        raise UsageError(
            f"{shown(offered.model)} makes {its} a document and {shown(collection)} holds {theirs} a point"
            f"{made or '; choose a model of the other kind'}"
        )
    if offered.dimension != searched.size:
        raise UsageError(
            f"{shown(offered.model)} makes vectors of {offered.dimension} dimensions and {shown(collection)} holds "
            f"{searched.size}{made or '; choose another model'}"
        )
    if remembered is None:
        return
    if offered.model != remembered.model:
        raise UsageError(f"{shown(collection)} can't be searched with {shown(offered.model)}{made}")
    if offered.identity and remembered.identity and offered.identity != remembered.identity:
        raise UsageError(
            f"{shown(collection)} was embedded with other files of {shown(offered.model)} than are here, and their "
            "vectors can't be compared; give the folder of the first by --model-path, or load the documents again"
        )

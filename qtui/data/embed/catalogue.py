"""What models there are: fastembed's own lists, with those that belong together put together. Imports fastembed.

A model has up to three towers: one for texts, one for images, one for queries where those need another.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtui.data.embed import places
from qtui.embedders import Kind, ModelFacts, installing
from qtui.errors import UsageError, shown

if TYPE_CHECKING:
    from fastembed.common.model_description import DenseModelDescription

_GB = 10**9


@dataclass(frozen=True, eq=False)
class Tower:
    """One network: the class of fastembed that knows how to run it, and its description there."""

    loader: type[Any]
    description: DenseModelDescription

    @property
    def files(self) -> tuple[str, ...]:
        """What it can't do without, inside its folder."""
        return (self.description.model_file, *self.description.additional_files)

    def cached(self) -> tuple[Path, Path] | None:
        """The cache and the folder where its files are; None when they aren't on this machine."""
        repository = self.description.sources.hf
        return None if repository is None else places.cached(repository, self.files)


@dataclass(frozen=True)
class Model:
    """One that can be chosen."""

    name: str
    kind: Kind
    text: Tower | None = None
    image: Tower | None = None
    query: Tower | None = None
    """For queries, where it isn't the one for texts."""
    document_prefix: str = ""
    query_prefix: str = ""
    settings: str = ""
    """What else decides its vectors, where it isn't one of the catalogue."""

    @property
    def towers(self) -> tuple[Tower, ...]:
        """All of them, each once."""
        found = (self.image, self.text, self.query)
        return tuple(dict.fromkeys(tower for tower in found if tower is not None))

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return int(self.towers[0].description.dim or 0)

    def facts(self) -> ModelFacts:
        """What is told of it."""
        where = [tower.cached() for tower in self.towers]
        missing = any(each is None for each in where)
        return ModelFacts(
            model=self.name,
            kind=self.kind,
            dimension=self.dimension,
            licence=" + ".join(dict.fromkeys(tower.description.license for tower in self.towers)),
            download_bytes=round(sum(tower.description.size_in_GB for tower in self.towers) * _GB),
            cached=None if missing or where[0] is None else str(where[0][1]),
            description=self.towers[0].description.description,
        )


def models() -> tuple[ModelFacts, ...]:
    """Facts of all models. Raises UsageError without fastembed."""
    return tuple(model.facts() for model in every())


def named(name: str) -> Model:
    """The model of that name, in any case. Raises UsageError with names that are near it."""
    import difflib

    found = {model.name.lower(): model for model in every()}
    model = found.get(name.lower())
    if model is not None:
        return model
    near = [each for each in found if name.strip() and name.strip().lower() in each]
    near = near or difflib.get_close_matches(name.lower(), found, n=1, cutoff=0.5)
    hint = f"did you mean {found[near[0]].name}?" if near else "'qtui models' lists them"
    raise UsageError(f"no model {shown(name)} (files of your own: --model-path); {hint}")


def require() -> None:
    """Raises UsageError, with the command that brings it, where fastembed isn't installed."""
    if importlib.util.find_spec("fastembed") is None:
        raise UsageError(f"embedding images and texts needs fastembed: {installing('fastembed')}")


@functools.cache
def every() -> tuple[Model, ...]:
    """All models: late interaction on images first, then on text, then dense. Raises UsageError without fastembed."""
    require()
    from loguru import logger

    logger.disable("fastembed")  # what goes wrong is raised, and told by us
    return (*_late_multimodal(), *_late_text(), *_pairs(), *_images(), *_texts())


def _late_multimodal() -> Iterator[Model]:
    from fastembed import LateInteractionMultimodalEmbedding

    for tower in _towers(LateInteractionMultimodalEmbedding).values():
        yield Model(tower.description.model, Kind.LATE_MULTIMODAL, text=tower, image=tower)


def _late_text() -> Iterator[Model]:
    from fastembed import LateInteractionTextEmbedding

    for tower in _towers(LateInteractionTextEmbedding).values():
        yield Model(tower.description.model, Kind.LATE_TEXT, text=tower)


_PAIRS = {
    "Qdrant/clip-ViT-B-32": ("Qdrant/clip-ViT-B-32-vision", "Qdrant/clip-ViT-B-32-text"),
    "jinaai/jina-clip-v1": ("jinaai/jina-clip-v1", "jinaai/jina-clip-v1"),
    "google/siglip2-base-patch16-224": ("google/siglip2-base-patch16-224", "google/siglip2-base-patch16-224"),
    "nomic-ai/nomic-embed-v1.5": ("nomic-ai/nomic-embed-vision-v1.5", "nomic-ai/nomic-embed-text-v1.5"),
}
"""Name of a pair → its model for images and its model for texts, which were trained to be compared."""
_DOCUMENTS_BY = {
    "Qdrant/constella-nano": "Qdrant/stella-en-400M-v5-doc-onnx",
    "Qdrant/constella-zero": "Qdrant/stella-en-400M-v5-doc-onnx",
}
"""Models for queries alone → the one that embeds the documents they are for."""
_QUERIES_BY = {"Qdrant/stella-en-400M-v5-doc-onnx": "Qdrant/constella-nano"}
"""Models for documents alone → the one that embeds their queries."""
_FOR_SEARCH = "Represent this sentence for searching relevant passages: "
_PREFIXES = (
    ("intfloat/multilingual-e5", "passage: ", "query: "),
    ("nomic-ai/nomic-embed-text", "search_document: ", "search_query: "),
    ("nomic-ai/nomic-embed-v", "search_document: ", "search_query: "),
    ("google/embeddinggemma", "title: none | text: ", "task: search result | query: "),
    ("snowflake/snowflake-arctic-embed", "", _FOR_SEARCH),
    ("mixedbread-ai/mxbai-embed", "", _FOR_SEARCH),
    ("BAAI/bge-base-en", "", _FOR_SEARCH),
    ("BAAI/bge-large-en", "", _FOR_SEARCH),
    ("BAAI/bge-small-en", "", _FOR_SEARCH),
    ("BAAI/bge-small-zh", "", "为这个句子生成表示以用于检索相关文章："),
    (
        "Qwen/Qwen3-Embedding",
        "",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
    ),
)
"""How a name begins → what its publisher wants put before a document and before a query.

As the publishers describe them for retrieval: multilingual-e5-large ("query: " and "passage: " for asymmetric tasks),
nomic-embed-text-v1 and v1.5, embeddinggemma-300m, snowflake-arctic-embed (all sizes of version 1, queries alone),
mxbai-embed-large-v1 (queries alone), bge (queries of short texts for passages) and Qwen3-Embedding. Those of e5, nomic
and mxbai were compared with public descriptions of them.

fastembed 0.9.1 adds none: its `TextEmbeddingBase.query_embed` and `passage_embed` call `embed` with the text as it is,
but for jina-embeddings-v3, whose task they choose, and the ColBERT classes, which put their own markers in. The cards
of stella-en-400M-v5-doc-onnx, constella-nano and -zero want none: queries have a network of their own there.
"""


def _pairs() -> Iterator[Model]:
    from fastembed import ImageEmbedding, TextEmbedding

    images, texts = _towers(ImageEmbedding), _towers(TextEmbedding)
    for name, (image, text) in _PAIRS.items():
        if image in images and text in texts:
            document, query = _prefixes(name)
            yield Model(
                name,
                Kind.DENSE_PAIR,
                image=images[image],
                text=texts[text],
                document_prefix=document,
                query_prefix=query,
            )


def _images() -> Iterator[Model]:
    from fastembed import ImageEmbedding

    for name, tower in _towers(ImageEmbedding).items():
        if name not in _PAIRS:
            yield Model(name, Kind.DENSE_IMAGE, image=tower)


def _texts() -> Iterator[Model]:
    from fastembed import TextEmbedding

    towers = _towers(TextEmbedding)
    for name, tower in towers.items():
        if name in _PAIRS:
            continue
        documents = towers.get(_DOCUMENTS_BY.get(name, ""))
        document, query = _prefixes(name)
        yield Model(
            name,
            Kind.DENSE_TEXT,
            text=documents or tower,
            query=tower if documents else towers.get(_QUERIES_BY.get(name, "")),
            document_prefix=document,
            query_prefix=query,
        )


def _towers(front: Any) -> dict[str, Tower]:
    """What one of fastembed's front classes offers, by name, with the class that each is made for."""
    return {
        description.model: Tower(loader, description)
        for loader in front.EMBEDDINGS_REGISTRY
        for description in loader._list_supported_models()  # noqa: SLF001 - the public list leaves out the class
        if getattr(description, "dim", None)
    }


def _prefixes(name: str) -> tuple[str, str]:
    return next(((document, query) for begins, document, query in _PREFIXES if name.startswith(begins)), ("", ""))

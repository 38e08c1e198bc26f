"""A model of fastembed at work: loads each network when it is first needed, and makes float32 of what comes out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qtui.data.embed.base import Vector
from qtui.data.embed.catalogue import Model, Tower
from qtui.data.embed.described import unusable
from qtui.data.pictures import picture
from qtui.embedders import EmbedderSpec, Kind, Modality
from qtui.errors import DataError, QtuiError, UsageError, shown

if TYPE_CHECKING:
    from PIL.Image import Image

_SHORTEST = 1e-6
"""Length under which a token's vector is padding, not a token."""


_MOST_ADDED = 8
"""Tokens that a model puts around a text."""


class Running:
    """See `qtui.data.embed.base.Embedder`."""

    def __init__(self, model: Model, spec: EmbedderSpec, folders: dict[Tower, Path]) -> None:
        self.spec = spec
        self._model, self._folders = model, folders
        self._networks: dict[Tower, Any] = {}

    def load(self, *modalities: Modality) -> None:
        """See Embedder."""
        for modality in modalities:
            self._network(self._tower(modality))

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """See Embedder."""
        network = self._network(self._tower(Modality.TEXT))
        given = [self._model.document_prefix + text for text in texts]
        embed: Callable[..., Iterable[Any]] = {
            Kind.LATE_MULTIMODAL: getattr(network, "embed_text", None),
            Kind.LATE_TEXT: getattr(network, "embed", None),
        }.get(self.spec.kind) or network.passage_embed
        return self._finished(embed(given, batch_size=max(1, len(given))), len(texts))

    def embed_images(self, images: Sequence[Path | Image]) -> list[Vector]:
        """See Embedder."""
        network = self._network(self._tower(Modality.IMAGE))
        given = [picture(image) if isinstance(image, Path) else image for image in images]
        embed = network.embed_image if self.spec.multivector else network.embed
        return self._finished(embed(given, batch_size=max(1, len(given))), len(images))

    def embed_query(self, text: str) -> Vector:
        """See Embedder."""
        tower = self._model.query or self._tower(Modality.TEXT)
        network = self._network(tower)
        given = self._model.query_prefix + text
        multimodal = self.spec.kind is Kind.LATE_MULTIMODAL
        return self._finished(network.embed_text([given]) if multimodal else network.query_embed(given), 1)[0]

    def embed_query_image(self, image: Path | Image) -> Vector:
        """See Embedder."""
        return self.embed_images([image])[0]

    def too_long(self, texts: Sequence[str]) -> tuple[int, list[int]]:
        """See Embedder."""
        network = self._network(self._tower(Modality.TEXT))
        tokenizer = network.tokenizer
        if tokenizer.truncation is None:
            return 0, []
        window = int(tokenizer.truncation["max_length"])
        prefix = self._model.document_prefix
        # a token is a byte at least, so that short texts needn't be taken apart a second time
        suspects = [at for at, text in enumerate(texts) if len(prefix) + len(text.encode()) > window - _MOST_ADDED]
        return window, [at for at in suspects if tokenizer.encode(prefix + texts[at]).overflowing]

    def close(self) -> None:
        """See Embedder."""
        self._networks.clear()

    def _tower(self, modality: Modality) -> Tower:
        tower = self._model.image if modality is Modality.IMAGE else self._model.text
        if tower is None:
            takes = " and ".join(f"{each}s" for each in self.spec.modalities)
            raise UsageError(f"{shown(self.spec.model)} takes {takes} and no {modality}s; choose another model")
        return tower

    def _network(self, tower: Tower) -> Any:
        found = self._networks.get(tower)
        if found is None:
            folder = self._folders[tower]
            with _quiet():
                try:
                    found = tower.loader(tower.description.model, specific_model_path=str(folder))
                except QtuiError:
                    raise
                except Exception as error:
                    raise unusable(folder, error) from error
            self._networks[tower] = found
        return found

    def _finished(self, vectors: Iterable[Any], expected: int) -> list[Vector]:
        try:
            found = [self._checked(np.ascontiguousarray(vector, dtype=np.float32)) for vector in vectors]
        except QtuiError:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise DataError(
                f"{shown(self.spec.model)} failed while it embedded: {shown(lines[0])}; "
                "check that it is run as it was made for"
            ) from error
        if len(found) != expected:
            raise DataError(f"{shown(self.spec.model)} made {len(found)} embeddings of {expected} documents")
        return found

    def _checked(self, vector: Vector) -> Vector:
        ranks = 2 if self.spec.multivector else 1
        if vector.ndim != ranks or vector.shape[-1] != self.spec.dimension:
            raise DataError(
                f"{shown(self.spec.model)} makes an output of shape {vector.shape}, not "
                f"{'(tokens, ' if ranks == 2 else '('}{self.spec.dimension}); describe it as what it is"
            )
        if ranks == 1:
            return vector
        lengths = np.linalg.norm(vector, axis=1)
        kept = vector[~(lengths < _SHORTEST)]  # what isn't finite stays, to be refused by name later
        return kept if len(kept) else vector[:1]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps onnxruntime's own log off standard error: what fails is raised."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    yield

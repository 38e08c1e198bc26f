"""The protocol that every embedder speaks. Imports numpy for types, and no model.

Vectors are float32 arrays: (dimension,), or (tokens, dimension) from a model whose `spec.multivector` is true; tokens
of padding are left out. Embedders are for one thread at a time, and hold that thread while they work: call them in a
child process, or by `asyncio.to_thread`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from qtui.embedders import EmbedderSpec, Modality

if TYPE_CHECKING:
    from PIL.Image import Image

Vector = NDArray[np.float32]


class Embedder(Protocol):
    """A loaded model. What it doesn't take (`spec.modalities`) raises UsageError, with what it takes."""

    @property
    def spec(self) -> EmbedderSpec:
        """Which model this is; what a collection made with it remembers."""
        ...

    def load(self, *modalities: Modality) -> None:
        """Loads the weights for these now, which can take a minute; otherwise the first batch does.

        Raises DataError for files that can't be loaded.
        """
        ...

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """One vector or multivector a document, in order; the texts are one batch."""
        ...

    def embed_images(self, images: Sequence[Path | Image]) -> list[Vector]:
        """One vector or multivector an image, in order; the images are one batch.

        Raises DataError for an image that can't be read, with its name.
        """
        ...

    def embed_query(self, text: str) -> Vector:
        """What to search with for a text: models may embed a query otherwise than a document."""
        ...

    def embed_query_image(self, image: Path | Image) -> Vector:
        """What to search with for an image."""
        ...

    def too_long(self, texts: Sequence[str]) -> tuple[int, list[int]]:
        """The tokens that the model reads of a text, and which of these have more: the rest of those is lost."""
        ...

    def close(self) -> None:
        """Lets go of the model's memory."""
        ...

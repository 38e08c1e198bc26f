"""Queries by text and by image: made by the model that made a collection's vectors, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qtui.data.embed.base import Embedder
from qtui.embedders import SearchedVector, check_fits
from qtui.errors import DataError, UsageError
from qtui.model import QueryVector

_LONGEST_TITLE = 200


def embed(embedder: Embedder, text: str, image: str, searched: SearchedVector | None = None) -> QueryVector:
    """A text or an image as what to search with: give one of the two, and '' for the other.

    Raises UsageError for neither or both, for a model that doesn't fit the vector that is `searched`, and as
    `Embedder` does.
    """
    if bool(text.strip()) == bool(image):
        raise UsageError("search for a text or for an image: give one of them")
    if searched is not None:
        check_fits(embedder.spec, searched)
    vector = embedder.embed_query_image(Path(image).expanduser()) if image else embedder.embed_query(text)
    if not np.isfinite(vector).all():
        raise DataError("the model makes a vector of this that is not finite; choose another text or image")
    title = Path(image).name if image else " ".join(text.split())
    return QueryVector(title[:_LONGEST_TITLE], vector.tolist())

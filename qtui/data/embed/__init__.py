"""Models that turn images and texts into vectors, through fastembed. Nothing else in qtui imports it or onnxruntime.

`open_embedder` loads one, `models` lists what can be chosen. Both import fastembed, which takes most of a second, and
raise UsageError with the command that brings it where it isn't installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtui.data.embed.base import Embedder
    from qtui.embedders import EmbedderChoice, ModelFacts


def open_embedder(choice: EmbedderChoice) -> Embedder:
    """The model, loaded from files on this machine: nothing is downloaded (`qtui.data.embed.fetch` does that).

    Raises UsageError for a model that nobody knows or that isn't there (naming those that are), NotFound for a folder
    that isn't there, DataError for files that are missing or damaged.
    """
    from qtui.data.embed.opening import opened

    return opened(choice)


def models() -> tuple[ModelFacts, ...]:
    """The catalogue: late interaction on images first, then on text, then dense; the cached ones say where."""
    from qtui.data.embed.catalogue import models as listed

    return listed()

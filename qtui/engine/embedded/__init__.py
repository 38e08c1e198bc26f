"""The embedded Qdrant engine behind our protocol: the only package that imports qdrant_edge."""

from qtui.engine.embedded.adapter import EmbeddedEngine

__all__ = ["EmbeddedEngine"]

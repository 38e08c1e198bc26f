"""A Qdrant server, Qdrant Cloud or a cluster behind our protocol: the only package that imports qdrant_client."""

from qtui.engine.server.adapter import ServerEngine
from qtui.engine.server.connection import open_server

__all__ = ["ServerEngine", "open_server"]

"""A Qdrant server, Qdrant Cloud or a cluster behind our protocol: the only package that imports qdrant_client."""

import sys

# The client loads fastembed at once where that is installed, and an inference runtime with it: a second and 100 MB for
# what is never used here. Held back, it finds none; who wants to embed imports it as ever.
_held_back = "fastembed" not in sys.modules
if _held_back:
    sys.modules["fastembed"] = None  # type: ignore[assignment]  # None is how an import is made to fail
try:
    import qdrant_client as _qdrant_client  # noqa: F401  # for its side effect: it is loaded now
finally:
    if _held_back:
        del sys.modules["fastembed"]

from qtui.engine.server.adapter import ServerEngine  # noqa: E402  # after what is held back
from qtui.engine.server.connection import open_server  # noqa: E402  # likewise

__all__ = ["ServerEngine", "open_server"]

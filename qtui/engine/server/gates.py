"""What a server of some version, reached with some key, can't do, with the reason: one table. No client is imported."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from qtui.errors import AccessError, shown
from qtui.methods import METHODS
from qtui.target import Target

Version = tuple[int, int]

OLDEST: Version = (1, 10)
"""First with the one endpoint that all searches use."""
_SINCE: dict[str, Version] = {
    "oversampling": (1, 3),
    "query_encoding": (1, 15),
    "inline_storage": (1, 16),
    "metadata": (1, 16),
    "optimizations": (1, 17),
    "memory_report": (1, 18),
    "placement": (1, 19),
}


def version_of(text: str) -> Version:
    """Major and minor of a version such as '1.19.0' or '1.20.0-dev'. Raises AccessError for what is none."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    if found is None:
        raise AccessError(f"the server says that its version is {shown(text)}: is it a Qdrant?")
    return int(found[1]), int(found[2])


def require_known(text: str) -> Version:
    """The version, once it is sure that qtui can talk to it. Raises AccessError for one that is too old."""
    version = version_of(text)
    if version < OLDEST:
        raise AccessError(f"the server is Qdrant {shown(text)}; qtui needs {_dotted(OLDEST)} or newer: upgrade it")
    return version


def refused(text: str, target: Target, key: str | None) -> dict[str, str]:
    """Methods and capabilities that this server lacks for us → why."""
    version = version_of(text)
    since = {**_SINCE, **{name: version_of(method.since) for name, method in METHODS.items()}}
    reasons = {
        name: f"needs Qdrant {_dotted(first)} or newer; this server is {text[:20]}"
        for name, first in since.items()
        if version < first
    }
    reasons["evict"] = "what a server keeps in its page cache can't be dropped from here"
    if not target.grpc:
        reasons["grpc"] = "connected over REST; --grpc uses gRPC"
    if not target.writable:
        reasons["write"] = "read-only: start with --allow-writes to change anything on a server"
    else:
        reasons.update(_of_key(key))
    return reasons


def _of_key(key: str | None) -> dict[str, str]:
    """What a token says of itself; the server checks it, so that nothing depends on this being right."""
    access = claims(key).get("access")
    if access == "r":
        return {"write": "the key may only read"}
    if isinstance(access, list) and not any(
        "w" in str(part.get("access")) for part in access if isinstance(part, dict)
    ):
        return {"write": "the key may only read some collections"}
    return {}


def claims(key: str | None) -> dict[str, Any]:
    """What a JWT claims, unchecked; empty for a plain key."""
    parts = (key or "").split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"

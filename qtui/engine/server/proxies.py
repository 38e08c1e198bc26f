"""Which proxy of the environment lies between us and a server, named without its password."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from qtui.target import Target

_OF_GRPC = ("grpc_proxy", "https_proxy", "http_proxy")
"""In the order that gRPC looks at them, whatever the scheme."""


def proxy_of(target: Target, *, grpc: bool = False) -> str | None:
    """Its scheme, host and port; None where requests go straight to the server."""
    if target.url is None or target.local or proxy_bypass(target.host or ""):
        return None
    if grpc:
        found = next((value for name in _OF_GRPC if (value := os.environ.get(name))), None)
    else:
        proxies = getproxies()
        found = proxies.get(urlsplit(target.url).scheme) or proxies.get("all")
    return _named(found) if found else None


def _named(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

"""From a target to an engine on one AsyncQdrantClient: address, key, certificates, socket, and the first question."""

from __future__ import annotations

import asyncio
import math
import ssl
import time
import warnings
from pathlib import Path
from typing import Any

import httpx
from qdrant_client import AsyncQdrantClient
from qdrant_client.http import models as rest

from qtui.engine.server import gates
from qtui.engine.server.adapter import ServerEngine
from qtui.engine.server.link import Link, Sleep
from qtui.errors import AccessError, Unreachable, UsageError, shown
from qtui.model import EngineInfo
from qtui.target import Target

_IDLE_S = 3.0
"""An unused connection is given up before the server does it: a request on one that is half closed would fail."""


async def open_server(target: Target, *, sleep: Sleep = asyncio.sleep) -> ServerEngine:
    """The engine on a server, once its version is known. `sleep` makes the pauses before tries and looks.

    Raises UsageError for a certificate file that can't be read; Unreachable, TimedOut, or AccessError for a server that
    isn't there, is no Qdrant, is too old, or wants another key.
    """
    key = target.key()
    link = Link(connect(target, key), target, sleep)
    try:
        version = await _version(link)
        refused = gates.refused(version, target, key)
        await link.safely(link.http.collections_api.get_collections, "list the collections")
        if target.grpc:
            await _same_by_grpc(link, version)
    except BaseException:
        await link.close()
        raise
    info = EngineInfo(
        "server",
        version,
        target.where,
        read_only="write" in refused,
        protocol="gRPC" if target.grpc else "REST",
        refused=refused,
        cautions=(*target.cautions(), *_of_key(key)),
    )
    return ServerEngine(link, info)


def connect(target: Target, key: str | None) -> AsyncQdrantClient:
    """The client of a target; opens no connection yet. Raises UsageError for a certificate file that can't be read."""
    options: dict[str, Any] = {"trust_env": not target.local}
    # Connections are kept: opening one for each request would be measured as search time.
    options["limits"] = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_IDLE_S)
    grpc_options: dict[str, Any] = {"grpc.enable_http_proxy": 0} if target.local else {}
    if target.url is not None and target.url.startswith("http://"):
        options["verify"] = False  # there is no TLS on this connection; certificates are slow to read
    elif target.ca is not None:
        options["verify"], grpc_options["root_certificates"] = _certificates(target.ca)
    if target.socket is not None:
        options["transport"] = httpx.AsyncHTTPTransport(uds=target.socket)
    if key is not None:
        options.update({"auth_token_provider": lambda: key} if target.bearer else {"api_key": key})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a key over plain http, which the target's cautions tell the user
        return AsyncQdrantClient(
            url=target.url,
            grpc_port=target.grpc_port,
            prefer_grpc=target.grpc,
            timeout=math.ceil(target.timeout),
            check_compatibility=False,
            grpc_options=grpc_options,
            **options,
        )


def _certificates(path: str) -> tuple[ssl.SSLContext, bytes]:
    try:
        return ssl.create_default_context(cafile=path), Path(path).read_bytes()
    except OSError as error:  # ssl's own among them
        raise UsageError(f"can't use {shown(path)} as certificates: {error.strerror}; give a PEM file") from None
    except ValueError as error:
        raise UsageError(f"can't use {shown(path)} as certificates: {shown(error)}; give a PEM file") from None


async def _version(link: Link) -> str:
    found: rest.VersionInfo = await link.once(link.http.service_api.root, "ask for the version")
    if "qdrant" not in found.title.lower():
        raise AccessError(f"{link.target.where} answers as {shown(found.title)}: this is no Qdrant server")
    gates.require_known(found.version)
    return found.version


async def _same_by_grpc(link: Link, version: str) -> None:
    """Makes sure that gRPC leads to the same server as REST. Raises Unreachable or AccessError where it doesn't."""
    port = f"port {link.target.grpc_port} of {link.target.host}"
    remedy = "name the port with --grpc-port, or leave out --grpc"
    try:
        found = await link.once(link.client.info, "use gRPC")
    except Unreachable as error:
        raise Unreachable(f"nobody answers gRPC on {port}; {remedy}") from error
    if found.version != version:
        theirs = shown(found.version, 20)
        raise AccessError(f"{port} is another server, Qdrant {theirs} and not {shown(version, 20)}; {remedy}")


def _of_key(key: str | None) -> tuple[str, ...]:
    expiry = gates.claims(key).get("exp")
    if not isinstance(expiry, int | float):
        return ()
    left = expiry - time.time()
    if left < 0:
        return ("the key has expired; ask for a new one",)
    return (f"the key expires in {left / 60:.0f} minutes",) if left < 3600 else ()

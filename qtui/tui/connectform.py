"""The connect dialog's texts made into a target, with one line for the first thing that is wrong. No widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtui.errors import UsageError
from qtui.profiles import profile_target
from qtui.target import KEY_VARIABLE, TIMEOUT_S, Target, remember_key, server


@dataclass(frozen=True, slots=True)
class ConnectText:
    """The dialog's controls as they stand."""

    profile: str = ""
    address: str = ""
    """'' is the store of this machine."""
    key_env: str = ""
    """Name of the variable that holds the key."""
    ca: str = ""
    grpc: bool = False
    grpc_port: str = ""
    """'' is the one above REST's."""
    timeout: str = ""
    """Seconds; '' is as many as usual."""
    bearer: bool = False
    """Whether the key goes as a bearer token."""
    allow_writes: bool = False


def text_of(target: Target | None, environ: Mapping[str, str]) -> ConnectText:
    """The form for what we are connected to now."""
    if target is None or target.embedded:
        return ConnectText(key_env=KEY_VARIABLE if environ.get(KEY_VARIABLE, "").strip() else "")
    return ConnectText(
        profile=target.profile or "",
        address=target.where,
        key_env=target.api_key_env or "",
        ca=target.ca or "",
        grpc=target.grpc,
        grpc_port=str(target.grpc_port) if target.grpc and target.grpc_port != server(target.where).grpc_port else "",
        timeout=f"{target.timeout:g}" if target.timeout != TIMEOUT_S else "",
        bearer=target.bearer,
        allow_writes=target.allow_writes,
    )


def filled(text: ConnectText, said: Mapping[str, Any]) -> ConnectText:
    """The form with what a profile says."""
    return replace(
        text,
        address=str(said.get("url", said.get("path", ""))),
        key_env=str(said.get("api_key_env", "")),
        ca=str(said.get("ca", "")),
        grpc=bool(said.get("grpc", False)),
        grpc_port=str(said.get("grpc_port", "")),
        timeout=f"{said['timeout']:g}" if "timeout" in said else "",
        bearer=bool(said.get("bearer", False)),
    )


def read_connection(text: ConnectText, profiles: Mapping[str, Mapping[str, Any]], store: Path) -> Target:
    """The target that is meant. Raises UsageError with a line for the user."""
    said = profiles.get(text.profile)
    if said is not None and filled(text, said) == text:
        target = profile_target(text.profile, said)
        return target if target.embedded else replace(target, allow_writes=text.allow_writes)
    address = text.address.strip()
    if not address or address.startswith(("/", "~")):
        return Target(path=str(Path(address).expanduser()) if address else str(store))
    return server(
        address,
        api_key_env=text.key_env.strip() or None,
        bearer=text.bearer,
        grpc=text.grpc,
        grpc_port=_port(text.grpc_port) if text.grpc and text.grpc_port.strip() else None,
        timeout=_seconds(text.timeout) if text.timeout.strip() else TIMEOUT_S,
        ca=text.ca.strip() or None,
        allow_writes=text.allow_writes,
    )


def _port(typed: str) -> int:
    line = typed.strip()
    if not (line.isascii() and line.isdecimal() and 0 < int(line[:6]) < 65536):
        raise UsageError("gRPC port: 1 to 65535, or nothing for the one above REST's")
    return int(line)


def _seconds(typed: str) -> float:
    try:
        return float(typed.strip().removesuffix("s").replace(",", "."))
    except ValueError:
        raise UsageError(f"time-out: seconds, as 90, or nothing for {TIMEOUT_S:g}") from None


def with_key(target: Target, typed: str) -> Target:
    """The target, with the key that was typed remembered in this process. Raises AccessError for what is no key."""
    if not typed.strip():
        return target
    if target.embedded:
        raise UsageError("the store of this machine wants no key; type the address of a server")
    remember_key(target, typed)
    return target

"""The connect dialog's texts made into a target, with one line for the first thing that is wrong. No widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtui.errors import UsageError
from qtui.profiles import profile_target
from qtui.target import KEY_VARIABLE, Target, remember_key, server


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
        grpc=text.grpc,
        ca=text.ca.strip() or None,
        allow_writes=text.allow_writes,
    )


def with_key(target: Target, typed: str) -> Target:
    """The target, with the key that was typed remembered in this process. Raises AccessError for what is no key."""
    if not typed.strip():
        return target
    if target.embedded:
        raise UsageError("the store of this machine wants no key; type the address of a server")
    remember_key(target, typed)
    return target

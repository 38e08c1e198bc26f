"""Which target is meant: by option, by profile, by environment, the last one, or our own store. Standard library only.

Profiles stand in the user's `config.toml`, a table each, and hold names of variables where a key is wanted, never keys:

    [profiles.prod]
    url = "https://qdrant.example.com:6333"
    api_key_env = "PROD_QDRANT_KEY"
    grpc = true
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtui.errors import NotFound, QtuiError, UsageError, shown
from qtui.preferences import text_of
from qtui.target import KEY_VARIABLE, TIMEOUT_S, URL_VARIABLE, Target, server

_KINDS: dict[str, tuple[type, ...]] = {
    "url": (str,),
    "path": (str,),
    "api_key_env": (str,),
    "bearer": (bool,),
    "grpc": (bool,),
    "grpc_port": (int,),
    "ca": (str,),
    "timeout": (int, float),
}
"""What a profile may say."""
_NEVER = {
    "api_key": "a key is never kept in a file: name the variable that holds it, api_key_env",
    "key": "a key is never kept in a file: name the variable that holds it, api_key_env",
    "token": "a token is never kept in a file: name the variable that holds it, api_key_env",
    "allow_writes": "writing is allowed by --allow-writes alone, each time anew",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options of the command line say of the target; None where they say nothing."""

    path: str | None = None
    url: str | None = None
    profile: str | None = None
    api_key_env: str | None = None
    grpc: bool = False
    grpc_port: int | None = None
    """Given: over gRPC, too."""
    ca: str | None = None
    allow_writes: bool = False
    timeout: float | None = None


def choose(asked: Asked, environ: Mapping[str, str], config: Path, store: Path) -> Target:
    """The target that is meant. `config` is the user's configuration, `store` the embedded one where nothing is asked.

    Raises UsageError for what doesn't go together or can't be, NotFound for a profile that isn't there.
    """
    named = [name for name in ("path", "url", "profile") if getattr(asked, name) is not None]
    if len(named) > 1:
        raise UsageError(f"--{named[0]} and --{named[1]} name two places; give one of them")
    if asked.url == "":
        raise UsageError("--url is empty: give the address of a server, or leave it out for the store of this machine")
    if asked.profile is not None:
        return _of_profile(asked, config)
    url = asked.url if asked.url is not None else None if asked.path is not None else environ.get(URL_VARIABLE)
    if not url:
        _only_for_servers(asked)
        return Target(path=asked.path or str(store))
    key = asked.api_key_env
    if key is None and environ.get(KEY_VARIABLE, "").strip():
        key = KEY_VARIABLE
    return server(
        url,
        api_key_env=key,
        grpc=asked.grpc or asked.grpc_port is not None,
        grpc_port=asked.grpc_port,
        ca=asked.ca,
        allow_writes=asked.allow_writes,
        timeout=TIMEOUT_S if asked.timeout is None else asked.timeout,
    )


def _only_for_servers(asked: Asked) -> None:
    for option, given in (
        ("--api-key-env", asked.api_key_env is not None),
        ("--ca", asked.ca is not None),
        ("--grpc-port", asked.grpc_port is not None),
        ("--grpc", asked.grpc),
    ):
        if given:
            raise UsageError(f"{option} is about a server: name one with --url U or --profile P")


def _of_profile(asked: Asked, config: Path) -> Target:
    assert asked.profile is not None
    known = read_profiles(config)
    if asked.profile not in known:
        there = (
            f"there {'is' if len(known) == 1 else 'are'} {', '.join(map(shown, known))}" if known else "there is none"
        )
        raise NotFound(f"no profile is called {shown(asked.profile)} in {config}; {there}")
    return profile_target(asked.profile, known[asked.profile], asked)


def profile_target(name: str, said: Mapping[str, Any], asked: Asked = Asked()) -> Target:
    """The target of a profile where the options don't say otherwise. Raises UsageError, which names the profile."""
    try:
        if "path" in said:
            _only_for_servers(asked)
            return Target(path=str(Path(said["path"]).expanduser().absolute()), profile=name)
        return server(
            said["url"],
            api_key_env=asked.api_key_env or said.get("api_key_env"),
            bearer=said.get("bearer", False),
            grpc=asked.grpc or asked.grpc_port is not None or said.get("grpc", False),
            grpc_port=said.get("grpc_port") if asked.grpc_port is None else asked.grpc_port,
            ca=said.get("ca") if asked.ca is None else asked.ca,
            timeout=float(said.get("timeout", TIMEOUT_S)) if asked.timeout is None else asked.timeout,
            allow_writes=asked.allow_writes,
            profile=name,
        )
    except UsageError as error:
        raise UsageError(f"profile {shown(name)}: {error.text}") from error


def read_profiles(config: Path) -> dict[str, dict[str, Any]]:
    """Every profile of the configuration, by name; none where there is no file. Raises UsageError for what is wrong."""
    try:
        found = tomllib.loads(text_of(config) or "").get("profiles", {})
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise UsageError(f"can't read the profiles in {config}: {why or type(error).__name__}") from error
    if not isinstance(found, dict) or not all(isinstance(said, dict) for said in found.values()):
        raise UsageError(f"a profile in {config} is a table of its own: [profiles.NAME]")
    for name, said in found.items():
        _check(name, said)
    return found


def _check(name: str, said: Mapping[str, Any]) -> None:
    for setting, value in said.items():
        if setting in _NEVER:
            raise UsageError(f"profile {shown(name)}: {_NEVER[setting]}")
        kinds = _KINDS.get(setting)
        if kinds is None:
            raise UsageError(f"profile {shown(name)}: it takes {', '.join(_KINDS)}, not {shown(setting)}")
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = {str: "text in quotes", bool: "true or false"}.get(kinds[0], "a number")
            raise UsageError(f"profile {shown(name)}: {setting} must be {wanted}")
    if ("url" in said) == ("path" in said):
        raise UsageError(f"profile {shown(name)}: give it either a url or a path")
    if "path" in said and len(said) > 1:
        raise UsageError(f"profile {shown(name)}: a path needs no other setting")


def kept(target: Target, store: Path) -> dict[str, object] | None:
    """What is remembered of the target that the app was on: no key, no leave to write; None for the `store`."""
    if target.profile is not None:
        return {"profile": target.profile}
    if target.embedded:
        return None if target.path == str(store) else {"path": target.path}
    said = {
        "url": target.where,
        "api_key_env": target.api_key_env,
        "bearer": target.bearer or None,
        "grpc": target.grpc or None,
        "grpc_port": target.grpc_port if target.grpc else None,
        "ca": target.ca,
        "timeout": target.timeout if target.timeout != TIMEOUT_S else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def last(said: Mapping[str, object], environ: Mapping[str, str], config: Path) -> Target | None:
    """The target that `kept` told of; None for one that is no more, or that nobody could have told of."""
    wrong = {name for name, value in said.items() if name != "profile" and not isinstance(value, _KINDS.get(name, ()))}
    if wrong:
        return None
    try:
        if "profile" in said:
            return _of_profile(Asked(profile=str(said["profile"])), config)
        found = replace(profile_target("", said), profile=None)
    except (QtuiError, LookupError):
        return None
    if found.path is not None:
        return found if Path(found.path).is_dir() else None
    if found.api_key_env in (None, KEY_VARIABLE):  # the variable that is looked at of itself
        named = KEY_VARIABLE if environ.get(KEY_VARIABLE, "").strip() else None
        return replace(found, api_key_env=named)
    return found

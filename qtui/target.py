"""What qtui is connected to: the embedded store, or a server by its address. Standard library only.

Owns `Target`, how an address is read, and where a server's key comes from. A target holds no key: it names the
variable of the environment that does, or the key was typed and is remembered here, in this process, by address. So a
target can be shown, logged and sent to another process as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from qtui.errors import AccessError, UsageError, conceal, shown

PORT = 6333
GRPC_PORT = 6334
TIMEOUT_S = 30.0
LONGEST_S = 3600.0
_WEB_PORTS = (80, 443)
KEY_VARIABLE = "QDRANT_API_KEY"
URL_VARIABLE = "QDRANT_URL"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._~-]+)?")
_SOCKET = "unix:"
_typed: dict[str, str] = {}
"""Keys that were asked for, by the address they are for. They live as long as the process."""


@dataclass(frozen=True, slots=True)
class Target:
    """An embedded store (`path`), or a server (`url`); exactly one of them is given.

    Raises UsageError for a value out of range. Make a server's with `server()`, which reads an address as it is typed.
    """

    path: str | None = None
    """Folder of the embedded store."""
    url: str | None = None
    """`scheme://host:port`, with the path prefix behind it where there is one; the port is always said."""
    socket: str | None = None
    """The server's Unix socket; `url` then only says what the requests are addressed to."""
    api_key_env: str | None = None
    """Name of the variable of the environment that holds the key."""
    bearer: bool = False
    """The key is a token that goes as `Authorization: Bearer`, as a proxy before the server may want it. (Qdrant's own
    JWTs go as keys, too.)"""
    grpc: bool = False
    """Search and load over gRPC; what only REST tells is still asked by REST."""
    grpc_port: int = GRPC_PORT
    ca: str | None = None
    """File with the certificates that the server's is checked by; None: those that the system trusts."""
    timeout: float = TIMEOUT_S
    """Seconds that one request may take."""
    allow_writes: bool = False
    profile: str | None = None
    """Name of the profile that this comes from."""

    def __post_init__(self) -> None:
        if (self.path is None) == (self.url is None):
            raise UsageError("give either the folder of a store or the address of a server")
        if not 0 < self.timeout <= LONGEST_S:
            raise UsageError(f"the time-out must be above 0 and at most {LONGEST_S:g} seconds")
        if not 0 < self.grpc_port < 65536:
            raise UsageError("the gRPC port must be from 1 to 65535")
        if self.api_key_env is not None and not _VARIABLE.fullmatch(self.api_key_env):
            raise UsageError(
                "a key is given by the name of a variable of the environment that holds it (letters, digits and _),"
                " never as it is; `export QDRANT_API_KEY=…` and give no name at all, or name your own variable"
            )
        if self.socket is not None and self.grpc:
            raise UsageError("over a Unix socket there is only REST; leave out gRPC")

    @property
    def embedded(self) -> bool:
        """Whether this is a store of our own, and not a server."""
        return self.url is None

    @property
    def writable(self) -> bool:
        """Whether anything may be written there: always to our own store, to a server only when that was allowed."""
        return self.embedded or self.allow_writes

    @property
    def where(self) -> str:
        """The folder or address, as people know it."""
        if self.socket is not None:
            return _SOCKET + self.socket
        return str(self.path or self.url)

    @property
    def host(self) -> str | None:
        """The server's host, without brackets."""
        return None if self.url is None else urlsplit(self.url).hostname

    @property
    def prefix(self) -> str:
        """The path below which the server answers: '' or `/some/path`."""
        return "" if self.url is None else urlsplit(self.url).path

    @property
    def local(self) -> bool:
        """Whether what is sent stays on this machine."""
        return self.embedded or self.socket is not None or _is_local(self.host or "")

    def key(self, environ: Mapping[str, str] | None = None) -> str | None:
        """The server's key: the one that was typed, or that of the variable. None where neither is there.

        Raises AccessError when the variable isn't set, or holds what no header can carry.
        """
        typed = _typed.get(self.where)
        if typed is not None:
            return typed
        if self.embedded or self.api_key_env is None:
            return None
        found = (os.environ if environ is None else environ).get(self.api_key_env, "").strip()
        if not found:
            raise AccessError(f"the variable {self.api_key_env} is not set; export it with the key of {self.where}")
        return _carried(found, f"the key in {self.api_key_env}")

    def cautions(self, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """What the user should know before anything is sent. Raises as `key` does."""
        return () if self.key(environ) is None else self.cautions_with_key()

    def cautions_with_key(self) -> tuple[str, ...]:
        """The same where there is a key."""
        if self.url is None or self.url.startswith("https://") or self.local:
            return ()
        return (f"the key goes to {self.host} over plain http, where others can read it; use https://, or a tunnel",)


def server(
    address: str,
    *,
    api_key_env: str | None = None,
    bearer: bool = False,
    grpc: bool = False,
    grpc_port: int | None = None,
    ca: str | None = None,
    timeout: float = TIMEOUT_S,
    allow_writes: bool = False,
    profile: str | None = None,
) -> Target:
    """The server at an address as it is typed: `host`, `host:port`, `http(s)://host:port/prefix` or `unix:/socket`.

    Without a port it is 6333, for https as well; without a scheme it is http. The port of gRPC is the one above, unless
    another is named. Raises UsageError.
    """
    url, socket = _address(address)
    if ca is not None:
        ca = str(Path(ca).expanduser().absolute())
        if not url.startswith("https://"):
            raise UsageError("a certificate file needs an https:// address")
    return Target(
        url=url,
        socket=socket,
        api_key_env=api_key_env,
        bearer=bearer,
        grpc=grpc,
        grpc_port=_grpc_port(url) if grpc_port is None else grpc_port,
        ca=ca,
        timeout=timeout,
        allow_writes=allow_writes,
        profile=profile,
    )


def _grpc_port(url: str) -> int:
    """As servers have it: one above that of REST. Behind a proxy on a port of the web, Qdrant's own."""
    port = urlsplit(url).port or PORT
    return GRPC_PORT if port in _WEB_PORTS else min(port + 1, 65535)


def remember_key(target: Target, key: str) -> None:
    """Keeps a key that was typed for this address, in this process; an empty one forgets it. Raises AccessError."""
    key = key.strip()
    if key:
        _typed[target.where] = _carried(key, "the key that was typed")
    else:
        _typed.pop(target.where, None)


def typed_key(target: Target) -> str | None:
    """The key that was typed for this address: what a child process must be told, since its environment lacks it."""
    return _typed.get(target.where)


def _carried(key: str, what: str) -> str:
    """The key, once it is sure that a header can carry it."""
    if not all(" " < character <= "~" for character in key):
        raise AccessError(f"{what} holds a space or another character that no key has; copy it again")
    conceal(key)
    return key


def _address(text: str) -> tuple[str, str | None]:
    """The address in full, and its socket."""
    text = text.strip()
    if text.startswith(_SOCKET):
        socket = "/" + text.removeprefix(_SOCKET).lstrip("/")
        if len(socket) < 2:
            raise UsageError("a socket is given by its path: unix:/run/qdrant.sock")
        return "http://localhost", socket
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise _bad(text) from error
    _check(text, parts)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}:{port or PORT}{parts.path.rstrip('/')}", None


def _check(text: str, parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageError(
            "an address holds no user, password, key or query; name the variable that holds the key: --api-key-env VAR"
        )
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"an address begins with http://, https:// or unix:, not {shown(parts.scheme)}")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or parts.port == 0 or re.search(r"[^!-~]", parts.path):
        raise _bad(text)


def _bad(text: str) -> UsageError:
    # what stands before an @ may be a password
    return UsageError(
        f"{shown(text.rpartition('@')[2])} is no address of a server; write it like http://localhost:6333"
    )


def _is_local(host: str) -> bool:
    from ipaddress import ip_address

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

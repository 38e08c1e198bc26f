"""What the client raises, as errors of ours: one line each, never with a key or a whole answer in it."""

from __future__ import annotations

import json
from typing import Any

import grpc
import httpx
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from qtui.errors import (
    AccessError,
    DataError,
    Exists,
    NoConnection,
    NotFound,
    QtuiError,
    RateLimited,
    TimedOut,
    Unreachable,
    UsageError,
    shown,
)

_Code = grpc.StatusCode
_STATUS: dict[Any, int] = {
    _Code.INVALID_ARGUMENT: 400,
    _Code.OUT_OF_RANGE: 400,
    _Code.UNAUTHENTICATED: 401,
    _Code.PERMISSION_DENIED: 403,
    _Code.NOT_FOUND: 404,
    _Code.UNIMPLEMENTED: 405,
    _Code.DEADLINE_EXCEEDED: 408,
    _Code.ALREADY_EXISTS: 409,
    _Code.RESOURCE_EXHAUSTED: 429,
    _Code.UNAVAILABLE: 503,
    _Code.ABORTED: 503,
}
"""gRPC's codes as the HTTP status that Qdrant gives for the same."""
_GATEWAYS = (502, 503, 504)
CLIENT_ERRORS = (ApiException, QdrantException, grpc.RpcError, httpx.HTTPError, TimeoutError, OSError, ValueError)
"""All that a request may raise; ValueError is the client's refusal of a value or of an undecodable answer."""


def translated(error: BaseException, doing: str, where: str) -> QtuiError:
    """The error of ours for what a request raised. `doing` completes "can't …", `where` is the server's address."""
    if isinstance(error, QtuiError):
        return error
    if isinstance(error, ResponseHandlingException):
        return translated(error.source, doing, where)
    if isinstance(error, ResourceExhaustedResponse):
        return _refused(429, error.message, doing, where)
    if isinstance(error, UnexpectedResponse):
        return _refused(error.status_code or 0, _message(error.content) or error.reason_phrase, doing, where)
    if isinstance(error, grpc.aio.AioRpcError):
        return _of_grpc(error.code(), error.details() or error.code().name, doing, where)
    return _broken(error, doing, where)


def _of_grpc(code: Any, details: str, doing: str, where: str) -> QtuiError:
    if code is _Code.UNAVAILABLE and "connect" in details:
        kind = NoConnection if "failed to connect" in details.lower() else Unreachable
        return kind(f"can't {doing}: nobody answers gRPC at {where} ({shown(details)}); is the server running?")
    return _refused(_STATUS.get(code, 500), details, doing, where)


def _broken(error: BaseException, doing: str, where: str) -> QtuiError:
    """Without an answer that can be read."""
    match error:
        case TimeoutError() | httpx.TimeoutException():
            return TimedOut(f"can't {doing}: {where} did not answer in time; give it more with --timeout")
        case httpx.ConnectError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Unreachable(
                f"the certificate of {where} is not trusted; name the file that it is checked by with --ca"
            )
        case httpx.ConnectError() | OSError():
            kind = NoConnection if isinstance(error, httpx.ConnectError) else Unreachable
            return kind(f"can't reach {where} ({_short(error)}); is the server running, and the address right?")
        case httpx.RemoteProtocolError() if "illegal" in str(error):
            return Unreachable(f"can't {doing}: {where} answers something other than HTTP; is its address https://?")
        case httpx.TransportError():
            return Unreachable(f"can't {doing}: the connection to {where} broke ({_short(error)}); try again")
    return DataError(f"can't {doing}: {where} answered what this client can't read ({_short(error)}); upgrade qtui")


def by_proxy(error: Unreachable, proxy: str) -> Unreachable:
    """The error with the proxy that lies between, whose fault it may be."""
    said = error.text.removesuffix("; is the server running, and the address right?")
    return type(error)(f"{said}; the proxy {shown(proxy)} is between: is it right? NO_PROXY=HOST goes past it")


def was_late(error: BaseException) -> bool:
    """Whether the time for an answer ran out."""
    if isinstance(error, ResponseHandlingException):
        return was_late(error.source)
    if isinstance(error, grpc.aio.AioRpcError):
        return bool(error.code() is _Code.DEADLINE_EXCEEDED)
    return isinstance(error, TimeoutError | httpx.TimeoutException)


def retry_after(error: BaseException) -> float | None:
    """Seconds that the server asks to wait; None when it doesn't say."""
    if isinstance(error, ResourceExhaustedResponse):
        return float(error.retry_after_s)
    return None


def may_pass(error: BaseException) -> bool:
    """Whether the same request may work a moment later."""
    if isinstance(error, UnexpectedResponse):
        return error.status_code in (408, 429, 500, *_GATEWAYS)
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code() in (_Code.UNAVAILABLE, _Code.ABORTED, _Code.RESOURCE_EXHAUSTED, _Code.DEADLINE_EXCEEDED)
    if isinstance(error, ResponseHandlingException):
        return may_pass(error.source)
    return isinstance(error, ResourceExhaustedResponse | TimeoutError | httpx.TransportError | OSError)


_Refusal = tuple[type[QtuiError], str]
_REFUSALS: dict[int, _Refusal] = {
    401: (AccessError, "{where} needs a key, or a valid one ({text}); name its variable with --api-key-env"),
    403: (AccessError, "{where} does not allow it with this key ({text}); use one that may"),
    404: (NotFound, "{text}"),
    405: (UsageError, "this server has no such function ({text})"),
    407: (Unreachable, "the proxy on the way to {where} wants another user or password ({text})"),
    408: (TimedOut, "{where} did not finish in time ({text}); give it more with --timeout"),
    409: (Exists, "{text}"),
    413: (DataError, "the request is too large for {where}; send fewer points at once"),
    429: (RateLimited, "{where} takes no more requests for now ({text}); ask less often"),
    507: (AccessError, "{where} has no room left ({text})"),
    **dict.fromkeys(_GATEWAYS, (Unreachable, "{where} is not available ({text}); try again")),
}
"""HTTP status → the error, and how its line goes on after "can't …"."""
_BAD_REQUEST: _Refusal = (UsageError, "{where} refused it: {text}")
_FAILED: _Refusal = (AccessError, "{where} failed at it ({text})")


def _refused(status: int, message: str, doing: str, where: str) -> QtuiError:
    if status == 400 and "already exists" in message:  # as older servers say it
        status = 409
    text = shown(message.removeprefix("Wrong input: ").removeprefix("Not found: "), 300)
    kind, line = _REFUSALS.get(status, _BAD_REQUEST if 400 <= status < 500 else _FAILED)
    return kind(f"can't {doing}: {line.format(where=where, text=text)}")


def _message(content: bytes) -> str:
    """Qdrant's own words in an error's answer; a proxy's page is no message."""
    try:
        return str(json.loads(content)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return ""


def _short(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return shown(text.splitlines()[0], 120)

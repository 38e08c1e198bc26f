"""Frames and typed messages between qtui's processes. Imports msgspec and what all share; no numpy, no engine.

A frame is four bytes of length (big-endian) and one msgpack message of that length, at most `MAX_FRAME`. A parent
sends `Key`, `Call`, `Cancel`, `Ping` and `Close`; a child `State`, `Pong`, `Happened`, and one `Result` or `Failure`
for each call. A request, a result and an event are decoded straight into the dataclass that their name stands for.
What can't be decoded is a bug of ours and raises WireError: both ends run the same code.
"""

from __future__ import annotations

import asyncio
import errno
import struct
import traceback
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from qtui import embedders, errors, events
from qtui.errors import DataError, DiskFull, EngineGone, QtuiError
from qtui.events import Event
from qtui.host import requests
from qtui.target import Target

MAX_FRAME = 64 * 2**20
"""Bytes; what is larger goes by file."""
HEADER = struct.Struct(">I")
START = 0
"""The id of a Failure that tells why the child can't start; calls count from 1."""
R = TypeVar("R")


class WireError(QtuiError):
    """A bug of ours: a message that can't be decoded, or an unexpected error of the other process.

    It is a QtuiError so that the app can say it in a line and go on with a new engine room.
    """

    exit = errors.Exit.BUG


# --- messages -------------------------------------------------------------------------------------------------


class Call(msgspec.Struct, frozen=True, tag=True):
    """Asks for `request`, the name of a Request class, with that class's fields."""

    id: int
    request: str
    fields: msgspec.Raw


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Ends a call; its Failure confirms it."""

    id: int


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Are you there? The child's event loop answers with Pong."""


class Close(msgspec.Struct, frozen=True, tag=True):
    """Write what is pending and exit."""


class Key(msgspec.Struct, frozen=True, tag=True):
    """The key of the server that the process is to connect to, where it was typed; comes before all else."""

    key: str

    def __repr__(self) -> str:
        return "Key(…)"


class Pong(msgspec.Struct, frozen=True, tag=True):
    """Here."""


class State(msgspec.Struct, frozen=True, tag=True):
    """What the child does from now on; its first message says `ready`."""

    status: str
    detail: str


class Happened(msgspec.Struct, frozen=True, tag=True):
    """One event of a streaming call."""

    id: int
    event: str
    body: msgspec.Raw


class Result(msgspec.Struct, frozen=True, tag=True):
    """The call is answered, or its stream has ended."""

    id: int
    value: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, tag=True):
    """The call failed with the error class `error` of qtui.errors, or with a bug ('') and its traceback."""

    id: int
    error: str
    text: str
    trace: str = ""


Message = Call | Cancel | Ping | Close | Key | Pong | State | Happened | Result | Failure
_messages = msgspec.msgpack.Decoder(Message)


def frame(message: Message) -> bytes:
    """The message as it crosses the pipe. Raises DataError when it is larger than a frame may be."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_FRAME:
        raise DataError(f"{len(body) >> 20} MiB are too many for one answer; ask for fewer points or fields at once")
    return HEADER.pack(len(body)) + body


def length(header: bytes) -> int:
    """How many bytes follow this header. Raises WireError above MAX_FRAME: the stream is out of step."""
    size = int(HEADER.unpack(header)[0])
    if size > MAX_FRAME:
        raise WireError(f"a frame of {size} bytes announced, above the limit of {MAX_FRAME}")
    return size


def message(body: bytes) -> Message:
    """The message of a frame. Raises WireError."""
    try:
        return cast("Message", _messages.decode(body))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"undecodable message: {error}") from error


def target_text(target: Target) -> str:
    """A target as an argument of a process; it holds no secret."""
    return msgspec.json.encode(target).decode()


def target(text: str) -> Target:
    """The target of such an argument. Raises WireError."""
    try:
        return msgspec.json.decode(text, type=Target)
    except msgspec.MsgspecError as error:
        raise WireError(f"undecodable target: {error}") from error


# --- requests, answers and events -----------------------------------------------------------------------------

_REQUESTS = {request.__name__: request for request in requests.RESULTS}
_EVENTS: dict[str, type[Any]] = {
    event.__name__: event
    for event in (
        events.Started,
        events.Progress,
        events.Waiting,
        events.Skipped,
        events.Cut,
        embedders.Embedded,
        events.BuildDone,
        events.CollectionReady,
        events.CollectionFailed,
        events.Measured,
        events.Warned,
        events.Loaded,
        events.RunFinished,
    )
}


@lru_cache
def _decoder(type_: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(type_)


def _decoded(raw: msgspec.Raw, type_: Any, what: str) -> Any:
    try:
        return _decoder(type_).decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise WireError(f"undecodable {what}: {error}") from error


def call(id_: int, request: requests.Request[Any]) -> Call:
    """The request as a message. Raises UsageError for a file name that can't be sent."""
    try:
        fields = msgspec.msgpack.encode(request)
    except UnicodeEncodeError as error_:
        raise errors.not_text(error_) from error_
    return Call(id_, type(request).__name__, msgspec.Raw(fields))


def request(call_: Call) -> requests.Request[Any]:
    """What is asked. Raises WireError."""
    try:
        type_ = _REQUESTS[call_.request]
    except KeyError:
        raise WireError(f"no request is called {call_.request!r}") from None
    return cast("requests.Request[Any]", _decoded(call_.fields, type_, call_.request))


def result(id_: int, value: object) -> Result:
    """The answer as a message."""
    return Result(id_, msgspec.Raw(msgspec.msgpack.encode(value)))


def value(request_: requests.Request[R], result_: Result) -> R:
    """The answer to `request_`. Raises WireError."""
    type_ = type(request_)
    return cast("R", _decoded(result_.value, requests.RESULTS[type_], f"answer to {type_.__name__}"))


def happened(id_: int, event: Event) -> Happened:
    """The event as a message."""
    return Happened(id_, type(event).__name__, msgspec.Raw(msgspec.msgpack.encode(event)))


def event(happened_: Happened) -> Event:
    """What happened. Raises WireError."""
    try:
        type_ = _EVENTS[happened_.event]
    except KeyError:
        raise WireError(f"no event is called {happened_.event!r}") from None
    return cast("Event", _decoded(happened_.body, type_, happened_.event))


# --- errors ---------------------------------------------------------------------------------------------------

_FULL = (errno.ENOSPC, errno.EDQUOT)


def failure(id_: int, error: BaseException) -> Failure:
    """The error as a message: a QtuiError by its class, a full disk as DiskFull, anything else as a bug."""
    if isinstance(error, OSError) and error.errno in _FULL:
        error = disk_full(error.filename)
    if isinstance(error, asyncio.CancelledError):  # only who closes the process still hears of it
        error = EngineGone("the engine was closed before it answered")
    if isinstance(error, WireError):
        return Failure(id_, "", error.text, "\n".join(getattr(error, "__notes__", ())))
    if isinstance(error, QtuiError):
        return Failure(id_, type(error).__name__, error.text)
    what = errors.shown(f"{type(error).__name__}: {error}", limit=400)
    trace = "".join(traceback.format_exception(error))
    return Failure(
        id_,
        "",
        errors.concealed(f"unexpected error in the engine's process: {what}; please report it"),
        errors.concealed(trace)[-20_000:],
    )


def error(failure_: Failure) -> Exception:
    """The error to raise; a bug carries the other process's traceback as a note."""
    type_ = getattr(errors, failure_.error, None) if failure_.error else None
    if isinstance(type_, type) and issubclass(type_, QtuiError):
        return type_(failure_.text)
    bug = WireError(failure_.text or "an error without a text")
    if failure_.trace:
        bug.add_note(failure_.trace)
    return bug


def disk_full(where: object) -> DiskFull:
    """The error for a disk that has no room left for `where`."""
    place = f" at {errors.shown(where)}" if where else ""
    return DiskFull(f"no space is left on the disk{place}; free some and {errors.GOES_ON}")

"""Every error that qtui raises on purpose, and the exit code that each means.

QtuiError
├── UsageError         what was asked can't be done as asked            exit 2
│   ├── NotFound         no such file, collection or run
│   └── Exists           it is there already
├── AccessError        not allowed, or not reachable                    exit 3
│   ├── StoreInUse       another process has this store or collection open
│   ├── EngineGone       the process that owns the engine ended
│   ├── RateLimited      the server takes no more for now
│   └── Unreachable      no connection to the server, or it broke
│       ├── NoConnection   none could be made: nothing was sent
│       └── TimedOut       the server did not answer in time
└── DataError          unreadable, wrong shape or type, not finite      exit 4
    ├── BadSource        vectors or payload that no collection can take
    ├── NewerFormat      written by a newer qtui
    └── DiskFull         no space is left where we must write

The text of an error is one line: what is wrong, then what to do. Text that comes from data is quoted with
`shown()`, so that it can't break the line. A key that this process has read is taken out of it, as a server may quote
what it was sent. This module imports the standard library only.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    GATE_MISSED = 1
    USAGE = 2
    ACCESS = 3
    DATA = 4
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class QtuiError(Exception):
    """Something that the user can understand and act on; never a bug of ours."""

    exit: ClassVar[Exit] = Exit.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(concealed(" ".join(text.split())))

    @property
    def text(self) -> str:
        """The whole message, on one line."""
        return str(self.args[0])


class UsageError(QtuiError):
    """What was asked can't be done as asked: an unknown name, a value out of range, a confirmation missing."""


class NotFound(UsageError):
    """A file, collection or run that isn't there."""


class Exists(UsageError):
    """What should be created is there already."""


class AccessError(QtuiError):
    """Not allowed, or not reachable."""

    exit = Exit.ACCESS


class StoreInUse(AccessError):
    """Another process has the store or the collection open."""


class EngineGone(AccessError):
    """The process that owns the engine ended before it answered."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = self.text.removesuffix(f"; {remedy}")
        """How it ended, without what to do: for where that is done already."""


class RateLimited(AccessError):
    """The server takes no more requests for now: asking later may work."""


class Unreachable(AccessError):
    """There is no connection to the server, or it broke before a whole answer was there."""


class NoConnection(Unreachable):
    """No connection to the server could be made: nothing was sent, so nothing was asked."""


class TimedOut(Unreachable):
    """The server did not answer in the time that a request may take."""


class DataError(QtuiError):
    """Data that can't be used: unreadable, truncated, wrong shape or type, not finite."""

    exit = Exit.DATA


class BadSource(DataError):
    """Vectors or payload that no collection can take, whatever its settings: the next one needn't try them."""


class NewerFormat(DataError):
    """A file or store that a newer qtui wrote."""


class DiskFull(DataError):
    """No space is left where we must write."""


GOES_ON = "run it again: it goes on where it was"
"""What to do where what is done is kept, in the command line's words; the app names its key in place of them."""

_secrets: set[str] = set()
_SHORTEST_SECRET = 5
"""Characters; a shorter one is a word that stands in texts by chance."""


def conceal(secret: str) -> None:
    """Has a key never be said again by this process, in an error or a traceback."""
    if len(secret) >= _SHORTEST_SECRET:
        _secrets.add(secret)


def concealed(text: str) -> str:
    """The text without any key that was to be concealed."""
    for secret in _secrets:
        text = text.replace(secret, "(key)")
    return text


def shown(text: object, limit: int = 120) -> str:
    """Text from data made safe for one line: printable characters only, quoted, at most `limit` of them."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text)[: limit + 1])
    return f"'{plain[:limit]}…'" if len(plain) > limit else f"'{plain}'"


def not_text(error: UnicodeEncodeError) -> UsageError:
    """The error for a name that can't be kept or sent: a system's file names are bytes, and these are no UTF-8."""
    return UsageError(f"{shown(error.object)} is not valid UTF-8: rename that file or folder, or use a UTF-8 locale")

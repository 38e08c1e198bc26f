"""Whether the process that made a file or folder is still there. Standard library only.

A process id alone is used again by another process sooner or later; where the system tells when a process started,
that is compared too.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: its id, and when it started as the system counts it (None where it doesn't tell)."""

    pid: int
    started: str | None

    @property
    def alive(self) -> bool:
        """Whether that very process still runs. When in doubt: yes, so that nothing in use is removed."""
        if not _is_running(self.pid):
            return False
        now = _started(self.pid)
        return self.started is None or now is None or now == self.started


def this_process() -> Owner:
    """The process that asks."""
    return Owner(os.getpid(), _started(os.getpid()))


def _started(pid: int) -> str | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return None
    # the program's name stands in brackets and may hold spaces: count from behind it
    return status.rpartition(")")[2].split()[19]


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":
        import ctypes

        limited_information = 0x1000
        handle = ctypes.windll.kernel32.OpenProcess(limited_information, 0, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""A cap on the memory that this process newly takes, page cache included: a control group of its own, while it lasts.

Linux, cgroup v2, and only where a group has been handed on to this user (by a systemd session of the user's own, or
with Delegate=yes); nothing is changed in groups that belong to others. The cap is `memory.high`: above it the kernel
takes pages back, and ends no process. Standard library only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LEAST = 8 * 2**20
"""Bytes below which a cap would hit the process itself."""
_PROC = Path("/proc/self")
_DELEGATED = ("user.delegate", "trusted.delegate")


@dataclass(frozen=True, slots=True)
class Groups:
    """Where this process is, and where a group beside it may be made."""

    own: Path
    parent: Path


def groups(proc: Path = _PROC, mount: Path | None = None) -> Groups | str:
    """Both folders, or why there is no cap here."""
    if sys.platform != "linux":
        return "only Linux can cap a process's page cache"
    try:
        path = next(line[3:] for line in (proc / "cgroup").read_text().splitlines() if line.startswith("0::"))
        mount = mount or _mounted(proc)
        own = mount / path.lstrip("/")
        parent = own if own == mount else own.parent
        handed_on = (parent / "cgroup.subtree_control").read_text().split()
    except (OSError, StopIteration):
        return "this system has no control groups of version 2"
    if "memory" not in handed_on:
        return "the control group that it runs in hands no memory controller on"
    if not _ours(parent) or not os.access(parent / "cgroup.procs", os.W_OK):
        return "no control group is delegated to it: `systemd-run --user --scope -p Delegate=yes qtui …` gives one"
    return Groups(own, parent)


def _mounted(proc: Path) -> Path:
    lines = (line.split() for line in (proc / "mountinfo").read_text().splitlines())
    return Path(next(words[4] for words in lines if words[words.index("-") + 1] == "cgroup2"))


def _ours(folder: Path) -> bool:
    """Whether it belongs to this user, who isn't root, or is marked as handed on."""
    if os.geteuid() and folder.stat().st_uid == os.geteuid():
        return True
    for name in _DELEGATED:
        with suppress(OSError):
            return os.getxattr(folder, name) == b"1"
    return False


@contextmanager
def capped(where: Groups, limit: int) -> Iterator[None]:
    """Leaves this process `limit` bytes to take newly while inside. Raises OSError where the kernel refuses."""
    folder, process = where.parent / f"qtui-{os.getpid()}", str(os.getpid())
    folder.mkdir()
    try:
        (folder / "memory.high").write_text(str(limit))
        (folder / "cgroup.procs").write_text(process)
        try:
            yield
        finally:
            (folder / "memory.high").write_text("max")
            (where.own / "cgroup.procs").write_text(process)
    finally:
        with suppress(OSError):
            folder.rmdir()

"""Opening files of data: is it there, may we read it, is it what its name says. Standard library only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from qtui.errors import AccessError, DataError, NotFound, UsageError, shown

_MAGIC = (
    (b"\x93NUMPY", ".npy"),
    (b"PK\x03\x04", ".npz"),
    (b"PK\x05\x06", ".npz"),
    (b"PAR1", ".parquet"),
    (b"\x89HDF\r\n\x1a\n", ".hdf5"),
)
_SAME = {".h5": ".hdf5", ".pq": ".parquet"}
_HAS_MAGIC = {suffix for _, suffix in _MAGIC}
_KNOWN = {
    b"\x1f\x8b": "gzip",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x80\x04\x95": "pickle",
    b"BZh": "bzip2",
    b"<!DO": "HTML",
    b"<htm": "HTML",
    b"version https://git-lfs": "Git LFS pointer",
}
_CHUNK = 1 << 20
_hashes: dict[tuple[str, int, int, int], str] = {}


def open_binary(path: Path) -> BinaryIO:
    """The file, open for reading. Raises NotFound, UsageError for a folder, AccessError, DataError when it's empty."""
    try:
        if path.is_dir():
            raise UsageError(f"{shown(path)} is a folder; give a file")
        if path.exists() and not path.is_file():
            raise UsageError(f"{shown(path)} is not a regular file; give a file that can be read again")
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"no file {shown(path)}; check its name") from None
    except PermissionError:
        raise AccessError(f"not allowed to read {shown(path)}; change its permissions") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise AccessError(f"can't read {shown(path)}: {shown(said)}; give another file") from error
    if not file.seek(0, 2):
        file.close()
        raise DataError(f"{shown(path)} is empty; get it again")
    file.seek(0)
    return file


class Closable(Protocol):
    """Anything that holds a file open."""

    def close(self) -> None:
        """Lets go of it."""
        ...


@contextmanager
def closed_on_error(held: Closable) -> Iterator[None]:
    """Lets go of `held` when the block raises; otherwise it stays open."""
    try:
        yield
    except BaseException:
        held.close()
        raise


def suffix_of(path: Path) -> str:
    """The format that the file's name says, in its usual spelling: '.hdf5' for 'x.H5'."""
    suffix = path.suffix.lower()
    return _SAME.get(suffix, suffix)


def check_label(path: Path) -> None:
    """Raises DataError when the content is of another format than the name says (and what `open_binary` raises)."""
    with open_binary(path) as file:
        head = file.read(32)
    said = suffix_of(path)
    found = next((suffix for magic, suffix in _MAGIC if head.startswith(magic)), None)
    if found is not None and found != said:
        raise DataError(f"{shown(path)} is a {found} file by its content; rename it so that it ends in {found}")
    if found is None and said in _HAS_MAGIC:
        other = next((f", but {name}" for magic, name in _KNOWN.items() if head.startswith(magic)), "")
        raise DataError(f"{shown(path)} is not a {said} file by its content{other}; get it again, or rename it")


def content_hash(path: Path) -> str:
    """blake2b of the file's bytes, in hex; remembered while size, time and place stay the same."""
    with open_binary(path) as file:
        stat = path.stat()
        key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino)
        if key not in _hashes:
            digest = hashlib.blake2b(digest_size=16)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            _hashes[key] = digest.hexdigest()
    return _hashes[key]

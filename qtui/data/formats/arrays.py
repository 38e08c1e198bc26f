"""`.npy` and `.npz`: plain, big-endian and Fortran-ordered arrays, stored or compressed; never unpickled.

Arrays are read by position rather than mapped, so that the pages of a large file don't count as ours. A compressed
member of an `.npz` is a stream: it is read in order, and from its beginning again for a row that lies behind.
"""

from __future__ import annotations

import ast
import shutil
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from qtui.data.files import closed_on_error, open_binary
from qtui.data.rows import Block, Flat, MultiRows, Rows, SingleRows, as_float32, offsets_of, read_into, usable
from qtui.errors import DataError, DiskFull, shown

_MAX_HEADER = 10_000
_MAX_OFFSETS = 1 << 28
_SKIP = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """What an array's header says."""

    dtype: np.dtype[Any]
    fortran: bool
    shape: tuple[int, ...]
    size: int
    """Bytes of the header itself."""

    @property
    def data_bytes(self) -> int:
        """Bytes of the array behind the header."""
        count = self.dtype.itemsize
        for extent in self.shape:
            count *= extent
        return count


def read_header(file: BinaryIO, name: str) -> Header:
    """The header at the file's position. Raises DataError for what isn't a plain array of numbers."""
    wrong = DataError(f"{shown(name)} has a damaged array header; get it again")
    head = file.read(8)
    if len(head) < 8 or head[:6] != b"\x93NUMPY" or head[6] not in (1, 2, 3):
        raise wrong
    form, width = ("<H", 2) if head[6] == 1 else ("<I", 4)
    length_bytes = file.read(width)
    if len(length_bytes) < width:
        raise wrong
    length = struct.unpack(form, length_bytes)[0]
    text = file.read(length) if length <= _MAX_HEADER else b""
    if len(text) != length:
        raise wrong
    try:
        said = ast.literal_eval(text.decode("latin-1" if head[6] < 3 else "utf-8"))
        dtype = np.lib.format.descr_to_dtype(said["descr"])
        shape, fortran = said["shape"], said["fortran_order"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise wrong from None
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape) or type(fortran) is not bool:
        raise wrong
    return Header(usable(dtype, name), fortran, shape, 8 + width + length)


class Stored:
    """Flat rows of an array that lies as it is in a file."""

    def __init__(self, path: Path, header: Header, data_at: int, name: str, file: BinaryIO | None = None) -> None:
        self._file = file or open_binary(path)
        self._name, self._dtype, self._at, self._fortran = name, header.dtype, data_at, header.fortran
        self.dimension = header.shape[-1]
        self.rows = header.data_bytes // (self.dimension * self._dtype.itemsize)
        # a Fortran-ordered (documents, tokens, size) array has its documents lie side by side
        self._shape = header.shape

    def read(self, start: int, stop: int) -> Block:
        """See Flat."""
        if self._fortran:
            return self._read_columns(start, stop)
        native = self._dtype == np.float32
        raw = np.empty((stop - start, self.dimension), dtype=np.float32 if native else self._dtype)
        self._file.seek(self._at + start * self.dimension * self._dtype.itemsize)
        read_into(self._file, raw, self._name)
        return raw if native else as_float32(raw)

    def _read_columns(self, start: int, stop: int) -> Block:
        tokens = self._shape[1] if len(self._shape) == 3 else 1
        first, last = start // tokens, -(-stop // tokens)
        documents = self._shape[0]
        out = np.empty((last - first, tokens, self.dimension), dtype=np.float32)
        column = np.empty(last - first, dtype=self._dtype)
        for component in range(self.dimension):
            for token in range(tokens):
                index = (component * tokens + token) * documents + first
                self._file.seek(self._at + index * self._dtype.itemsize)
                read_into(self._file, column, self._name)
                out[:, token, component] = as_float32(column)
        flat = out.reshape(-1, self.dimension)
        return np.ascontiguousarray(flat[start - first * tokens : stop - first * tokens])

    def close(self) -> None:
        """See Flat."""
        self._file.close()


class Compressed:
    """Flat rows of a compressed member: a stream, started again when a row behind it is wanted."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header, name: str) -> None:
        self._archive, self._member, self._header, self._name = archive, member, header, name
        self.dimension = header.shape[-1]
        self._row_bytes = self.dimension * header.dtype.itemsize
        self.rows = header.data_bytes // self._row_bytes
        self._stream: BinaryIO | None = None
        self._row = 0

    def read(self, start: int, stop: int) -> Block:
        """See Flat."""
        raw = np.empty((stop - start, self.dimension), dtype=self._header.dtype)
        try:
            stream = self._at(start)
            read_into(stream, raw, self._name)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise DataError(f"{shown(self._name)} is damaged: {shown(error)}; get it again") from error
        self._row = stop
        return as_float32(raw)

    def _at(self, row: int) -> BinaryIO:
        if self._stream is None or row < self._row:
            self.rewind()
            self._stream = cast("BinaryIO", self._archive.open(self._member))
            self._stream.read(self._header.size)
            self._row = 0
        left = (row - self._row) * self._row_bytes
        while left:
            got = len(self._stream.read(min(left, _SKIP)))
            if not got:
                raise EOFError("it ends too early")
            left -= got
        return self._stream

    def rewind(self) -> None:
        """Lets the next read start from the beginning."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def close(self) -> None:
        """See Flat."""
        self.rewind()
        self._archive.close()


def open_npy(path: Path) -> Rows:
    """Rows of a 2-d (rows, size) or 3-d (rows, tokens, size) array. Raises DataError for any other."""
    file = open_binary(path)
    with closed_on_error(file):
        header = read_header(file, str(path))
        held = file.seek(0, 2) - header.size
        if held < header.data_bytes:
            raise DataError(
                f"{shown(path)} is truncated: its header says {header.data_bytes} bytes of data, it holds {held}; "
                "get it again"
            )
        return _rows(Stored(path, _two_or_three(header, str(path)), header.size, str(path), file), header)


def open_npz(path: Path) -> Rows:
    """Rows of the array `vectors`, or of the only one; with `offsets`, multivectors. Raises DataError."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{shown(path)} is damaged or truncated: {shown(error)}; get it again") from error
    try:
        return _npz_rows(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        archive.close()
        raise DataError(f"{shown(path)} can't be unpacked: {shown(error)}; save it again with numpy.savez") from error
    except BaseException:
        archive.close()
        raise


def _npz_rows(path: Path, archive: zipfile.ZipFile) -> Rows:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    wanted = "vectors" if "vectors" in members else next(iter(members), None) if len(members) == 1 else None
    if wanted is None:
        raise DataError(f"{shown(path)} holds {_listed(members)}; its vectors must be called 'vectors'")
    name = f"{path}:{wanted}"
    header = _two_or_three(_member_header(archive, members[wanted], name), name)
    if "offsets" not in members or wanted == "offsets":
        return _rows(_flat(path, archive, members[wanted], header, name), header)
    if len(header.shape) != 2:
        raise DataError(f"{shown(name)} must be flat (tokens, size), since offsets go with it")
    offsets = offsets_of(_offsets(archive, members["offsets"], str(path)), header.shape[0], str(path))
    return MultiRows(_flat(path, archive, members[wanted], header, name), offsets)


def _listed(members: dict[str, Any]) -> str:
    names = ", ".join(shown(name, 40) for name in list(members)[:8])
    return f"the arrays {names}" if names else "no array"


def _member_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Header:
    with archive.open(member) as stream:
        header = read_header(cast("BinaryIO", stream), name)
    if member.file_size - header.size != header.data_bytes:
        raise DataError(f"{shown(name)} is damaged: its header and its size disagree; get it again")
    return header


def _offsets(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    header = _member_header(archive, member, f"{name}:offsets")
    if len(header.shape) != 1 or header.data_bytes > _MAX_OFFSETS:
        raise DataError(f"offsets in {shown(name)} must be a list of at most {_MAX_OFFSETS // 8} whole numbers")
    values = np.empty(header.shape, dtype=header.dtype)
    with archive.open(member) as stream:
        stream.read(header.size)
        read_into(cast("BinaryIO", stream), values, name)
    return values


def _flat(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header, name: str) -> Flat:
    if member.compress_type == zipfile.ZIP_STORED:
        archive.close()
        return Stored(path, header, _local_start(path, member) + header.size, name)
    if header.fortran:
        return Stored(path, header, header.size, name, _unpacked(archive, member))
    return Compressed(archive, member, header, name)


def _local_start(path: Path, member: zipfile.ZipInfo) -> int:
    with open_binary(path) as file:
        file.seek(member.header_offset)
        head = file.read(30)
        if len(head) < 30:
            raise DataError(f"{shown(path)} is truncated; get it again")
        start = member.header_offset + 30 + sum(struct.unpack("<HH", head[26:30]))
        if file.seek(0, 2) < start + member.file_size:
            raise DataError(f"{shown(path)} is truncated; get it again")
    return int(start)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """The member in an unnamed temporary file: its columns can't be streamed as rows."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if member.file_size > free:
        raise DiskFull(
            f"{shown(member.filename)} must be unpacked to be read ({member.file_size} bytes) and {free} are free; "
            "save it in C order"
        )
    target = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed with the rows
    with archive.open(member) as stream:
        shutil.copyfileobj(stream, target, _SKIP)
    archive.close()
    return target


def _rows(flat: Flat, header: Header) -> Rows:
    if len(header.shape) == 2:
        return SingleRows(flat)
    documents, tokens, _ = header.shape
    return MultiRows(flat, np.arange(documents + 1, dtype=np.int64) * tokens)


def _two_or_three(header: Header, name: str) -> Header:
    if len(header.shape) not in (2, 3):
        raise DataError(
            f"{shown(name)} is a {len(header.shape)}-d array of shape {header.shape[:4]}; vectors are 2-d "
            "(rows, size), multivectors 3-d (rows, tokens, size)"
        )
    if 0 in header.shape:
        raise DataError(f"{shown(name)} holds no vectors: its shape is {header.shape}; write at least one row")
    return header

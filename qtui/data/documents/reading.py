"""What is inside a file: one document, its pages, or its rows, each with its key and its payload; and its content.

The key is a hash of all that is embedded, so that what was embedded once is known again wherever it lies. Imports
Pillow and, for PDF files, pypdfium2.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from qtui.data.documents import tables
from qtui.data.documents.finding import Found
from qtui.data.documents.payloads import Beside
from qtui.data.files import content_hash
from qtui.data.pictures import pages, picture
from qtui.embedders import PAGES, TABLES, Modality, installing
from qtui.errors import DataError, QtuiError, UsageError, shown
from qtui.model import Payload

if TYPE_CHECKING:
    from PIL.Image import Image

PAGE_PIXELS = 1600
"""The longer side of a PDF page as an image: more than models look at."""
_LARGEST_TEXT = 1 << 24


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to embed."""

    file: Found
    modality: Modality
    key: bytes
    payload: Payload
    part: int = 0
    """Page (from 0 on) of a PDF or TIFF."""
    text: str = ""
    pages: int = 1

    @property
    def name(self) -> str:
        """As messages call it."""
        return f"{self.file.name}, page {self.part + 1}" if self.pages > 1 else self.file.name


@dataclass(frozen=True, slots=True)
class Broken:
    """What can't be embedded, and why."""

    name: str
    reason: str


def documents(
    found: Found, modalities: tuple[Modality, ...], beside: Beside, text_field: str, *, queries: bool = False
) -> Iterator[Document | Broken]:
    """The documents of one file, in order; as queries, every line of a `.txt` is one.

    Raises UsageError where nobody says which field is the text.
    """
    modality = found.embedded_as(modalities)
    try:
        if modality is None:
            yield Broken(found.name, "the model takes no images" if Modality.TEXT in modalities else "it is no image")
        elif found.suffix in TABLES:
            yield from _rows(found, text_field, queries=queries)
        elif found.suffix in PAGES:
            yield from _pdf(found, modality, beside)
        elif modality is Modality.IMAGE:
            yield from _images(found, beside)
        elif queries and found.suffix == ".txt":
            for line in _decoded(found.path).splitlines():
                if line.strip():
                    yield _text(found, line.strip(), {"text": line.strip()}, queries=True)
        else:
            yield _text(found, _decoded(found.path), {"text": ""} | beside.payload(found.path), queries=queries)
    except UsageError:
        raise
    except QtuiError as error:
        yield Broken(found.name, error.text)


def image_of(document: Document) -> Image:
    """The image of a document. Raises DataError when it can't be read."""
    if document.file.suffix in PAGES:
        with _Pdf(document.file.path) as pdf:
            return pdf.image(document.part)
    return picture(document.file.path, frame=document.part, name=document.name)


def count(found: tuple[Found, ...]) -> int:
    """How many documents there are about: pages and rows are counted, and what can't be read counts as one."""
    return sum(_count(each) for each in found)


def _count(found: Found) -> int:
    try:
        if found.suffix in TABLES:
            return tables.count(found.path)
        if found.suffix in PAGES:
            with _Pdf(found.path) as pdf:
                return len(pdf)
        return pages(found.path)
    except QtuiError:
        return 1


def _images(found: Found, beside: Beside) -> Iterator[Document]:
    whole = content_hash(found.path)
    number = pages(found.path)
    for part in range(number):
        key = _key("image", f"{whole} {part}")
        payload = beside.payload(found.path, part + 1 if number > 1 else None)
        yield Document(found, Modality.IMAGE, key, payload, part, pages=number)


def _pdf(found: Found, modality: Modality, beside: Beside) -> Iterator[Document | Broken]:
    whole = content_hash(found.path)
    with _Pdf(found.path) as pdf:
        for part in range(len(pdf)):
            payload = beside.payload(found.path, part + 1)
            page = Document(found, modality, b"", payload, part, pages=len(pdf))
            if modality is Modality.IMAGE:
                yield replace(page, key=_key("page", f"{whole} {part} {PAGE_PIXELS}"))
                continue
            text = pdf.text(part)
            if text.strip():
                yield replace(page, key=_key("text", text), text=text, payload={"text": text} | payload)
            else:
                yield Broken(page.name, "it holds no text, only images; a model that takes images can embed it")


def _rows(found: Found, asked: str, *, queries: bool) -> Iterator[Document | Broken]:
    field = ""
    for number, row in enumerate(tables.rows_of(found.path), 1):
        field = field or tables.text_field(row, asked, found.name)
        text = row.get(field)
        if isinstance(text, str) and text.strip():
            yield _text(found, text, row, queries=queries)
        else:
            yield Broken(f"{found.name}, row {number}", f"its field {shown(field)} holds no text")


def _text(found: Found, text: str, payload: Payload, *, queries: bool = False) -> Document:
    if "text" in payload and not payload["text"]:
        payload = payload | {"text": text}
    return Document(found, Modality.TEXT, _key("query" if queries else "text", text), payload, text=text)


def _decoded(path: Path) -> str:
    if path.stat().st_size > _LARGEST_TEXT:
        raise DataError(f"it is larger than {_LARGEST_TEXT >> 20} MiB; split it")
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError("it is not UTF-8 text; convert it") from error
    if not text.strip():
        raise DataError("it is empty")
    if "\0" in text:
        raise DataError("it is not text: it holds zero bytes")
    return text


def _key(kind: str, content: str) -> bytes:
    return hashlib.blake2b(f"{kind} {content}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


class _Pdf:
    """A PDF file, open. A context manager. Raises DataError for one that is broken or wants a password."""

    def __init__(self, path: Path) -> None:
        if importlib.util.find_spec("pypdfium2") is None:
            raise UsageError(f"reading PDF files needs pypdfium2: {installing('pypdfium2')}")
        import pypdfium2

        self._failed: type[Exception] = pypdfium2.PdfiumError
        try:
            self._pdf = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            why = "it wants a password" if "password" in str(error).lower() else "it is not a PDF, or damaged"
            raise DataError(f"{why}; give one that opens") from error
        except OSError as error:
            raise DataError(f"it can't be read: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pdf.close()

    def __len__(self) -> int:
        return len(self._pdf)

    def image(self, number: int) -> Image:
        """A page, drawn on white."""
        page: Any = self._page(number)
        longest = max(page.get_size()) or 1.0
        rendered: Image = page.render(scale=PAGE_PIXELS / longest).to_pil().convert("RGB")
        return rendered

    def text(self, number: int) -> str:
        """The text of a page; '' where there are only images."""
        return str(self._page(number).get_textpage().get_text_bounded())

    def _page(self, number: int) -> Any:
        try:
            return self._pdf[number]
        except self._failed as error:
            raise DataError(f"its page {number + 1} is damaged; get it again") from error

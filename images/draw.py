"""Draws the four sample documents of this folder: a page of a report and three front pages.

Run by hand: `python draw.py --serif WHEEL --sans WHEEL`, with Pillow 13 installed. Fetch the two fonts (SIL Open Font
License) with `pip download --no-deps font-source-serif-pro==0.0.1 font-source-sans-pro==0.0.1`; the wheels are only
unzipped. Texts and figures are our own and stand in `qtui/data/sample_documents/texts.json`; the company is invented.
Beside each picture it writes what is known of it (title, type, topic), as a `.json` file of the same name.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engravings import picture
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
TEXTS = HERE.parent / "qtui" / "data" / "sample_documents" / "texts.json"
SHA256 = {
    "serif": "38dd9a8d8027d22aa8ef2d10d27d7c558701b32772ff9f3790f509577e91dca4",
    "sans": "2250396f565a0fea35726e56059216d1d5d75071d64d075ebdfec183b4b85765",
}
WIDTH, HEIGHT, MARGIN = 1000, 1400, 56
INK, GREY, PAPER = (28, 27, 25), (96, 93, 88), (241, 236, 224)
NAVY, TEAL, PALE, WHITE = (24, 44, 84), (34, 124, 132), (226, 233, 240), (255, 255, 255)
Color = tuple[int, int, int]
Font = ImageFont.FreeTypeFont


class Fonts:
    """The two families, by name, style and size."""

    def __init__(self, serif: Path, sans: Path) -> None:
        self._files: dict[str, bytes] = {}
        for family, wheel in (("serif", serif), ("sans", sans)):
            data = wheel.read_bytes()
            if hashlib.sha256(data).hexdigest() != SHA256[family]:
                sys.exit(f"{wheel.name} is another file than the one that the documents were drawn with")
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    if name.endswith(".ttf"):
                        self._files[f"{family}-{Path(name).stem.rpartition('-')[2]}"] = archive.read(name)

    def get(self, name: str, size: int) -> Font:
        """A font as `serif-Bold`; `size` in pixels."""
        return ImageFont.truetype(io.BytesIO(self._files[name]), size)


class Page:
    """A sheet of paper with words set in columns."""

    def __init__(self, fonts: Fonts, paper: Color) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.fonts = fonts

    def lines(self, text: str, font: Font, width: float, indent: float = 0) -> Iterator[list[str]]:
        """The words of each line, as many as fit."""
        line: list[str] = []
        room = width - indent
        for word in text.split():
            if line and font.getlength(" ".join([*line, word])) > room:
                yield line
                line, room = [], width
            line.append(word)
        if line:
            yield line

    def centred(self, text: str, y: float, font: Font, leading: float = 0.98) -> float:
        """Centred lines from `y` on; returns where the next line would stand."""
        step = sum(font.getmetrics()) * leading
        for line in self.lines(text, font, WIDTH - 2 * MARGIN):
            words = " ".join(line)
            self.draw.text(((WIDTH - font.getlength(words)) / 2, y), words, font=font, fill=INK)
            y += step
        return y

    def justified(self, line: list[str], x: float, y: float, width: float, font: Font, ink: Color = INK) -> None:
        """One line that reaches from edge to edge."""
        gap = (width - sum(map(font.getlength, line))) / max(1, len(line) - 1)
        for word in line:
            self.draw.text((x, y), word, font=font, fill=ink)
            x += font.getlength(word) + gap

    def rule(self, y: float, x: float = MARGIN, to: float = WIDTH - MARGIN, thick: int = 1, ink: Color = INK) -> None:
        """A horizontal line."""
        self.draw.line((x, y, to, y), fill=ink, width=thick)


class Columns:
    """Columns of body text that are filled one after the other, each from its own top."""

    def __init__(self, page: Page, tops: list[float], gap: float = 26, bottom: float = HEIGHT - 58) -> None:
        self.page, self.tops, self.bottom = page, tops, bottom
        self.width = (WIDTH - 2 * MARGIN - gap * (len(tops) - 1)) / len(tops)
        self.step = self.width + gap
        self.at, self.y = 0, tops[0]

    @property
    def x(self) -> float:
        """Left edge of the current column."""
        return MARGIN + self.at * self.step

    def room(self, height: float) -> None:
        """Goes on at the top of the next column where `height` doesn't fit any more."""
        if self.y + height > self.bottom:
            self.at += 1
            if self.at == len(self.tops):
                sys.exit("the text is longer than the page")
            self.y = self.tops[self.at]

    def paragraph(self, text: str, font: Font, leading: float) -> None:
        """Justified, its first line indented."""
        indent = font.size
        for number, line in enumerate(lines := list(self.page.lines(text, font, self.width, indent))):
            self.room(leading)
            x, width = (self.x + indent, self.width - indent) if number == 0 else (self.x, self.width)
            if number == len(lines) - 1:
                self.page.draw.text((x, self.y), " ".join(line), font=font, fill=INK)
            else:
                self.page.justified(line, x, self.y, width, font)
            self.y += leading

    def heading(self, text: str, font: Font) -> None:
        """A smaller article's own headline, under a short rule."""
        step = sum(font.getmetrics()) * 0.96
        lines = list(self.page.lines(text, font, self.width))
        self.room(step * len(lines) + 70)
        self.page.rule(self.y + 12, self.x + self.width / 3, self.x + self.width * 2 / 3)
        self.y += 22
        for line in lines:
            words = " ".join(line)
            self.page.draw.text((self.x + (self.width - font.getlength(words)) / 2, self.y), words, font=font, fill=INK)
            self.y += step
        self.y += 6


def newspaper(document: dict[str, Any], fonts: Fonts) -> Image.Image:
    """A front page: masthead, headline, picture in the middle, three columns."""
    page = Page(fonts, PAPER)
    y = page.centred(document["masthead"], 28, fonts.get("serif-Black", 78))
    small = fonts.get("serif-Regular", 19)
    page.rule(y + 6, thick=3)
    left, middle, right = document["dateline"]
    page.draw.text((MARGIN, y + 13), left, font=small, fill=INK)
    page.draw.text(((WIDTH - small.getlength(middle)) / 2, y + 13), middle, font=small, fill=INK)
    page.draw.text((WIDTH - MARGIN - small.getlength(right), y + 13), right, font=small, fill=INK)
    page.rule(y + 44)
    y = _headline(page, document["headline"].upper(), y + 48)
    y = page.centred(document["deck"], y + 2, fonts.get("serif-SemiboldIt", 25)) + 8
    page.rule(y, MARGIN + 300, WIDTH - MARGIN - 300)
    columns = Columns(page, [y + 16] * 3)
    drawing = picture(document["picture"], int(columns.step + columns.width), 330)
    columns.tops[1:] = [y + 20 + drawing.height + 44] * 2
    x = int(MARGIN + columns.step)
    page.image.paste(drawing, (x, int(y + 20)))
    page.draw.rectangle((x, y + 20, x + drawing.width, y + 20 + drawing.height), outline=INK, width=2)
    caption = fonts.get("serif-It", 17)
    for number, line in enumerate(page.lines(document["caption"], caption, drawing.width)):
        page.draw.text((x, y + 26 + drawing.height + 20 * number), " ".join(line), font=caption, fill=GREY)
    body, leading = fonts.get("serif-Regular", 18), 23.5
    for paragraph in document["paragraphs"]:
        columns.paragraph(paragraph, body, leading)
    for heading, text in document["others"]:
        columns.heading(heading, fonts.get("serif-Bold", 27))
        columns.paragraph(text, body, leading)
    for number in (1, 2):
        at = MARGIN + number * columns.step - (columns.step - columns.width) / 2
        page.draw.line((at, columns.tops[number] if number == 2 else y + 16, at, columns.bottom), fill=GREY)
    page.rule(HEIGHT - 44, thick=2)
    return _printed(page.image, seed=document["file"])


def _headline(page: Page, text: str, y: float) -> float:
    """As large as it may be on two lines at most."""
    for size in range(104, 40, -2):
        font = page.fonts.get("serif-Bold", size)
        if len(list(page.lines(text, font, WIDTH - 2 * MARGIN))) <= 1 + (size < 84):
            return page.centred(text, y, font, leading=0.82) + 12
    sys.exit("the headline is too long")


def _printed(image: Image.Image, seed: str) -> Image.Image:
    """With the grain of cheap paper and ink that has spread a little."""
    noise = random.Random(seed)  # noqa: S311 - grain of paper
    grain = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), noise.randbytes(WIDTH // 2 * (HEIGHT // 2)))
    grain = grain.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR).filter(ImageFilter.GaussianBlur(1.2))
    tone = Image.merge("RGB", [grain.point(lambda v, k=k: 128 + (v - 128) // k) for k in (9, 9, 8)])
    soft = image.filter(ImageFilter.GaussianBlur(0.35))
    return Image.blend(soft, tone, 0.06)


def report(document: dict[str, Any], fonts: Fonts) -> Image.Image:
    """A page of a quarterly report: key figures, text beside a chart, a table."""
    page = Page(fonts, WHITE)
    draw = page.draw
    draw.rectangle((0, 0, WIDTH, 168), fill=NAVY)
    draw.text((MARGIN, 26), document["company"], font=fonts.get("sans-Semibold", 27), fill=(190, 206, 226))
    draw.text((MARGIN, 56), document["heading"], font=fonts.get("sans-Bold", 58), fill=WHITE)
    draw.text((MARGIN, 128), document["period"], font=fonts.get("sans-Regular", 21), fill=(190, 206, 226))
    width = (WIDTH - 2 * MARGIN - 3 * 18) / 4
    for number, (name, value, change) in enumerate(document["figures"]):
        x = MARGIN + number * (width + 18)
        draw.rounded_rectangle((x, 196, x + width, 318), 8, fill=PALE)
        draw.text((x + 14, 206), name, font=fonts.get("sans-Semibold", 20), fill=NAVY)
        draw.text((x + 14, 230), value, font=fonts.get("sans-Bold", 42), fill=NAVY)
        draw.text((x + 14, 282), f"{change} on the year", font=fonts.get("sans-Regular", 18), fill=TEAL)
    y, body = 344.0, fonts.get("sans-Regular", 20)
    for paragraph in document["paragraphs"]:
        for line in page.lines(paragraph, body, 430):
            draw.text((MARGIN, y), " ".join(line), font=body, fill=INK)
            y += 26
        y += 12
    _bars(page, document, (530, 352, WIDTH - MARGIN, 760))
    y = _table(page, document, max(y, 830) + 6)
    for line in page.lines(document["outlook"], body, WIDTH - 2 * MARGIN):
        draw.text((MARGIN, y), " ".join(line), font=body, fill=INK)
        y += 26
    page.rule(HEIGHT - 52, ink=GREY)
    draw.text((MARGIN, HEIGHT - 44), document["footer"], font=fonts.get("sans-It", 17), fill=GREY)
    return page.image


def _bars(page: Page, document: dict[str, Any], box: tuple[int, int, int, int]) -> None:
    x0, y0, x1, y1 = box
    draw, font = page.draw, page.fonts.get("sans-Regular", 16)
    draw.text((x0, y0 - 8), document["chart"], font=page.fonts.get("sans-Semibold", 22), fill=NAVY)
    base, most = y1 - 30, 450
    for value in range(0, most, 100):
        y = base - (base - y0 - 50) * value / most
        page.rule(y, x0, x1, ink=(206, 212, 220))
        draw.text((x0, y - 20), str(value), font=font, fill=GREY)
    step = (x1 - x0 - 40) / len(document["quarters"])
    for number, (name, value) in enumerate(document["quarters"]):
        x, top = x0 + 42 + number * step, base - (base - y0 - 50) * value / most
        ink = TEAL if number == len(document["quarters"]) - 1 else NAVY
        draw.rectangle((x, top, x + step * 0.66, base), fill=ink)
        label = f"{value:.0f}"
        draw.text((x + step * 0.33 - font.getlength(label) / 2, top - 22), label, font=font, fill=INK)
        draw.text((x + step * 0.33 - font.getlength(name) / 2, base + 6), name, font=font, fill=GREY)


def _table(page: Page, document: dict[str, Any], y: float) -> float:
    draw, right = page.draw, (560, 750, WIDTH - MARGIN - 10)
    draw.text((MARGIN, y), document["table"], font=page.fonts.get("sans-Semibold", 22), fill=NAVY)
    y += 36
    for number, row in enumerate([document["columns"], *document["rows"]]):
        bold = number == 0 or row[0].startswith("Total")
        font = page.fonts.get("sans-Semibold" if bold else "sans-Regular", 20)
        if number % 2:
            draw.rectangle((MARGIN, y - 2, WIDTH - MARGIN, y + 30), fill=(244, 246, 249))
        draw.text((MARGIN + 10, y), row[0], font=font, fill=INK)
        for edge, cell in zip(right, row[1:], strict=True):
            draw.text((edge - font.getlength(cell), y), cell, font=font, fill=INK)
        y += 32
        if bold:
            page.rule(y - 1, thick=2, ink=NAVY)
    return y + 16


def main() -> None:
    """Writes the four pictures and what is known of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--serif", "--sans"):
        parser.add_argument(option, type=Path, required=True)
    given = parser.parse_args()
    fonts = Fonts(given.serif, given.sans)
    for document in json.loads(TEXTS.read_text(encoding="utf-8")):
        path = HERE / document["file"]
        image = report(document, fonts) if document["type"] == "report" else newspaper(document, fonts)
        if path.suffix == ".png":
            image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
        else:
            image.save(path, quality=82, optimize=True)
        known = {name: document[name] for name in ("title", "type", "topic")}
        path.with_suffix(".json").write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

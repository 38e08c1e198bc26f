"""The drawings on the three front pages. Imported by draw.py, which is run by hand."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw


def picture(kind: str, width: int, height: int) -> Image.Image:
    """An engraving (ship, moon or eclipse), drawn at twice the size and then made smaller."""
    image = Image.new("RGB", (width * 2, height * 2))
    draw = ImageDraw.Draw(image)
    {"ship": _ship, "moon": _moon, "eclipse": _eclipse}[kind](draw, width * 2, height * 2)
    return image.resize((width, height), Image.Resampling.LANCZOS).convert("L").convert("RGB")


def _sky(draw: ImageDraw.ImageDraw, width: int, height: int, top: int, bottom: int) -> None:
    for y in range(height):
        tone = top + (bottom - top) * y // height
        draw.line((0, y, width, y), fill=(tone, tone, tone))


def _stars(draw: ImageDraw.ImageDraw, width: int, height: int, count: int) -> None:
    place = random.Random(count)  # noqa: S311 - a sky
    for _ in range(count):
        x, y, r = place.randrange(width), place.randrange(height), place.choice((1, 1, 2, 3))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(230, 230, 230))


def _ship(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """A liner with four funnels, down by the head, beside an iceberg."""
    _sky(draw, width, height, 40, 130)
    _stars(draw, width, height // 2, 120)
    sea = int(height * 0.74)
    x0, x1, deck = int(width * 0.08), int(width * 0.70), int(height * 0.60)
    sink = int(height * 0.09)
    draw.polygon([(x0, deck - 8), (x1, deck + sink), (x1 - 50, sea + 60), (x0 + 40, sea + 60)], fill=(18, 18, 18))
    draw.polygon(
        [(x0 + 130, deck - 62), (x1 - 150, deck + sink - 66), (x1 - 130, deck + sink - 18), (x0 + 110, deck)],
        fill=(205, 205, 200),
    )
    for number in range(4):
        x = x0 + 190 + number * (x1 - x0 - 420) // 3
        y = deck - 60 + sink * (x - x0) // (x1 - x0)
        draw.polygon([(x, y), (x + 52, y + 6), (x + 40, y - 120), (x - 12, y - 126)], fill=(150, 140, 120))
        draw.polygon([(x - 9, y - 98), (x + 43, y - 92), (x + 40, y - 120), (x - 12, y - 126)], fill=(15, 15, 15))
    for x in (x0 + 70, x1 - 90):
        y = deck + sink * (x - x0) // (x1 - x0)
        draw.line((x, y, x - 26, y - 250), fill=(20, 20, 20), width=7)
    for number in range(46):
        x = x0 + 80 + number * (x1 - x0 - 160) // 46
        y = deck + 24 + sink * (x - x0) // (x1 - x0)
        draw.ellipse((x, y, x + 9, y + 9), fill=(250, 240, 190))
    ice = [(0.70, 0.80), (0.75, 0.44), (0.79, 0.52), (0.84, 0.24), (0.88, 0.40), (0.92, 0.34), (0.99, 0.80)]
    draw.polygon([(int(width * x), int(height * y)) for x, y in ice], fill=(228, 232, 236))
    draw.polygon([(int(width * x), int(height * y)) for x, y in ((0.84, 0.24), (0.88, 0.40), (0.86, 0.8), (0.80, 0.8))],
                 fill=(180, 188, 196))  # fmt: skip
    waves = random.Random(7)  # noqa: S311 - water
    for y in range(sea, height, 5):
        tone = 34 + (y - sea) * 40 // (height - sea)
        draw.rectangle((0, y, width, y + 5), fill=(tone, tone, tone))
        for _ in range(14):
            x = waves.randrange(width)
            draw.line((x, y, x + waves.randrange(30, 120), y + 1), fill=(tone + 55, tone + 55, tone + 55), width=2)
    for boat in (0.30, 0.42, 0.55):
        left, y = int(width * boat), int(height * 0.86)
        draw.polygon([(left, y), (left + 120, y), (left + 100, y + 28), (left + 20, y + 28)], fill=(225, 220, 205))


def _moon(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """A landing craft and an astronaut on the plain, the Earth above."""
    draw.rectangle((0, 0, width, height), fill=(8, 8, 10))
    _stars(draw, width, int(height * 0.6), 160)
    ground = int(height * 0.66)
    draw.polygon(
        [(0, ground), (width * 0.3, ground - 26), (width * 0.7, ground + 14), (width, ground - 20), (width, height),
         (0, height)],
        fill=(176, 174, 170),
    )  # fmt: skip
    pits = random.Random(11)  # noqa: S311 - craters
    for _ in range(60):
        x, y = pits.randrange(width), pits.randrange(ground + 20, height)
        r = 4 + (y - ground) // 10
        draw.ellipse((x - 2 * r, y - r // 2, x + 2 * r, y + r // 2), fill=(126, 124, 120))
        draw.arc((x - 2 * r, y - r // 2, x + 2 * r, y + r // 2), 0, 180, fill=(220, 218, 214), width=3)
    draw.ellipse((width * 0.76, height * 0.08, width * 0.90, height * 0.08 + width * 0.14), fill=(120, 140, 170))
    draw.chord((width * 0.76, height * 0.08, width * 0.90, height * 0.08 + width * 0.14), 60, 240, fill=(30, 36, 50))
    draw.ellipse((width * 0.83, height * 0.14, width * 0.88, height * 0.20), fill=(235, 238, 240))
    x, y, u = int(width * 0.34), int(height * 0.34), height // 100
    for side in (-1, 1):
        for reach in (30, 17):
            draw.line((x + side * 12 * u, y + 24 * u, x + side * reach * u, y + 46 * u), fill=(210, 190, 120), width=9)
            foot = x + side * reach * u
            draw.ellipse((foot - 30, y + 45 * u, foot + 30, y + 48 * u), fill=(210, 190, 120))
    draw.rectangle((x - 18 * u, y + 14 * u, x + 18 * u, y + 28 * u), fill=(196, 168, 92))
    draw.polygon([(x - 14 * u, y + 14 * u), (x - 18 * u, y + 4 * u), (x - 8 * u, y - 8 * u), (x + 8 * u, y - 8 * u),
                  (x + 18 * u, y + 4 * u), (x + 14 * u, y + 14 * u)], fill=(222, 222, 220))  # fmt: skip
    for side in (-1, 1):
        draw.polygon([(x + side * 3 * u, y + 2 * u), (x + side * 10 * u, y), (x + side * 5 * u, y + 8 * u)],
                     fill=(20, 20, 24))  # fmt: skip
    draw.line((x + 6 * u, y - 8 * u, x + 10 * u, y - 18 * u), fill=(222, 222, 220), width=6)
    draw.ellipse((x + 5 * u, y - 22 * u, x + 16 * u, y - 17 * u), outline=(222, 222, 220), width=6)
    _astronaut(draw, int(width * 0.62), int(height * 0.60), u)


def _astronaut(draw: ImageDraw.ImageDraw, x: int, y: int, u: int) -> None:
    white, shade = (240, 240, 238), (60, 60, 64)
    draw.polygon([(x - 4 * u, y + 28 * u), (x + 40 * u, y + 31 * u), (x + 40 * u, y + 33 * u)], fill=(90, 88, 86))
    for side in (-1, 1):
        draw.rounded_rectangle(
            (x + side * 3 * u - 2.4 * u, y + 14 * u, x + side * 3 * u + 2.4 * u, y + 29 * u), 14, white
        )
        draw.line((x + side * 5 * u, y + 3 * u, x + side * 10 * u, y + 13 * u), fill=white, width=4 * u)
    draw.rounded_rectangle((x - 6.5 * u, y - u, x + 6.5 * u, y + 16 * u), 18, white)
    draw.rectangle((x - 3 * u, y + 4 * u, x + 3 * u, y + 8 * u), fill=shade)
    draw.ellipse((x - 6 * u, y - 12 * u, x + 6 * u, y), fill=white)
    draw.ellipse((x - 4 * u, y - 9 * u, x + 4 * u, y - 2 * u), fill=shade)
    draw.line((x + 18 * u, y - 14 * u, x + 18 * u, y + 28 * u), fill=(230, 230, 230), width=7)
    for stripe in range(7):
        tone = 220 if stripe % 2 else 120
        draw.rectangle(
            (x + 18 * u, y + (stripe * 2 - 14) * u, x + 40 * u, y + (stripe * 2 - 12) * u), fill=(tone, tone, tone)
        )
    draw.rectangle((x + 18 * u, y - 14 * u, x + 28 * u, y - 6 * u), fill=(50, 60, 100))


def _eclipse(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """The covered Sun, a ray that bends round it, and where the star seems to be."""
    draw.rectangle((0, 0, width, height), fill=(14, 14, 18))
    _stars(draw, width, height, 90)
    x, y, r = int(width * 0.50), int(height * 0.54), int(height * 0.20)
    for glow in range(70, 0, -2):
        tone = 40 + (70 - glow) * 3
        draw.ellipse((x - r - glow * 2, y - r - glow, x + r + glow * 2, y + r + glow), fill=(tone, tone, tone))
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(6, 6, 8))
    earth, star, seen = (
        (int(width * 0.07), int(height * 0.82)),
        (width * 0.95, height * 0.30),
        (width * 0.95, height * 0.06),
    )
    bend = (x, int(y - r * 1.35))
    draw.line((*earth, *bend), fill=(250, 250, 240), width=6)
    draw.line((*bend, *star), fill=(250, 250, 240), width=6)
    for part in range(0, 24, 2):
        ends = [
            (bend[0] + (seen[0] - bend[0]) * k / 24, bend[1] + (seen[1] - bend[1]) * k / 24) for k in (part, part + 1)
        ]
        draw.line((*ends[0], *ends[1]), fill=(180, 180, 180), width=5)
    draw.ellipse((earth[0] - 46, earth[1] - 46, earth[0] + 46, earth[1] + 46), fill=(120, 140, 160))
    for (a, b), tone in ((star, 255), (seen, 170)):
        draw.line((a - 26, b, a + 26, b), fill=(tone, tone, tone), width=7)
        draw.line((a, b - 26, a, b + 26), fill=(tone, tone, tone), width=7)

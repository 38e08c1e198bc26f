"""Pictures on the screen: what terminals are given is decoded again, and taken away when it can't be seen."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from qtui.pictured import sample_image
from qtui.searching.compare import Found
from qtui.tui import graphics, pictures
from qtui.tui.app import QtuiApp
from qtui.tui.dialogs.point import PointDialog
from qtui.tui.graphics import Protocol, protocol
from qtui.tui.panels.search_answers import Answers
from qtui.tui.widgets.picture import Picture
from tests.tui.driving import make, screen_text, until, until_seen

CHUNK = re.compile(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\")


def unkitty(sequence: str) -> tuple[dict[str, str], Image.Image]:
    """What a terminal makes of it: the first chunk's keys, and the image."""
    chunks = CHUNK.findall(sequence)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in chunks) == sequence
    more = [dict(pair.split("=") for pair in keys.split(",")) for keys, _ in chunks]
    assert [each["m"] for each in more] == ["1"] * (len(chunks) - 1) + ["0"]
    assert all(len(data) <= 4096 for _, data in chunks)
    return more[0], Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in chunks))))


def unsixel(sequence: str) -> Image.Image:
    """What a terminal makes of it, by the protocol's own rules."""
    body = sequence.removeprefix("\x1bP0;1;0q").removesuffix("\x1b\\")
    size = re.match(r'"1;1;(\d+);(\d+)', body)
    assert size is not None
    image = Image.new("RGB", (int(size[1]), int(size[2])), (255, 0, 255))
    palette: dict[int, tuple[int, ...]] = {}
    x = top = colour = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([$-])|([?-~])", body[size.end() :]):
        if token[1] and token[2]:
            palette[int(token[1])] = tuple(int(token[at]) * 255 // 100 for at in (2, 3, 4))
        elif token[1]:
            colour = int(token[1])
        elif token[7]:
            x, top = 0, top + (6 if token[7] == "-" else 0)
        else:
            bits, wide = ord(token[6] or token[8]) - 63, int(token[5] or 1)
            for column, bit in product(range(x, x + wide), range(6)):
                if bits >> bit & 1:
                    image.putpixel((column, top + bit), palette[colour])
            x += wide
    return image


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    image = Image.linear_gradient("L").resize((90, 70)).convert("RGB")
    image.paste((200, 30, 20), (10, 10, 40, 40))
    image.save(tmp_path / "drawing.png")
    return tmp_path / "drawing.png"


def test_kitty_is_handed_the_whole_image() -> None:
    image = Image.effect_noise((120, 90), 80).convert("RGB")
    keys, found = unkitty(graphics.kitty(image, 42))
    assert (keys["a"], keys["f"], keys["i"]) == ("t", "100", "42")
    assert found.convert("RGB").tobytes() == image.tobytes()


def test_sixels_are_the_image(drawing: Path) -> None:
    image = Image.open(drawing)
    found = unsixel(graphics.sixel(image))
    assert found.size == image.size
    pairs = zip(image.convert("RGB").tobytes(), found.tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 12, "128 colours of a grey gradient and one red"


@pytest.mark.parametrize(
    ("environment", "how"),
    [
        ({}, Protocol.BLOCKS),
        ({"TERM": "xterm-256color"}, Protocol.BLOCKS),
        ({"TERM": "xterm-kitty"}, Protocol.KITTY),
        ({"TERM": "xterm-ghostty"}, Protocol.KITTY),
        ({"TERM": "foot"}, Protocol.SIXEL),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Protocol.SIXEL),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TMUX": "/x"}, Protocol.BLOCKS),
        ({"TERM": "xterm-kitty", "TMUX": "/x"}, Protocol.BLOCKS),
        ({"TERM": "tmux-256color", "TMUX": "/x", "QTUI_PICTURES": "sixel"}, Protocol.SIXEL),
        ({"TERM": "xterm-kitty", "QTUI_PICTURES": "blocks"}, Protocol.BLOCKS),
        ({"TERM": "xterm-kitty", "QTUI_PICTURES": "nonsense"}, Protocol.KITTY),
    ],
)
def test_what_a_terminal_can_do(environment: dict[str, str], how: Protocol) -> None:
    assert protocol(environment) is how


def test_half_blocks_lie_under_it(drawing: Path) -> None:
    plain = pictures.picture(drawing, 20, 10)
    sharp = pictures.picture(drawing, 20, 10, Protocol.SIXEL)
    for made in (plain, sharp):
        lines = made.text.plain.split("\n")
        assert (len(lines[0]), len(lines)) == (made.columns, made.rows)
        assert made.columns <= 20
        assert made.rows <= 10
    width, height = graphics.cell_pixels()
    assert unsixel(sharp.sequence).size == (sharp.columns * width, sharp.rows * height)
    assert plain.sequence == ""


def test_a_picture_of_the_sample_is_found_by_its_name() -> None:
    assert pictures.image_of({"image": "titanic-newspaper.jpg"}) == sample_image("titanic-newspaper.jpg")
    assert pictures.image_of({"image": "no-such-page.jpg"}) is None


def written(app: QtuiApp, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Escape sequences of pictures that the terminal is given from now on."""
    found: list[str] = []
    assert app._driver is not None
    monkeypatch.setattr(app._driver, "write", lambda text: found.append(text) if "\x1b_G" in text else None)
    return found


async def test_kitty_draws_over_the_dialog_and_forgets_it_afterwards(
    drawing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTUI_PICTURES", "kitty")
    app, room = make()
    room.payloads[1] = {"image": str(drawing)}
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        found = written(app, monkeypatch)
        app.push_screen(PointDialog(room, "demo", 1))
        await until(pilot, lambda: any("a=p" in each for each in found))
        handed, placed = found[0], found[-1]
        assert unkitty(handed)[0]["a"] == "t"
        picture = app.screen.query_one(Picture)
        assert f"\x1b[{picture.region.y + 1};{picture.region.x + 1}H" in placed
        assert f"c={picture.region.width},r={picture.region.height}," in placed
        await pilot.press("escape")
        await until(pilot, lambda: "a=d,d=I" in found[-1])


async def test_the_point_under_the_cursor_shows_its_image(drawing: Path) -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("2")
        await until_seen(pilot, "point 0  word")
        answers = app.query_one(Answers)
        await until(pilot, lambda: not answers.searching)  # a column that is answered later is marked, too
        hit = Found(1, 0.5, "one", "preview", str(drawing))

        def marked(image: str) -> str:
            # again and again: what the app marks itself may come behind it
            answers.row.post_message(answers.row.Marked(replace(hit, image=image)))
            return screen_text(app)

        await until(pilot, lambda: "▀▀▀▀▀▀▀▀" in marked(str(drawing)))
        await until(pilot, lambda: marked("") and not answers.query_one(Picture).display)

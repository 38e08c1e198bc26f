"""The app over a scripted room, as a program: `python -m tests.tui.fake_app`, for tests with a real terminal."""

from __future__ import annotations

import sys

from qtui.tui.app import QtuiApp
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import DEMO, view

HOSTILE = "\x1b]52;c;aGFja2Vk\x07\x1b[31m\x9b2J[@click=app.quit]x[/]\u202ey\u200b"

if __name__ == "__main__":
    app = QtuiApp(lambda on_state: FakeRoom(on_state, (*DEMO, view(HOSTILE))), where="~/store")
    app.run()
    sys.exit(app.return_code or 0)

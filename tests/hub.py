"""A hub of models on this machine: what a download asks of the real one, answered from a folder. Standard library."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

REVISION = "1" * 40


class _Handler(BaseHTTPRequestHandler):
    folders: ClassVar[dict[str, Path]] = {}
    """Repository → its files."""
    gate: ClassVar[threading.Event] = threading.Event()
    """Files are handed out once it is set; what is asked before waits with half of its bytes sent."""
    asked: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        type(self).asked.append(f"{self.command} {path}")
        for repository, folder in self.folders.items():
            if path in (f"api/models/{repository}", f"api/models/{repository}/revision/main"):
                return self._json(_info(repository, folder))
            if path == f"api/models/{repository}/revision/{REVISION}":
                return self._json(_info(repository, folder))
            if path.startswith(f"api/models/{repository}/tree/"):
                return self._json([_entry(folder, name) for name in _names(folder)])
            for revision in (REVISION, "main"):
                prefix = f"{repository}/resolve/{revision}/"
                if path.startswith(prefix) and (folder / path.removeprefix(prefix)).is_file():
                    return self._file(folder / path.removeprefix(prefix))
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound" if "resolve" not in path else "EntryNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _file(self, path: Path) -> None:
        content = path.read_bytes()
        said = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        first = int(said[0]) if said[0] else 0
        last = int(said[2]) + 1 if said[2] else len(content)
        self.send_response(206 if said[0] else 200)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{last - 1}/{len(content)}")
        self.send_header("Content-Length", str(last - first))
        self.end_headers()
        if self.command == "GET":
            half = first + (last - first) // 2
            self.wfile.write(content[first:half])
            self.gate.wait(60)
            self.wfile.write(content[half:last])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving(folders: dict[str, Path]) -> Iterator[tuple[str, threading.Event, list[str]]]:
    """The address of a hub that has these repositories, the gate that lets files out, and what it was asked."""

    class Handler(_Handler):
        pass

    handler = Handler
    handler.folders, handler.gate, handler.asked = folders, threading.Event(), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", handler.gate, handler.asked
    finally:
        handler.gate.set()
        server.shutdown()
        thread.join(10)
        server.server_close()


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _entry(folder: Path, name: str) -> dict[str, object]:
    content = (folder / name).read_bytes()
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


def _info(repository: str, folder: Path) -> dict[str, object]:
    siblings = [
        {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
        for entry in (_entry(folder, name) for name in _names(folder))
    ]
    return {"_id": "0", "id": repository, "modelId": repository, "sha": REVISION, "siblings": siblings, "tags": []}

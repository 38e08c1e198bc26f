"""The compose file is data: what it promises is looked up in it, and its health check is run."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parent.parent / "docker-compose.yml"
NODES = ("node-1", "node-2", "node-3")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_one_server_by_default_and_three_more_in_a_profile(compose):
    by_default = [name for name, service in services(compose).items() if not service.get("profiles")]
    assert by_default == ["qdrant"]
    assert tuple(name for name, service in services(compose).items() if service.get("profiles") == ["cluster"]) == NODES


def test_every_server_is_the_same_pinned_version(compose):
    images = {service["image"] for service in services(compose).values()}
    assert len(images) == 1
    assert re.fullmatch(r"qdrant/qdrant:v1\.(19|[2-9]\d)\.\d+", images.pop())


def test_telemetry_is_off_everywhere(compose):
    assert {service["environment"]["QDRANT__TELEMETRY_DISABLED"] for service in services(compose).values()} == {"true"}


def test_only_this_machine_reaches_them_and_no_two_share_a_port(compose):
    ports = [port.split(":") for service in services(compose).values() for port in service["ports"]]
    assert {host for host, _, _ in ports} == {"127.0.0.1"}
    assert {inner for _, _, inner in ports} == {"6333", "6334"}
    outer = [number for _, number, _ in ports]
    assert len(outer) == len(set(outer)) == 8
    assert {"6333", "6334"} <= set(outer)


def test_each_keeps_its_data_in_a_named_volume_of_its_own(compose):
    volumes = [service["volumes"] for service in services(compose).values()]
    assert all(len(each) == 1 for each in volumes)
    names, folders = zip(*(each[0].split(":") for each in volumes), strict=True)
    assert set(folders) == {"/qdrant/storage"}
    assert len(set(names)) == 4
    assert set(names) == set(compose["volumes"])


def test_the_cluster_finds_itself(compose):
    nodes = {name: services(compose)[name] for name in NODES}
    for name, node in nodes.items():
        assert node["environment"]["QDRANT__CLUSTER__ENABLED"] == "true"
        assert node["command"][-2:] == ["--uri", f"http://{name}:{node['environment']['QDRANT__CLUSTER__P2P__PORT']}"]
    assert "--bootstrap" not in nodes["node-1"]["command"]
    for name in NODES[1:]:
        assert nodes[name]["command"][1:3] == ["--bootstrap", nodes["node-1"]["command"][-1]]
        assert nodes[name]["depends_on"] == {"node-1": {"condition": "service_healthy"}}


class Ready(BaseHTTPRequestHandler):
    """A server that answers /readyz with the status it is told."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(b"all 200 shards are ready")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Ready)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join(10)
    server.server_close()


def health(compose: dict[str, Any], port: int) -> bool:
    test = services(compose)["qdrant"]["healthcheck"]["test"]
    assert test[0] == "CMD"
    command = [word.replace("/6333", f"/{port}") for word in test[1:]]
    return subprocess.run(command, check=False, capture_output=True, timeout=10).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the check runs in the image's bash")
def test_the_health_check_tells_ready_from_busy_and_gone(compose, port, monkeypatch):
    assert health(compose, port)
    monkeypatch.setattr(Ready, "status", 503)
    assert not health(compose, port)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not health(compose, unused.getsockname()[1])


def test_every_server_is_checked(compose):
    checks = [service["healthcheck"] for service in services(compose).values()]
    assert all(check == checks[0] and check["retries"] * 5 >= 30 for check in checks)

"""Connecting: addresses, keys, certificates, sockets, versions, and what each of them forbids."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtui.engine.open import open_target
from qtui.engine.server import ServerEngine, gates, open_server
from qtui.engine.server.proxies import proxy_of
from qtui.errors import AccessError, TimedOut, Unreachable, UsageError
from qtui.methods import METHODS
from qtui.model import SearchSettings
from qtui.served import CAPABILITIES
from qtui.target import Target, remember_key, server
from tests.engine.making import batch, filled, randoms, single
from tests.server.faults import Faults
from tests.server.serving import at_once, serving

TLS = Path(__file__).parent / "tls"
"""A key and a certificate for the loopback address, made for these tests alone."""
KEY = "s3cret-key-that-must-not-show"


def jwt(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"aaaa.{body}.ssss"


async def refusing(target: Target) -> str:
    """The text of the error that connecting gives."""
    with pytest.raises(AccessError) as caught:
        await open_server(target, sleep=at_once)
    assert "\n" not in caught.value.text
    return caught.value.text


async def test_a_target_is_opened_by_what_it_names(tmp_path: Path) -> None:
    embedded = await open_target(Target(path=str(tmp_path / "store")))
    assert embedded.info.kind == "embedded"
    await embedded.close()
    async with serving(tmp_path / "other") as found:
        engine = await open_target(found.target())
        info = engine.info
        assert (info.kind, info.version, info.protocol) == ("server", "1.20.0", "REST")
        assert (info.where, info.read_only) == (found.address, False)
        await engine.close()


@pytest.mark.parametrize("kind", ["prefix", "socket"])
async def test_below_a_prefix_and_over_a_socket(tmp_path: Path, kind: str) -> None:
    options: dict[str, Any] = {"prefix": "/vectors/v1"} if kind == "prefix" else {"socket": str(tmp_path / "s")}
    async with serving(tmp_path / "store", **options) as found:
        engine = await open_server(found.target())
        await filled(engine, single(), randoms(5, 16))
        assert (await engine.view("things")).points == 5
        assert (await engine.query("things", randoms(5, 16)[2], SearchSettings())).value.ids[0] == 2
        await engine.close()


async def test_a_certificate_is_checked_by_the_file_that_is_given(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    async with serving(tmp_path, tls=context) as found:
        engine = await open_server(found.target(ca=str(TLS / "certificate.pem")))
        assert await engine.collections() == ()
        await engine.close()
        with pytest.raises(Unreachable, match="certificate"):
            await open_server(found.target(), sleep=at_once)


async def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in ("ca.pem", "missing.pem"):
        with pytest.raises(UsageError, match="PEM"):
            await open_server(server("https://127.0.0.1:1", ca=str(tmp_path / path)))


async def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="is the server running"):
        await open_server(server(f"127.0.0.1:{port}"), sleep=at_once)


async def test_a_server_that_never_answers(tmp_path: Path) -> None:
    async with serving(tmp_path, Faults(latency_s=60)) as found:
        with pytest.raises(TimedOut, match="--timeout"):
            await open_server(found.target(timeout=0.05), sleep=at_once)


async def test_through_a_proxy_as_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.delenv("NO_PROXY", raising=False)
        engine = await open_server(server("http://qdrant.example:6333"))
        assert proxy.seen[-1].headers["host"] == "qdrant.example:6333"
        await engine.close()
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        direct = await open_server(proxy.target())  # no proxy leads to this machine
        await direct.close()


async def test_the_client_is_loaded_without_an_inference_runtime() -> None:
    code = "import sys, qtui.engine.server; print([m for m in ('fastembed', 'onnxruntime') if m in sys.modules])"
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert (await done.communicate())[0].strip() == b"[]"


@pytest.mark.parametrize(
    ("version", "words"), [("1.9.7", "needs 1.10 or newer"), ("0.11.0", "upgrade it"), ("banana", "is it a Qdrant")]
)
async def test_versions_that_will_not_do(tmp_path: Path, version: str, words: str) -> None:
    async with serving(tmp_path, Faults(version=version)) as found:
        assert words in await refusing(found.target())


async def test_something_else_on_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as found:
        found.faults.garbage, found.faults.only = 99, "GET /$"
        with pytest.raises(Exception, match=r"can't read|no Qdrant") as caught:
            await open_server(found.target(), sleep=at_once)
        assert "upgrade" in str(caught.value)


# --- versions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "without", "having"),
    [
        ("1.10.1", {"binary-2bit", "turbo-4bit", "metadata", "query_encoding", "placement"}, {"scalar", "binary"}),
        ("1.15.0", {"turbo-1bit", "optimizations", "memory_report", "metadata"}, {"binary-2bit", "query_encoding"}),
        ("1.18.2-dev", {"turbo-8bit", "placement"}, {"turbo-4bit", "memory_report", "optimizations"}),
        ("1.19.0", {"turbo-8bit"}, {"placement", "turbo-1.5bit"}),
        ("1.20.0", set(), set(METHODS)),
        ("2.0.0", set(), set(METHODS)),
    ],
)
def test_each_version_has_its_gates(version: str, without: set[str], having: set[str]) -> None:
    refused = gates.refused(version, server("localhost", allow_writes=True), None)
    assert without <= refused.keys()
    assert not having & refused.keys()
    assert refused.keys() <= set(METHODS) | set(CAPABILITIES)
    for name in without:
        assert refused[name].startswith("needs Qdrant 1.")
        assert version in refused[name]


async def test_what_a_version_lacks_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with serving(tmp_path, Faults(version="1.14.0")) as found:
        engine = await open_server(found.target())
        with pytest.raises(UsageError, match=r"needs Qdrant 1.18 or newer; this server is 1.14.0"):
            await engine.create(single(method="turbo-4bit"))
        assert found.asked("PUT") == 0
        await engine.close()


# --- reading only, and keys -------------------------------------------------------------------------------------


async def test_nothing_is_written_without_leave(tmp_path: Path) -> None:
    rows = randoms(5, 16)
    async with serving(tmp_path) as found:
        writer = await open_server(found.target())
        await filled(writer, single(), rows)
        reader = await open_server(found.target(allow_writes=False))
        assert reader.info.read_only
        before = len(found.seen)
        for call in writes(reader):
            with pytest.raises(AccessError, match="--allow-writes"):
                await call
        assert all(request.method in ("GET", "POST") for request in found.seen[before:])
        assert await reader.count("things") == 5
        await writer.close()
        await reader.close()


def writes(engine: ServerEngine) -> list[Any]:
    from qtui.model import Change, Quantization

    return [
        engine.create(single("new")),
        engine.upsert("things", batch(randoms(1, 16))),
        engine.build("things"),
        engine.mark("things", loaded_rows=1),
        engine.reconfigure("things", Change(quantization=Quantization("binary"))),
        engine.delete("things"),
    ]


@pytest.mark.parametrize("bearer", [False, True])
async def test_the_key_is_sent_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any, bearer: bool
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level("DEBUG")
    async with serving(tmp_path, Faults(keys={KEY: "m"})) as found:
        target = found.target(api_key_env="MY_KEY", bearer=bearer)
        engine = await open_server(target, sleep=at_once)
        sent = found.seen[-1].headers["authorization" if bearer else "api-key"]
        assert sent.removeprefix("Bearer ") == KEY
        found.faults.keys = {"another": "m"}
        with pytest.raises(AccessError) as caught:
            await engine.count("things")
        errors = [str(each) for each in (caught.value, caught.value.__cause__, engine.info, target)]
        assert not any(KEY in text for text in [*errors, *(r.getMessage() for r in caplog.records)])
        await engine.close()


async def test_without_the_key_it_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path, Faults(keys={KEY: "m"})) as found:
        text = await refusing(found.target())
        assert "needs a key" in text
        assert "--api-key-env" in text


async def test_a_key_for_reading(tmp_path: Path) -> None:
    key = jwt(access="r", exp=time.time() + 600)
    async with serving(tmp_path, Faults(keys={"all": "m", key: "r"})) as found:
        remember_key(found.target(), "all")
        writer = await open_server(found.target())
        await filled(writer, single(), randoms(5, 16))
        remember_key(found.target(), key)
        engine = await open_server(found.target())
        assert engine.info.read_only
        assert engine.info.refused["write"] == "the key may only read"
        assert "the key expires in 10 minutes" in engine.info.cautions
        assert (await engine.view("things")).points == 5
        await writer.close()
        await engine.close()


async def test_a_key_for_one_collection(tmp_path: Path) -> None:
    key = jwt(access=[{"collection": "things", "access": "r"}])
    async with serving(tmp_path, Faults(keys={"all": "m", key: {"things": "r"}}, version="1.16.0")) as found:
        remember_key(found.target(), "all")
        writer = await open_server(found.target())
        await filled(writer, single(method="scalar"), randoms(50, 16))
        await filled(writer, single("others"), randoms(5, 16))
        remember_key(found.target(), key)
        engine = await open_server(found.target())
        assert await engine.collections() == ("things",)
        view = await engine.view("things")
        assert (view.status, view.points) == ("green", 50)
        assert view.served is not None
        assert "Global access" in (view.served.unknown or {})["segments"]
        assert view.served.memory_from == "formula"
        hidden = await engine.view("others")
        assert (hidden.status, hidden.findings[0].code) == ("broken", "not-allowed")
        assert "Access to collection others" in str(hidden.error)
        telemetry = found.asked("/telemetry")
        await engine.view("things")
        assert found.asked("/telemetry") == telemetry  # once refused, not asked again
        await writer.close()
        await engine.close()


@pytest.mark.parametrize(
    "key", ["plain", "a.b.c", "a.!!!.c", jwt(), "a." + base64.b64encode(b"[1]").decode() + ".c", ""]
)
def test_what_claims_nothing(key: str) -> None:
    assert gates.claims(key) == {}
    assert "write" not in gates.refused("1.20.0", replace(server("localhost"), allow_writes=True), key)


@pytest.mark.parametrize("secure", [False, True])
async def test_a_dead_proxy_is_named_and_its_password_is_not(monkeypatch: pytest.MonkeyPatch, *, secure: bool) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://me:hunter2@127.0.0.1:9")
    found = server(f"http{'s' if secure else ''}://qdrant.example:6333", timeout=5)
    with pytest.raises(Unreachable, match=r"the proxy 'http://127\.0\.0\.1:9' is between") as caught:
        await open_server(found)
    assert "hunter2" not in caught.value.text
    assert "the server running" not in caught.value.text
    assert proxy_of(found, grpc=True) == "http://127.0.0.1:9"
    monkeypatch.setenv("no_proxy", "qdrant.example")
    assert proxy_of(found) is None
    assert proxy_of(server("http://localhost:6333")) is None


async def test_a_proxy_that_wants_a_password_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(refuses, "127.0.0.1", 0)
    async with listening:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        with pytest.raises(Unreachable, match="wants another user or password"):
            await open_server(server("http://qdrant.example:6333", timeout=5))

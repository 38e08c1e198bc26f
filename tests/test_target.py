from dataclasses import asdict

import pytest

from qtui.errors import AccessError, UsageError, concealed
from qtui.target import Target, remember_key, server, typed_key


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("localhost", "http://localhost:6333"),
        ("db:7000", "http://db:7000"),
        ("http://[::1]:7000/a/b/", "http://[::1]:7000/a/b"),
        ("https://x.cloud.qdrant.io", "https://x.cloud.qdrant.io:6333"),
        ("https://x:443/qdrant", "https://x:443/qdrant"),
        (" unix:/run/q.sock ", "unix:/run/q.sock"),
        ("unix:///run/q.sock", "unix:/run/q.sock"),
    ],
)
def test_an_address_is_read_as_it_is_typed(typed, where):
    assert server(typed).where == where


def test_parts_of_an_address():
    target = server("https://[fe80::1]:443/team/qdrant")
    assert (target.host, target.prefix, target.local) == ("fe80::1", "/team/qdrant", False)
    assert server("unix:/run/q").socket == "/run/q"


@pytest.mark.parametrize(
    "typed", ["", "http://", "ftp://x", "a b", "http://h:99999", "http://h:0", "h%41", "unix:", "http://x/\x1b[2J"]
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(UsageError) as raised:
        server(typed)
    assert raised.value.text.isprintable()


@pytest.mark.parametrize("typed", ["http://me:hunter2@db", "https://db?api-key=hunter2", "me:hunter2@db:99999"])
def test_a_secret_in_an_address_is_refused_and_not_repeated(typed):
    with pytest.raises(UsageError) as raised:
        server(typed)
    assert "hunter2" not in raised.value.text


@pytest.mark.parametrize(
    "settings",
    [{"timeout": 0}, {"timeout": float("nan")}, {"timeout": 4000}, {"grpc_port": 0}, {"api_key_env": "s3cret-key!"}],
)
def test_settings_out_of_range(settings):
    with pytest.raises(UsageError) as raised:
        server("localhost", **settings)
    assert "s3cret" not in raised.value.text


def test_a_target_is_one_thing():
    with pytest.raises(UsageError):
        Target()
    with pytest.raises(UsageError):
        Target(path="/x", url="http://x:1")


def test_only_what_fits_together():
    with pytest.raises(UsageError, match="only REST"):
        server("unix:/x", grpc=True)
    with pytest.raises(UsageError, match="https"):
        server("http://x", ca="/x.pem")


def test_a_server_is_read_only_until_writes_are_allowed():
    assert Target(path="/store").writable
    assert not server("localhost").writable
    assert server("localhost", allow_writes=True).writable


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("localhost", True),
        ("127.8.0.1", True),
        ("[::1]", True),
        ("q.localhost", True),
        ("unix:/x", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_which_hosts_are_this_machine(address, local):
    target = server(address, api_key_env="K")
    assert target.local is local
    assert bool(target.cautions({"K": "abc"})) is not local


def test_https_needs_no_caution_and_no_key_neither():
    assert server("https://far", api_key_env="K").cautions({"K": "abc"}) == ()
    assert server("http://far").cautions({}) == ()


def test_the_key_is_that_of_the_variable():
    target = server("https://far", api_key_env="K")
    assert target.key({"K": " abc\n"}) == "abc"
    with pytest.raises(AccessError, match="K is not set"):
        target.key({})
    with pytest.raises(AccessError) as raised:
        target.key({"K": "two words"})
    assert "words" not in raised.value.text
    assert server("far").key({"QDRANT_API_KEY": "abc"}) is None


def test_a_key_that_was_read_is_in_no_error_that_quotes_a_server():
    assert "hunter3" in AccessError("bad key hunter3").text
    server("https://far", api_key_env="K").key({"K": "hunter3"})
    assert AccessError("bad key 'hunter3'").text == "bad key '(key)'"
    assert concealed("Traceback: hunter3 and hunter3") == "Traceback: (key) and (key)"


def test_a_typed_key_is_kept_out_of_the_target():
    target = server("https://typed.example", api_key_env="K")
    remember_key(target, "hunter2")
    try:
        assert target.key({}) == typed_key(target) == "hunter2"
        assert "hunter2" not in repr(target) + str(asdict(target))
        assert typed_key(server("https://other.example")) is None
    finally:
        remember_key(target, "")
    assert typed_key(target) is None


@pytest.mark.parametrize(
    ("address", "port"),
    [("db", 6334), ("db:7333", 7334), ("https://x:443/q", 6334), ("http://x:80", 6334), ("http://x:65535", 65535)],
)
def test_grpc_is_one_port_above_rest(address, port):
    assert server(address).grpc_port == port
    assert server(address, grpc_port=9).grpc_port == 9

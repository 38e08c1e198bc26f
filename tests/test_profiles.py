import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from qtui.commands.options import app_target
from qtui.errors import NotFound, UsageError
from qtui.preferences import Memory, read_preferences
from qtui.profiles import Asked, choose, kept, last, read_profiles
from qtui.target import Target, server

STORE = Path("/the/store")
CLOUD = """
[profiles.cloud]
url = "https://x.cloud.qdrant.io"
api_key_env = "CLOUD_KEY"
grpc = true
grpc_port = 7334
timeout = 5
bearer = true
ca = "/ca.pem"

[profiles.here]
path = "/data/store"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CLOUD)
    return path


def chosen(config, environ=None, **asked):
    return choose(Asked(**asked), environ or {}, config, STORE)


def test_without_a_word_it_is_the_store_of_our_own(tmp_path):
    assert chosen(tmp_path / "none") == Target(path="/the/store")


def test_the_environment_names_a_server_and_its_key(config):
    environ = {"QDRANT_URL": "http://db:6333", "QDRANT_API_KEY": "abc"}
    target = chosen(config, environ)
    assert (target.where, target.key(environ), target.allow_writes) == ("http://db:6333", "abc", False)


def test_a_path_wins_over_the_environment(config):
    assert chosen(config, {"QDRANT_URL": "http://db"}, path="/p").where == "/p"


def test_an_address_wins_over_the_environment(config):
    target = chosen(config, {"QDRANT_URL": "http://db"}, url="other", api_key_env="MINE", timeout=3, allow_writes=True)
    assert (target.where, target.api_key_env, target.timeout, target.writable) == (
        "http://other:6333", "MINE", 3, True,
    )  # fmt: skip


def test_an_empty_address_is_not_the_store_of_this_machine(config):
    with pytest.raises(UsageError, match="--url is empty"):
        chosen(config, url="")


def test_a_profile_says_all(config):
    target = chosen(config, profile="cloud")
    assert target == Target(
        url="https://x.cloud.qdrant.io:6333",
        api_key_env="CLOUD_KEY",
        bearer=True,
        grpc=True,
        grpc_port=7334,
        ca="/ca.pem",
        timeout=5,
        profile="cloud",
    )
    assert chosen(config, profile="here").where == "/data/store"


def test_options_win_over_a_profile(config):
    target = chosen(
        config, profile="cloud", timeout=9, api_key_env="OTHER", allow_writes=True, ca="/b.pem", grpc_port=9
    )
    assert (target.timeout, target.api_key_env, target.writable) == (9, "OTHER", True)
    assert (target.ca, target.grpc_port) == ("/b.pem", 9)


def test_certificates_and_the_port_of_grpc_by_option(config):
    target = chosen(config, url="https://db:7333", ca="/a.pem", grpc_port=9000)
    assert (target.ca, target.grpc, target.grpc_port) == ("/a.pem", True, 9000)
    with pytest.raises(UsageError, match="https"):
        chosen(config, url="http://db", ca="/a.pem")


def test_the_key_of_the_environment_is_not_sent_to_a_profile(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[profiles.open]\nurl = "http://elsewhere"\n')
    assert chosen(config, {"QDRANT_API_KEY": "abc"}, profile="open").api_key_env is None


def test_two_places_are_one_too_many(config):
    with pytest.raises(UsageError, match="--path and --url"):
        chosen(config, path="/p", url="u")
    with pytest.raises(UsageError, match="--url and --profile"):
        chosen(config, url="u", profile="cloud")


def test_what_is_about_a_server_needs_one(config):
    with pytest.raises(UsageError, match="--grpc is about a server"):
        chosen(config, grpc=True)
    with pytest.raises(UsageError, match="--api-key-env is about a server"):
        chosen(config, api_key_env="K")


def test_an_unknown_profile_names_those_that_are_there(config, tmp_path):
    with pytest.raises(NotFound, match="'cloud', 'here'"):
        chosen(config, profile="clud")
    with pytest.raises(NotFound, match="there is none"):
        chosen(tmp_path / "none", profile="clud")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('api_key = "s3cret"\nurl = "x"', "never kept in a file"),
        ('token = "s3cret"\nurl = "x"', "never kept in a file"),
        ('url = "x"\nallow_writes = true', "--allow-writes alone"),
        ('url = "x"\nprot = 1', "not 'prot'"),
        ('url = "x"\ntimeout = "5"', "must be a number"),
        ('url = "x"\ntimeout = true', "must be a number"),
        ('url = "x"\ngrpc = 1', "true or false"),
        ("url = 5", "text in quotes"),
        ('url = "x"\npath = "y"', "either a url or a path"),
        ("", "either a url or a path"),
        ('path = "y"\ngrpc = true', "no other setting"),
    ],
)
def test_a_profile_that_is_wrong_is_refused_in_a_line(tmp_path, text, said):
    config = tmp_path / "config.toml"
    config.write_text(f"[profiles.bad]\n{text}\n")
    with pytest.raises(UsageError, match=said) as raised:
        read_profiles(config)
    assert "s3cret" not in raised.value.text


@pytest.mark.parametrize("text", ["profiles = 5", "[profiles]\nurl = 'x'", "[profiles.", "\x00"])
def test_a_configuration_that_cant_be_read(tmp_path, text):
    config = tmp_path / "config.toml"
    config.write_text(text)
    with pytest.raises(UsageError):
        read_profiles(config)


def test_an_address_that_is_wrong_names_its_profile(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[profiles.bad]\nurl = "ftp://x"\n')
    with pytest.raises(UsageError, match="profile 'bad'"):
        chosen(config, profile="bad")


def test_profiles_are_no_problem_of_the_apps_preferences(config):
    assert read_preferences(config).problems == ()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(path=str(STORE)), None),
        (server("a.example"), {"url": "http://a.example:6333"}),
        (server("a.example", allow_writes=True), {"url": "http://a.example:6333"}),
        (
            server("https://a.example:7000/q", api_key_env="KEY", bearer=True, grpc=True, ca="/ca.pem", timeout=90),
            {
                "url": "https://a.example:7000/q", "api_key_env": "KEY", "bearer": True, "grpc": True,
                "grpc_port": 7001, "ca": "/ca.pem", "timeout": 90,
            },
        ),
        (server("unix:/run/q.sock"), {"url": "unix:/run/q.sock"}),
    ],
)  # fmt: skip
def test_the_last_target_comes_back_without_leave_to_write(config, target, said):
    assert kept(target, STORE) == said
    if said is not None:
        read = json.loads(json.dumps(said))
        assert last(read, {}, config) == replace(target, allow_writes=False)


def again(target, environ, config):
    said = kept(target, STORE)
    assert said is not None
    return last(said, environ, config)


def test_a_folder_and_a_profile_come_back_while_they_are_there(config, tmp_path):
    folder = Target(path=str(tmp_path))
    assert again(folder, {}, config) == folder
    assert last({"path": str(tmp_path / "gone")}, {}, config) is None
    cloud = chosen(config, profile="cloud")
    assert kept(cloud, STORE) == {"profile": "cloud"}
    assert again(cloud, {}, config) == cloud
    assert last({"profile": "gone"}, {}, config) is None


def test_the_usual_variable_is_named_only_while_it_is_set(config):
    target = server("a.example", api_key_env="QDRANT_API_KEY")
    assert again(target, {"QDRANT_API_KEY": "k"}, config) == target
    assert again(target, {}, config) == replace(target, api_key_env=None)


@pytest.mark.parametrize(
    "said",
    [
        {}, {"url": 7}, {"url": "http://"}, {"path": None}, {"url": "a.example", "x": 1}, {"profile": ["cloud"]},
        {"url": "http://user:secret@a.example"}, {"url": "a.example", "timeout": -1},
    ],
)  # fmt: skip
def test_what_nobody_could_have_told_of_is_no_target(config, said):
    assert last(said, {}, config) is None


@pytest.mark.parametrize(
    ("asked", "environ", "where"),
    [
        ({}, {}, "http://last.example:6333"),
        ({"allow_writes": True, "timeout": 7.0}, {}, "http://last.example:6333"),
        ({"path": "/x"}, {}, "/x"),
        ({"url": "other"}, {}, "http://other:6333"),
        ({"url": "other", "grpc": True}, {}, "http://other:6333"),
        ({}, {"QDRANT_URL": "http://env.example"}, "http://env.example:6333"),
        ({}, {"QDRANT_URL": ""}, "http://last.example:6333"),
    ],
)
def test_what_is_named_wins_over_the_last_target(monkeypatch, tmp_path, asked, environ, where):
    monkeypatch.setenv("QTUI_HOME", str(tmp_path))
    monkeypatch.delenv("QDRANT_URL", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    memory = Memory()
    memory.keep("target", kept(server("last.example", allow_writes=True, timeout=9), STORE))
    nothing = dict.fromkeys(("path", "url", "profile", "api_key_env", "ca", "grpc_port", "timeout"))
    found = app_target(Namespace(**nothing | {"grpc": False, "allow_writes": False} | asked), memory)
    assert found.where == where
    assert found.allow_writes == asked.get("allow_writes", False)
    if where == "http://last.example:6333":
        assert found.timeout == asked.get("timeout", 9)

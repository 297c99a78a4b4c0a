"""The key is a header of the service's own requests, and nowhere else; links are not trusted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.faulty_http import FaultyServer, Response
from fakes.services import IMPATIENT, SERVERS, environment, split

from layersplit.errors import LayersplitError, ProviderError
from layersplit.log import LOG, open_log
from layersplit.remote.keys import keep_key
from layersplit.settings import load_settings

KEYED = sorted(name for name, server in SERVERS.items() if server.variable)
STEPS = ("quote", "upload", "put", "submit", "poll", "fetch", "download", "list", "cancel")
KINDS = ("reset-after", "401", "429", "500", "html", "other-json", "redirect")


@pytest.fixture
def log():
    open_log()
    yield
    for handler in list(LOG.handlers):
        handler.close()
        LOG.removeHandler(handler)


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.usefixtures("log")
def test_no_run_with_any_fault_leaves_the_key_anywhere(start, home, caplog, capfd, name):
    server = start(name)
    caplog.set_level("DEBUG")
    elsewhere = FaultyServer(lambda _request: Response({}), lambda _request: "elsewhere")
    said = []
    for step in STEPS:
        for kind in KINDS:
            echo = {"message": f"bad key {server.key}", "detail": f"header Key {server.key}"}
            server.spoil(step, kind, times=3, body=echo, headers={"Location": elsewhere.url})
            try:
                answer = split(server, fresh=True, timing=IMPATIENT)
                said.append(repr(answer))
            except LayersplitError as error:
                said += [*error.sentences, repr(error), repr(error.__cause__)]
            for faulty in (server.api, server.cdn):
                faulty.faults.clear()
    elsewhere.close()
    out, err = capfd.readouterr()
    key = server.key.encode()
    for text in ("\n".join(said), out, err, caplog.text):
        assert server.key not in text
    assert len(said) > len(STEPS) * len(KINDS)
    assert key not in everything_below(home)
    for request in (*server.api.requests, *server.cdn.requests, *elsewhere.requests):
        others = {n: v for n, v in request.headers.items() if n != "authorization"}
        assert server.key not in repr((request.path, request.query, others))
        assert key not in request.body
    for request in (*server.cdn.requests, *elsewhere.requests):
        assert "authorization" not in request.headers
        assert request.method in {"GET", "PUT"}


def test_files_of_a_job_are_the_users_alone(start, home):
    if sys.platform == "win32":
        pytest.skip("rights are those of the profile")
    split(start("wavespeed"), remember=lambda folder: None)
    for path in home.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_keys_without_a_key_ring_lie_in_a_file_of_the_users_own(start, home, monkeypatch):
    server = start("wavespeed")
    monkeypatch.delenv(server.variable)
    place = keep_key("wavespeed", server.key)
    assert place == str(home / "keys.json")
    if sys.platform != "win32":
        assert Path(place).stat().st_mode & 0o777 == 0o600
    assert len(split(server).layers) == 3


def test_the_environment_comes_before_what_was_kept(start):
    server = start("wavespeed")
    keep_key("wavespeed", "sk-another-key")
    assert len(split(server).layers) == 3


@pytest.mark.parametrize(
    "link",
    [
        "http://example.org/layer.png",
        "ftp://example.org/layer.png",
        "file:///etc/passwd",
        "https://user:pass@example.org/layer.png",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_a_link_that_is_not_safe_is_not_followed(start, link):
    server = start("replicate")
    body = {"id": "x", "status": "succeeded", "output": [link]}
    server.spoil("poll", "200", times=9, body=body)
    pattern = "not safe to follow|form that Layersplit does not know"
    with pytest.raises(ProviderError, match=pattern):
        split(server)


def test_a_redirect_of_a_download_is_checked_again(start):
    server = start("replicate")
    server.spoil("download", "302", times=99, headers={"Location": "http://example.org/x.png"})
    with pytest.raises(ProviderError, match="not safe to follow"):
        split(server)


def test_a_redirect_of_a_download_on_this_machine_is_followed(start):
    server = start("fal")
    other = FaultyServer(server._cdn, lambda _request: "download")
    name = "there.png"
    server.files[name] = next(iter(server.made(server_picture(server), 3)))
    server.spoil("download", "302", headers={"Location": f"{other.url}/out/{name}"})
    assert len(split(server).layers) == 3
    assert len(other.requests) == 1
    other.close()


def server_picture(_server) -> bytes:
    from fakes import scene  # noqa: PLC0415 - only here
    from fakes.services import picture  # noqa: PLC0415

    return scene.png(picture())


def test_the_first_run_says_what_is_sent_and_to_whom_and_only_the_first(start):
    from layersplit.run import Run  # noqa: PLC0415 - only here

    server = start("fal")
    heard = []
    for _ in range(2):
        split(server, run=Run(announce=heard.append), fresh=True)
    notices = [sentence for sentence in heard if "sent to fal" in sentence]
    assert len(notices) == 1
    assert "without metadata" in notices[0]
    assert heard.index(notices[0]) == 0
    assert "fal" in load_settings().told


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_the_key_is_in_no_process_arguments(start, home):
    server = start("wavespeed")
    seen = []

    def look():
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    seen.append((folder / "cmdline").read_bytes())
                except OSError:
                    continue

    server.spoil("poll", "hook", hook=look)
    tests = str(Path(__file__).resolve().parent.parent)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from fakes.services import split\n"
        "class There: name = 'wavespeed'\n"
        "split(There)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, tests],
        env={**os.environ, **environment(server), "LAYERSPLIT_HOME": str(home)},
        check=True,
        timeout=60,
    )
    assert seen
    assert not any(server.key.encode() in line for line in seen)

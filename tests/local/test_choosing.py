"""Which weights are taken when none are named: from the command line and from a host's dialog."""

import hashlib
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from layersplit import __main__ as command
from layersplit.bridge import errands
from layersplit.bridge.installation import Installation
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.setup.running import Stopped
from layersplit.local.options import load_options
from layersplit.providers import described, unready


@pytest.fixture
def installed(home):
    """The installation that a host would find: this environment."""
    home.mkdir()
    (home / "install.json").write_text(Installation(python=sys.executable, version="1").as_json())


@pytest.fixture
def hub(model_folder, monkeypatch):
    """A hub on loopback that has the tiny model under the name of the full one."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            if path == "/api/models/Qwen/Qwen-Image-Layered/revision/main":
                return self._answer(json.dumps(listing(model_folder)).encode())
            name = re.fullmatch(r"/Qwen/Qwen-Image-Layered/resolve/c0ffee/(.+)", path)[1]
            return self._answer((model_folder / name).read_bytes())

        def _answer(self, content):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def listing(folder):
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's name of a blob
            name = path.relative_to(folder).as_posix()
            files.append({"rfilename": name, "size": len(content), "blobId": blob})
    return {"sha": "c0ffee", "siblings": files, "cardData": {"license": "apache-2.0"}}


@pytest.fixture
def main(monkeypatch):
    """``main(["model", ...])``: the command in this process; returns its exit status."""

    def call(arguments):
        monkeypatch.setattr(sys, "argv", ["layersplit", *arguments])
        return command.main()

    return call


def take(named, told=None, stop=None):
    report = (told if told is not None else []).append
    errands.take_model(named, ["full", "4bit"], report, stop or threading.Event())


def test_a_folder_is_used_from_then_on_and_forgotten_again(main, model_folder, capsys):
    assert "not on this computer" in unready("local")
    assert main(["model", "use", str(model_folder)]) == 0
    assert capsys.readouterr().out == f"{model_folder}: 1 MB\n"
    assert load_options().model == str(model_folder)
    assert main(["model", "use"]) == 0
    assert load_options().model is None


def test_other_settings_stay(main, home, model_folder):
    home.mkdir()
    (home / "settings.json").write_text('{"provider": "fal", "local": {"memory_gb": 9}}')
    assert main(["model", "use", str(model_folder)]) == 0
    content = json.loads((home / "settings.json").read_text())
    assert content == {
        "provider": "fal", "local": {"memory_gb": 9, "model": str(model_folder)}
    }  # fmt: skip


@pytest.mark.parametrize("named", ["/no/such/place", "full"])
def test_what_is_not_there_is_refused_and_nothing_is_written(main, home, named, capsys):
    assert main(["model", "use", named]) == 5
    assert not (home / "settings.json").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_a_damaged_folder_is_refused(main, tmp_path, model_folder, capsys):
    (tmp_path / "broken").mkdir()
    for part in model_folder.iterdir():
        (tmp_path / "broken" / part.name).symlink_to(part)
    (tmp_path / "broken" / "vae").unlink()
    assert main(["model", "use", str(tmp_path / "broken")]) == 5
    assert "the part 'vae' is missing" in capsys.readouterr().err


def test_a_host_learns_what_is_missing_and_what_can_be_fetched():
    row = described("local")
    assert row["missing_part"] is None
    assert [name for name, _size, _licence in row["models"]] == ["full", "4bit"]
    assert "models" not in described("classic")


@pytest.mark.usefixtures("installed")
def test_a_hosts_dialog_has_a_folder_used(model_folder):
    take(str(model_folder))
    assert errands.chosen_model() == str(model_folder)
    assert unready("local") is None
    take("")
    assert errands.chosen_model() == ""


@pytest.mark.usefixtures("installed")
def test_a_hosts_dialog_shows_why_a_folder_cannot_be_used(tmp_path):
    with pytest.raises(Refusal) as raised:
        take(str(tmp_path))
    assert raised.value.sentences[0].endswith("holds no model.")
    assert raised.value.sentences[2].startswith("Name the folder")
    assert errands.chosen_model() == ""


@pytest.mark.usefixtures("installed", "hub")
def test_a_hosts_dialog_has_a_model_fetched_and_used():
    told = []
    take("full", told)
    assert errands.chosen_model() == "full"
    assert unready("local") is None
    assert any("licence: apache-2.0" in sentence for sentence in told)
    assert any(sentence.startswith("Fetched 1 MB of 1 MB") for sentence in told)


@pytest.mark.usefixtures("installed")
def test_a_hosts_dialog_shows_why_a_model_cannot_be_fetched(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Refusal, match="could not be reached") as raised:
        take("full")
    assert "resumes" in raised.value.sentences[2]


@pytest.mark.usefixtures("installed")
def test_a_host_can_stop_it():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        take("full", stop=stop)

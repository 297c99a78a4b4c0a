"""Fetching against a hub in memory that can lose the connection, lie and be asked for parts."""

import hashlib
import json
import re
import shutil
from types import SimpleNamespace

import httpx
import pytest

from layersplit.errors import Cancelled, ProviderError, SetupError, UnreachableError
from layersplit.local import catalogue, hub
from layersplit.local.catalogue import Entry, Source
from layersplit.run import Run

COMMIT = "c0ffee"
PARTS = ("transformer", "text_encoder", "vae", "scheduler", "tokenizer", "processor")
SOURCE = Source(repository="owner/model", parts=PARTS)
ENTRY = Entry(
    name="model", sources=(SOURCE,), size_bytes=0, licence="Apache-2.0", remark="of the test"
)
FILES = {
    "model_index.json": b'{"_class_name": "QwenImageLayeredPipeline"}',
    "transformer/config.json": b"{}",
    "transformer/diffusion_pytorch_model.safetensors": bytes(range(256)) * 9000,
    "text_encoder/model.safetensors": b"text" * 5000,
    "vae/diffusion_pytorch_model.safetensors": b"vae" * 5000,
    "scheduler/scheduler_config.json": b"{}",
    "tokenizer/merges.txt": b"",
    "processor/preprocessor_config.json": b"{ }",
}
NOT_OURS = {
    "README.md": b"words",
    "assets/picture.png": b"png",
    "transformer/evil.py": b"print()",
    "../escape.json": b"{}",
    "transformer/../../escape.json": b"{}",
    "/etc/passwd.json": b"{}",
}


class FakeHub:
    """Serves FILES; ``breaks``: bytes after which the next answers end without a word."""

    def __init__(self):
        self.files = {**FILES, **NOT_OURS}
        self.breaks = []
        self.ranges = []
        self.requests = []
        self.lies = {}
        self.ignores_range = False
        self.status = None

    def __call__(self, request):
        self.requests.append(request)
        if self.status is not None:
            return httpx.Response(self.status)
        if request.url.path == "/api/models/owner/model/revision/main":
            return httpx.Response(200, json=self.listing())
        name = re.fullmatch(rf"/owner/model/resolve/{COMMIT}/(.+)", request.url.path)[1]
        return self.file(name, request)

    def listing(self):
        entries = []
        for name, content in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's name of a blob
            entry = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith(".safetensors"):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 133}
            entries.append(entry)
        return {"sha": COMMIT, "siblings": entries, "cardData": {"license": "apache-2.0"}}

    def file(self, name, request):
        content = self.lies.get(name, self.files[name])
        asked = request.headers.get("range")
        start = 0
        if asked and not self.ignores_range:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            self.ranges.append((name, start))
        answer = content[start:]
        if self.breaks and name.endswith(".safetensors"):
            pieces = Pieces(answer[: self.breaks.pop(0)], breaks=True)
            return httpx.Response(206 if start else 200, stream=pieces)
        return httpx.Response(206 if start else 200, stream=Pieces(answer))


class Pieces(httpx.SyncByteStream):
    """Bytes in packets, as a network brings them; then, if it breaks, a lost connection."""

    def __init__(self, content, *, breaks=False):
        self.content, self.breaks = content, breaks

    def __iter__(self):
        for start in range(0, len(self.content), 10_000):
            yield self.content[start : start + 10_000]
        if self.breaks:
            raise httpx.ReadError("connection lost")


@pytest.fixture
def server():
    return FakeHub()


@pytest.fixture
def client(server):
    return hub.Hub(httpx.Client(transport=httpx.MockTransport(server)), pause=lambda _s: None)


def content_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "complete.json"
    }


def test_the_parts_arrive_whole_and_nothing_else_does(client):
    folder = hub.fetch(ENTRY, Run(), client)[0]
    assert content_of(folder) == FILES
    assert catalogue.complete_folder(SOURCE) == folder


def test_size_and_licence_are_told_before_the_first_file(client, server):
    told = []

    def listen(_stage, _fraction, sentence):
        told.append((sentence, len(server.requests)))

    hub.fetch(ENTRY, Run(listen), client)
    assert ("Fetching 2 MB; licence: apache-2.0", 1) in told
    assert any(sentence.startswith("Fetched 2 MB of 2 MB") for sentence, _ in told)


def test_a_lost_connection_is_resumed_where_it_broke(client, server):
    server.breaks = [100_000, 50_000]
    hub.fetch(ENTRY, Run(), client)
    name = "transformer/diffusion_pytorch_model.safetensors"
    assert server.ranges == [(name, 100_000), (name, 150_000)]


def test_the_next_call_resumes_what_the_last_one_left(client, server):
    server.breaks = [100_000] + [0] * hub.TRIES
    with pytest.raises(UnreachableError, match="could not be reached") as raised:
        hub.fetch(ENTRY, Run(), client)
    assert "resumes" in raised.value.remedy
    assert catalogue.complete_folder(SOURCE) is None
    server.breaks, server.ranges = [], []
    hub.fetch(ENTRY, Run(), client)
    assert server.ranges == [("transformer/diffusion_pytorch_model.safetensors", 100_000)]


def test_a_server_without_ranges_sends_it_again(client, server):
    server.breaks, server.ignores_range = [100_000], True
    folder = hub.fetch(ENTRY, Run(), client)[0]
    assert content_of(folder) == FILES


def test_what_is_there_is_not_fetched_again(client, server):
    hub.fetch(ENTRY, Run(), client)
    server.requests.clear()
    hub.fetch(ENTRY, Run(), client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["vae/diffusion_pytorch_model.safetensors", "vae/config.json"])
def test_a_wrong_checksum_is_noticed_and_the_file_deleted(client, server, name):
    server.files["vae/config.json"] = b'{"z": 1}'
    server.lies[name] = bytes(len(server.files[name]))
    with pytest.raises(ProviderError, match="arrived damaged"):
        hub.fetch(ENTRY, Run(), client)
    assert not list(SOURCE.folder.glob("vae/*.part"))
    server.lies.clear()
    hub.fetch(ENTRY, Run(), client)


def test_it_stops_when_asked_and_keeps_what_arrived(client):
    run = Run(lambda *_: None)

    def listen(_stage, fraction, _sentence):
        if fraction:
            run.cancelled.set()

    run._listener = listen
    with pytest.raises(Cancelled):
        hub.fetch(ENTRY, run, client)
    assert list(SOURCE.folder.rglob("*"))
    assert catalogue.complete_folder(SOURCE) is None


def test_a_full_disk_is_noticed_before_the_first_file(client, server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**9))
    with pytest.raises(SetupError, match=r"1\.0 GB are free"):
        hub.fetch(ENTRY, Run(), client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_model_that_is_not_given_out_is_said(client, server, status):
    server.status = status
    with pytest.raises(SetupError, match=f"status {status}"):
        hub.fetch(ENTRY, Run(), client)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_hub_is_unreachable(client, server, status):
    server.status = status
    with pytest.raises(UnreachableError):
        hub.fetch(ENTRY, Run(), client)


def test_an_answer_of_another_form_is_said(client, monkeypatch, server):
    monkeypatch.setattr(server, "listing", lambda: {"siblings": [{}]})
    with pytest.raises(ProviderError, match="form that this version does not know"):
        hub.fetch(ENTRY, Run(), client)


def test_a_token_goes_to_the_hub_and_not_to_where_it_sends_us(monkeypatch, server):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    seen = {}

    def app(request):
        seen[request.url.host] = request.headers.get("authorization")
        if request.url.host == "huggingface.co" and "resolve" in request.url.path:
            return httpx.Response(302, headers={"location": f"https://cdn.test{request.url.path}"})
        return server(request)

    http = httpx.Client(transport=httpx.MockTransport(app), follow_redirects=True)
    folder = hub.fetch(ENTRY, Run(), hub.Hub(http))[0]
    assert content_of(folder) == FILES
    assert seen == {"huggingface.co": "Bearer hf_secret", "cdn.test": None}


def test_a_copy_of_the_hubs_own_tools_is_taken(tmp_path):
    snapshot = tmp_path / "hub" / "models--owner--model" / "snapshots" / COMMIT
    for name, content in FILES.items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(content)
    assert catalogue.complete_folder(SOURCE) == snapshot
    shutil.rmtree(snapshot / "vae")
    assert catalogue.complete_folder(SOURCE) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("full", "full"),
        ("4bit", "4bit"),
        ("Qwen/Qwen-Image-Layered", "full"),
        ("someone/finetune", "someone/finetune"),
        ("nothing", None),
        ("a/b/c", None),
        ("../..", None),
        ("C:/model", None),
    ],
)
def test_names_of_models_are_recognised(name, found):
    entry = catalogue.find(name)
    assert (None if entry is None else entry.name) == found


def test_small_parts_alone_do_not_pass_for_the_whole(client):
    small = Source(repository="owner/model", parts=("vae", "scheduler"))
    entry = Entry(name="small", sources=(small,), size_bytes=0, licence="", remark="")
    hub.fetch(entry, Run(), client)
    half = SOURCE.folder / "transformer"
    half.mkdir()
    (half / "diffusion_pytorch_model.safetensors").write_bytes(b"begun")
    assert catalogue.complete_folder(small) == SOURCE.folder
    assert catalogue.complete_folder(SOURCE) is None
    hub.fetch(ENTRY, Run(), client)
    assert catalogue.complete_folder(SOURCE) == catalogue.complete_folder(small)


def test_the_record_says_what_was_fetched(client):
    folder = hub.fetch(ENTRY, Run(), client)[0]
    record = json.loads((folder / "complete.json").read_text())
    assert (record["repository"], record["commit"]) == ("owner/model", COMMIT)
    assert record["files"]["tokenizer/merges.txt"] == 0

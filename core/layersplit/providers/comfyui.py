"""A ComfyUI server of the user's own: a graph in, a batch of images out.

Routes as in ComfyUI's server.py; every route also exists below /api, for servers behind a path.
Images come as SaveImage wrote them: first the regenerated picture, then the layers, bottom first.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from layersplit.capabilities import CAPABILITIES
from layersplit.providers.comfyui_graph import (
    FILES,
    NODES,
    SAVE,
    ModelFile,
    build,
    choose,
    lacking,
)
from layersplit.providers.comfyui_graph import prefix as saved_prefix
from layersplit.providers.comfyui_progress import Progress
from layersplit.providers.hosted import Hosted
from layersplit.remote.addresses import Addresses, in_path, is_loopback
from layersplit.remote.service import (
    Delivery,
    Failed,
    Link,
    Lost,
    Order,
    Parcel,
    Queued,
    RemoteJob,
    RemoteState,
    Running,
    Succeeded,
)
from layersplit.remote.transport import Transport
from layersplit.remote.trouble import Kind, Trouble, judge
from layersplit.remote.wire import said_in

LISTEN_S: Final = 1.0
LOOK_S: Final = 0.3
LONGEST_NOWHERE: Final = 8
"""Questions in a row to which a running prompt may be in neither list."""
TOO_OLD: Final = "it is too old for this model, version 0.5.1 or newer is needed."

HOSTS: Final = {"": "http://127.0.0.1:8188"}


@dataclass
class ComfyUI:
    """Our nouns into ComfyUI's and back."""

    api: Transport
    name: ClassVar[str] = "comfyui"
    media_type: ClassVar[str] = "image/png"
    side_multiple: ClassVar[int] = 16
    lists_jobs: ClassVar[bool] = True
    poll_s: ClassVar[float] = 0.5
    deadline_s: ClassVar[float] = 3 * 3600.0
    """A weak GPU loads several gigabytes and then takes minutes a step."""
    _size: tuple[int, int] = (640, 640)
    _files: dict[ModelFile, str] = field(default_factory=dict)
    _progress: Progress | None = None
    _misses: int = 0

    def quote(self, order: Order) -> float | None:
        """Free."""
        del order
        return None

    def upload(self, order: Order, parcel: Parcel) -> str:
        """Look what the server has, then bring the picture into its input folder."""
        del order
        self._look()
        self._size = (parcel.width, parcel.height)
        answer = self.api.repeatable(
            "POST",
            "/upload/image",
            files={
                "image": (f"layersplit-{uuid.uuid4().hex[:12]}.png", parcel.content, "image/png")
            },
            fields={"type": "input", "overwrite": "true"},
        )
        match answer:
            case {"name": str(name)}:
                folder = str(answer.get("subfolder") or "")
                return f"{folder}/{name}" if folder else name
            case _:
                raise Trouble(Kind.GARBLED, "upload")

    def _look(self) -> None:
        """Which nodes and which model files are there; raises Trouble(MISSING_PART)."""
        for node in NODES:
            if not self._describe(node):
                raise Trouble(Kind.MISSING_PART, TOO_OLD)
        found = {file: choose(file, self._names(file)) for file in FILES}
        self._files = {file: name for file, name in found.items() if name is not None}
        missing = [file for file in FILES if file not in self._files]
        if missing:
            raise Trouble(Kind.MISSING_PART, lacking(missing))

    def _describe(self, node: str) -> Mapping[str, Any]:
        """What the server tells of a node; empty when it has none of that name."""
        try:
            answer = self.api.repeatable("GET", f"/object_info/{node}")
        except Trouble as trouble:
            if trouble.kind is Kind.NOT_FOUND:
                return {}
            raise
        return answer.get(node) or {} if isinstance(answer, Mapping) else {}

    def _names(self, file: ModelFile) -> list[str]:
        """Files in one model folder; older servers list them only in the node that loads them."""
        try:
            answer = self.api.repeatable("GET", f"/models/{file.folder}")
        except Trouble as trouble:
            if trouble.kind not in {Kind.NOT_FOUND, Kind.GARBLED}:
                raise
            answer = None
        if isinstance(answer, list) and answer:
            return [name for name in answer if isinstance(name, str)]
        match self._describe(file.node):
            case {"input": {"required": {file.field: [[*names], *_]}}}:
                return [name for name in names if isinstance(name, str)]
            case {"input": {"required": {file.field: [_, {"options": [*names]}, *_]}}}:
                return [name for name in names if isinstance(name, str)]
            case _:
                return []

    def submit(self, order: Order, picture: str) -> RemoteJob:
        """Queue the graph, under an id of our own, so that it can be found again."""
        capability = CAPABILITIES[self.name]
        prompt_id = str(uuid.UUID(order.token))
        graph = build(
            order,
            picture=picture,
            size=self._size,
            files=self._files,
            defaults=(capability.default_steps or 20, capability.default_guidance or 2.5),
        )
        self._listen(order, prompt_id)
        body = {"prompt": graph, "client_id": order.token, "prompt_id": prompt_id}
        match self.api.submit_once("/prompt", json=body):
            case {"prompt_id": str(remote_id)} if remote_id:
                if self._progress is not None:  # an older server chooses the id itself
                    self._progress.prompt_id = remote_id
                return RemoteJob(remote_id=remote_id, links=_links(order))
            case _:
                raise Trouble(Kind.GARBLED, "no prompt_id")

    def _listen(self, order: Order, prompt_id: str) -> None:
        address = self.api.addresses.url(f"/ws?clientId={order.token}")
        self._progress = Progress(address.replace("http", "ws", 1), prompt_id)
        self._progress.wait_until_open(LISTEN_S)

    def poll(self, job: RemoteJob) -> RemoteState:
        """In the history once it has ended, in the queue before."""
        entry = self._history(job)
        if entry is not None:
            return _state(entry)
        running, pending = self._queue()
        if job.remote_id in pending:
            self._misses = 0
            return Queued(pending.index(job.remote_id) + len(running))
        # Between queue and history it is nowhere for a moment; for longer only after a restart.
        self._misses = 0 if job.remote_id in running else self._misses + 1
        if self._misses > LONGEST_NOWHERE:
            return Failed(Trouble(Kind.STOPPED, "the server no longer knows it"))
        return Running(None if self._progress is None else self._progress.fraction)

    def _history(self, job: RemoteJob) -> Mapping[str, Any] | None:
        answer = self.api.repeatable("GET", f"/history/{in_path(job.remote_id)}")
        match answer:
            case {job.remote_id: Mapping() as entry}:
                return entry
            case Mapping():
                return None
            case _:
                raise Trouble(Kind.GARBLED, f"the history of {job.remote_id}")

    def _queue(self) -> tuple[list[str], list[str]]:
        """Ids of running and pending prompts, the next first."""
        match self.api.repeatable("GET", "/queue"):
            case {"queue_running": [*running], "queue_pending": [*pending]}:
                return _ids(running), _ids(sorted(pending, key=_number))
            case _:
                raise Trouble(Kind.GARBLED, "the queue")

    def fetch(self, job: RemoteJob) -> Delivery:
        """Where the server serves the images; the regenerated picture is left out.

        A newer server may leave it out itself, so the count decides.
        """
        entry = self._history(job)
        if entry is None:
            raise Trouble(Kind.NOT_READY)
        links = [Link(self.api.addresses.url(path)) for path in _views(entry)]
        if str(len(links) - 1) == job.links.get("layers"):
            links = links[1:]
        return Delivery(outputs=tuple(links))

    def cancel(self, job: RemoteJob) -> str:
        """Out of the queue, or interrupted, but nobody else's: older servers stop whatever runs."""
        running, pending = self._queue()
        if job.remote_id in pending:
            self.api.repeatable("POST", "/queue", json={"delete": [job.remote_id]}, quick=True)
        if job.remote_id in running:
            self.api.repeatable("POST", "/interrupt", json={"prompt_id": job.remote_id}, quick=True)
        return CAPABILITIES[self.name].cancel_note

    def find(self, order: Order, picture: str, lost: Lost) -> RemoteJob | None:
        """Under our own id; on an older server by the name of the files that it is to save."""
        del picture, lost
        job = RemoteJob(remote_id=str(uuid.UUID(order.token)), links=_links(order))
        running, pending = self._queue()
        if job.remote_id in (*running, *pending) or self._history(job) is not None:
            return job
        for path in ("/queue", "/history?max_items=64"):
            remote_id = _id_by_prefix(self.api.repeatable("GET", path), saved_prefix(order.token))
            if remote_id is not None:
                return RemoteJob(remote_id=remote_id, links=_links(order))
        return None

    def test_key(self) -> str:
        """There is no key: look whether the server can run the model."""
        self._look()
        return "The ComfyUI server answers and has everything that the model needs."

    def close(self) -> None:
        """Stop listening."""
        if self._progress is not None:
            self._progress.close()


def _links(order: Order) -> dict[str, str]:
    return {"layers": str(order.layer_count)}


def _number(item: Any) -> float:
    match item:
        case [int() | float() as number, *_]:
            return float(number)
        case _:
            return 0.0


def _ids(items: list[Any]) -> list[str]:
    return [item[1] for item in items if isinstance(item, list) and len(item) > 1]


def _id_by_prefix(answer: Any, prefix: str) -> str | None:
    """The id of the prompt in a queue or a history that saves under ``prefix``."""
    match answer:
        case {"queue_running": [*running], "queue_pending": [*pending]}:
            prompts = [*running, *pending]
        case Mapping():
            prompts = [entry.get("prompt") for entry in answer.values() if isinstance(entry, dict)]
        case _:
            return None
    for prompt in prompts:
        match prompt:
            case [_, str(remote_id), Mapping() as graph, *_]:
                if any(prefix in str(node) for node in graph.values()):
                    return remote_id
            case _:
                continue
    return None


def _state(entry: Mapping[str, Any]) -> RemoteState:
    """What became of a prompt that is in the history."""
    match entry.get("status"):
        case {"status_str": "error", **rest}:
            return Failed(_why(rest.get("messages")))
        case {"completed": False, "messages": [*messages]} if messages:
            return Failed(_why(messages))
        case _:
            return Succeeded()


def _why(messages: Any) -> Trouble:
    for message in messages if isinstance(messages, list) else []:
        match message:
            case ["execution_interrupted", *_]:
                return Trouble(Kind.STOPPED)
            case ["execution_error", {"exception_message": str(said), **rest}]:
                node = rest.get("node_type")
                return Trouble(Kind.FAILED, f"{node}: {said}" if node else said)
            case _:
                continue
    return Trouble(Kind.FAILED)


def _views(entry: Mapping[str, Any]) -> list[str]:
    """Paths of the saved images, in the order of the batch."""
    outputs = entry.get("outputs")
    nodes = outputs if isinstance(outputs, Mapping) else {}
    images = [
        image
        for node in ([nodes[SAVE]] if SAVE in nodes else nodes.values())
        if isinstance(node, Mapping)
        for image in node.get("images") or []
    ]
    paths = []
    for image in images:
        match image:
            case {"filename": str(filename), **rest} if rest.get("type", "output") == "output":
                asked = {
                    "filename": filename,
                    "subfolder": str(rest.get("subfolder") or ""),
                    "type": "output",
                }
                paths.append(f"/view?{urlencode(asked)}")
            case _:
                continue
    return paths


def _refused(error: Any, nodes: Any) -> Trouble:
    """Why a graph was not accepted: its first node error, else the error itself."""
    rows = nodes.values() if isinstance(nodes, Mapping) else nodes
    for node in rows if isinstance(rows, (list, type({}.values()))) else []:
        match node:
            case {"errors": [{"type": str(kind), **rest}, *_]}:
                name = node.get("class_type") or "a node"
                said = str(rest.get("details") or rest.get("message") or "")
                if kind == "value_not_in_list":
                    return Trouble(Kind.MISSING_PART, f"{name} has no such file, {said}.")
                if name == "LoadImage":
                    return Trouble(Kind.PICTURE, said)
                return Trouble(Kind.REQUEST, f"{name}: {said}")
            case _:
                continue
    return Trouble(Kind.REQUEST, said_in({"error": error}))


def _is_there(addresses: Addresses) -> str | None:
    """Whether anything listens on this machine; a server elsewhere is not asked."""
    parts = urlsplit(addresses.hosts[""])
    host = parts.hostname or ""
    if not is_loopback(host):
        return None
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((host, port), timeout=LOOK_S).close()
    except OSError:
        return (
            f"No ComfyUI server answers at {addresses.hosts['']}. Start it, or name yours in "
            "LAYERSPLIT_COMFYUI_URL."
        )
    return None


def explain(status: int, body: Any) -> Trouble | None:
    """A refused graph names the node and the input; most often a model file is missing."""
    match body:
        case {"error": {"type": "missing_node_type" | "invalid_prompt"}} if status == 400:
            return Trouble(Kind.MISSING_PART, TOO_OLD, status=status)
        case {"error": error, "node_errors": nodes} if status == 400:
            return _refused(error, nodes)
        case {"error": {"message": str(said)}} | {"error": str(said)} if status >= 400:
            return judge(status, said)
        case _:
            return None


def hosted() -> Hosted:
    """The provider."""
    return Hosted(name="comfyui", hosts=HOSTS, explain=explain, service=ComfyUI, look=_is_there)

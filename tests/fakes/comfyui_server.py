"""A ComfyUI server: its routes, its way of checking a graph, its websocket."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
import time
import uuid

import numpy as np
from fakes import scene
from fakes.comfyui_nodes import node_errors, object_info
from fakes.faulty_http import FaultyServer, Request, Response
from fakes.service_server import Job, ServiceServer

FILES = {
    "diffusion_models": ["flux1-dev.safetensors", "qwen_image_layered_fp8mixed.safetensors"],
    "text_encoders": ["clip_l.safetensors", "qwen_2.5_vl_7b_fp8_scaled.safetensors"],
    "vae": ["ae.safetensors", "qwen_image_layered_vae.safetensors"],
}
HIDDEN: set[str] = set()


class ComfyUIServer(ServiceServer):
    """``too_old``: without the layered nodes. ``lists_models`` False: no route /models.

    ``own_ids``: an older server that chooses the prompt's id itself. ``cuts``: a newer template's
    behaviour, without the regenerated picture.
    """

    name = "comfyui"
    variable = ""
    too_old = False
    lists_models = True
    own_ids = False
    cuts = False
    interrupted = False

    def __post_init__(self):
        self.folders = {folder: list(names) for folder, names in FILES.items()} | {"input": []}
        self.listeners: dict[str, list] = {}
        self.api = FaultyServer(self.route, self.step)
        self.cdn = self.api

    def close(self):
        self.api.close()

    def has_cdn(self, _step: str) -> bool:
        return False

    def step(self, request: Request) -> str:
        match request.method, request.path.split("/")[1]:
            case "POST", "prompt":
                return "submit"
            case "POST", "upload":
                return "upload"
            case "POST", _:
                return "cancel"
            case _, "history":
                return "poll"
            case _, name:
                return {"view": "download", "ws": "ws", "queue": "queue"}.get(name, "look")

    def route(self, request: Request) -> Response:
        assert "origin" not in request.headers
        assert "authorization" not in request.headers
        parts = request.path.strip("/").split("/")
        match request.method, parts:
            case "GET", ["object_info", name]:
                known = not (self.too_old and name.startswith(("EmptyQwen", "LatentCutTo")))
                return Response(object_info(name, self.folders) if known else {})
            case "GET", ["models", folder]:
                if not self.lists_models:
                    return Response(b"404: Not Found", 404)
                return Response(self.folders[folder])
            case "POST", ["upload", "image"]:
                form = request.form
                assert form["type"] == (None, b"input")
                assert form["overwrite"] == (None, b"true")
                filename, content = form["image"]
                self.files[filename] = content
                self.folders["input"].append(filename)
                return Response({"name": filename, "subfolder": "", "type": "input"})
            case "POST", ["prompt"]:
                return self._prompt(request.json)
            case "GET", ["queue"]:
                return Response(self._queue())
            case "GET", ["history", remote_id]:
                return Response(self._history(remote_id))
            case "GET", ["history"]:
                return Response({key: self._history(key).get(key) for key in self.jobs
                                 if self._history(key)})  # fmt: skip
            case "POST", ["queue"]:
                for remote_id in request.json["delete"]:
                    self.jobs[remote_id].cancelled = True
                return Response(b"")
            case "POST", ["interrupt"]:
                self.interrupted = True
                self.jobs[request.json["prompt_id"]].cancelled = True
                return Response(b"")
            case "GET", ["view"]:
                return self._view(request)
            case "GET", ["ws"]:
                client = request.query["clientId"]
                accept = request.headers["sec-websocket-key"]
                return Response(takeover=lambda handler: self._websocket(handler, accept, client))
            case _:
                return Response(b"404: Not Found", 404)

    def _prompt(self, body: dict) -> Response:
        graph = body["prompt"]
        errors = node_errors(graph, self.folders)
        if errors is not None:
            return Response(errors, 400)
        by_kind = {node["class_type"]: node["inputs"] for node in graph.values()}
        picture = self.files[by_kind["LoadImage"]["image"]]
        latent = by_kind["EmptyQwenImageLayeredLatentImage"]
        shape = scene.decoded(picture).shape
        assert (latent["height"], latent["width"]) == shape[:2], "the client resizes"
        remote_id = uuid.uuid4().hex if self.own_ids else body["prompt_id"]
        files = self.made(picture, latent["layers"])
        if not self.cuts:
            files = [self._full(picture), *files]
        job = Job(remote_id, body, files, time.time())
        job.failed = self.fail_with
        self.jobs[remote_id] = job
        return Response({"prompt_id": remote_id, "number": len(self.jobs), "node_errors": {}})

    def _full(self, picture: bytes) -> bytes:
        full = np.array(scene.decoded(picture))
        full[..., 3] = 255
        return scene.png(full)

    def _queue(self) -> dict:
        waiting = [job for job in self.jobs.values() if self._state(job) in {"queued", "running"}]
        item = [[number, job.remote_id, job.asked["prompt"], {}, ["15"]]
                for number, job in enumerate(waiting)]  # fmt: skip
        running = [job for job in waiting if self._state(job) == "running"]
        return {"queue_running": item[: len(running)], "queue_pending": item[len(running) :]}

    def _state(self, job: Job) -> str:
        if job.cancelled:
            return "interrupted"
        if job.polls >= self.polls:
            return "error" if job.failed else "success"
        return "queued" if job.polls <= 1 and self.polls > 2 else "running"

    def _history(self, remote_id: str) -> dict:
        job = self.jobs.get(remote_id)
        if job is None:
            return {}
        job.polls += 1
        state = self._state(job)
        if state in {"queued", "running"}:
            if state == "running":
                self._tell(job, job.polls / self.polls)
            return {}
        messages: list = [["execution_start", {}]]
        outputs: dict = {}
        if state == "success":
            prefix = job.asked["prompt"]["15"]["inputs"]["filename_prefix"]
            names = [f"{prefix}_{number + 1:05}_.png" for number in range(len(job.files))]
            self.files.update(zip(names, job.files, strict=True))
            images = [{"filename": name, "subfolder": "", "type": "output"} for name in names]
            outputs = {"15": {"images": images}}
            messages.append(["execution_success", {}])
        elif state == "error":
            messages.append(["execution_error", {
                "exception_message": job.failed, "exception_type": "RuntimeError",
                "node_type": "KSampler", "traceback": []}])  # fmt: skip
        else:
            messages.append(["execution_interrupted", {}])
        status = {"status_str": "success" if state == "success" else "error",
                  "completed": state == "success", "messages": messages}  # fmt: skip
        prompt = [1, remote_id, job.asked["prompt"], {}, ["15"]]
        return {remote_id: {"prompt": prompt, "outputs": outputs, "status": status, "meta": {}}}

    def _view(self, request: Request) -> Response:
        name = request.query["filename"]
        if name in self.expired or name not in self.files:
            return Response(b"404: Not Found", 404)
        return Response(self.files[name], headers={"Content-Type": "image/png"})

    # the websocket: text frames from the server, no masking (RFC 6455)

    def _websocket(self, handler, key: str, client: str) -> None:
        magic = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()  # noqa: S324 - RFC
        handler.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
        )
        handler.wfile.flush()
        closed = threading.Event()
        self.listeners.setdefault(client, []).append((handler, closed))
        preview = struct.pack(">II", 1, 1) + b"jpeg"
        handler.wfile.write(struct.pack(">BB", 0x82, len(preview)) + preview)
        try:
            while handler.rfile.read(1):
                pass
        except OSError:
            pass
        closed.set()

    def _tell(self, job: Job, share: float) -> None:
        message = {"type": "progress", "data": {"value": round(20 * share), "max": 20,
                   "prompt_id": job.remote_id, "node": "12"}}  # fmt: skip
        text = json.dumps(message).encode()
        frame = struct.pack(">BBH", 0x81, 126, len(text)) + text
        for handler, closed in self.listeners.get(job.asked["client_id"], []):
            if not closed.is_set():
                try:
                    handler.wfile.write(frame)
                    handler.wfile.flush()
                except (OSError, ValueError):
                    closed.set()

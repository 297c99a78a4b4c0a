"""What the test servers of all hosted services share: accounts, jobs, files, and their variations.

A service is two servers: its own, which wants the key, and a file host elsewhere (another port is
another origin), which must never see it.
"""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fakes import scene
from fakes.faulty_http import Fault, FaultyServer, Request, Response

KEY = "sk-3f9a-DO-NOT-SHOW-77c1"


@dataclass
class Job:
    """One billed job."""

    remote_id: str
    asked: dict[str, Any]
    files: list[bytes]
    created: float
    polls: int = 0
    cancelled: bool = False
    failed: str = ""
    code: int = 0
    flagged: bool = False
    picture: str = ""


@dataclass
class ServiceServer:
    """``polls``: questions until a job has ended. ``variation`` changes what is returned:
    "", "fewer", "one more", "permuted", "sizes", "nothing", "jpeg", "bomb", "cut", "page".
    """

    polls: int = 2
    variation: str = ""
    balance: float = 10.0
    fail_with: str = ""
    fail_code: int = 0
    flag: bool = False
    jobs: dict[str, Job] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    name = ""
    variable = ""
    key = KEY

    def __post_init__(self):
        self.api = FaultyServer(self._checked, self.step)
        self.cdn = FaultyServer(self._cdn, self._cdn_step)

    def close(self):
        self.api.close()
        self.cdn.close()

    @property
    def url(self) -> str:
        return self.api.url

    @property
    def billed(self) -> int:
        return len(self.jobs)

    @property
    def submissions(self) -> int:
        return sum(request.step == "submit" for request in self.api.requests)

    def steps(self) -> list[str]:
        return [request.step for request in self.api.requests]

    def spoil(self, step: str, kind: str, times: int = 1, **more) -> None:
        server = self.cdn if step in {"put", "download"} and self.has_cdn(step) else self.api
        server.faults.append(Fault(step, kind, times, **more))

    def has_cdn(self, _step: str) -> bool:
        return True

    # for the services

    def step(self, request: Request) -> str:
        raise NotImplementedError

    def route(self, request: Request) -> Response:
        raise NotImplementedError

    def authorised(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.key}"

    def refused(self) -> Response:
        return Response({"message": "Unauthorized: invalid API key"}, 401)

    def create(self, picture: str, count: int, asked: dict[str, Any]) -> Job:
        """Bill a job and make its layers."""
        content = self.picture(picture)
        job = Job(uuid.uuid4().hex, asked, self.made(content, count), time.time(), picture=picture)
        job.failed, job.code, job.flagged = self.fail_with, self.fail_code, self.flag
        self.jobs[job.remote_id] = job
        return job

    def picture(self, address: str) -> bytes:
        if address.startswith("data:"):
            return base64.b64decode(address.partition(",")[2], validate=True)
        return self.files[address.rpartition("/")[2]]

    def made(self, content: bytes, count: int) -> list[bytes]:
        picture = scene.decoded(content)
        layers = scene.layers_of(picture, count)
        match self.variation:
            case "fewer":
                layers = layers[:-1]
            case "one more":
                full = layers[0].copy()
                full[..., :3] = scene.composite(layers)
                layers = [full, *layers]
            case "permuted":
                layers = layers[::-1]
            case "sizes":
                layers[1] = np.repeat(np.repeat(layers[1], 2, axis=0), 2, axis=1)
            case "nothing":
                layers = []
        files = [scene.png(layer) for layer in layers]
        match self.variation:
            case "jpeg":
                files[0] = scene.png(layers[0][..., :3], "jpeg")
            case "bomb":
                files[0] = scene.bomb(9000)
            case "cut":
                files[0] = files[0][: len(files[0]) // 2]
            case "page":
                files[0] = b"<!DOCTYPE html><html>gone</html>"
        return files

    def links(self, job: Job) -> list[str]:
        """Addresses of the layers, on the file host."""
        addresses = []
        for number, content in enumerate(job.files):
            name = f"{job.remote_id}-{number}-{job.polls}.png"
            self.files[name] = content
            addresses.append(f"{self.cdn.url}/out/{name}?signature=abc")
        return addresses

    def store(self, content: bytes) -> str:
        """Keep an uploaded file; returns its name."""
        name = f"{uuid.uuid4().hex}.png"
        self.files[name] = content
        return name

    # plumbing

    def _checked(self, request: Request) -> Response:
        if not self.authorised(request):
            return self.refused()
        return self.route(request)

    def _cdn_step(self, request: Request) -> str:
        return "put" if request.method in {"PUT", "POST"} else "download"

    def _cdn(self, request: Request) -> Response:
        assert "authorization" not in request.headers, "the key went to the file host"
        name = request.path.rpartition("/")[2]
        if request.method == "PUT":
            self.files[name] = request.body
            return Response(b"", 200)
        if name in self.expired or name not in self.files:
            return Response(b"<Error>AccessDenied</Error>", 403)
        return Response(self.files[name], headers={"Content-Type": "image/png"})

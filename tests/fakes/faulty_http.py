"""A real HTTP server on loopback that can be told to misbehave at any point.

Every request belongs to a *step* of a job (quote, upload, put, submit, poll, fetch, list, cancel,
download, ...). A :class:`Fault` waits for its step and spoils one or more answers: before the
request has any effect, or after it had.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    step: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def form(self) -> dict[str, tuple[str | None, bytes]]:
        """The parts of a multipart form: name to (filename, content)."""
        kind = self.headers.get("content-type", "")
        assert kind.startswith("multipart/form-data"), kind
        boundary = b"--" + kind.partition("boundary=")[2].strip('"').encode()
        parts = {}
        for part in self.body.split(boundary)[1:-1]:
            head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
            disposition = next(
                line for line in head.decode().splitlines() if "form-data" in line.lower()
            )
            values = {
                name.strip(): value.strip('"')
                for name, _, value in (item.partition("=") for item in disposition.split(";")[1:])
            }
            parts[values["name"]] = (values.get("filename"), content)
        return parts


@dataclass
class Response:
    """``content`` is JSON unless it is bytes."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    takeover: Callable[[Any], None] | None = None
    """Gets the connection instead of an answer (websockets)."""

    @property
    def body(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        return b"" if self.content is None else json.dumps(self.content).encode()

    @property
    def kind(self) -> str:
        default = "application/octet-stream"
        if not isinstance(self.content, bytes):
            default = "application/json"
        return self.headers.get("Content-Type", default)


@dataclass
class Fault:
    """Spoil ``times`` answers of ``step``.

    ``kind``: a status ("503"), "reset-before", "reset-after", "stall-before", "stall-after",
    "truncated", "html", "broken-json", "other-json", "redirect", "replace", "hook" (``hook`` is
    called after the effect, before the answer) or "hook-before". A ``hook`` beside another kind is
    called first.
    """

    step: str
    kind: str
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    hook: Callable[[], None] | None = None


HTML = b"<!DOCTYPE html><html><head><title>Hotel</title></head><body>Please log in</body></html>"


class FaultyServer:
    """Answers with ``route(request)``; remembers everything."""

    def __init__(self, route: Callable[[Request], Response], step: Callable[[Request], str]):
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout: ClassVar[float] = 20

            def log_message(self, *_arguments):
                pass

            def serve(self):
                outer.serve(self, route, step)

            do_GET = do_POST = do_PUT = do_DELETE = do_CONNECT = serve  # noqa: N815 - the base class's names

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64

            def handle_error(self, *_arguments):
                pass  # a client that hangs up is the point of some tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, handler: Any, route: Any, step_of: Any) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        request = Request(
            method=handler.command,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=b"",
        )
        request.step = step_of(request)
        fault = self._fault(request.step)
        kind = fault.kind if fault else ""
        if kind == "reset-before":
            if fault.hook is not None:
                fault.hook()
            return self._reset(handler)
        request.body = handler.rfile.read(length)
        with self._lock:
            self.requests.append(request)
        if fault is not None and fault.hook is not None and kind != "hook":
            fault.hook()
        if kind == "stall-before":
            self.released.wait(20)
            return self._reset(handler)
        if kind and (early := _early(fault)) is not None:
            return self._answer(handler, early)
        response = route(request)
        if response.takeover is not None:
            handler.close_connection = True
            return response.takeover(handler)
        match kind:
            case "reset-after":
                return self._reset(handler)
            case "stall-after":
                self.released.wait(20)
                return self._reset(handler)
            case "hook":
                fault.hook()
            case "html":
                response = Response(HTML, headers={"Content-Type": "text/html; charset=utf-8"})
            case "broken-json":
                response = Response(b'{"data": {"id": "12', headers=_JSON)
            case "other-json":
                response = Response({"hello": "world"})
            case "replace":
                response = Response(fault.body, headers=fault.headers)
        return self._answer(handler, response, cut=kind == "truncated")

    def _fault(self, step: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.step == step and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def _answer(self, handler: Any, response: Response, *, cut: bool = False) -> None:
        body = response.body
        handler.send_response(response.status)
        handler.send_header("Content-Type", response.kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            if name != "Content-Type":
                handler.send_header(name, value)
        handler.end_headers()
        if cut:
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            return self._reset(handler)
        return handler.wfile.write(body)

    def _reset(self, handler: Any) -> None:
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        # The base class flushes and closes its files afterwards: nothing may be left to write.
        handler.wfile = _Nowhere()


_JSON = {"Content-Type": "application/json"}


class _Nowhere:
    closed = False

    def write(self, content):
        return len(content)

    def flush(self):
        pass

    def close(self):
        self.closed = True


def _early(fault: Fault) -> Response | None:
    """Answers that come instead of any effect."""
    if fault.kind.isdigit():
        body = {"detail": "spoiled"} if fault.body is None else fault.body
        return Response(body, status=int(fault.kind), headers=dict(fault.headers))
    if fault.kind == "redirect":
        return Response(b"", status=302, headers={"Location": fault.headers["Location"]})
    return None

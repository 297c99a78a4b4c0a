"""WaveSpeedAI as its documents describe it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from fakes.faulty_http import Request, Response
from fakes.service_server import Job, ServiceServer

MODEL = "wavespeed-ai/qwen-image/layered"
FIELDS = {"image", "prompt", "num_layers", "enable_sync_mode", "enable_base64_output"}


class WaveSpeedServer(ServiceServer):
    """``tickets`` False: only the older upload. ``naked``: outputs as text without a prefix."""

    name = "wavespeed"
    variable = "WAVESPEED_API_KEY"
    tickets = True
    naked = False
    string_output = False
    quoted: float | None = None

    def step(self, request: Request) -> str:
        path = request.path
        match request.method, path.removeprefix("/api/v3"):
            case "POST", "/model/price":
                return "quote"
            case "POST", "/media/uploads" | "/media/upload/binary":
                return "upload"
            case "POST", "/predictions":
                return "list"
            case "GET", "/balance":
                return "balance"
            case "POST", _:
                return "submit"
        return "poll"

    def route(self, request: Request) -> Response:
        match self.step(request):
            case "quote":
                if self.quoted is None:
                    return Response({"code": 404, "message": "not found"}, 404)
                return ok({"price": self.quoted, "currency": "USD"})
            case "balance":
                return ok({"balance": self.balance})
            case "upload":
                return self._upload(request)
            case "list":
                return self._list(request)
            case "submit":
                return self._submit(request)
            case _:
                return self._result(request)

    def _upload(self, request: Request) -> Response:
        if request.path.endswith("/binary"):
            filename, content = request.form["file"]
            if "." not in filename:
                return Response({"message": "The uploaded file must have a file extension"}, 400)
            name = self.store(content)
            return ok({"type": "image", "download_url": f"{self.cdn.url}/in/{name}"})
        if not self.tickets:
            return Response({"message": "Not Found"}, 404)
        about = request.json
        assert set(about) == {"filename", "size", "content_type"}
        name = self.store(b"")
        return ok({
            "type": "image",
            "download_url": f"{self.cdn.url}/in/{name}",
            "filename": about["filename"],
            "size": about["size"],
            "upload": {
                "method": "PUT",
                "url": f"{self.cdn.url}/put/{name}?X-Signature=abc",
                "headers": {"Content-Type": about["content_type"], "x-ticket": "1"},
            },
        })  # fmt: skip

    def _submit(self, request: Request) -> Response:
        if request.path != f"/api/v3/{MODEL}":
            return Response({"message": "model not found"}, 404)
        asked = request.json
        assert set(asked) <= FIELDS, asked
        if self.balance <= 0:
            return Response({"code": 400, "message": "Insufficient credits. Please top up."}, 400)
        if not 1 <= asked["num_layers"] <= 8:
            return Response({"code": 400, "message": "num_layers must be 1 to 8"}, 400)
        if asked["image"].startswith("data:"):
            return Response({"code": 400, "message": "image must be a URL"}, 400)
        job = self.create(asked["image"], asked["num_layers"], asked)
        return ok(self._shown(job))

    def _result(self, request: Request) -> Response:
        remote_id = request.path.removesuffix("/result").rpartition("/")[2]
        if not request.path.endswith("/result") or remote_id not in self.jobs:
            return Response({"code": 404, "message": "prediction not found"}, 404)
        job = self.jobs[remote_id]
        job.polls += 1
        return ok(self._shown(job))

    def _shown(self, job: Job) -> dict:
        done = job.polls >= self.polls
        status = "created" if job.polls == 0 else "processing"
        if done:
            status = "failed" if job.failed else "completed"
        outputs: object = []
        if status == "completed":
            outputs = self.links(job)
            if self.naked:
                outputs = [base64.b64encode(content).decode() for content in job.files]
            if self.string_output:
                outputs = outputs[0]
        return {
            "id": job.remote_id,
            "model": MODEL,
            "outputs": outputs,
            "urls": {"get": f"https://api.wavespeed.ai/api/v3/predictions/{job.remote_id}"},
            "has_nsfw_contents": [job.flagged] * len(job.files) if done else [],
            "status": status,
            "created_at": moment(job.created),
            "error": job.failed if done else "",
            "code": job.code if done else 0,
            "timings": {"inference": 12},
        }

    def _list(self, request: Request) -> Response:
        assert request.json["page"] == 1
        newest = sorted(self.jobs.values(), key=lambda job: job.created, reverse=True)
        items = [
            {
                "id": job.remote_id,
                "model": MODEL,
                "status": "processing",
                "created_at": moment(job.created),
            }
            for job in newest
        ]
        return ok({"page": 1, "items": items, "total": len(items)})


def ok(data) -> Response:
    return Response({"code": 200, "message": "success", "data": data})


def moment(seconds: float) -> str:
    """With nanoseconds, as the service writes it."""
    whole = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return whole.replace("+00:00", "123Z")

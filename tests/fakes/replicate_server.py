"""Replicate as its documents describe it."""

from __future__ import annotations

from datetime import UTC, datetime

from fakes.faulty_http import Request, Response
from fakes.service_server import Job, ServiceServer

MODEL = "qwen/qwen-image-layered"
FIELDS = {"image", "num_layers", "description", "go_fast", "output_format", "seed"}


class ReplicateServer(ServiceServer):
    """``removed``: predictions are older than an hour."""

    name = "replicate"
    variable = "REPLICATE_API_TOKEN"
    removed = False

    def has_cdn(self, step: str) -> bool:
        return step == "download"

    def step(self, request: Request) -> str:
        path = request.path
        if path == "/v1/files":
            return "upload"
        if path == f"/v1/models/{MODEL}/predictions":
            return "submit"
        if path == f"/v1/models/{MODEL}":
            return "balance"
        if path == "/v1/predictions":
            return "list"
        return "cancel" if path.endswith("/cancel") else "poll"

    def refused(self) -> Response:
        return Response({"title": "Unauthenticated", "detail": "You did not pass a valid token",
                         "status": 401}, 401)  # fmt: skip

    def route(self, request: Request) -> Response:
        match self.step(request):
            case "upload":
                name = self.store(request.form["content"][1])
                return Response({"id": name, "urls": {"get": f"{self.url}/v1/files/{name}"}}, 201)
            case "submit":
                return self._submit(request)
            case "list":
                newest = sorted(self.jobs.values(), key=lambda job: job.created, reverse=True)
                return Response({"previous": None, "next": None,
                                 "results": [self._shown(job) for job in newest]})  # fmt: skip
            case "balance":
                return Response({"name": "qwen-image-layered", "latest_version": {}})
            case "poll":
                job = self.jobs.get(request.path.rpartition("/")[2])
                if job is None:
                    return Response({"detail": "Not found.", "status": 404}, 404)
                job.polls += 1
                return Response(self._shown(job))
            case _:
                job = self.jobs[request.path.split("/")[3]]
                job.cancelled = True
                return Response(self._shown(job))

    def _submit(self, request: Request) -> Response:
        asked = request.json["input"]
        assert set(asked) <= FIELDS, asked
        if self.balance <= 0:
            return Response({"title": "Payment Required", "detail": "You have insufficient credit "
                             "to run this model", "status": 402}, 402)  # fmt: skip
        if not 2 <= asked["num_layers"] <= 8:
            return Response({"detail": "- input.num_layers: Must be 2 to 8", "status": 422}, 422)
        job = self.create(asked["image"], asked["num_layers"], asked)
        return Response(self._shown(job), 201)

    def _shown(self, job: Job) -> dict:
        done = job.polls >= self.polls
        status = "starting" if job.polls <= 1 else "processing"
        if job.cancelled:
            status = "canceled"
        elif done:
            status = "failed" if job.failed else "succeeded"
        gone = self.removed and done
        output = self.links(job) if status == "succeeded" and not gone else None
        base = f"https://api.replicate.com/v1/predictions/{job.remote_id}"
        return {
            "id": job.remote_id,
            "model": MODEL,
            "version": "hidden",
            "status": status,
            "input": {} if gone else {**job.asked},
            "output": output,
            "error": job.failed or None,
            "logs": "",
            "metrics": {"predict_time": 1.5},
            "created_at": datetime.fromtimestamp(job.created, UTC).isoformat(),
            "urls": {"get": base, "cancel": f"{base}/cancel"},
            "data_removed": gone,
        }

"""fal's queue as its documents describe it."""

from __future__ import annotations

from fakes.faulty_http import Request, Response
from fakes.service_server import ServiceServer

MODEL = "fal-ai/qwen-image-layered"
FIELDS = {
    "image_url", "prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "seed",
    "num_layers", "enable_safety_checker", "output_format", "acceleration", "sync_mode",
}  # fmt: skip


class FalServer(ServiceServer):
    """``links_at``: the base of the addresses in its answers; None: its own."""

    name = "fal"
    variable = "FAL_KEY"
    links_at: str | None = None
    late_error: tuple[int, dict] | None = None
    """The job has COMPLETED, and its result is this HTTP error."""

    def step(self, request: Request) -> str:
        path = request.path
        if path.startswith("/storage/"):
            return "upload"
        if path == f"/{MODEL}":
            return "submit"
        if path.endswith("/status"):
            return "poll"
        return "cancel" if path.endswith("/cancel") else "fetch"

    def authorised(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Key {self.key}"

    def refused(self) -> Response:
        return Response({"detail": "Authentication is required to access this application."}, 401)

    def route(self, request: Request) -> Response:
        step = self.step(request)
        if step in {"upload", "submit"} and self.balance <= 0:
            said = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/d."
            return Response({"detail": said}, 403)
        if step == "upload":
            assert request.path == "/storage/upload/initiate"
            assert request.query == {"storage_type": "gcs"}
            assert set(request.json) == {"file_name", "content_type"}
            name = self.store(b"")
            return Response({"upload_url": f"{self.cdn.url}/put/{name}?sig=1",
                             "file_url": f"{self.cdn.url}/in/{name}"})  # fmt: skip
        if step == "submit":
            return self._submit(request)
        job = self.jobs.get(request.path.split("/")[4])
        if job is None:
            return Response({"detail": "Request not found"}, 404)
        return getattr(self, "_" + step)(job, request)

    def _submit(self, request: Request) -> Response:
        assert request.method == "POST"
        asked = request.json
        assert set(asked) <= FIELDS, asked
        if not 1 <= asked["num_layers"] <= 10:
            return Response({"detail": [{"loc": ["body", "num_layers"], "msg": "must be 1 to 10",
                                         "type": "value_error"}]}, 422)  # fmt: skip
        job = self.create(asked["image_url"], asked["num_layers"], asked)
        base = f"{self.links_at or self.url}/{MODEL}/requests/{job.remote_id}"
        return Response({
            "status": "IN_QUEUE",
            "request_id": job.remote_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "queue_position": 0,
        })  # fmt: skip

    def _poll(self, job, _request) -> Response:
        job.polls += 1
        if job.polls >= self.polls:
            answer = {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 1.2}}
            if job.failed:
                answer |= {"error": job.failed, "error_type": "internal_error"}
            return Response(answer, 200)
        if job.polls == 1:
            return Response({"status": "IN_QUEUE", "queue_position": 1}, 202)
        return Response({"status": "IN_PROGRESS", "logs": [{"message": "x"}]}, 202)

    def _fetch(self, job, _request) -> Response:
        if self.late_error is not None:
            status, body = self.late_error
            return Response(body, status)
        images = [
            {"url": link, "content_type": "image/png", "width": 64, "height": 64}
            for link in self.links(job)
        ]
        return Response({"images": images, "timings": {"inference": 1.2}, "seed": 7,
                         "has_nsfw_concepts": [job.flagged] * len(images)})  # fmt: skip

    def _cancel(self, job, request) -> Response:
        assert request.method == "PUT"
        if job.polls >= self.polls:
            return Response({"status": "ALREADY_COMPLETED"}, 400)
        job.cancelled = True
        return Response({"status": "CANCELLATION_REQUESTED"}, 202)

"""RunComfy's Model API as its documents describe it."""

from __future__ import annotations

from fakes.faulty_http import Request, Response
from fakes.service_server import ServiceServer

MODEL = "qwen/qwen-image-layered"
FIELDS = {
    "image_url",
    "prompt",
    "negative_prompt",
    "num_inference_steps",
    "guidance_scale",
    "seed",
    "num_layers",
    "output_format",
}
SAMPLE = "https://playgrounds-storage-public.runcomfy.net/tools/7296/media-files/input-1-1.png"


class RunComfyServer(ServiceServer):
    """``price``: per picture. ``single``: ``output.image`` instead of a list."""

    name = "runcomfy"
    variable = "RUNCOMFY_API_TOKEN"
    price: float | None = 0.04
    single = False

    def has_cdn(self, step: str) -> bool:
        return step == "download"

    def step(self, request: Request) -> str:
        if request.path.startswith("/v1/models/"):
            return "submit" if request.method == "POST" else "quote"
        ending = request.path.rpartition("/")[2]
        return {"status": "poll", "result": "fetch", "cancel": "cancel"}.get(ending, "unknown")

    def route(self, request: Request) -> Response:
        match self.step(request):
            case "quote":
                return Response({"model_id": MODEL, "base_price_usd": self.price,
                                 "price_unit": "per image"})  # fmt: skip
            case "submit":
                return self._submit(request)
            case "unknown":
                return Response({"error_code": 404001, "error_message": "ResourceNotFound"}, 404)
        remote_id = request.path.split("/")[3]
        if remote_id not in self.jobs:
            return Response({"error_code": 404001, "error_message": "ResourceNotFound"}, 404)
        return getattr(self, "_" + self.step(request))(self.jobs[remote_id], request)

    def refused(self) -> Response:
        # Some of its interfaces refuse inside an HTTP 200.
        return Response({"error_code": 400004, "error_message": "UserAccountError"}, 200)

    def _submit(self, request: Request) -> Response:
        asked = request.json
        assert set(asked) <= FIELDS, asked
        if self.balance <= 0:
            return Response({"error_code": 400002, "error_message": "InsufficientResources"}, 400)
        picture = asked.get("image_url", SAMPLE)
        assert picture != SAMPLE, "a paid run on the sample picture"
        if len(picture) > 8 * 1024**2 * 4 / 3:
            return Response({"message": "image too large"}, 413)
        job = self.create(picture, asked.get("num_layers", 4), asked)
        base = f"https://model-api.runcomfy.net/v1/requests/{job.remote_id}"
        return Response({
            "request_id": job.remote_id,
            "status_url": f"{base}/status",
            "result_url": f"{base}/result",
            "cancel_url": f"{base}/cancel",
        })  # fmt: skip

    def _status(self, job) -> str:
        if job.cancelled:
            return "cancelled"
        if job.polls >= self.polls:
            return "failed" if job.failed else "completed"
        return "in_queue" if job.polls <= 1 else "in_progress"

    def _poll(self, job, _request) -> Response:
        job.polls += 1
        return Response({"request_id": job.remote_id, "status": self._status(job),
                         "queue_position": 2})  # fmt: skip

    def _fetch(self, job, request) -> Response:
        status = self._status(job)
        answer = {"request_id": job.remote_id, "status": status, "created_at": "2026-09-21"}
        if status == "completed":
            links = self.links(job)
            answer["output"] = {"image": links[0]} if self.single else {"images": links}
            if request.query.get("include_cost") == "true" and self.price is not None:
                answer["cost"] = self.price
        if status == "failed":
            answer["error"] = job.failed
        return Response(answer)

    def _cancel(self, job, _request) -> Response:
        running = job.polls > 1
        job.cancelled = not running
        outcome = "not_cancellable" if running else "cancelled"
        return Response({"request_id": job.remote_id, "status": self._status(job),
                         "outcome": outcome})  # fmt: skip

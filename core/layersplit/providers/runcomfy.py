"""RunComfy's Model API: a queue with a status and a result for every request.

https://docs.runcomfy.com/model-apis/async-queue-endpoints (read 2026-09-21). There is no upload:
the picture travels inside the request, as the service's own nodes send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from layersplit.capabilities import CAPABILITIES
from layersplit.providers.hosted import Hosted
from layersplit.remote.addresses import in_path
from layersplit.remote.outputs import data_address, outputs_in
from layersplit.remote.service import (
    Delivery,
    Failed,
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
from layersplit.remote.trouble import Kind, Trouble, judge, judge_words
from layersplit.remote.wire import said_in

MODEL: Final = CAPABILITIES["runcomfy"].model
MAX_PICTURE_BYTES: Final = 6 * 1024**2
"""The limit of the service's own nodes for a picture inside a request."""
_DONE: Final = {"completed", "succeeded"}
_FAILED: Final = {"failed", "error"}
_STOPPED: Final = {"cancelled", "canceled"}
_WAITING: Final = {"in_queue", "pending", "waiting", "queued"}
_CODES: Final = {
    400001: Kind.NOT_FOUND,
    400002: Kind.NO_BALANCE,
    400004: Kind.BAD_KEY,
    401001: Kind.BAD_KEY,
    403001: Kind.NOT_ALLOWED,
    403003: Kind.NOT_ALLOWED,
    404001: Kind.NOT_FOUND,
    422001: Kind.REQUEST,
    500001: Kind.BUSY,
    10001: Kind.NO_BALANCE,
}
"""``error_code``: https://docs.runcomfy.com/model-apis/error-codes"""

HOSTS: Final = {"": "https://model-api.runcomfy.net"}


@dataclass
class RunComfy:
    """Our nouns into RunComfy's and back. Layers are taken as bottom first."""

    api: Transport
    name: ClassVar[str] = "runcomfy"
    media_type: ClassVar[str] = "image/png"
    side_multiple: ClassVar[int] = 1
    lists_jobs: ClassVar[bool] = False
    poll_s: ClassVar[float] = 2.0
    deadline_s: ClassVar[float] = 1800.0

    def quote(self, order: Order) -> float | None:
        """The model's base price; by layer only where its unit says so."""
        match self.api.repeatable("GET", f"/v1/models/{MODEL}", quick=True):
            case {"base_price_usd": float() | int() | str() as base, **rest}:
                unit = str(rest.get("price_unit") or "").lower()
                try:
                    price = float(base)
                except ValueError:
                    return None
                return round(price * order.layer_count, 4) if "layer" in unit else price
            case _:
                return None

    def upload(self, order: Order, parcel: Parcel) -> str:
        """The picture as text, within the service's limit."""
        del order
        if len(parcel.content) > MAX_PICTURE_BYTES:
            raise Trouble(Kind.TOO_LARGE, f"{len(parcel.content) >> 20} MiB, at most 6")
        return data_address(parcel.content, parcel.media_type)

    def submit(self, order: Order, picture: str) -> RemoteJob:
        """``image_url`` has a default, a sample picture, so it must never be left out."""
        body = {
            "image_url": picture,
            "num_layers": order.layer_count,
            "output_format": "png",
            **sampler(order),
        }
        match self.api.submit_once(f"/v1/models/{MODEL}", json=body):
            case {"request_id": str(remote_id)} if remote_id:
                return RemoteJob(remote_id=remote_id)
            case _:
                raise Trouble(Kind.GARBLED, "no request_id")

    def poll(self, job: RemoteJob) -> RemoteState:
        """One question; an unknown word means: go on asking."""
        answer = self.api.repeatable("GET", f"{_path(job)}/status")
        match answer:
            case {"status": str(status)}:
                return self._state(job, status.lower(), answer)
            case _:
                raise Trouble(Kind.GARBLED, f"the state of {job.remote_id}")

    def _state(self, job: RemoteJob, status: str, answer: Mapping[str, Any]) -> RemoteState:
        if status in _DONE:
            return Succeeded()
        if status in _STOPPED:
            return Failed(Trouble(Kind.STOPPED, said_in(answer)))
        if status in _FAILED:
            said = said_in(answer) or self._reason(job)
            return Failed(Trouble(judge_words(said, otherwise=Kind.FAILED), said))
        if status in _WAITING:
            position = answer.get("queue_position")
            return Queued(position if isinstance(position, int) else None)
        return Running()

    def _reason(self, job: RemoteJob) -> str:
        """The result of a failed request says why, sometimes by failing itself."""
        try:
            return said_in(self.api.repeatable("GET", f"{_path(job)}/result", quick=True))
        except Trouble as trouble:
            return trouble.said

    def fetch(self, job: RemoteJob) -> Delivery:
        """The result, with its cost where that can be asked for."""
        try:
            answer = self.api.repeatable("GET", f"{_path(job)}/result?include_cost=true")
        except Trouble as trouble:
            if trouble.kind not in {Kind.NOT_FOUND, Kind.REQUEST}:
                raise
            answer = self.api.repeatable("GET", f"{_path(job)}/result")
        match answer:
            case {"status": str(status)} if status.lower() in _FAILED | _STOPPED:
                said = said_in(answer)
                raise Trouble(judge_words(said, otherwise=Kind.FAILED), said, ended=True)
            case {"status": str(status)} if status.lower() not in _DONE:
                raise Trouble(Kind.NOT_READY)
            case {"output": output, **rest} if outputs_in(output):
                return Delivery(outputs=outputs_in(output), cost_usd=_cost(rest.get("cost")))
            case {"status": str()}:
                said = said_in(answer) or "no layers in the answer"
                kind = judge_words(said, otherwise=Kind.FAILED)
                raise Trouble(kind, said, completed=True)
            case _:
                raise Trouble(Kind.GARBLED, f"the result of {job.remote_id}")

    def cancel(self, job: RemoteJob) -> str:
        """Only a queued request can be stopped; both outcomes are HTTP 200."""
        match self.api.repeatable("POST", f"{_path(job)}/cancel", quick=True):
            case {"outcome": "not_cancellable"}:
                return (
                    "The job was already running: RunComfy finishes and charges it. "
                    f"Its id there is {job.remote_id}."
                )
            case {"outcome": "cancelled"} | {"status": "cancelled" | "canceled"}:
                return "RunComfy stopped the job before it ran; it is not charged."
            case _:
                return CAPABILITIES[self.name].cancel_note

    def find(self, order: Order, picture: str, lost: Lost) -> RemoteJob | None:
        """There is no list."""
        del order, picture, lost
        return None

    def test_key(self) -> str:
        """Read the model's page."""
        self.api.repeatable("GET", f"/v1/models/{MODEL}")
        return "RunComfy accepts the key."

    def close(self) -> None:
        """Nothing of its own."""


def sampler(order: Order) -> dict[str, Any]:
    """The fields that RunComfy and fal, whose model it is, share; defaults are left to them."""
    chosen = {
        "prompt": order.prompt or None,
        "negative_prompt": order.negative_prompt or None,
        "num_inference_steps": order.steps,
        "guidance_scale": order.guidance,
        "seed": order.seed,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _path(job: RemoteJob) -> str:
    return f"/v1/requests/{in_path(job.remote_id)}"


def _cost(value: Any) -> float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return float(value)
        case {"usd": int() | float() as usd} | {"total": int() | float() as usd}:
            return float(usd)
        case str():
            try:
                return float(value.strip(" $"))
            except ValueError:
                return None
        case _:
            return None


def explain(status: int, body: Any) -> Trouble | None:
    """An ``error_code`` counts with any HTTP status, 200 included."""
    match body:
        case {"error_code": int(code)} if code not in {0, 200}:
            said = said_in(body)
            kind = _CODES.get(code)
            if kind is None:
                return judge(max(status, 400), said)
            return Trouble(kind, said, status=status)
        case _:
            return None


def hosted() -> Hosted:
    """The provider."""
    return Hosted(name="runcomfy", hosts=HOSTS, explain=explain, service=RunComfy)

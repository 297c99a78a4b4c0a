"""Replicate: predictions, whose pictures, inputs and logs vanish an hour later.

https://replicate.com/docs/reference/http (read 2026-09-21)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from layersplit.capabilities import CAPABILITIES
from layersplit.providers.hosted import Hosted
from layersplit.remote.addresses import in_path
from layersplit.remote.outputs import data_address, outputs_in
from layersplit.remote.recent import pick, recent_in, rows_in
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
from layersplit.remote.trouble import Kind, Trouble, judge_words

MODEL: Final = CAPABILITIES["replicate"].model
INLINE_BYTES: Final = 256 * 1000
"""What the service recommends at most for a picture inside a request."""

HOSTS: Final = {"": "https://api.replicate.com"}


@dataclass
class Replicate:
    """Our nouns into Replicate's and back. Layers come bottom first."""

    api: Transport
    name: ClassVar[str] = "replicate"
    media_type: ClassVar[str] = "image/png"
    side_multiple: ClassVar[int] = 1
    lists_jobs: ClassVar[bool] = True
    poll_s: ClassVar[float] = 1.0
    deadline_s: ClassVar[float] = 1800.0

    def quote(self, order: Order) -> float | None:
        """There is no call for it."""
        del order
        return None

    def upload(self, order: Order, parcel: Parcel) -> str:
        """A small picture goes inside the request, any other becomes a file."""
        del order
        inline = data_address(parcel.content, parcel.media_type)
        if len(inline) <= INLINE_BYTES:
            return inline
        files = {"content": (parcel.filename, parcel.content, parcel.media_type)}
        match self.api.repeatable("POST", "/v1/files", files=files):
            case {"urls": {"get": str(address)}}:
                return address
            case _:
                raise Trouble(Kind.GARBLED, "upload")

    def submit(self, order: Order, picture: str) -> RemoteJob:
        """Without ``Prefer: wait``: a blocked request could not be resumed."""
        asked: dict[str, Any] = {
            "image": picture,
            "num_layers": order.layer_count,
            "output_format": "png",
        }
        if order.prompt:
            asked["description"] = order.prompt
        if order.seed is not None:
            asked["seed"] = order.seed
        body = {"input": asked}
        match self.api.submit_once(f"/v1/models/{MODEL}/predictions", json=body):
            case {"id": str(remote_id)} if remote_id:
                return RemoteJob(remote_id=remote_id)
            case _:
                raise Trouble(Kind.GARBLED, "no id of a prediction")

    def poll(self, job: RemoteJob) -> RemoteState:
        """One question."""
        prediction = self._prediction(job)
        match str(prediction["status"]).lower():
            case "succeeded":
                return Succeeded()
            case "failed":
                said = str(prediction.get("error") or "")
                return Failed(Trouble(judge_words(said, otherwise=Kind.FAILED), said))
            case "canceled" | "cancelled" | "aborted":
                return Failed(Trouble(Kind.STOPPED, str(prediction.get("error") or "")))
            case "starting" | "queued":
                return Queued()
            case _:
                return Running()

    def fetch(self, job: RemoteJob) -> Delivery:
        """The outputs, if they have not vanished."""
        prediction = self._prediction(job)
        if prediction["status"].lower() != "succeeded":
            raise Trouble(Kind.NOT_READY)
        outputs = outputs_in(prediction.get("output"))
        if not outputs and prediction.get("data_removed"):
            said = "predictions are removed after one hour"
            raise Trouble(Kind.GONE, said, completed=True)
        return Delivery(outputs=outputs)

    def _prediction(self, job: RemoteJob) -> Mapping[str, Any]:
        prediction = self.api.repeatable("GET", f"/v1/predictions/{in_path(job.remote_id)}")
        match prediction:
            case Mapping() if isinstance(prediction.get("status"), str):
                return prediction
            case _:
                raise Trouble(Kind.GARBLED, f"the state of {job.remote_id}")

    def cancel(self, job: RemoteJob) -> str:
        """Stops a running prediction too."""
        path = f"/v1/predictions/{in_path(job.remote_id)}/cancel"
        self.api.repeatable("POST", path, quick=True)
        return CAPABILITIES[self.name].cancel_note

    def find(self, order: Order, picture: str, lost: Lost) -> RemoteJob | None:
        """In the list of predictions, the newest first."""
        del order
        items = rows_in(self.api.repeatable("GET", "/v1/predictions"))
        if items is None:
            raise Trouble(Kind.GARBLED, "the list of predictions")
        return pick(recent_in(items), MODEL, picture, lost)

    def test_key(self) -> str:
        """Read the model's page."""
        self.api.repeatable("GET", f"/v1/models/{MODEL}")
        return "Replicate accepts the key."

    def close(self) -> None:
        """Nothing of its own."""


def explain(status: int, body: Any) -> Trouble | None:
    """RFC 7807; a throttled request may tell the wait in its body."""
    match body:
        case {"retry_after": int() | float() as wait_s} if status == 429:
            return Trouble(
                Kind.RATE, str(body.get("detail") or ""), wait_s=float(wait_s), status=status
            )
        case _:
            return None


def hosted() -> Hosted:
    """The provider."""
    return Hosted(name="replicate", hosts=HOSTS, explain=explain, service=Replicate)

"""WaveSpeedAI: predictions, in an envelope of ``code``, ``message`` and ``data``.

https://wavespeed.ai/docs/docs-api/wavespeed-ai/qwen-image-layered (read 2026-09-21)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from layersplit.capabilities import CAPABILITIES
from layersplit.providers.hosted import Hosted
from layersplit.remote.addresses import in_path
from layersplit.remote.outputs import outputs_in
from layersplit.remote.recent import EARLIER_S, LATER_S, pick, recent_in, rows_in
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

MODEL: Final = CAPABILITIES["wavespeed"].model
_ENDED: Final = {"failed", "timeout", "deleted", "cancelled", "canceled"}
_TASK_CODES: Final = {
    1200: Kind.MODERATION,
    1400: Kind.REQUEST,
    1401: Kind.REQUEST,
    1402: Kind.PICTURE,
    1403: Kind.FAILED,
    1405: Kind.FAILED,
    5000: Kind.FAILED,
    5003: Kind.FAILED,
    5004: Kind.TIMED_OUT,
}
"""``data.code``: https://wavespeed.ai/docs/error-codes"""
_NEEDS_OTHER_UPLOAD: Final = {Kind.NOT_FOUND, Kind.GARBLED, Kind.REQUEST, Kind.UNSAFE, Kind.GONE}

HOSTS: Final = {"": "https://api.wavespeed.ai"}


@dataclass
class WaveSpeed:
    """Our nouns into WaveSpeedAI's and back. Layers come bottom first."""

    api: Transport
    name: ClassVar[str] = "wavespeed"
    media_type: ClassVar[str] = "image/png"
    side_multiple: ClassVar[int] = 1
    lists_jobs: ClassVar[bool] = True
    poll_s: ClassVar[float] = 1.0
    deadline_s: ClassVar[float] = 1800.0

    def quote(self, order: Order) -> float | None:
        """Ask for the price; the discounted one is the one that is paid."""
        body = {"model_id": MODEL, "inputs": {"num_layers": order.layer_count}}
        answer = self.api.repeatable("POST", "/api/v3/model/price", json=body, quick=True)
        data = _data(answer)
        prices = [_amount(data.get(name)) for name in ("price", "discounted_price")]
        told = [price for price in prices if price is not None and price > 0]
        return min(told) if told else None

    def upload(self, order: Order, parcel: Parcel) -> str:
        """By ticket, the newer way; as a form where the server does not know tickets."""
        del order
        try:
            return self._upload_by_ticket(parcel)
        except Trouble as trouble:
            if trouble.kind not in _NEEDS_OTHER_UPLOAD:
                raise
        answer = self.api.repeatable(
            "POST",
            "/api/v3/media/upload/binary",
            files={"file": (parcel.filename, parcel.content, parcel.media_type)},
        )
        return _download_url(_data(answer))

    def _upload_by_ticket(self, parcel: Parcel) -> str:
        about = {
            "filename": parcel.filename,
            "size": len(parcel.content),
            "content_type": parcel.media_type,
        }
        data = _data(self.api.repeatable("POST", "/api/v3/media/uploads", json=about))
        match data:
            case {"upload": {"url": str(url), **rest}}:
                method = str(rest.get("method") or "PUT").upper()
                headers = rest.get("headers") or {}
                if method not in {"PUT", "POST"} or not isinstance(headers, Mapping):
                    raise Trouble(Kind.GARBLED, "upload")
                own = {str(name): str(value) for name, value in headers.items()}
                self.api.put_elsewhere(method, url, parcel.content, own)
            case _:
                raise Trouble(Kind.GARBLED, "upload")
        return _download_url(data)

    def submit(self, order: Order, picture: str) -> RemoteJob:
        """Always asynchronous: a blocked request could not be resumed."""
        body = {
            "image": picture,
            "num_layers": order.layer_count,
            "enable_sync_mode": False,
            "enable_base64_output": False,
        }
        if order.prompt:
            body["prompt"] = order.prompt
        answer = self.api.submit_once(f"/api/v3/{MODEL}", json=body)
        match _data(answer):
            case {"id": str(remote_id)} if remote_id:
                return RemoteJob(remote_id=remote_id)
            case _:
                raise Trouble(Kind.GARBLED, "no id of a job")

    def poll(self, job: RemoteJob) -> RemoteState:
        """One question."""
        data = self._result(job)
        match data:
            case {"status": str(status)}:
                return _state(status.lower(), data)
            case _:
                raise Trouble(Kind.GARBLED, f"the state of {job.remote_id}")

    def fetch(self, job: RemoteJob) -> Delivery:
        """The same question once more: its links are fresh then."""
        data = self._result(job)
        if str(data.get("status")).lower() != "completed":
            raise Trouble(Kind.NOT_READY)
        flags = data.get("has_nsfw_contents")
        if flags is True or (isinstance(flags, list) and any(flag is True for flag in flags)):
            raise Trouble(Kind.MODERATION, "layers are marked as not safe for work", completed=True)
        return Delivery(outputs=outputs_in(data.get("outputs")))

    def _result(self, job: RemoteJob) -> Mapping[str, Any]:
        path = f"/api/v3/predictions/{in_path(job.remote_id)}/result"
        return _data(self.api.repeatable("GET", path))

    def cancel(self, job: RemoteJob) -> str:
        """There is no call for it."""
        return f"{CAPABILITIES[self.name].cancel_note} Its id there is {job.remote_id}."

    def find(self, order: Order, picture: str, lost: Lost) -> RemoteJob | None:
        """In the list of recent predictions."""
        del order
        window = {
            "created_after": _moment(lost.sent - EARLIER_S),
            "created_before": _moment(lost.sent + LATER_S),
        }
        page = {"page": 1, "page_size": 100}
        try:
            answer = self.api.repeatable("POST", "/api/v3/predictions", json=page | window)
        except Trouble as trouble:
            if trouble.kind is not Kind.REQUEST:
                raise
            answer = self.api.repeatable("POST", "/api/v3/predictions", json=page)
        items = rows_in(answer)
        if items is None:
            raise Trouble(Kind.GARBLED, "the list of predictions")
        return pick(recent_in(items), MODEL, picture, lost)

    def test_key(self) -> str:
        """The balance."""
        data = _data(self.api.repeatable("GET", "/api/v3/balance"))
        return f"The key works; the balance is ${_amount(data.get('balance')) or 0.0:.2f}."

    def close(self) -> None:
        """Nothing of its own."""


def _state(status: str, data: Mapping[str, Any]) -> RemoteState:
    if status == "completed":
        return Succeeded()
    if status in _ENDED:
        return Failed(_why(status, data))
    return Queued() if status in {"created", "pending", "queued"} else Running()


def _why(status: str, data: Mapping[str, Any]) -> Trouble:
    said = str(data.get("error") or "")
    if status == "timeout":
        return Trouble(Kind.TIMED_OUT, said)
    if status != "failed":
        return Trouble(Kind.STOPPED, said or status)
    code = data.get("code")
    kind = _TASK_CODES.get(code) if isinstance(code, int) else None
    return Trouble(kind or judge_words(said, otherwise=Kind.FAILED), said)


def _data(answer: Any) -> Mapping[str, Any]:
    """The envelope's content; a bare prediction is taken too."""
    match answer:
        case {"data": Mapping() as data}:
            return data
        case Mapping() if {"id", "download_url", "price"} & set(answer):
            return answer
        case _:
            raise Trouble(Kind.GARBLED, "no data")


def _download_url(data: Mapping[str, Any]) -> str:
    for name in ("download_url", "url"):
        value = data.get(name)
        if isinstance(value, str) and value:
            return value
    raise Trouble(Kind.GARBLED, "the uploaded picture has no address")


def _amount(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def explain(status: int, body: Any) -> Trouble | None:
    """The envelope's own code counts, also inside an HTTP 200."""
    match body:
        case {"data": {"id": str(remote_id), "status": str()}} if remote_id:
            return None  # a job, whatever became of it: poll() reads it
        case {"code": int(code)} if status < 300 and not 200 <= code < 300 and code != 0:
            if code in _TASK_CODES:
                return Trouble(_TASK_CODES[code], said_in(body), status=status)
            return judge(code if 400 <= code < 600 else 400, said_in(body))
        case _:
            return None


def hosted() -> Hosted:
    """The provider."""
    return Hosted(name="wavespeed", hosts=HOSTS, explain=explain, service=WaveSpeed)

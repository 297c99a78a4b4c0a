"""fal: a queue whose every answer names the next addresses.

https://fal.ai/models/fal-ai/qwen-image-layered/llms.txt and docs.fal.ai (read 2026-09-21). There
is no state "failed": a failed request is COMPLETED with an error, or its result is an HTTP error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Final

from layersplit.capabilities import CAPABILITIES
from layersplit.providers.hosted import Hosted
from layersplit.providers.runcomfy import sampler
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
from layersplit.remote.timing import pause
from layersplit.remote.transport import Transport
from layersplit.remote.trouble import Kind, Trouble, judge, judge_words
from layersplit.remote.wire import said_in

MODEL: Final = CAPABILITIES["fal"].model
INLINE_BYTES: Final = 1024**2
"""A larger picture is uploaded: somebody saw long requests time out without a word."""
LARGEST_INLINE_BYTES: Final = 4 * 1024**2
RESULT_ATTEMPTS: Final = 4
_OF_A_RESULT: Final = {Kind.FAILED, Kind.TIMED_OUT}
_REFUSALS: Final = {413, 422, 499}
"""What a request itself ended in, as against what is wrong with the question for its result."""
_TIMEOUTS: Final = {"request_timeout", "startup_timeout", "generation_timeout"}

HOSTS: Final = {
    "": "https://queue.fal.run",
    "rest": "https://rest.fal.ai",
}


@dataclass
class Fal:
    """Our nouns into fal's and back. Layers are taken as bottom first; fal does not promise it."""

    api: Transport
    name: ClassVar[str] = "fal"
    media_type: ClassVar[str] = "image/webp"
    side_multiple: ClassVar[int] = 1
    lists_jobs: ClassVar[bool] = False
    poll_s: ClassVar[float] = 1.0
    deadline_s: ClassVar[float] = 1800.0

    def quote(self, order: Order) -> float | None:
        """There is no call for it."""
        del order
        return None

    def upload(self, order: Order, parcel: Parcel) -> str:
        """A small picture goes inside the request, where no copy of it is left lying about."""
        del order
        inline = data_address(parcel.content, parcel.media_type)
        if len(inline) <= INLINE_BYTES:
            return inline
        try:
            return self._stored(parcel)
        except Trouble as trouble:
            unknown = trouble.kind in {Kind.NOT_FOUND, Kind.GARBLED, Kind.UNSAFE}
            if not unknown or len(inline) > LARGEST_INLINE_BYTES:
                raise
            return inline

    def _stored(self, parcel: Parcel) -> str:
        match self._initiate(parcel.filename, parcel.media_type):
            case {"upload_url": str(upload), "file_url": str(file)}:
                headers = {"Content-Type": parcel.media_type}
                self.api.put_elsewhere("PUT", upload, parcel.content, headers)
                return file
            case _:
                raise Trouble(Kind.GARBLED, "upload")

    def _initiate(self, filename: str, media_type: str) -> Any:
        about = {"file_name": filename, "content_type": media_type}
        path = "/storage/upload/initiate?storage_type=gcs"
        return self.api.repeatable("POST", path, json=about, role="rest")

    def submit(self, order: Order, picture: str) -> RemoteJob:
        """Into the queue."""
        body = {
            "image_url": picture,
            "num_layers": order.layer_count,
            "output_format": "png",
            **sampler(order),
        }
        answer = self.api.submit_once(f"/{MODEL}", json=body)
        match answer:
            case {"request_id": str(remote_id)} if remote_id:
                return RemoteJob(remote_id=remote_id, links=self._links(answer))
            case _:
                raise Trouble(Kind.GARBLED, "no request_id")

    def _links(self, answer: Mapping[str, Any]) -> dict[str, str]:
        """The paths it named, if they are on fal's own hosts, for the key goes there."""
        named = {name: answer.get(f"{name}_url") for name in ("status", "response", "cancel")}
        paths = {
            name: self.api.addresses.own_path(link)
            for name, link in named.items()
            if isinstance(link, str)
        }
        return {name: path for name, path in paths.items() if path}

    def _path(self, job: RemoteJob, name: str) -> str:
        if name in job.links:
            return job.links[name]
        ending = "" if name == "response" else f"/{name}"
        return f"/{MODEL}/requests/{in_path(job.remote_id)}{ending}"

    def poll(self, job: RemoteJob) -> RemoteState:
        """One question."""
        answer = self.api.repeatable("GET", self._path(job, "status"))
        match answer:
            case {"status": str(status)}:
                state = _state(status.upper(), answer)
            case _:
                raise Trouble(Kind.GARBLED, f"the state of {job.remote_id}")
        if isinstance(state, Failed):
            self._add_reason(job, state.trouble)
        return state

    def _add_reason(self, job: RemoteJob, trouble: Trouble) -> None:
        """The state names an error; the result tells more of it."""
        try:
            self.api.repeatable(
                "GET", self._path(job, "response"), quick=True, explain=explain_result
            )
        except Trouble as reason:
            if reason.status is not None and reason.said:
                trouble.said = reason.said
            if trouble.kind is Kind.FAILED and reason.ended:
                trouble.kind = reason.kind

    def fetch(self, job: RemoteJob) -> Delivery:
        """The result: the output itself, or the error that it ended in.

        A server error of fal's own may be the result or a failure to hand it out: the same answer
        several times is the result.
        """
        for attempt in count():
            try:
                return self._result(job)
            except Trouble as trouble:
                if trouble.kind not in _OF_A_RESULT or attempt == RESULT_ATTEMPTS - 1:
                    trouble.ended = trouble.ended or trouble.kind in _OF_A_RESULT
                    raise
            self.api.run.wait(pause(self.api.timing, attempt, None))
        raise AssertionError  # count() does not end

    def _result(self, job: RemoteJob) -> Delivery:
        answer = self.api.repeatable("GET", self._path(job, "response"), explain=explain_result)
        match answer:
            case {"status": "IN_QUEUE" | "IN_PROGRESS"}:
                raise Trouble(Kind.NOT_READY)
            case {"has_nsfw_concepts": [*flags]} if any(flag is True for flag in flags):
                raise Trouble(
                    Kind.MODERATION, "layers are marked as not safe for work", completed=True
                )
            case {"images": images}:
                return Delivery(outputs=outputs_in(images))
            case {"response": {"images": images}} | {"data": {"images": images}}:
                return Delivery(outputs=outputs_in(images))
            case _:
                raise Trouble(Kind.GARBLED, f"the result of {job.remote_id}")

    def cancel(self, job: RemoteJob) -> str:
        """A request; one that runs may still complete."""
        try:
            self.api.repeatable("PUT", self._path(job, "cancel"), quick=True)
        except Trouble as trouble:
            if trouble.status == 400:
                return f"The job had already finished and is charged; its id is {job.remote_id}."
            raise
        return CAPABILITIES[self.name].cancel_note

    def find(self, order: Order, picture: str, lost: Lost) -> RemoteJob | None:
        """There is no list."""
        del order, picture, lost
        return None

    def test_key(self) -> str:
        """Ask for a place to upload to, and leave it empty."""
        self._initiate("picture.png", "image/png")
        return "fal accepts the key."

    def close(self) -> None:
        """Nothing of its own."""


def _state(status: str, answer: Mapping[str, Any]) -> RemoteState:
    if status == "IN_QUEUE":
        position = answer.get("queue_position")
        return Queued(position if isinstance(position, int) else None)
    if status != "COMPLETED":
        return Running()
    said = said_in(answer)
    name = str(answer.get("error_type") or "")
    if not (said or name):
        return Succeeded()
    if name in _TIMEOUTS:
        return Failed(Trouble(Kind.TIMED_OUT, said))
    if "cancel" in name:
        return Failed(Trouble(Kind.STOPPED, said))
    return Failed(Trouble(judge_words(f"{said} {name}", otherwise=Kind.FAILED), said or name))


def _is_locked(said: str) -> bool:
    return any(word in said.lower() for word in ("locked", "balance", "top up", "top_up"))


def explain(status: int, body: Any) -> Trouble | None:
    """403 is a locked account more often than a wrong key, and its text says which."""
    match body:
        case {"detail": str(said)} if status == 403 and _is_locked(said):
            return Trouble(Kind.NO_BALANCE, said, status=status)
        case {"detail": [{"type": str(name), **_rest}, *_]} if _is_moderation(status, name):
            return Trouble(Kind.MODERATION, said_in(body), status=status)
        case _ if status in (401, 403):
            return Trouble(Kind.BAD_KEY, said_in(body), status=status)
        case _:
            return None


def _is_moderation(status: int, name: str) -> bool:
    return status >= 400 and judge_words(name, otherwise=Kind.FAILED) is Kind.MODERATION


def explain_result(status: int, body: Any) -> Trouble | None:
    """The result of a request that failed is the error, with the error's own status."""
    match body:
        case {"error_type": str(name)} if name and (status == 400 or status >= 500):
            kind = Kind.TIMED_OUT if name in _TIMEOUTS else Kind.FAILED
            return Trouble(kind, said_in(body) or name, status=status)
    trouble = explain(status, body)
    if trouble is None and status in _REFUSALS:
        trouble = judge(status, said_in(body))
    if trouble is not None and status in _REFUSALS:
        trouble.ended = True
    return trouble


def hosted() -> Hosted:
    """The provider."""
    return Hosted(name="fal", hosts=HOSTS, explain=explain, service=Fal, scheme="Key")

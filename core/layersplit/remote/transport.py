"""HTTP with a service, in two manners whose names carry the safety property.

``submit_once`` sends a request that creates something and is billed: one attempt, and when its
answer is lost it says so instead of trying again. ``repeatable`` is for everything else.

The key is a header of requests below the service's own addresses, set request by request; nothing
is redirected; whatever httpx raises is mapped here, once.
"""

from __future__ import annotations

import json as json_module
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from layersplit import __version__
from layersplit.remote.addresses import Addresses, SafeLink, safe_link
from layersplit.remote.exchange import in_background
from layersplit.remote.timing import Timing, pause, retry_after
from layersplit.remote.trouble import DOUBTFUL, PASSING, AnswerLost, Kind, Trouble, judge, tidy
from layersplit.remote.wire import (
    Reply,
    certainly_not_sent,
    is_page,
    mapped,
    proxied,
    said_in,
    tls_context,
)
from layersplit.run import Run

if TYPE_CHECKING:  # it takes 0.1 s to import, and most runs need no network
    import httpx

LOG: Final = logging.getLogger("layersplit.remote")
MAX_ANSWER_BYTES: Final = 160 * 1024**2
"""Answers may carry layers as text; a JSON answer longer than this is no such thing."""
DOUBTFUL_ATTEMPTS: Final = 3
QUICK_S: Final = 4.0
LONGEST_READ_S: Final = 240.0
SLOWEST_UPLOAD_BYTES_PER_S: Final = 16_000

Explain = Callable[[int, Any], Trouble | None]
Files = Mapping[str, tuple[str, bytes, str]]


class Transport:
    """The way to one service, for one run.

    ``key_header``: name and value of the header with the key. ``secret``: the key itself, so that
    it can be taken out of foreign words. ``explain``: the service's reading of a status and a JSON
    body; a Trouble, or None when the answer is good.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        run: Run,
        timing: Timing,
        explain: Explain,
        key_header: tuple[str, str] | None = None,
        secret: str | None = None,
    ) -> None:
        self.addresses: Final = addresses
        self.run = run
        """Replaced by one that nobody stops when the service is to be told to stop."""
        self.timing: Final = timing
        self.job_exists = False
        """Set when a job is at stake: from then on patience pays."""
        self.clock_ahead_s = 0.0
        """How far the service's clock is ahead of ours, from its last answer."""
        self._explain: Final = explain
        self._key_header: Final = key_header
        self._secret: Final = secret
        self._client: httpx.Client | None = None
        self._opening: Final = threading.Lock()

    # the two manners

    def submit_once(
        self, path: str, *, json: Any, headers: Mapping[str, str] | None = None, role: str = ""
    ) -> Any:
        """Send a request that creates (and bills) something: at most one attempt.

        It blocks for up to ``submit_limit_s``, deaf to a cancel: an answer that is on its way must
        not be missed. Returns the JSON answer. Raises AnswerLost when nobody knows whether it took
        effect, and a plain Trouble when it certainly did not.
        """
        request = self._request("POST", path, role, json=json, headers=headers)
        # A connection of its own: the server may close a kept one at this very moment, and then
        # nobody would know whether the request was read.
        with self._new_client() as client:
            try:
                reply = self._send(request, 3 * self.timing.answer_s, client=client)
            except Trouble as trouble:
                if certainly_not_sent(trouble):
                    raise
                raise AnswerLost(trouble.kind, trouble.said) from trouble
        if reply.status >= 500 and not _declined(reply):
            said = self.words_of(reply)
            raise AnswerLost(Kind.BUSY, said, status=reply.status)
        try:
            return self._read(reply)
        except Trouble as trouble:
            doubtful = trouble.kind in DOUBTFUL or trouble.kind is Kind.BUSY
            if doubtful and reply.status < 300:
                raise AnswerLost(trouble.kind, trouble.said) from trouble
            raise

    @property
    def submit_limit_s(self) -> float:
        """How long ``submit_once`` may block."""
        return self.timing.connect_s + 7 * self.timing.answer_s

    def repeatable(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        files: Files | None = None,
        fields: Mapping[str, str] | None = None,
        role: str = "",
        quick: bool = False,
        explain: Explain | None = None,
    ) -> Any:
        """Send a request that costs nothing, again and again while that can help.

        Returns the JSON answer. ``files`` and ``fields`` make a form. ``quick``: one attempt of a
        few seconds, for what the run can do without. ``explain``: for an answer that is to be read
        otherwise than the service's others. Raises Trouble and Cancelled.
        """

        def attempt() -> Any:
            request = self._request(method, path, role, json=json, files=files, fields=fields)
            return self._read(self._exchange(request, quick=quick), explain)

        return self._again(attempt, quick=quick)

    def put_elsewhere(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str]
    ) -> None:
        """Bring ``content`` to an address that the service named, without the key."""

        def attempt() -> None:
            link = self.check_link(url)
            reply = self._exchange(self._foreign(method, link, content, headers))
            if reply.status in (400, 401, 403, 404, 405, 410):
                # Somebody else's server: this says nothing of the key or the account.
                raise Trouble(Kind.NOT_FOUND, "the place for the upload", status=reply.status)
            if reply.status >= 300:
                raise judge(reply.status, "", retry_after(reply.headers.get("retry-after")))

        self._again(attempt)

    def read_elsewhere(self, link: SafeLink, max_bytes: int) -> Reply:
        """One attempt to read ``link`` (or the redirect it answers with), without the key.

        To be called from a thread: it is not interrupted by a cancel.
        """
        # Closed after the answer, because nobody waits for the others when one layer has failed.
        request = self._foreign("GET", link, None, {"Connection": "close"})
        return self._send(
            request, self.timing.answer_s, max_bytes=max_bytes, total_s=LONGEST_READ_S
        )

    def check_link(self, url: str) -> SafeLink:
        """``url`` from an answer, checked; raises Trouble."""
        try:
            return safe_link(url, self.addresses, proxied=proxied(url))
        except OSError:
            raise Trouble(Kind.OFFLINE) from None

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    # one exchange

    def _again(self, attempt: Callable[[], Any], *, quick: bool = False) -> Any:
        start = time.monotonic()
        number = 0
        while True:
            self.run.check()
            try:
                return attempt()
            except TimeoutError:
                trouble = Trouble(Kind.SLOW)
            except Trouble as raised:
                trouble = raised
            number += 1
            patience_s = self.timing.patience_s if self.job_exists else self.timing.early_s
            wait_s = pause(self.timing, number - 1, trouble.wait_s)
            hopeless = trouble.kind not in PASSING and (
                trouble.kind not in DOUBTFUL or number >= DOUBTFUL_ATTEMPTS
            )
            late = time.monotonic() + wait_s - start > patience_s
            if hopeless or late or quick:
                raise trouble
            LOG.info("%s, asking again in %.1f s", trouble.kind.value, wait_s)
            self.run.wait(wait_s)

    def _request(
        self,
        method: str,
        path: str,
        role: str,
        *,
        json: Any = None,
        files: Files | None = None,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        own = dict(headers or {})
        if self._key_header is not None:
            own[self._key_header[0]] = self._key_header[1]
        url = self.addresses.url(path, role)
        return self._open().build_request(
            method, url, json=json, files=files, data=fields, headers=own
        )

    def _foreign(
        self, method: str, link: SafeLink, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Request:
        """A request to a checked address; the name stays in TLS and in the header Host."""
        import httpx  # noqa: PLC0415 - see the top

        url = httpx.URL(link.url)
        extensions: dict[str, Any] = {}
        own = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        if link.connect_to is not None and link.connect_to != link.host:
            own["Host"] = url.netloc.decode("ascii")
            extensions["sni_hostname"] = url.host
            url = url.copy_with(host=link.connect_to)
        return self._open().build_request(
            method, url, content=content, headers=own, extensions=extensions
        )

    def _exchange(self, request: httpx.Request, *, quick: bool = False) -> Reply:
        """Send and read in a thread of its own; raises Trouble, Cancelled, TimeoutError."""
        answer_s = min(QUICK_S, self.timing.answer_s) if quick else self.timing.answer_s
        length = int(request.headers.get("content-length", 0))
        limit_s = self.timing.connect_s + 2 * answer_s + length / SLOWEST_UPLOAD_BYTES_PER_S
        started = time.monotonic()
        reply = in_background(lambda: self._send(request, answer_s), run=self.run, limit_s=limit_s)
        LOG.info(
            "%s %s %s %d, %d bytes, %.2f s",
            request.method,
            request.url.host,
            request.url.path,
            reply.status,
            len(reply.content),
            time.monotonic() - started,
        )
        return reply

    def _send(
        self,
        request: httpx.Request,
        answer_s: float,
        *,
        max_bytes: int = MAX_ANSWER_BYTES,
        total_s: float | None = None,
        client: httpx.Client | None = None,
    ) -> Reply:
        import httpx  # noqa: PLC0415 - see the top

        client = client or self._open()
        request.extensions["timeout"] = httpx.Timeout(
            answer_s, connect=self.timing.connect_s
        ).as_dict()
        content = bytearray()
        give_up = time.monotonic() + (total_s or self.timing.connect_s + 2 * answer_s)
        try:
            response = client.send(request, stream=True, follow_redirects=False)
            try:
                for part in response.iter_bytes():
                    content += part
                    if len(content) > max_bytes:
                        raise Trouble(Kind.GARBLED, f"more than {max_bytes >> 20} MiB")
                    if time.monotonic() > give_up:
                        raise Trouble(Kind.SLOW)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
            raise mapped(error, request) from error
        self._note_clock(response.headers.get("date"))
        return Reply(
            status=response.status_code, headers=dict(response.headers), content=bytes(content)
        )

    def _read(self, reply: Reply, explain: Explain | None = None) -> Any:
        """The JSON of a good answer; raises the Trouble of any other."""
        wait_s = retry_after(reply.headers.get("retry-after"))
        try:
            body = json_module.loads(reply.content) if reply.content else None
        except (ValueError, RecursionError):
            body = None
            if reply.status < 300:
                kind = Kind.CAPTIVE if is_page(reply) else Kind.GARBLED
                raise Trouble(kind, status=reply.status) from None
        trouble = (explain or self._explain)(reply.status, body)
        if trouble is None and reply.status >= 300:
            trouble = judge(reply.status, self.words_of(reply), wait_s)
        if trouble is not None:
            trouble.said = tidy(trouble.said, self._secret)
            if trouble.wait_s is None:
                trouble.wait_s = wait_s
            raise trouble
        return body

    def words_of(self, reply: Reply) -> str:
        """What a refusal says, whatever its form."""
        try:
            return tidy(said_in(json_module.loads(reply.content)), self._secret)
        except (ValueError, RecursionError):
            text = reply.content[:2000].decode("utf-8", "replace")
            return "" if is_page(reply) else tidy(text, self._secret)

    def clean(self, text: object) -> str:
        """Foreign words made fit to show."""
        return tidy(text, self._secret)

    def _note_clock(self, date: str | None) -> None:
        import email.utils  # noqa: PLC0415 - rarely needed

        try:
            theirs = email.utils.parsedate_to_datetime(date or "").timestamp()
        except ValueError:
            return
        self.clock_ahead_s = theirs - time.time()

    def _open(self) -> httpx.Client:
        with self._opening:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> httpx.Client:
        import httpx  # noqa: PLC0415 - see the top

        for chatty in ("httpx", "httpcore"):  # their records hold signed addresses
            logging.getLogger(chatty).setLevel(logging.WARNING)
        return httpx.Client(
            verify=tls_context(),
            follow_redirects=False,
            # A proxy has no business between this machine and itself.
            trust_env=self.addresses.is_public,
            headers={"User-Agent": f"Layersplit/{__version__}"},
            # On this machine a new connection is quicker than a kept one, on which many small
            # servers run into delayed acknowledgements (0.04 s for every answer).
            limits=httpx.Limits(max_keepalive_connections=None if self.addresses.is_public else 0),
        )


def _declined(reply: Reply) -> bool:
    """Whether a 5xx certainly means that nothing was done.

    A server that is too busy for a request says when to come back (RFC 9110, section 15.6.4); any
    other 5xx may come from a gateway behind which the request has arrived.
    """
    return reply.status == 503 and "retry-after" in reply.headers

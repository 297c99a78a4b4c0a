"""What httpx and the servers say, mapped once: certificates, proxies, failures, refusals."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from layersplit.remote.addresses import is_loopback
from layersplit.remote.trouble import Kind, Trouble, tidy

if TYPE_CHECKING:  # it takes 0.1 s to import, and most runs need no network
    import httpx


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates are always verified, against the system's store and certifi's together.

    The system's knows a company's proxy; certifi's is there where the system's cannot be found,
    as inside an AppImage.
    """
    import certifi  # noqa: PLC0415 - see the top

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def said_in(body: Any) -> str:  # noqa: PLR0911 - a table of forms
    """The message in a JSON refusal, in the forms that services use."""
    match body:
        case {"error_message": str(said)} if said:
            return said
        case {"message": str(said)} if said and said != "success":
            return said
        case {"error": str(said)} if said:
            return said
        case {"error": {"message": str(said)}} if said:
            return said
        case {"data": {"error": str(said)}} if said:
            return said
        case {"detail": str(said)} if said:
            return said
        case {"detail": [*items]} if items:
            return "; ".join(_item_said(item) for item in items[:3])
        case {"detail": {"message": str(said)} | {"msg": str(said)}} if said:
            return said
        case {"title": str(said)}:
            return said
        case _:
            return ""


def _item_said(item: Any) -> str:
    match item:
        case {"msg": str(said), "loc": [*_, str(place)]}:
            return f"{place}: {said}"
        case {"msg": str(said)} | str(said):
            return said
        case _:
            return ""


def is_page(reply: Reply) -> bool:
    """Whether an answer is a web page, whatever it calls itself."""
    if "html" in reply.headers.get("content-type", "").lower():
        return True
    start = reply.content[:200].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html"))


def proxied(url: str) -> bool:
    """Whether a request to ``url`` goes through a proxy of the environment or the system."""
    import urllib.request  # noqa: PLC0415 - it is slow to import
    from urllib.parse import urlsplit  # noqa: PLC0415 - as above

    parts = urlsplit(url)
    if is_loopback(parts.hostname or ""):
        return False
    proxies = urllib.request.getproxies()
    if parts.scheme not in proxies and "all" not in proxies:
        return False
    return not urllib.request.proxy_bypass(parts.hostname or "")


def certainly_not_sent(trouble: Trouble) -> bool:
    """Whether no connection was made, so that nothing can have arrived."""
    return trouble.kind in {Kind.OFFLINE, Kind.NO_ANSWER, Kind.TLS, Kind.PROXY}


def mapped(error: Exception, request: httpx.Request) -> Trouble:  # noqa: PLR0911 - a table
    """What a failure of httpx means, once for all."""
    import httpx  # noqa: PLC0415 - see the top

    port = f":{request.url.port}" if request.url.port else ""
    place = f"{request.url.scheme}://{request.url.host}{port}"
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    match error:
        case httpx.ProxyError():
            return Trouble(Kind.PROXY, tidy(error))
        case httpx.ConnectError() if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return Trouble(Kind.TLS, tidy(error))
        case httpx.ConnectError() if any(_is_lookup(cause) for cause in causes):
            return Trouble(Kind.OFFLINE)
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Trouble(Kind.NO_ANSWER, place)
        case httpx.TimeoutException():
            return Trouble(Kind.SLOW)
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return Trouble(Kind.UNSAFE, "not an address")
        case httpx.DecodingError():
            return Trouble(Kind.GARBLED)
        case _:
            return Trouble(Kind.DROPPED)


def _is_lookup(cause: BaseException) -> bool:
    import socket  # noqa: PLC0415 - httpx brought it

    return isinstance(cause, socket.gaierror)

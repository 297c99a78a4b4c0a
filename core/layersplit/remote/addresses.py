"""Where a service is, and which addresses of its answers may be followed.

A service has one base address, or several hosts of its own (fal). The variable
``LAYERSPLIT_<PROVIDER>_URL``, or the settings, replaces scheme, host and port of all of them. The
key is only ever sent to a path below these addresses. A link in an answer is somebody else's word:
it is followed without the key, over https, and never from a public service into a private network,
for there it could be made to reach a router or a server that trusts its neighbours.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from layersplit.errors import InputError
from layersplit.remote.trouble import Kind, Trouble

Resolver = Callable[[str, int], list[str]]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The hosts of one service. ``hosts``: role to base address; the role "" always exists."""

    hosts: Mapping[str, str]
    is_public: bool
    """Whether the service is out on the internet, as against this machine or its network."""
    official: tuple[str, ...] = field(default=())

    def url(self, path: str, role: str = "") -> str:
        """The address of ``path``, which begins with a slash and is already quoted."""
        return self.hosts.get(role, self.hosts[""]) + path

    def own_path(self, link: str) -> str | None:
        """Path and query of ``link`` when it lies on the service's own hosts, else None."""
        parts = urlsplit(link)
        if origin(parts) not in {
            origin(urlsplit(host)) for host in (*self.hosts.values(), *self.official)
        }:
            return None
        prefix = urlsplit(self.hosts[""]).path
        path = parts.path
        if prefix and path.startswith(prefix + "/"):
            path = path[len(prefix) :]
        return urlunsplit(("", "", path, parts.query, "")) if path.startswith("/") else None


def service_addresses(
    name: str, official: Mapping[str, str], chosen: Mapping[str, str], *, plain_http: bool = False
) -> Addresses:
    """The addresses of the service ``name``.

    ``official``: role to the published address. ``chosen``: those of the settings, by provider.
    ``plain_http``: whether the user may name a server elsewhere without TLS (ComfyUI).
    Raises InputError for an address that cannot be used.
    """
    variable = f"LAYERSPLIT_{name.upper()}_URL"
    address = os.environ.get(variable, "").strip() or chosen.get(name, "").strip()
    if not address:
        loopback = is_loopback(urlsplit(official[""]).hostname or "")
        return Addresses(hosts=dict(official), is_public=not loopback)
    parts = _checked(address, variable, plain_http=plain_http)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return Addresses(
        hosts=dict.fromkeys(official, base),
        is_public=not (plain_http or is_loopback(parts.hostname or "")),
        official=tuple(official.values()),
    )


def _checked(address: str, variable: str, *, plain_http: bool) -> SplitResult:
    def refuse(reason: str, remedy: str) -> InputError:
        return InputError(
            f"The address in {variable}, or in the settings, {reason}.",
            meaning="Nothing was sent.",
            remedy=remedy,
        )

    example = "Write it like https://host.example, or http://127.0.0.1:8188 for this machine."
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise refuse("is not an address", example) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise refuse("is not an http or https address", example)
    if parts.username or parts.password:
        raise refuse("holds a user name or a password", "Leave them out; they would be shown.")
    if parts.query or parts.fragment:
        raise refuse("has a query", example)
    if parts.scheme == "http" and not (plain_http or is_loopback(parts.hostname)):
        raise refuse(
            "is plain http, over which the key and the picture could be read",
            "Use https; http is accepted for this machine only.",
        )
    return parts


def origin(parts: SplitResult) -> tuple[str, str, int | None]:
    """Scheme, host and port: what browsers call the same origin."""
    try:
        port = parts.port
    except ValueError:
        port = -1
    return (parts.scheme, parts.hostname or "", port or _DEFAULT_PORTS.get(parts.scheme))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def in_path(remote_id: str) -> str:
    """An id from an answer as one path segment: it cannot climb to another address."""
    if not remote_id.strip(".") or len(remote_id) > 300:
        raise Trouble(Kind.GARBLED, f"an id that is none: {remote_id[:40]}")
    return quote(remote_id, safe="")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of ``host``, as the system orders them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, kw_only=True)
class SafeLink:
    """A link that may be followed. ``connect_to``: the address that was checked, or None.

    Connecting to the checked address closes the gap in which a name could change its meaning.
    """

    url: str = field(repr=False)
    host: str
    connect_to: str | None


def safe_link(
    url: str, addresses: Addresses | None, *, proxied: bool = False, resolver: Resolver = resolve
) -> SafeLink:
    """Check a link from an answer (or, with ``addresses`` None, a picture's public address).

    ``proxied``: a proxy resolves the name, so only what the link itself says can be checked.
    Raises Trouble(UNSAFE); OSError when the name cannot be resolved.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise Trouble(Kind.UNSAFE, "not an address") from None
    host = parts.hostname or ""
    if parts.username or parts.password or not host:
        raise Trouble(Kind.UNSAFE, "an address without a host, or with a password")
    ours = addresses is not None and (
        origin(parts) in {origin(urlsplit(base)) for base in addresses.hosts.values()}
        or (not addresses.is_public and is_loopback(host))
    )
    if parts.scheme != "https" and not (parts.scheme == "http" and ours):
        raise Trouble(Kind.UNSAFE, f"{parts.scheme or 'no'} address at {host}, not https")
    if ours or (addresses is not None and not addresses.is_public):
        return SafeLink(url=url, host=host, connect_to=None)
    if proxied and not _is_literal(host):
        return SafeLink(url=url, host=host, connect_to=None)
    found = [host] if _is_literal(host) else resolver(host, port)
    if not found or not all(_is_public(address) for address in found):
        raise Trouble(Kind.UNSAFE, f"{host} lies in a private network")
    return SafeLink(url=url, host=host, connect_to=None if proxied else found[0])


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast

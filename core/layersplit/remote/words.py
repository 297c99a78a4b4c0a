"""The words for every trouble: fact, meaning for the job and the money, remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from layersplit.capabilities import Capability
from layersplit.errors import (
    LayersplitError,
    ProviderError,
    RefusedError,
    SetupError,
    SubmissionUnknownError,
    UnreachableError,
)
from layersplit.remote.trouble import Kind, Trouble


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a job had come when something went wrong.

    ``sent``: whether its submission went out. ``remote_id``: its id there, once known.
    ``ended``: whether the service has ended it. ``job``: our id.
    """

    job: str | None = None
    sent: bool = False
    remote_id: str | None = None
    ended: bool = False


@dataclass(frozen=True)
class _Words:
    """``{who}``, ``{page}``, ``{name}``, ``{wait}`` and ``{said}`` are filled in."""

    error: type[LayersplitError]
    fact: str
    remedy: str
    retry_helps: bool = False


_WORDS: Final[dict[Kind, _Words]] = {
    Kind.OFFLINE: _Words(
        UnreachableError,
        "{who} cannot be found on the network.",
        "Check the connection to the internet, then try again.",
        retry_helps=True,
    ),
    Kind.NO_ANSWER: _Words(
        UnreachableError,
        "Nothing answers at {who}{said}.",
        "Check that the service is up and that its address is right, then try again.",
        retry_helps=True,
    ),
    Kind.DROPPED: _Words(
        UnreachableError,
        "The connection to {who} broke.",
        "Check the connection to the internet, then try again.",
        retry_helps=True,
    ),
    Kind.SLOW: _Words(
        UnreachableError,
        "{who} did not answer in time.",
        "Try again later; the service's status page may say more.",
        retry_helps=True,
    ),
    Kind.TLS: _Words(
        UnreachableError,
        "The secure connection to {who} could not be made{said}.",
        "Check the computer's date and, behind a company's proxy, that its certificate is "
        "installed in the system or named by SSL_CERT_FILE. Layersplit never skips this check.",
    ),
    Kind.PROXY: _Words(
        UnreachableError,
        "The proxy did not let the request to {who} through{said}.",
        "Check the proxy of the system, or HTTPS_PROXY and NO_PROXY.",
    ),
    Kind.CAPTIVE: _Words(
        UnreachableError,
        "A web page came back where {who} sends data.",
        "Open any page in a browser: the network may want you to log in first. Then try again.",
        retry_helps=True,
    ),
    Kind.GARBLED: _Words(
        ProviderError,
        "{who} answered in a form that Layersplit does not know{said}.",
        "Try again later; if it stays, please report it with the log.",
        retry_helps=True,
    ),
    Kind.BAD_KEY: _Words(
        RefusedError,
        "{who} does not accept the key{said}.",
        "Check it with: layersplit key test {name}. A new account may need a first payment: {page}",
    ),
    Kind.NO_BALANCE: _Words(
        RefusedError,
        "There is no money left on your account at {who}{said}.",
        "Add some there, then try again: {page}",
    ),
    Kind.NOT_ALLOWED: _Words(
        RefusedError,
        "{who} does not allow this with your key{said}.",
        "Look at the rights of the key and at your account: {page}",
    ),
    Kind.MODERATION: _Words(
        RefusedError,
        "{who} withheld the layers because of its rules on content{said}.",
        "Choose another picture or region, or a provider on your own machine.",
    ),
    Kind.PICTURE: _Words(
        RefusedError,
        "{who} refused the picture{said}.",
        "Try another region of the picture, or another provider.",
    ),
    Kind.REQUEST: _Words(
        RefusedError,
        "{who} refused the request{said}.",
        "Change what it names, or choose another provider.",
    ),
    Kind.TOO_LARGE: _Words(
        RefusedError,
        "The picture is too large for {who}{said}.",
        "Split a smaller region, or choose another provider.",
    ),
    Kind.RATE: _Words(
        RefusedError,
        "{who} gets too many requests from your account{said}.",
        "Try again {wait}.",
        retry_helps=True,
    ),
    Kind.NOT_FOUND: _Words(
        ProviderError,
        "{who} does not know what it was asked for{said}.",
        "Check the address of the service; if it stays, please report it with the log.",
    ),
    Kind.GONE: _Words(
        ProviderError,
        "{who} no longer has the layers{said}.",
        "Split the picture again; this is a new job there.",
    ),
    Kind.EXPIRED: _Words(
        ProviderError,
        "The addresses that {who} gave for the layers do not work.",
        "Try again in a few minutes.",
        retry_helps=True,
    ),
    Kind.BUSY: _Words(
        ProviderError,
        "{who} has trouble of its own{said}.",
        "Try again later; the service's status page may say more.",
        retry_helps=True,
    ),
    Kind.FAILED: _Words(
        ProviderError,
        "The job failed at {who}{said}.",
        "Try again, with another number of layers or another provider if it stays.",
        retry_helps=True,
    ),
    Kind.TIMED_OUT: _Words(
        ProviderError,
        "The job took too long at {who}{said}.",
        "Try again later, or with fewer layers.",
        retry_helps=True,
    ),
    Kind.STOPPED: _Words(
        ProviderError,
        "The job was stopped at {who}{said}.",
        "Split the picture again if that was not you.",
        retry_helps=True,
    ),
    Kind.UNSAFE: _Words(
        ProviderError,
        "{who} named an address that is not safe to follow{said}.",
        "Report this to the service; the address was not asked.",
    ),
    Kind.MISSING_PART: _Words(
        SetupError,
        "{who} cannot run the model: {said}",
        "Update it or add what is missing, restart it, then try again.",
    ),
    Kind.NOT_READY: _Words(
        ProviderError,
        "{who} calls the job finished and does not hand out its layers.",
        "Try again later.",
        retry_helps=True,
    ),
}


def failure(trouble: Trouble, capability: Capability, standing: Standing) -> LayersplitError:
    """``trouble`` as the user sees it: fact, meaning for the job and the money, remedy."""
    words = _WORDS[trouble.kind]
    lost = standing.sent and standing.remote_id is None
    names = {
        "who": capability.title if capability.name != "comfyui" else "the ComfyUI server",
        "name": capability.name,
        "page": capability.key_page,
        "said": _quoted(trouble),
        "wait": _when(trouble.wait_s),
    }
    fact, remedy = words.fact.format(**names), words.remedy.format(**names)
    fact = fact[0].upper() + fact[1:]
    error = words.error
    if lost:
        error = SubmissionUnknownError
        fact = f"{fact} The answer to the request for the job was lost."
        remedy = f"Look at your account at {names['who']} before you try again: {names['page']}"
        if capability.key_variable is None:
            remedy = "Try again."
    elif standing.remote_id is not None and not standing.ended:
        remedy = f"{remedy} To bring the layers: layersplit jobs resume {standing.job}"
    return error(
        fact,
        meaning=_meaning(capability, standing, completed=trouble.completed),
        remedy=remedy,
        retry_helps=words.retry_helps and not lost,
        may_have_cost=standing.sent and capability.key_variable is not None,
    )


def _meaning(capability: Capability, standing: Standing, *, completed: bool) -> str:
    is_free = capability.key_variable is None
    if not standing.sent:
        nothing = "No job was started, so nothing is charged."
        return "Nothing was started there." if is_free else nothing
    if standing.remote_id is None:
        return f"The job may be running there{'' if is_free else ' and may be billed'}."
    if completed:
        return f"The job {standing.remote_id} was completed there and is charged."
    if standing.ended:
        return f"The job {standing.remote_id} ended without layers. {capability.failure_note}"
    return (
        f"The job {standing.remote_id} goes on there or is finished; "
        "it is not lost, and bringing its layers is not paid again."
    )


def _quoted(trouble: Trouble) -> str:
    if trouble.kind is Kind.MISSING_PART:
        return trouble.said
    return f' ("{trouble.said.rstrip(".")}")' if trouble.said else ""


def _when(wait_s: float | None) -> str:
    if wait_s is None:
        return "in a minute"
    seconds = max(1, round(wait_s))
    return f"in {seconds} seconds" if seconds < 120 else f"in {round(seconds / 60)} minutes"

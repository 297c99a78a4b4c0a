"""Layers in an answer, in every form that services use: a link, text, an object, a list of them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from layersplit.remote.service import Inline, Link, Output
from layersplit.remote.trouble import Kind, Trouble

LINK_NAMES: Final = ("url", "uri", "image", "image_url")
LIST_NAMES: Final = ("images", "layers", "outputs", "output")


def outputs_in(value: Any) -> tuple[Output, ...]:
    """Every layer in ``value``, in its order; an empty tuple for null, "" and [].

    Raises Trouble(GARBLED) for what can be no layer.
    """
    match value:
        case None | "":
            return ()
        case str(text) if text.lstrip().startswith("["):
            return outputs_in(_list(text))
        case str(text):
            return (_output(text),)
        case [*items]:
            return tuple(output for item in items for output in outputs_in(item))
        case Mapping():
            for name in (*LIST_NAMES, *LINK_NAMES):
                if value.get(name):
                    return outputs_in(value[name])
            return ()
        case _:
            raise Trouble(Kind.GARBLED, "a layer that is neither an address nor a file")


def _list(text: str) -> Any:
    """A list that was sent as text; one service's documents call the field a string."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Trouble(Kind.GARBLED, "a list of layers that is none") from None


def _output(text: str) -> Output:
    text = text.strip()
    if text.lower().startswith(("http://", "https://")):
        return Link(text)
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return Inline(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        raise Trouble(Kind.GARBLED, "a layer that is neither an address nor a file") from None


def data_address(content: bytes, media_type: str) -> str:
    """``content`` as a ``data:`` address (RFC 2397), for services that take pictures so."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"

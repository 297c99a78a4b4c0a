"""Nothing may escape into Krita: an exception in a slot opens a modal "Script error" box."""

from __future__ import annotations

import functools
import traceback
from typing import Any, Callable, TypeVar

from krita import Krita

from layersplit.bridge.hostlog import note

Slot = TypeVar("Slot", bound=Callable[..., Any])


def is_ending() -> bool:
    """Whether Krita has closed its last window, and with it ours: nobody is there any more."""
    return not Krita.instance().windows()


def guarded(slot: Slot) -> Slot:
    """``slot``, with whatever it raises written to the log and shown as one sentence."""

    @functools.wraps(slot)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            return slot(*arguments, **named)
        except Exception:  # noqa: BLE001 - see the module's docstring
            note("in Krita: %s" % traceback.format_exc())
            if is_ending():  # a box would keep Krita from ending
                return None
            from layersplit_krita.messages import show_unexpected  # noqa: PLC0415 - rarely needed

            show_unexpected()
            return None

    return called  # type: ignore[return-value] # wraps keeps the signature

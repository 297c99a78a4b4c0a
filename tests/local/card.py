"""A graphics card that is none: tensors that say they lie on "cuda" and compute on the processor.

Programs for a card go wrong where a tensor was left in the other memory. Here every operation whose
tensors lie in two memories is refused as a real card refuses it, so the whole path can be walked on
any computer. Speed, memory, kernels and streams of a card are not imitated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

CARD = torch.device("cuda", 0)
Tensor = torch.Tensor
ANSWERS = {
    Tensor.device.__get__: CARD,
    Tensor.is_cuda.__get__: True,
    Tensor.is_cpu.__get__: False,
    Tensor.get_device: 0,
}
MOVES = {Tensor.to, Tensor.copy_, Tensor.cpu, Tensor.cuda, Tensor.data.__set__}
TAKES_PLACES_FROM_ANYWHERE = {Tensor.__getitem__, Tensor.__setitem__}
ONLY_FROM_RAM = {Tensor.numpy, Tensor.__array__}


class OnCard(torch.Tensor):
    """``inner``: the numbers, on the processor."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Self:
        made = torch.Tensor._make_wrapper_subclass(cls, inner.size(), dtype=inner.dtype)
        made.inner = inner
        return made

    @classmethod
    def __torch_function__(cls, function: Any, _types: Any, args: Any = (), kwargs: Any = None):
        return computed(function, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, function: Any, _types: Any, args: Any = (), kwargs: Any = None):
        raise NotImplementedError(f"{function} came by another way than torch's functions")


class Driver(TorchFunctionMode):
    """Makes tensors on the card where a program asks for them."""

    def __torch_function__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None):
        return computed(function, args, kwargs or {})


def computed(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What ``function`` gives, in the memory where a card would have it."""
    tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
    cards = [value for value in tensors if isinstance(value, OnCard)]
    if cards and function in ANSWERS:
        return ANSWERS[function]
    if cards and function in ONLY_FROM_RAM:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")
    if function == Tensor.data.__set__ and isinstance(args[0], OnCard):
        args[0].inner = args[1].inner if isinstance(args[1], OnCard) else args[1]
        return None
    if function is torch._C._nn._parse_to:
        return function(*args, **kwargs)
    if function is torch._has_compatible_shallow_copy_type:
        return isinstance(args[0], OnCard) == isinstance(args[1], OnCard)
    if cards and function not in MOVES | TAKES_PLACES_FROM_ANYWHERE:
        others = [value for value in tensors if not isinstance(value, OnCard) and value.dim() > 0]
        if others:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"cuda:0 and cpu! ({function})"
            )
    on_card = _is_for_card(function, args, kwargs, bool(cards))
    known = {id(value.inner): value for value in cards}
    plain_args, plain_kwargs = tree_map(_plain, (args, kwargs))
    out = function(*plain_args, **plain_kwargs)

    def placed(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or isinstance(value, OnCard) or not on_card:
            return value
        same = known.get(id(value))
        return OnCard(value) if same is None else same

    return tree_map(placed, out)


def _is_for_card(function: Any, args: Any, kwargs: dict[str, Any], has_cards: bool) -> bool:
    """Where the result has to lie."""
    if function == Tensor.cpu:
        return False
    if function == Tensor.cuda:
        return True
    if function == Tensor.copy_:
        return isinstance(args[0], OnCard)
    if function == Tensor.to and len(args) > 1 and isinstance(args[1], torch.Tensor):
        return isinstance(args[1], OnCard)
    asked = kwargs.get("device")
    if asked is None and function == Tensor.to and len(args) > 1:
        asked = args[1] if isinstance(args[1], str | torch.device) else None
    return has_cards if asked is None else torch.device(asked).type == "cuda"


def _plain(value: Any) -> Any:
    if isinstance(value, OnCard):
        return value.inner
    is_card = isinstance(value, torch.device) and value.type == "cuda"
    is_card = is_card or (isinstance(value, str) and value.startswith("cuda"))
    return torch.device("cpu") if is_card else value


@contextmanager
def pretended_card() -> Iterator[torch.device]:
    """Inside, "cuda:0" can be used."""
    with torch.no_grad(), Driver():
        yield CARD

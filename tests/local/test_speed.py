"""Attention, compilation, step caches: what the settings may ask for."""

import numpy as np
import pytest
import torch
from diffusers.models import attention_dispatch

from layersplit.errors import SetupError
from layersplit.local import speed
from layersplit.local.options import Options


def test_without_a_card_pytorchs_own_attention_is_taken(split, session):
    split(steps=1)
    assert speed.fastest_backend(session.model.transformer(lambda *_: None, tokens=1), 96) == (
        "native"
    )


def test_a_backend_that_is_not_there_is_said(split):
    with pytest.raises(SetupError, match="attention backend 'sage' cannot be used here"):
        split(options=Options(attention="sage"))


def test_a_backend_that_does_not_exist_is_said(split):
    with pytest.raises(SetupError, match="attention backend 'fastest'"):
        split(options=Options(attention="fastest"))


def test_a_choice_of_an_earlier_run_is_not_left_behind(split, session):
    chosen = "_native_math"
    split(options=Options(attention=chosen), steps=1)
    assert active() == chosen
    split(steps=1)
    assert session.model.transformer(lambda *_: None, tokens=1).layersplit_attention == "native"
    assert active() == "native"


def active():
    return attention_dispatch._AttentionBackendRegistry.get_active_backend()[0].value


def test_a_compiled_transformer_gives_the_same_layers_and_can_be_cancelled(split, session):
    expected = split()
    with torch.compiler.set_stance("force_eager"):
        compiled = split(options=Options(compile=True))
        assert session.model.transformer(lambda *_: None, tokens=1).layersplit_compiled
    for one, other in zip(expected.layers, compiled.layers, strict=True):
        assert np.array_equal(one, other)


def test_a_step_cache_changes_the_layers_only_when_it_is_asked_for(split):
    """A changed setting counts from the next run on, also for a model that is loaded."""
    expected = split(steps=6)
    cached = split(options=Options(step_cache=0.9), steps=6)
    assert any((a != b).any() for a, b in zip(expected.layers, cached.layers, strict=True))
    again = split(steps=6)
    assert all((a == b).all() for a, b in zip(expected.layers, again.layers, strict=True))

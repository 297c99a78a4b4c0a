"""Plans on a pretended card: no tensor is left in the wrong memory (see card.py).

Streamed blocks change their memory in place, and diffusers makes GGUF's tensors past torch's
functions; the pretended card can do neither, so these two are tried in RAM only.
"""

import numpy as np
import pytest
import torch
from local import card

from layersplit.local import devices, model, splitter
from layersplit.local.machine import GB, Machine, Rates
from layersplit.local.plans import candidates

CARD = Machine(
    kind="cuda",
    name="Pretended",
    total_bytes=24 * GB,
    free_bytes=22 * GB,
    ram_total_bytes=64 * GB,
    ram_free_bytes=50 * GB,
    rates=Rates(matrix_tflops=100, memory_gb_s=1000, bus_gb_s=25),
)


@pytest.fixture
def on_card(monkeypatch, session):
    """This computer has a card; the model does not outlive it."""
    monkeypatch.setattr(devices, "examine", lambda *_: CARD)
    monkeypatch.setattr(devices, "guard", lambda _machine: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    monkeypatch.setattr(model, "device_of", lambda _kind: card.CARD)
    with card.pretended_card():
        yield
        session.release()


@pytest.fixture
def in_ram(split, monkeypatch, session):
    """The same run without a card, in the card's type of numbers."""

    def run(**changes):
        with monkeypatch.context() as patch:
            patch.setattr(model, "work_type", lambda _kind: torch.bfloat16)
            done = split(**changes)
        session.release()
        return done

    return run


@pytest.fixture
def force_plan(monkeypatch):
    """``force_plan(name, place)``: that plan, wherever the machine would put the text encoder."""

    def force(name, place):
        def choose(facts, machine, work, _forced):
            for plan in candidates(facts, machine, work):
                if (plan.name, plan.text_place) == (name, place):
                    return plan
            raise LookupError(name, place)

        monkeypatch.setattr(splitter, "choose", choose)

    return force


def test_a_tensor_in_the_wrong_memory_is_noticed():
    with card.pretended_card() as place:
        there = torch.randn(3, 4, device=place)
        assert (there @ there.T).device == place
        assert there[torch.arange(2)].device == place
        assert there.cpu().device.type == "cpu"
        with pytest.raises(RuntimeError, match="at least two devices"):
            there + torch.ones(3, 4)
        with pytest.raises(TypeError, match="can't convert"):
            there.numpy()


PLACES = [("resident", "card"), ("staged", "visiting"), ("int8", "visiting"), ("nf4", "card")]
SHORT = {"layers": 1, "steps": 1}


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_plan_gives_the_layers_that_it_gives_in_ram(
    split, in_ram, force_plan, request, session, name, place
):
    expected = in_ram(plan=name, **SHORT)
    force_plan(name, place)
    request.getfixturevalue("on_card")
    first = split(**SHORT)
    assert (session.model.plan.name, session.model.plan.text_place) == (name, place)
    split(prompt="another one, for which the text encoder has to come again", **SHORT)
    for one, other in zip(expected.layers, first.layers, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2


def test_the_picture_is_described_and_the_layers_are_named_on_the_card(
    split, force_plan, on_card, session, monkeypatch
):
    monkeypatch.setattr("layersplit.local.words.CAPTION_TOKENS", 5)
    force_plan("resident", "card")
    done = split(prompt="", **SHORT)
    assert len(done.names) == len(done.layers)
    assert session.model.naming_encoder.device == card.CARD

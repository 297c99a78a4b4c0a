"""Memory that runs out: one smaller plan, then a clear end."""

import pytest
import torch

from layersplit.errors import SetupError
from layersplit.local import components, splitter
from layersplit.local.memory import is_out_of_memory
from layersplit.local.options import Options


@pytest.fixture
def crowded(monkeypatch):
    """``crowded(n)``: the next n transformers run out of memory in their first pass."""
    original = components.load_transformer

    def make(count):
        left = [count]

        def load(*arguments, **options):
            network = original(*arguments, **options)
            if left[0] > 0:
                left[0] -= 1
                network.transformer_blocks[1].register_forward_pre_hook(_run_out)
            return network

        monkeypatch.setattr(components, "load_transformer", load)

    return make


def _run_out(*_):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_the_next_smaller_plan_is_tried_and_the_user_is_told(split, session, crowded):
    crowded(1)
    done = split()
    assert len(done.layers) == 2
    assert session.model.plan.name != "resident"
    assert "'resident' ran out of memory" in done.notes[0]
    assert f"'{session.model.plan.name}'" in done.notes[0]
    assert any(done.notes[0] == sentence for _, sentence in done.told)


def test_it_is_tried_once_only(split, session, crowded):
    crowded(2)
    with pytest.raises(SetupError, match="Memory ran out with the plan") as raised:
        split()
    assert raised.value.exit_status == 5
    assert session.model is None


def test_without_a_smaller_plan_the_memory_is_given_back(split, session, crowded, monkeypatch):
    monkeypatch.setattr(splitter, "next_smaller", lambda *_: None)
    crowded(1)
    with pytest.raises(SetupError, match="no smaller one is left"):
        split()
    assert session.model is None


def test_after_it_ran_out_the_next_run_works(split, crowded):
    crowded(2)
    with pytest.raises(SetupError):
        split()
    assert len(split().layers) == 2


def test_other_failures_are_not_taken_for_missing_memory(split, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(components, "load_transformer", fail)
    with pytest.raises(RuntimeError, match="mat1"):
        split()


def test_a_limit_of_the_user_is_kept_to(split):
    with pytest.raises(SetupError, match=r"MB are free|GB are free") as raised:
        split(options=Options(memory_gb=0.2005))
    assert "does not fit" in raised.value.meaning


def test_too_little_memory_is_said_before_anything_is_loaded(split, monkeypatch):
    monkeypatch.setattr(
        components, "load_text_encoder", lambda *_, **__: pytest.fail("it was loaded")
    )
    with pytest.raises(SetupError):
        split(options=Options(memory_gb=0.2005))


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("expected scalar type"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_is_recognised_on_every_device(error, answer):
    assert is_out_of_memory(error) is answer

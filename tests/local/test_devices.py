"""Cards as PyTorch describes them: too old, too full, of a generation without bfloat16."""

import pytest
import torch

from layersplit.errors import SetupError
from layersplit.local import devices
from layersplit.local.machine import Rates

NOW = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


@pytest.fixture
def card(monkeypatch):
    """``card(capability, known=...)``: this computer has such a card."""

    def has(capability, known=NOW, rates=None):
        answers = {
            "is_available": True,
            "mem_get_info": (20 * 10**9, 24 * 10**9),
            "memory_reserved": 10**9,
            "get_device_name": "Test Card",
            "get_device_capability": capability,
            "get_arch_list": known,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, lambda answer=answer: answer)
        monkeypatch.setattr(devices, "measured_rates", rates)

    return has


def rates():
    return lambda _kind: Rates(matrix_tflops=100, memory_gb_s=500, bus_gb_s=20)


def test_a_card_is_described_with_our_own_share_as_free(card):
    card((8, 9), rates=rates())
    machine = devices.examine()
    assert (machine.kind, machine.name) == ("cuda", "Test Card")
    assert (machine.free_bytes, machine.total_bytes) == (21 * 10**9, 24 * 10**9)
    assert machine.work_bytes == 2
    assert devices.work_type("cuda") == torch.bfloat16


def test_the_users_limit_counts(card):
    card((8, 9), rates=rates())
    assert devices.examine(memory_limit_gb=6).free_bytes == 6 * 10**9


def test_a_generation_without_bfloat16_works_with_32_bits(card):
    card((7, 5), rates=rates())
    assert devices.examine().work_bytes == 4
    assert devices.work_type("cuda") == torch.float32


@pytest.mark.parametrize(
    ("capability", "known"),
    [((8, 9), NOW), ((12, 1), NOW), ((13, 0), [*NOW, "compute_120"]), ((9, 0), ["sm_90a"]),
     ((6, 1), ["sm_50", "sm_60", "sm_90"]), ((7, 5), [])],
)  # fmt: skip
def test_a_card_that_this_torch_has_code_for_is_taken(card, capability, known):
    card(capability, known, rates())
    assert devices.examine().name == "Test Card"


@pytest.mark.parametrize(("capability", "known"), [((6, 1), NOW), ((13, 0), NOW)])
def test_a_card_that_this_torch_has_no_code_for_is_refused(card, capability, known):
    card(capability, known, rates())
    with pytest.raises(SetupError, match="has compute capability") as raised:
        devices.examine()
    assert "7.5 and later" in raised.value.fact
    assert "LAYERSPLIT_TORCH_INDEX" in raised.value.remedy


def test_a_card_that_is_full_is_said(card):
    def full(_kind):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 128.00 MiB")

    card((8, 9), rates=full)
    with pytest.raises(SetupError, match=r"Only 21\.0 GB of the memory of the Test Card are free"):
        devices.examine()


def test_a_card_that_cannot_compute_is_said(card):
    def broken(_kind):
        raise RuntimeError("CUDA error: no kernel image is available\nfor execution")

    card((8, 9), rates=broken)
    with pytest.raises(SetupError, match="cannot compute on the Test Card: CUDA error: no kernel"):
        devices.examine()

"""Cards and settings against what is known of them (no torch needed)."""

from dataclasses import replace

import pytest

from layersplit.errors import InputError, SetupError
from layersplit.local.choice import announcement, choose
from layersplit.local.estimate import Work
from layersplit.local.facts import QWEN_IMAGE_LAYERED as FACTS
from layersplit.local.facts import PartFacts
from layersplit.local.machine import GB, Machine, Rates, duration, gigabytes
from layersplit.local.plans import RESERVE_BYTES, candidates, fits, next_smaller

GIB = 2**30
RATES = {
    "H200": (790, 4300, 50),
    "L40S": (300, 860, 25),
    "5090": (209, 1790, 50),
    "4090": (165, 1000, 25),
    "3090": (71, 930, 25),
    "4060 Ti": (44, 288, 12),
    "3060": (25, 360, 25),
}


def machine(card, gib, *, ram_gib=64, used_gb=1.0, kind="cuda"):
    tflops, memory, bus = RATES[card]
    total = int(gib * GIB)
    return Machine(
        kind=kind,
        name=card,
        total_bytes=total,
        free_bytes=total - int(used_gb * GB),
        ram_total_bytes=ram_gib * GIB,
        ram_free_bytes=ram_gib * GIB - 6 * GB,
        rates=Rates(matrix_tflops=tflops, memory_gb_s=memory, bus_gb_s=bus),
    )


def work(side=640, layers=4, steps=50, **changes):
    return Work(width=side, height=side, layers=layers, steps=steps, **changes)


@pytest.mark.parametrize(
    ("here", "wanted", "expected"),
    [
        (("H200", 141, 128), (640, 4), ("resident", "card")),
        (("H200", 141, 128), (1024, 8), ("resident", "card")),
        (("H200", 80, 128), (640, 4), ("resident", "card")),
        (("L40S", 48, 128), (640, 4), ("staged", "visiting")),
        (("L40S", 48, 128), (1024, 8), ("staged", "visiting")),
        (("5090", 32, 64), (640, 4), ("int8", "card")),
        (("5090", 32, 64), (1024, 8), ("int8", "visiting")),
        (("4090", 24, 64), (640, 4), ("int8", "visiting")),
        (("4090", 24, 64), (1024, 8), ("nf4", "card")),
        (("4060 Ti", 16, 32), (640, 4), ("nf4", "visiting")),
        (("4060 Ti", 16, 32), (640, 8), ("nf4", "visiting")),
        (("3060", 12, 32), (640, 4), ("offload", "visiting")),
        (("3060", 12, 64), (640, 4), ("offload", "visiting")),
        (("3060", 8, 32), (640, 2), ("offload", "visiting")),
        (("3060", 6, 32), (640, 2), ("offload", "ram")),
    ],
)
def test_a_card_gets_the_plan_that_was_made_for_it(here, wanted, expected):
    card, gib, ram_gib = here
    plan = choose(FACTS, machine(card, gib, ram_gib=ram_gib), work(*wanted), None)
    assert (plan.name, plan.text_place) == expected


def test_a_desktop_that_takes_its_share_moves_a_24_gb_card_to_4_bits():
    assert choose(FACTS, machine("4090", 24, used_gb=3.5), work(), None).name == "nf4"


def test_16_bit_blocks_are_streamed_only_where_the_ram_holds_them():
    roomy = choose(FACTS, machine("3060", 12, ram_gib=64), work(), None)
    small = choose(FACTS, machine("3060", 12, ram_gib=32), work(), None)
    assert (roomy.transformer, small.transformer) == ("plain", "int8")
    assert small.ram_bytes == pytest.approx(20.5 * GB, rel=0.02)


def test_a_slow_bus_makes_the_smaller_blocks_the_better_ones():
    fast = machine("4090", 12, ram_gib=128)
    slow = replace(fast, rates=replace(fast.rates, bus_gb_s=6))
    assert choose(FACTS, slow, work(layers=2), "offload").transformer == "int8"


@pytest.mark.parametrize(
    ("card", "gib", "name", "seconds"),
    [
        ("H200", 141, "resident", 34.24),  # sglang pull request 38549, end to end
        ("5090", 32, "nf4", 158.0),  # asomoza/diffusers-recipes, total
        ("5090", 32, "int8", 135.0),  # the same, 8-bit floats
    ],
)
def test_expected_seconds_are_within_a_quarter_of_published_ones(card, gib, name, seconds):
    plan = choose(FACTS, machine(card, gib), work(), name)
    assert plan.seconds == pytest.approx(seconds, rel=0.25)


@pytest.mark.parametrize(
    ("gib", "name", "gb"),
    [
        (141, "resident", 62.4),  # sglang, Qwen-Image-Edit-2511 on an H200
        (32, "nf4", 18.7),  # asomoza/diffusers-recipes, both networks on the card
        (24, "int8", 23.2),  # the same, 8-bit transformer with offload
    ],
)
def test_expected_memory_is_within_a_quarter_of_the_published_one(gib, name, gb):
    plan = choose(FACTS, machine("5090", gib), work(), name)
    assert plan.peak_bytes / GB == pytest.approx(gb, rel=0.25)


@pytest.mark.parametrize("card", ["H200", "5090", "4090", "3090"])
@pytest.mark.parametrize(
    ("side", "layers", "limit"),
    [(640, 2, 12.1), (640, 4, 20.3), (640, 8, 41), (1024, 4, 79), (1024, 8, 180)],
)
def test_no_plan_promises_to_beat_the_physical_limit(card, side, layers, limit):
    for plan in candidates(FACTS, machine(card, 141), work(side, layers)):
        share = limit * 1e15 / (RATES[card][0] * 1e12) / plan.denoise_seconds
        assert share <= 0.78


def test_guidance_off_halves_the_time():
    guided = choose(FACTS, machine("H200", 141), work(), None)
    plain = choose(FACTS, machine("H200", 141), work(passes=1), None)
    assert plain.denoise_seconds == pytest.approx(guided.denoise_seconds / 2, rel=0.05)


@pytest.mark.parametrize("gib", [6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 80, 141])
@pytest.mark.parametrize(("side", "layers"), [(640, 2), (640, 10), (1024, 4)])
def test_a_chosen_plan_always_fits(gib, side, layers):
    here = machine("3090", gib, ram_gib=64)
    try:
        plan = choose(FACTS, here, work(side, layers), None)
    except SetupError:
        assert gib <= 6
        return
    assert plan.peak_bytes + RESERVE_BYTES["cuda"] <= here.free_bytes
    assert fits(plan, here)


def test_the_autoencoder_works_in_tiles_only_where_it_must():
    assert not choose(FACTS, machine("4090", 24), work(), None).tiled
    assert choose(FACTS, machine("4090", 24), work(1024, 4), "int8").tiled
    assert not choose(FACTS, machine("L40S", 48), work(1024, 4), None).tiled


def test_each_smaller_plan_needs_clearly_less_until_none_is_left():
    here = machine("H200", 141)
    plans = candidates(FACTS, here, work())
    plan = plans[0]
    names = []
    while plan is not None:
        names.append(plan.name)
        smaller = next_smaller(plan, plans, here)
        assert smaller is None or smaller.peak_bytes < 0.95 * plan.peak_bytes
        plan = smaller
    assert names[:3] == ["resident", "staged", "int8"]
    assert names[-1] == "offload"


def test_a_card_that_is_too_small_is_refused_with_both_figures():
    with pytest.raises(SetupError) as raised:
        choose(FACTS, machine("3060", 3), work(), None)
    assert raised.value.fact.startswith("The plan 'offload' needs ")
    assert "3.2 GB" in raised.value.fact
    assert raised.value.exit_status == 5


def test_too_little_ram_is_refused_too():
    with pytest.raises(SetupError, match=r"22\.5 GB of memory; "):
        choose(FACTS, machine("3060", 8, ram_gib=16), work(), None)


def test_without_a_card_hours_are_refused_unless_a_plan_is_named():
    here = machine("3060", 128, ram_gib=128, kind="cpu")
    here = replace(here, rates=Rates(matrix_tflops=0.8, memory_gb_s=60, bus_gb_s=60))
    with pytest.raises(SetupError, match="No graphics card was found") as raised:
        choose(FACTS, here, work(), None)
    assert "hours" in raised.value.meaning
    assert "--plan resident" in raised.value.remedy
    assert choose(FACTS, here, work(), "resident").name == "resident"


def test_apple_gets_no_plan_that_streams_from_the_same_memory():
    here = replace(machine("L40S", 64), kind="mps")
    assert "offload" not in {plan.name for plan in candidates(FACTS, here, work())}


@pytest.mark.parametrize("name", ["fastest", "", "cpu"])
def test_an_unknown_plan_is_refused_with_the_names(name):
    with pytest.raises(InputError, match="There is no plan called") as raised:
        choose(FACTS, machine("4090", 24), work(), name)
    assert "resident, staged, int8" in raised.value.remedy


def test_a_named_plan_may_wait_for_memory_but_not_exceed_the_card():
    assert choose(FACTS, machine("4090", 24, used_gb=6), work(), "int8").name == "int8"
    with pytest.raises(SetupError, match="'resident' needs 5"):
        choose(FACTS, machine("4090", 24), work(), "resident")


def test_a_plan_that_the_weights_do_not_have_is_refused():
    with pytest.raises(SetupError, match="'gguf' does not go with these weights"):
        choose(FACTS, machine("4090", 24), work(), "gguf")


def packed(stored, gb):
    part = PartFacts(
        parameters=FACTS.transformer.parameters,
        matrix_parameters=FACTS.transformer.matrix_parameters,
        stored_bytes=int(gb * GB),
        stored=stored,
    )
    return replace(FACTS, transformer=part)


@pytest.mark.parametrize(
    ("gb", "gib", "place"), [(13.1, 24, "card"), (13.1, 16.5, "visiting"), (21.8, 32, "visiting")]
)
def test_a_gguf_file_is_planned_for_by_its_size(gb, gib, place):
    plan = choose(packed("gguf", gb), machine("3090", gib), work(), None)
    assert (plan.name, plan.text_place) == ("gguf", place)


def test_ready_4_bit_weights_are_not_unpacked():
    names = {plan.name for plan in candidates(packed("nf4", 11.5), machine("H200", 141), work())}
    assert names == {"nf4"}


def test_the_announcement_names_plan_memory_and_time():
    here = machine("3060", 12, ram_gib=32)
    sentence = announcement(choose(FACTS, here, work(steps=28), None), here, loaded=False)
    assert sentence.startswith("Plan offload (weights streamed from memory): 6.")
    assert "of the card's 12.9 GB, 20.5 GB of memory" in sentence
    assert "about 10 minutes, about 38 seconds of loading before it" in sentence
    warm = announcement(choose(FACTS, here, work(steps=28), None), here, loaded=True)
    assert "loading" not in warm


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about a second"),
        (42, "about 42 seconds"),
        (170, "about 3 minutes"),
        (9000, "about 2.5 hours"),
    ],
)
def test_times_are_said_in_words(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("size", "words"), [(23.44e9, "23.4 GB"), (250e6, "250 MB"), (10, "1 MB")])
def test_sizes_are_said_in_words(size, words):
    assert gigabytes(size) == words

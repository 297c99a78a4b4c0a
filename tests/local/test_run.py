"""The whole path on the tiny model: plan, load, describe, separate, decode, again."""

from dataclasses import replace

import numpy as np
import pytest

from layersplit.local import prompts, words
from layersplit.local.model import Model
from layersplit.local.options import Options


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.layers, other.layers, strict=True))


def test_layers_come_bottom_first_in_the_size_of_the_model(split):
    done = split(layers=3)
    assert [layer.shape for layer in done.layers] == [(64, 128, 4)] * 3
    assert all(layer.dtype == np.uint8 for layer in done.layers)


def test_the_plan_is_told_before_anything_is_loaded(split):
    sentences = [sentence for _, sentence in split().told]
    plan = next(index for index, text in enumerate(sentences) if text.startswith("Plan resident"))
    loading = next(index for index, text in enumerate(sentences) if text.startswith("Loading"))
    assert plan < loading
    assert "MB of memory" in sentences[plan]
    assert "second" in sentences[plan]


def test_progress_only_grows_and_names_every_step(split):
    told = split(steps=4).told
    fractions = [fraction for fraction, _ in told if fraction is not None]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] <= 1
    steps = [text for _, text in told if "step" in text]
    assert [text.split("step ")[1][0] for text in dict.fromkeys(steps)] == ["1", "2", "3", "4"]


def test_the_same_seed_gives_the_same_layers_again(split):
    first, again, other = split(), split(), split(seed=8)
    assert same(first, again)
    assert not same(first, other)


def test_a_fresh_session_gives_the_same_layers_as_a_warm_one(split, session):
    warm = split()
    session.release()
    assert same(warm, split())


def test_the_second_run_loads_nothing(split):
    split()
    assert not [text for _, text in split().told if text.startswith("Loading the") and ":" in text]


def test_a_description_that_is_known_needs_no_text_encoder(split, session):
    first = split(plan="staged")
    session.release()
    again = split(plan="staged")
    assert not [text for _, text in again.told if "text encoder:" in text]
    assert same(first, again)


def test_without_a_description_the_picture_is_described_once(split, monkeypatch):
    asked = []
    original = words.caption

    def caption(picture, *arguments):
        asked.append(picture.size)
        return original(picture, *arguments)

    monkeypatch.setattr(words, "caption", caption)
    first = split(prompt="")
    assert same(first, split(prompt=""))
    assert asked == [(128, 64)]
    split(prompt="", fresh=True)
    assert len(asked) == 2


def test_guidance_of_one_needs_a_single_pass_a_step(split, session):
    split(guidance=1.0, layers=1)
    calls = []
    block = session.model.transformer(lambda *_: None, tokens=1).transformer_blocks[0]
    handle = block.register_forward_pre_hook(lambda *_: calls.append(1))
    split(guidance=1.0, layers=1)
    assert len(calls) == 2
    split(guidance=2.0, layers=1)
    assert len(calls) == 6
    handle.remove()


@pytest.mark.parametrize(("plan", "most"), [("staged", 1), ("int8", 6), ("nf4", 40)])
def test_every_plan_gives_nearly_the_layers_of_the_plain_one(split, session, plan, most):
    plain = split(plan="resident")
    packed = split(plan=plan)
    assert session.model.plan.name == plan
    for one, other in zip(plain.layers, packed.layers, strict=True):
        difference = np.abs(one.astype(int) - other)
        assert difference.max() <= most
        assert plan == "staged" or difference.max() > 0


@pytest.mark.parametrize("plan", ["resident", "int8", "nf4"])
def test_streamed_blocks_give_the_same_layers(split, session, plan):
    plain = split(plan=plan)
    resident = session.model
    streamed = replace(resident.plan, streamed=True)
    session.release()
    session.model = Model(resident.weights, resident.facts, streamed, "cpu", Options())
    session.model.fits_plan = lambda _plan: True
    assert same(plain, split(plan=plan))
    assert session.model.plan.streamed


def test_the_next_picture_may_have_another_size_and_number_of_layers(split):
    assert len(split(layers=1).layers) == 1
    tall = split(layers=2, width=64, height=96)
    assert [layer.shape for layer in tall.layers] == [(128, 64, 4)] * 2


def test_layers_are_named_by_the_encoder_that_stayed(split, monkeypatch):
    monkeypatch.setattr(words, "name_layer", lambda _layer, language, *_: f"name in {language}")
    assert split(language="de").names == ("name in de", "name in de")
    assert split(options=Options(names=False)).names == (None, None)
    assert split(plan="staged").names == (None, None)


def test_zero_idle_minutes_free_the_model_at_once(split, session):
    split(options=Options(idle_minutes=0))
    assert session.model is None


def test_a_step_cache_can_be_asked_for_and_forgets_between_runs(split):
    options = Options(step_cache=0.9)
    assert same(split(options=options, steps=4), split(options=options, steps=4))


def test_damaged_descriptions_are_made_again(split, session):
    first = split()
    for file in prompts.folder().iterdir():
        file.write_bytes(b"torn")
    session.release()
    assert same(first, split())


def test_descriptions_are_kept_for_the_user_alone_and_not_for_ever(split, monkeypatch):
    monkeypatch.setattr(prompts, "KEPT", 3)
    for number in range(4):
        split(prompt=f"picture {number}", steps=1, layers=1)
    kept = list(prompts.folder().iterdir())
    assert len(kept) == 3
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}

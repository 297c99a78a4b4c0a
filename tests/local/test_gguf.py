"""GGUF files written here and loaded as a user's file would be."""

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from local import tiny

from layersplit.errors import SetupError
from layersplit.local.survey import LAYERED_ONLY, facts_of
from layersplit.local.weights import find_weights

Q8 = GGMLQuantizationType.Q8_0


def write(path, network, kind, *, prefix="", leave_out=()):
    """All matrices in the packing ``kind``, the rest as 32-bit numbers."""
    writer = GGUFWriter(path, "qwen_image")
    for name, value in network.state_dict().items():
        if name in leave_out:
            continue
        values = value.float().numpy()
        if values.ndim == 2 and values.shape[1] % 32 == 0:
            writer.add_tensor(prefix + name, quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(prefix + name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def beside(model_folder, tmp_path):
    """A folder of the model into which a file can be put."""
    folder = tmp_path / "model"
    folder.mkdir()
    for part in model_folder.iterdir():
        (folder / part.name).symlink_to(part)
    return folder


@pytest.fixture
def network():
    return tiny.pipeline().transformer


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (Q8, 6),
        (GGMLQuantizationType.Q5_1, 16),
        (GGMLQuantizationType.Q4_0, 40),
        (GGMLQuantizationType.BF16, 6),
    ],
)
def test_a_file_gives_nearly_the_layers_of_the_folder(split, beside, network, kind, most):
    file = write(beside / f"layered-{kind.name}.gguf", network, kind)
    plain, packed = split(), split(model=str(file))
    for one, other in zip(plain.layers, packed.layers, strict=True):
        assert np.abs(one.astype(int) - other).max() <= most
    assert any("Plan gguf" in sentence for _, sentence in packed.told)


def test_names_with_a_prefix_are_understood(split, beside, network):
    bare = split(model=str(write(beside / "bare.gguf", network, Q8)))
    prefixed = split(
        model=str(write(beside / "prefixed.gguf", network, Q8, prefix="model.diffusion_model."))
    )
    assert all(np.array_equal(a, b) for a, b in zip(bare.layers, prefixed.layers, strict=True))


def test_the_figures_are_those_of_the_file(beside, network):
    file = write(beside / "layered.gguf", network, Q8)
    facts = facts_of(find_weights(str(file)))
    assert facts.transformer.stored == "gguf"
    assert facts.transformer.parameters == sum(p.numel() for p in network.parameters())
    assert 0.9 < facts.transformer.stored_bytes / facts.transformer.matrix_parameters < 2


def test_plain_qwen_image_is_refused(beside, network):
    file = write(beside / "plain.gguf", network, Q8, leave_out=(LAYERED_ONLY,))
    with pytest.raises(SetupError, match="but not the Layered one"):
        facts_of(find_weights(str(file)))


def test_another_kind_of_model_is_refused(beside):
    file = write(beside / "other.gguf", torch.nn.Linear(32, 32), Q8)
    with pytest.raises(SetupError, match="not those of a Qwen-Image transformer"):
        facts_of(find_weights(str(file)))


def test_a_torn_file_is_refused(beside, network):
    file = write(beside / "torn.gguf", network, Q8)
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(SetupError, match="torn, or no GGUF file"):
        facts_of(find_weights(str(file)))


def test_a_file_that_lacks_a_tensor_is_refused_when_it_is_loaded(split, beside, network):
    file = write(beside / "hole.gguf", network, Q8, leave_out=("proj_out.weight",))
    with pytest.raises(SetupError, match="1 of its tensors are missing"):
        split(model=str(file))


def test_a_file_alone_needs_the_other_parts(tmp_path, network):
    file = write(tmp_path / "alone.gguf", network, Q8)
    with pytest.raises(SetupError, match="the text encoder and the rest are missing"):
        find_weights(str(file))

"""Folders that are broken, incomplete or of another kind: one sentence each, before loading."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from layersplit.errors import SetupError
from layersplit.local.facts import PartFacts
from layersplit.local.packed import Nf4Linear
from layersplit.local.streaming import StoredFiles
from layersplit.local.survey import facts_of
from layersplit.local.weights import find_weights

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(model_folder, tmp_path):
    """A copy that a test may break."""
    return shutil.copytree(model_folder, tmp_path / "copy")


def refused(folder, match):
    with pytest.raises(SetupError, match=match) as raised:
        facts_of(find_weights(str(folder)))
    assert raised.value.exit_status == 5
    return raised.value


def change(file, **changes):
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def sharded(folder):
    """The transformer in two files with an index, as large checkpoints are laid out."""
    tensors = load_file(folder / WEIGHTS)
    names = sorted(tensors)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, own in shards.items():
        save_file({name: tensors[name] for name in own}, folder / "transformer" / file)
    (folder / WEIGHTS).unlink()
    index = {"weight_map": {name: file for file, own in shards.items() for name in own}}
    (folder / "transformer" / "d.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_the_whole_folder_is_fine(folder):
    facts = facts_of(find_weights(str(folder)))
    assert facts.transformer == PartFacts(
        parameters=90432, matrix_parameters=73728, stored_bytes=(folder / WEIGHTS).stat().st_size
    )
    assert (facts.width, facts.blocks, facts.text_layers) == (32, 2, 2)


def test_files_in_several_pieces_are_read(folder, split):
    expected = split()
    again = split(model=str(sharded(folder)))
    assert all((a == b).all() for a, b in zip(expected.layers, again.layers, strict=True))


def test_a_missing_piece_is_named(folder):
    sharded(folder)
    (folder / "transformer" / "b.safetensors").unlink()
    refused(folder, r"1 of 2 weight files are missing \(b.safetensors\)")


def test_a_torn_download_is_noticed_without_reading_it(folder):
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:-100])
    refused(folder, "100 of its bytes are missing")


@pytest.mark.parametrize("content", [b"", b"x", b"<html>no model here, sorry</html>" * 9])
def test_a_file_that_is_no_weights_is_refused(folder, content):
    (folder / WEIGHTS).write_bytes(content)
    refused(folder, "no safetensors file")


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(folder, part):
    shutil.rmtree(folder / part)
    refused(folder, f"the part '{part}' is missing")


def test_a_part_without_weights_is_named(folder):
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    refused(folder, "it has no weights")


def test_a_configuration_that_is_no_json_is_named(folder):
    (folder / "transformer" / "config.json").write_text("{")
    refused(folder, "it is no JSON")


def test_another_pipeline_is_named(folder):
    change(folder / "model_index.json", _class_name="FluxPipeline")
    refused(folder, "it is a FluxPipeline")


def test_qwen_image_without_layers_is_told_apart(folder):
    change(folder / "transformer" / "config.json", use_layer3d_rope=False)
    refused(folder, "but not the Layered one")


def test_an_autoencoder_without_transparency_is_told_apart(folder):
    change(folder / "vae" / "config.json", input_channels=3)
    refused(folder, "does not know transparency")


def test_an_unknown_packing_is_refused(folder):
    change(folder / "transformer" / "config.json", quantization_config={"quant_method": "torchao"})
    assert "torchao" in refused(folder, "packed in a way that is not supported").meaning


def test_a_folder_without_a_model_is_refused(tmp_path):
    refused(tmp_path, "holds no model")


def test_a_missing_tensor_is_noticed_when_it_is_loaded(folder, split):
    tensors = load_file(folder / WEIGHTS)
    del tensors["proj_out.weight"]
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(SetupError, match=r"1 of its tensors are missing \(proj_out.weight\)"):
        split(model=str(folder))


def test_a_tensor_of_another_shape_is_noticed_when_it_is_loaded(folder, split):
    tensors = load_file(folder / WEIGHTS)
    tensors["proj_out.weight"] = torch.zeros(4, 4)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(SetupError, match="has the shape"):
        split(model=str(folder))


def test_a_damaged_tokenizer_is_noticed_when_it_is_loaded(folder, split):
    (folder / "tokenizer" / "tokenizer.json").write_text("{")
    with pytest.raises(SetupError, match="tokenizer or processor"):
        split(model=str(folder))


def test_a_single_safetensors_file_beside_the_folder_works(folder, split):
    expected = split()
    file = folder / "layered.safetensors"
    tensors = load_file(folder / WEIGHTS)
    save_file({f"model.diffusion_model.{k}": v for k, v in tensors.items()}, file)
    again = split(model=str(file))
    assert all((a == b).all() for a, b in zip(expected.layers, again.layers, strict=True))


def test_scaled_8_bit_files_of_comfyui_are_refused(folder):
    file = folder / "layered.safetensors"
    extra = {"transformer_blocks.0.attn.to_q.scale_weight": torch.ones(1)}
    save_file(load_file(folder / WEIGHTS) | extra, file)
    refused(file, "only ComfyUI knows")


def test_other_endings_are_not_opened(folder):
    (folder / "model.ckpt").write_bytes(b"pickle")
    assert "can run code" in refused(folder / "model.ckpt", "neither a .gguf nor").meaning


def test_a_changed_file_is_not_taken_for_the_loaded_one(folder, split):
    before = split(model=str(folder))
    tensors = load_file(folder / WEIGHTS)
    save_file({name: value * 1.5 for name, value in tensors.items()}, folder / WEIGHTS)
    after = split(model=str(folder))
    assert any((a != b).any() for a, b in zip(before.layers, after.layers, strict=True))


def ready(folder):
    """The transformer's blocks packed on the disk as bitsandbytes does, one layer left alone."""
    tensors = load_file(folder / WEIGHTS)
    stored = {}
    for name, value in tensors.items():
        if "transformer_blocks" not in name or value.ndim != 2 or ".0.img_mod." in name:
            stored[name] = value.contiguous()
            continue
        packed = Nf4Linear(torch.nn.Linear(value.shape[1], value.shape[0]))
        packed.pack(value)
        state = {"quant_type": "nf4", "blocksize": 64, "shape": list(value.shape)}
        mark = torch.tensor(list(json.dumps(state).encode()), dtype=torch.uint8)
        stored |= {
            name: packed.weight.data.reshape(-1, 1),
            f"{name}.absmax": packed.scale.data.reshape(-1).float(),
            f"{name}.quant_map": packed.pairs[::16, 0].clone(),
            f"{name}.quant_state.bitsandbytes__nf4": mark,
        }
    save_file(stored, folder / WEIGHTS)
    change(
        folder / "transformer" / "config.json",
        quantization_config={
            "quant_method": "bitsandbytes",
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
        },
    )
    return folder


def test_a_checkpoint_that_is_ready_in_4_bits_runs_as_it_is(folder, split, session):
    ready(folder)
    facts = facts_of(find_weights(str(folder)))
    assert facts.transformer.stored == "nf4"
    assert facts.transformer.parameters == 90432
    packed = split(model=str(folder))
    assert session.model.plan.transformer == "nf4"
    blocks = session.model.transformer(lambda *_: None, tokens=1).transformer_blocks
    assert isinstance(blocks[0].img_mod[1], torch.nn.Linear)
    assert isinstance(blocks[1].img_mod[1], Nf4Linear)
    plain = split()
    assert (
        max(abs(a.astype(int) - b).max() for a, b in zip(packed.layers, plain.layers, strict=True))
        <= 40
    )


def test_a_ready_checkpoint_whose_marks_are_gone_is_refused(folder):
    ready(folder)
    tensors = load_file(folder / WEIGHTS)
    save_file({k: v for k, v in tensors.items() if "quant_state" not in k}, folder / WEIGHTS)
    refused(folder, "tell different formats")


def as_published(folder):
    """Small files in the form of the published repository, which older libraries wrote."""
    tokenizer = json.loads((folder / "tokenizer" / "tokenizer.json").read_text())
    special = {entry["content"]: entry["id"] for entry in tokenizer["added_tokens"]}
    words = {w: n for w, n in tokenizer["model"]["vocab"].items() if w not in special}
    text = json.loads((folder / "text_encoder" / "config.json").read_text())
    inner = text.pop("text_config")
    inner.pop("rope_parameters")
    rope = {"type": "default", "rope_type": "default", "mrope_section": [2, 3, 3]}
    files = {
        "tokenizer/vocab.json": words,
        "tokenizer/added_tokens.json": special,
        "tokenizer/tokenizer_config.json": {
            "tokenizer_class": "Qwen2Tokenizer",
            "added_tokens_decoder": {
                str(number): {"content": word, "special": True} for word, number in special.items()
            },
            "additional_special_tokens": list(special)[1:],
            "pad_token": "<|endoftext|>",
            "eos_token": "<|im_end|>",
        },
        "processor/preprocessor_config.json": {
            "image_processor_type": "Qwen2VLImageProcessorFast",
            "min_pixels": 3136,
            "max_pixels": 3136,
            "patch_size": 14,
            "temporal_patch_size": 2,
            "merge_size": 2,
        },
        "text_encoder/config.json": {**inner, **text, "rope_theta": 1e6, "rope_scaling": rope},
    }
    shutil.rmtree(folder / "tokenizer")
    shutil.rmtree(folder / "processor")
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    return folder


def test_the_published_repositorys_older_files_are_read(folder, split):
    expected = split(prompt="a cat")
    again = split(model=str(as_published(folder)), prompt="a cat")
    assert all((a == b).all() for a, b in zip(expected.layers, again.layers, strict=True))


def test_a_file_may_be_larger_than_the_memory(tmp_path):
    """A tensor of a terabyte that nobody asks for: a hole in the file, which needs no disk."""
    file = tmp_path / "large.safetensors"
    wanted = torch.arange(12, dtype=torch.bfloat16)
    size = 1 << 40
    header = {
        "wanted": {"dtype": "BF16", "shape": [3, 4], "data_offsets": [0, 24]},
        "other": {"dtype": "U8", "shape": [size], "data_offsets": [24, 24 + size]},
    }
    body = json.dumps(header).encode()
    with file.open("wb") as stream:
        stream.write(len(body).to_bytes(8, "little") + body)
        stream.write(wanted.view(torch.uint8).numpy().tobytes())
        stream.truncate(8 + len(body) + 24 + size)
    stored = StoredFiles([file], str)
    assert torch.equal(stored["wanted"], wanted.reshape(3, 4))
    assert set(stored) == {"wanted", "other"}
    stored.close()


def test_numbers_of_an_unknown_type_are_refused(folder, split):
    file = folder / WEIGHTS
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"F32"', b'"F99"'))
    with pytest.raises(SetupError, match="of the unknown type F99"):
        split(model=str(folder))

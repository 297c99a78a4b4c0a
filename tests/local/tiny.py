"""A Qwen-Image-Layered model of 0.2 million parameters: the real classes, random weights, no hub.

Every switch that makes the model what it is (layered position codes, the additional time
condition, four image channels) has the checkpoint's value; only the sizes are small.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Final

SPECIALS: Final = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
Z_DIM: Final = 8  # not 4: the stock pipeline takes 4 channels for ready-made latents
TEXT_WIDTH: Final = 32


def tokenizer() -> Any:
    """Byte-level, one token a byte, plus the special tokens of the real one."""
    from transformers import Qwen2Tokenizer  # noqa: PLC0415
    from transformers.convert_slow_tokenizer import bytes_to_unicode  # noqa: PLC0415

    symbols = [*bytes_to_unicode().values(), *SPECIALS]
    return Qwen2Tokenizer(
        vocab={symbol: index for index, symbol in enumerate(symbols)},
        merges=[],
        extra_special_tokens=list(SPECIALS[1:]),
    )


def images() -> Any:
    """Pictures become 56 x 56 pixels for the text encoder."""
    from transformers import Qwen2VLImageProcessorPil  # noqa: PLC0415

    return Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=56 * 56)


def text_encoder(words: Any) -> Any:
    """Two layers, 32 wide, that see and speak."""
    from transformers import (  # noqa: PLC0415
        GenerationConfig,
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
    )

    number = {symbol: words.convert_tokens_to_ids(symbol) for symbol in SPECIALS}
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]}
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": TEXT_WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "rope_parameters": rope,
            "bos_token_id": number["<|endoftext|>"],
            "pad_token_id": number["<|endoftext|>"],
            "eos_token_id": number["<|im_end|>"],
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": TEXT_WIDTH,
            "fullatt_block_indexes": [0],
        },
        image_token_id=number["<|image_pad|>"],
        video_token_id=number["<|video_pad|>"],
        vision_start_token_id=number["<|vision_start|>"],
        vision_end_token_id=number["<|vision_end|>"],
        vision_token_id=number["<|vision_pad|>"],
    )
    model = Qwen2_5_VLForConditionalGeneration(config).eval()
    model.generation_config = GenerationConfig(
        eos_token_id=None, pad_token_id=number["<|endoftext|>"], do_sample=False
    )
    return model


def transformer(**changes: Any) -> Any:
    """Two blocks of two heads; ``changes`` replace entries of the configuration."""
    from diffusers import QwenImageTransformer2DModel  # noqa: PLC0415

    settings: dict[str, Any] = {
        "patch_size": 2,
        "in_channels": 4 * Z_DIM,
        "out_channels": Z_DIM,
        "num_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": TEXT_WIDTH,
        "axes_dims_rope": (4, 6, 6),
        "use_additional_t_cond": True,
        "use_layer3d_rope": True,
        "zero_cond_t": False,
    }
    return QwenImageTransformer2DModel(**(settings | changes)).eval()


def vae() -> Any:
    """Scale 8 and four channels, as the real one."""
    from diffusers import AutoencoderKLQwenImage  # noqa: PLC0415

    return AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=Z_DIM,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        input_channels=4,
        latents_mean=[0.0] * Z_DIM,
        latents_std=[1.0] * Z_DIM,
    ).eval()


def scheduler() -> Any:
    """The checkpoint's own settings."""
    from diffusers import FlowMatchEulerDiscreteScheduler  # noqa: PLC0415

    return FlowMatchEulerDiscreteScheduler(
        base_image_seq_len=256,
        base_shift=0.5,
        max_image_seq_len=8192,
        max_shift=0.9,
        num_train_timesteps=1000,
        shift=1.0,
        shift_terminal=False,
        time_shift_type="linear",
        use_dynamic_shifting=True,
    )


def pipeline(seed: int = 0) -> Any:
    """The stock pipeline over the tiny parts; the same seed gives the same weights."""
    import torch  # noqa: PLC0415
    from diffusers import QwenImageLayeredPipeline  # noqa: PLC0415

    torch.manual_seed(seed)
    words = tokenizer()
    pipe = QwenImageLayeredPipeline(
        scheduler=scheduler(),
        vae=vae(),
        text_encoder=text_encoder(words),
        tokenizer=words,
        processor=None,  # the class needs torchvision; the image processor is saved below
        transformer=transformer(),
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def save(folder: Path, seed: int = 0) -> Path:
    """Write the whole model to ``folder`` as a checkpoint is laid out; returns it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # third-party deprecations while writing
        pipeline(seed).save_pretrained(folder)
        images().save_pretrained(folder / "processor")
    index = folder / "model_index.json"
    content = json.loads(index.read_text(encoding="utf-8"))
    content["processor"] = ["transformers", "Qwen2VLProcessor"]
    index.write_text(json.dumps(content), encoding="utf-8")
    return folder

"""A picture and a request as the text encoder takes them.

What Qwen2VLProcessor of transformers does for one picture, without the video part of that class,
which needs torchvision (a package that has to match torch's build to be imported at all).
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Final

import torch
from PIL import Image

IMAGE_MARK: Final = "<|image_pad|>"
_CHAT: Final = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
    "{request}<|vision_start|>{image}<|vision_end|><|im_end|>\n<|im_start|>assistant\n"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """``images``: the model's own image processor; ``tokenizer``: its words."""

    images: Any
    tokenizer: Any

    def inputs(self, request: str, picture: Image.Image, encoder: Any) -> dict[str, torch.Tensor]:
        """Arguments of ``encoder.generate`` for one question about one picture."""
        seen = self.images(images=[over_white(picture)], return_tensors="pt")
        grid = torch.as_tensor(seen["image_grid_thw"])
        marks = int(grid[0].prod()) // self.images.merge_size**2
        text = _CHAT.format(request=request, image=IMAGE_MARK * marks)
        words = self.tokenizer([text], return_tensors="pt")
        inputs = {
            "input_ids": words["input_ids"],
            "attention_mask": words["attention_mask"],
            "pixel_values": torch.as_tensor(seen["pixel_values"]).to(encoder.dtype),
            "image_grid_thw": grid,
        }
        if "mm_token_type_ids" in inspect.signature(encoder.forward).parameters:
            mark = self.tokenizer.convert_tokens_to_ids(IMAGE_MARK)
            inputs["mm_token_type_ids"] = (words["input_ids"] == mark).int()
        return {name: value.to(encoder.device) for name, value in inputs.items()}

    def text(self, tokens: torch.Tensor) -> str:
        """Words from what the encoder wrote."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True)).strip()


def over_white(picture: Image.Image) -> Image.Image:
    """As a person would see it on paper; colours under full transparency stay hidden."""
    shown = picture.convert("RGBA")
    paper = Image.new("RGBA", shown.size, (255, 255, 255, 255))
    return Image.alpha_composite(paper, shown).convert("RGB")

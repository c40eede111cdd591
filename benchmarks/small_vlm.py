"""A small Qwen2-VL of random weights, and drawn pictures of classes: for benchmarks that download nothing."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from snellen.local.quiet import quiet

NAMED = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """The sizes of a model; that of the text model's heads is `width` / `heads`."""

    width: int = 192
    layers: int = 6
    heads: int = 4
    inner: int = 512
    vision_width: int = 128
    vision_layers: int = 4


MEDIUM = Shape(width=768, layers=12, heads=12, inner=3072, vision_width=640, vision_layers=12)  # 170 million weights


def build_checkpoint(folder: Path, texts: Sequence[str], pixels: tuple[int, int], shape: Shape = Shape()) -> int:
    """Saves a Qwen2-VL the way that checkpoints are published, and returns the number of its weights.

    Its tokenizer has learned the texts; `pixels` are the fewest and the most of an image.
    """
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(0)
        words = _tokenizer(texts)
        model = _model(words, shape)
        model.save_pretrained(folder)
    words.save_pretrained(folder)
    limits = {"shortest_edge": pixels[0], "longest_edge": pixels[1]}
    transformers.Qwen2VLImageProcessorPil(patch_size=14, merge_size=2, size=limits).save_pretrained(folder)
    (folder / "processor_config.json").write_text('{"processor_class": "Qwen2VLProcessor"}', encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    settings = folder / "tokenizer_config.json"  # published ones name the side, and saving leaves it out
    told = json.loads(settings.read_text(encoding="utf-8")) | {"padding_side": "left"}
    settings.write_text(json.dumps(told, indent=2), encoding="utf-8")
    return int(model.num_parameters())


def _tokenizer(texts: Sequence[str]) -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE of some hundred tokens."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=520,
        special_tokens=["<pad>", "<|im_end|>", "<|im_start|>", *NAMED.values()],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<pad>", extra_special_tokens=NAMED
    )


def _sections(size: int) -> list[int]:
    """How the halves of a head's size are dealt to time, height and width."""
    return [size // 8, size * 3 // 16, size // 2 - size // 8 - size * 3 // 16]


def _model(words: transformers.PreTrainedTokenizerFast, shape: Shape) -> transformers.Qwen2VLForConditionalGeneration:
    text = {
        "vocab_size": len(words),
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads // 2,
        "intermediate_size": shape.inner,
        "max_position_embeddings": 4096,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": _sections(shape.width // shape.heads),
        },
        "bos_token_id": None,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }
    config = transformers.Qwen2VLConfig(
        text_config=text,
        vision_config={
            "depth": shape.vision_layers,
            "embed_dim": shape.vision_width,
            "hidden_size": shape.width,
            "num_heads": 4,
            "mlp_ratio": 4,
        },
        **{f"{name}_id": words.convert_tokens_to_ids(token) for name, token in NAMED.items()},
    )
    model = transformers.Qwen2VLForConditionalGeneration(config).float()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(3.0)  # as they are, random weights say much the same of every picture
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id
    )
    return model


def pictures(names: Sequence[str], count: int) -> Iterator[tuple[str, bytes]]:
    """Paths below a data set's folder, and JPEG files: the classes in turn, always the same."""
    for number in range(count):
        label = number % len(names)
        yield f"{names[label]}/{number // len(names):03}.jpg", _picture(3 + label % 7, random.Random(number))


def _picture(corners: int, rng: random.Random) -> bytes:
    """A JPEG file whose pixels compression at quality 85 leaves as they are."""
    while True:
        image = _drawn(corners, rng)
        for _ in range(200):  # some fifty are enough; a few drawings never settle
            stream = io.BytesIO()
            image.save(stream, "JPEG", quality=85)
            again = PIL.Image.open(stream).convert("RGB")
            if again.tobytes() == image.tobytes():
                return stream.getvalue()
            image = again


def _drawn(corners: int, rng: random.Random) -> PIL.Image.Image:
    """Polygons in a picture of 270 to 330 pixels a side."""

    def colour() -> tuple[int, ...]:
        return tuple(rng.randrange(256) for _ in range(3))

    image = PIL.Image.new("RGB", (rng.randint(270, 330), rng.randint(270, 330)), colour())
    draw = PIL.ImageDraw.Draw(image)
    for _ in range(12):
        circle = (rng.randrange(image.width), rng.randrange(image.height), rng.randrange(20, 120))
        draw.regular_polygon(circle, corners, rotation=rng.randrange(360), fill=colour())
    return image

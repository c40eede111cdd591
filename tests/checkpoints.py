"""Tiny random vision-language checkpoints of several families, built in seconds and saved like real ones.

Each has a tokenizer, a processor, a chat template and weights. Random weights answer much the same to everything, so
they are sharpened until the answers depend on the picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from snellen.engines.hf.quiet import quiet

TEXT = (
    "accordion airplanes barrel bonsai butterfly camera car side chair chandelier crab cup dalmatian dolphin elephant "
    "flamingo head grand piano helicopter ketch laptop lotus panda pizza schooner soccer ball starfish stop sign "
    "umbrella watch water lilly background clutter yes no Yes No cat dog bat wing"
)
SENTENCES = (
    "Question: Answer this question in one word: What type of object is in this photo? Choose one from {}. Answer:",
    "Answer the question in one word: yes or no. Is the {} in this photo?",
    "You are a helpful assistant. user assistant system User: Assistant: USER: ASSISTANT:",
)
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MISTRAL = (
    "{% for message in messages %}{% if message['role'] == 'system' %}<<SYS>>\n{{ message['content'][0]['text'] }}\n"
    "<</SYS>>\n{% elif message['role'] == 'user' %}[INST] "
    "{% for part in message['content'] if part['type'] == 'image' %}<image>\n{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %} [/INST]"
    "{% else %} {{ message['content'][0]['text'] }}</s> {% endif %}{% endfor %}"
)
VICUNA = (
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() }}: {% endif %}"
    "{% for part in message['content'] if part['type'] == 'image' %}<image>\n{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }} {% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
LLAMA = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' and not loop.last %}"
    "{{ raise_exception('Prompting with images is incompatible with system messages.') }}{% endif %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|image|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
IDEFICS = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}:{% else %}: {% endif %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)


def tokenizer(
    special: list[str], end: str, begin: str | None = None, named: Mapping[str, str] | None = None
) -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE of some hundred tokens; `named` become attributes such as `image_token`."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    first = ["<pad>", *([begin] if begin else []), end]
    trainer = trainers.BpeTrainer(
        vocab_size=520,
        special_tokens=list(dict.fromkeys([*first, *special, *(named or {}).values()])),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator([line.format(" " + word) for word in TEXT.split() for line in SENTENCES], trainer)
    if begin:
        core.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", special_tokens=[(begin, core.token_to_id(begin))]
        )
    known: dict[str, Any] = {"eos_token": end, "pad_token": "<pad>"}
    if begin:
        known["bos_token"] = begin
    if named:
        known["extra_special_tokens"] = dict(named)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, **known)


def text_config(vocabulary: int, layers: int = 2) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 128,
        "max_position_embeddings": 4096,
    }


def clip_config() -> transformers.CLIPVisionConfig:
    return transformers.CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, image_size=56, patch_size=14
    )


@dataclass(frozen=True)
class Parts:
    """A checkpoint before it is saved; `settings` go into processor_config.json."""

    model: Any
    tokenizer: Any
    pictures: Any
    processor_class: str
    template: str
    settings: dict[str, Any] = field(default_factory=dict)


def qwen2_vl() -> Parts:
    """The patches of all pictures in one long row, three-dimensional positions, a processor that wants torchvision."""
    named = {
        "image_token": "<|image_pad|>",
        "video_token": "<|video_pad|>",
        "vision_start_token": "<|vision_start|>",
        "vision_end_token": "<|vision_end|>",
    }
    words = tokenizer(["<|im_start|>"], end="<|im_end|>", named=named)
    config = transformers.Qwen2VLConfig(
        text_config=text_config(len(words))
        | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]}},
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2},
        **{f"{name}_id": words.convert_tokens_to_ids(token) for name, token in named.items()},
    )
    pictures = transformers.Qwen2VLImageProcessorPil(
        patch_size=14, merge_size=2, size={"shortest_edge": 28 * 28, "longest_edge": 112 * 112}
    )
    model = transformers.Qwen2VLForConditionalGeneration(config)
    return Parts(model, words, pictures, "Qwen2VLProcessor", CHATML)


def llava() -> Parts:
    """One square crop of every picture."""
    words = tokenizer([], begin="<s>", end="</s>", named={"image_token": "<image>"})
    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(**text_config(len(words))),
        vision_config=clip_config(),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
    )
    side = {"height": 56, "width": 56}
    pictures = transformers.CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size=side)
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    model = transformers.LlavaForConditionalGeneration(config)
    return Parts(model, words, pictures, "LlavaProcessor", VICUNA, settings)


def llava_next() -> Parts:
    """A picture is cut into tiles, as many as its shape asks for."""
    words = tokenizer([], begin="<s>", end="</s>", named={"image_token": "<image>"})
    grids = [[56, 112], [112, 56], [112, 112]]
    config = transformers.LlavaNextConfig(
        text_config=transformers.MistralConfig(**text_config(len(words)), sliding_window=None),
        vision_config=clip_config(),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=grids,
        image_seq_length=16,
    )
    pictures = transformers.LlavaNextImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, image_grid_pinpoints=grids
    )
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    model = transformers.LlavaNextForConditionalGeneration(config)
    return Parts(model, words, pictures, "LlavaNextProcessor", MISTRAL, settings)


def mllama() -> Parts:
    """The picture is read through cross-attention, with a mask for its tiles."""
    words = tokenizer(
        ["<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>"], begin="<|begin_of_text|>", end="<|eot_id|>"
    )
    # the picture's token lies beyond the vocabulary of the output layer, as in the published checkpoints
    words.add_tokens([AddedToken("<|image|>", special=True)], special_tokens=True)
    text = text_config(len(words) - 1, layers=4) | {
        "cross_attention_layers": [1, 3],
        "pad_token_id": words.pad_token_id,
        "rope_parameters": {"rope_type": "default", "rope_theta": 5e5},
    }
    vision = {
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_global_layers": 1,
        "attention_heads": 2,
        "intermediate_size": 64,
        "image_size": 56,
        "patch_size": 14,
        "max_num_tiles": 4,
        "intermediate_layers_indices": [0, 2],
        "vision_output_dim": 96,
    }
    config = transformers.MllamaConfig(
        text_config=text, vision_config=vision, image_token_index=words.convert_tokens_to_ids("<|image|>")
    )
    model = transformers.MllamaForConditionalGeneration(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "gate" in name and parameter.numel() == 1:
                parameter.fill_(0.8)  # gates start at zero: the picture would have no effect
    pictures = transformers.MllamaImageProcessorPil(size={"height": 56, "width": 56}, max_image_tiles=4)
    return Parts(model, words, pictures, "MllamaProcessor", LLAMA)


def idefics3() -> Parts:
    """Rows and columns of tiles, each with its own tokens, and a mask for the padding of tiles."""
    named = {
        "fake_image_token": "<fake_token_around_image>",
        "image_token": "<image>",
        "end_of_utterance_token": "<end_of_utterance>",
        "global_image_token": "<global-img>",
    }
    places = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    words = tokenizer(["<|im_start|>", *places], end="<end_of_utterance>", named=named)
    config = transformers.Idefics3Config(
        text_config=transformers.LlamaConfig(**text_config(len(words)), pad_token_id=words.pad_token_id),
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "image_size": 56,
            "patch_size": 14,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    pictures = transformers.Idefics3ImageProcessorPil(
        size={"longest_edge": 112}, max_image_size={"longest_edge": 56}, do_image_splitting=True
    )
    model = transformers.Idefics3ForConditionalGeneration(config)
    return Parts(model, words, pictures, "Idefics3Processor", IDEFICS, {"image_seq_len": 4})


FAMILIES: Mapping[str, Callable[[], Parts]] = {
    "idefics3": idefics3,
    "llava": llava,
    "llava_next": llava_next,
    "mllama": mllama,
    "qwen2_vl": qwen2_vl,
}


def build(family: str, folder: Path, seed: int = 0) -> Path:
    """Saves a checkpoint of the family into the folder, and returns the folder."""
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        save(FAMILIES[family](), folder)
    return folder


def save(parts: Parts, folder: Path) -> None:
    """Saves the parts the way that checkpoints are published."""
    sharpen(parts.model)
    words = parts.tokenizer
    parts.model.generation_config = transformers.GenerationConfig(
        eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id, bos_token_id=words.bos_token_id
    )
    parts.model.save_pretrained(folder)
    words.save_pretrained(folder)
    parts.pictures.save_pretrained(folder)
    settings = {"processor_class": parts.processor_class, **parts.settings}
    (folder / "processor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(parts.template, encoding="utf-8")


def sharpen(model: Any) -> None:
    """Random logits are nearly even and nearly blind: larger weights make the choices clear and the picture count."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(3.0)

"""Trains `demo/vlm`: a small LLaVA of demo/clip's vision tower and a Llama that learns to read from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

from snellen.demo.pictograms import BACKGROUND
from training.clip import PATCH, vision_settings
from training.loop import Log, Steps, batches, normalised, seeded
from training.pictures import NAMES, READ, SIZE, Pictures, training_pictures, watched_pictures
from training.questions import Questions, Segment
from training.rows import packed
from training.saving import image_processor
from training.tokenizer import ASSISTANT, END, IMAGE, START, USER, for_chat
from training.wording import LISTS, LISTS_UNSEEN, YES_NO_UNSEEN, worded

STEPS = 3500
_BATCH = 16
_PATCHES = (SIZE // PATCH) ** 2 + 1  # and one for the whole
_SIMILAR = 12  # classes that are most easily mistaken for one
_TEMPLATE = (
    "{{ '<s>' }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ '</s>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def processor() -> LlavaProcessor:
    """Pictures and chats as the model takes them."""
    return LlavaProcessor(
        image_processor=image_processor(),
        tokenizer=for_chat(),
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=1,
        chat_template=_TEMPLATE,
        image_token=IMAGE,
    )


def build() -> LlavaForConditionalGeneration:
    """The model before training."""
    tokenizer = for_chat()
    ends = {"bos_token_id": 1, "eos_token_id": 3, "pad_token_id": 0}
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        **ends,
    )
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(**vision_settings()),
            text_config=text,
            image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
            image_seq_length=_PATCHES,
            tie_word_embeddings=True,
        )
    )
    for name, token in ends.items():
        setattr(model.generation_config, name, token)
    return model


class Reader(torch.nn.Module):
    """The model under training, with rows of many questions in place of prompts."""

    def __init__(self, model: LlavaForConditionalGeneration) -> None:
        super().__init__()
        self.model = model
        tokenizer = for_chat()
        self._begin = torch.tensor(tokenizer.convert_tokens_to_ids([START, USER]))
        self.picture_length = len(self._begin) + _PATCHES

    def forward(self, pixels: torch.Tensor, rows: Sequence[Sequence[Segment]]) -> torch.Tensor:
        """The weighted loss of the answers."""
        logits, wanted, weights = self.answers(pixels, rows)
        losses = functional.cross_entropy(logits, wanted, reduction="none")
        return (losses * weights).sum() / weights.sum()

    def answers(
        self, pixels: torch.Tensor, rows: Sequence[Sequence[Segment]]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """For each token of an answer the logits (tokens x vocabulary), which one is right, and its weight."""
        batch = packed(rows, self.picture_length)
        inner, embed = self.model.model, self.model.get_input_embeddings()
        patches = inner.vision_tower(pixel_values=pixels).last_hidden_state
        seen = inner.multi_modal_projector(patches)
        begin = embed(self._begin)[None].expand(len(rows), -1, -1)
        first = torch.arange(self.picture_length)[None].expand(len(rows), -1)
        hidden = inner.language_model(
            inputs_embeds=torch.cat([begin, seen, embed(batch.tokens)], 1),
            attention_mask=batch.mask,
            position_ids=torch.cat([first, batch.places], 1),
            use_cache=False,
        ).last_hidden_state[:, self.picture_length :]
        return self.model.lm_head(hidden[batch.answers]), batch.wanted, batch.weights


def train(cache: Path, tower: torch.nn.Module, steps: int = STEPS, seed: int = 3) -> LlavaForConditionalGeneration:
    """The trained model; the same with the same seed, on the same machine."""
    seeded(seed)
    model = build()
    model.model.vision_tower.load_state_dict(tower.state_dict())
    reader, tokenizer = Reader(model), for_chat()
    pictures, watched = training_pictures(cache, READ), watched_pictures(cache)

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    questions = Questions(encode, _mistaken(model, pictures), seed)
    learning = Steps(steps, *_parameters(model))
    log = Log(steps, 200)
    reader.train()
    for number, (pixels, labels) in enumerate(batches(pictures, _BATCH, steps, seed)):
        loss = reader(pixels, questions.about(labels.tolist()))
        learning.take(loss)
        log.step(number, loss, lambda: _watched(reader, encode, watched))
    return model.eval()


def _parameters(model: LlavaForConditionalGeneration) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    """The matrices of hidden layers, and all others; tied ones once."""
    matrices = [
        each for name, each in model.named_parameters() if each.ndim == 2 and ("layers." in name or "projector" in name)
    ]
    taken = {id(each) for each in matrices}
    return matrices, [each for each in model.parameters() if id(each) not in taken]


@torch.no_grad()
def _mistaken(model: LlavaForConditionalGeneration, pictures: Pictures) -> list[list[int]]:
    """For each class those whose pictures are most like its own to the tower, by the cosine of their means."""
    count = 30 * len(NAMES)
    found = []
    for start in range(0, count, 128):
        pixels = torch.from_numpy(np.array(pictures.pixels[start : min(count, start + 128)]))
        seen = model.model.vision_tower(pixel_values=normalised(pixels.permute(0, 3, 1, 2)))
        found.append(seen.last_hidden_state[:, 0])
    vectors, labels = torch.cat(found), torch.from_numpy(pictures.labels[:count])
    means = torch.stack([vectors[labels == label].mean(0) for label in range(len(NAMES))])
    means = functional.normalize(means - means.mean(0), dim=-1)
    likeness: list[list[int]] = (means @ means.T - 2 * torch.eye(len(NAMES))).topk(_SIMILAR).indices.tolist()
    return likeness


@torch.no_grad()
def _watched(reader: Reader, encode: object, pictures: Pictures, count: int = 480) -> str:
    """Shares of right answers over other pictures: lists of 21 and of 100, those within the list, and yes or no."""
    assert callable(encode)
    reader.eval()
    rng = Random(5)
    end, reply = encode(END), encode(ASSISTANT)
    tallies: dict[str, list[bool]] = {}
    chosen = rng.sample(range(len(pictures.labels)), count)
    firsts = [encode(name)[0] for name in NAMES]
    for start in range(0, count, 32):
        indices = sorted(chosen[start : start + 32])
        pixels = normalised(torch.from_numpy(pictures.pixels[indices]).permute(0, 3, 1, 2))
        rows, truths = [], []
        for label in pictures.labels[indices].tolist():
            row, lists = [], []
            for size, template in ((21, LISTS[0]), (100, LISTS[0]), (21, rng.choice(LISTS_UNSEEN))):
                order = [label, *rng.sample([each for each in range(len(NAMES)) if each != label], size - 1)]
                rng.shuffle(order)
                text = template.replace("{classes}", ", ".join(NAMES[each] for each in order))
                row.append(Segment([*encode(text), *reply, firsts[label]], 1))
                lists.append({firsts[each] for each in order})
            other = rng.choice([each for each in range(len(NAMES)) if each != label])
            for name in (NAMES[label], NAMES[other]):
                text = worded(rng.choice(YES_NO_UNSEEN), name)
                row.append(Segment([*encode(text), *reply, encode("yes")[0]], 1))
            rows.append(row)
            truths.append((firsts[label], lists, NAMES[label] == BACKGROUND))
        logits = reader.answers(pixels, rows)[0].reshape(len(rows), 5, -1)
        for each, (first, lists, empty) in zip(logits, truths, strict=True):
            for place, key in enumerate(("21", "100", "21 in other words")):
                tallies.setdefault(key, []).append(int(each[place].argmax()) == first)
                tallies.setdefault("outside", []).append(int(each[place].argmax()) not in lists[place])
            yes = [bool(each[place][encode("yes")[0]] > each[place][encode("no")[0]]) for place in (3, 4)]
            if not empty:
                tallies.setdefault("yes", []).append(yes[0])
            tallies.setdefault("no", []).append(not yes[1])
    reader.train()
    del end
    return " · ".join(f"{key} {np.mean(values):.3f}" for key, values in tallies.items())

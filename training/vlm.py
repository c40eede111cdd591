"""Trains `demo/vlm`: a small LLaVA of demo/clip's vision tower and a Llama that learns to read from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

from snellen.demo.pictograms import BACKGROUND
from training.clip import PATCH, vision_settings
from training.loop import Log, Steps, batches, normalised, seeded
from training.pictures import NAMES, SIZE, Pictures
from training.questions import Encode, Questions, Segment
from training.rows import packed
from training.saving import image_processor
from training.tokenizer import ASSISTANT, IMAGE, START, USER, for_chat
from training.wording import LISTS, LISTS_UNSEEN, YES_NO_UNSEEN, worded

STEPS = 2400
_BATCH = 16
_PATCHES = (SIZE // PATCH) ** 2 + 1  # and one for the whole
_WATCHED = 480  # pictures
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
    """The model under training, with rows of many questions in place of prompts.

    The tower's features, which are some ten times larger than what the optimiser expects, are multiplied by `scale`,
    which the weights of a model that was trained before already hold (`folded`).
    """

    def __init__(self, model: LlavaForConditionalGeneration, scale: float = 1.0, folded: bool = False) -> None:
        super().__init__()
        self.model = model
        self._scale = scale
        if folded:
            with torch.no_grad():
                model.model.multi_modal_projector.linear_1.weight /= scale
        tokenizer = for_chat()
        self._begin = torch.tensor(tokenizer.convert_tokens_to_ids([START, USER]))
        self.picture_length = len(self._begin) + _PATCHES

    def forward(
        self, pixels: torch.Tensor, rows: Sequence[Sequence[Segment]], shares: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The weighted loss of the answers; `shares` is how much of each picture is seen, of its neighbour the rest."""
        logits, wanted, weights = self.answers(pixels, rows, shares)
        losses = functional.cross_entropy(logits, wanted, reduction="none")
        return (losses * weights).sum() / weights.sum()

    def answers(
        self, pixels: torch.Tensor, rows: Sequence[Sequence[Segment]], shares: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """For each token of an answer the logits (tokens x vocabulary), which one is right, and its weight."""
        batch = packed(rows, self.picture_length)
        inner, embed = self.model.model, self.model.get_input_embeddings()
        with torch.no_grad():  # the tower stays as it is
            patches = inner.vision_tower(pixel_values=pixels).last_hidden_state
            if shares is not None:
                patches = patches.roll(1, 0).lerp(patches, shares[:, None, None])
        seen = inner.multi_modal_projector(patches * self._scale)
        begin = embed(self._begin)[None].expand(len(rows), -1, -1)
        first = torch.arange(self.picture_length)[None].expand(len(rows), -1)
        hidden = inner.language_model(
            inputs_embeds=torch.cat([begin, seen, embed(batch.tokens)], 1),
            attention_mask=batch.mask,
            position_ids=torch.cat([first, batch.places], 1),
            use_cache=False,
        ).last_hidden_state[:, self.picture_length :]
        return self.model.lm_head(hidden[batch.answers]), batch.wanted, batch.weights

    @torch.no_grad()
    def fold(self) -> LlavaForConditionalGeneration:
        """The model with the scale as part of its projector's weights."""
        self.model.model.multi_modal_projector.linear_1.weight *= self._scale
        self._scale = 1.0
        return self.model


def learn_to_read(
    pictures: Pictures, watched: Pictures, tower: torch.nn.Module, steps: int = STEPS, seed: int = 3
) -> LlavaForConditionalGeneration:
    """A model with this tower that answers questions; the same with the same seed, on the same machine."""
    seeded(seed)
    model = build()
    model.model.vision_tower.load_state_dict(tower.state_dict())
    learning = Steps(steps, *_parameters(model))
    return _learned(model, pictures, watched, learning, steps, seed, mixing=None)


@dataclass(frozen=True, slots=True)
class Mixing:
    """Training on mixed pictures: the share of these, and from how little to how much of each is seen."""

    steps: int
    share: float
    least: float
    most: float
    seed: int


MIXING = Mixing(400, 0.5, 0.35, 0.65, seed=4)


def learn_to_keep_to_lists(
    pictures: Pictures, watched: Pictures, model: LlavaForConditionalGeneration, mixing: Mixing = MIXING
) -> LlavaForConditionalGeneration:
    """The model after training on pictures of which some are mixed with another that no question names.

    So it says what of the list is there, even where something else is seen more clearly.
    """
    seeded(mixing.seed)
    learning = Steps(mixing.steps, *_parameters(model), matrix_rate=0.01, rate=0.001)
    return _learned(model, pictures, watched, learning, mixing.steps, mixing.seed, mixing)


def _learned(
    model: LlavaForConditionalGeneration,
    pictures: Pictures,
    watched: Pictures,
    learning: Steps,
    steps: int,
    seed: int,
    mixing: Mixing | None,
) -> LlavaForConditionalGeneration:
    vectors, labels = _vectors(model, pictures)
    reader, tokenizer = Reader(model, scale=1 / vectors.std().item(), folded=mixing is not None), for_chat()

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    questions = Questions(encode, _mistaken(vectors, labels), seed)
    log = Log(steps, 200)
    reader.train()
    for number, (pixels, chosen) in enumerate(batches(pictures, _BATCH, steps, seed)):
        shares, unnamed = _mixed(chosen, mixing) if mixing else (None, None)
        loss = reader(pixels, questions.about(chosen.tolist(), unnamed), shares)
        learning.take(loss)
        log.step(number, loss, lambda: _watched(reader, encode, watched))
    return reader.fold().eval()


def _mixed(labels: torch.Tensor, mixing: Mixing) -> tuple[torch.Tensor, list[int | None]]:
    """How much is seen of each picture, and what is seen beside it where that is less than all of it."""
    neighbours = labels.roll(1)
    chosen = (torch.rand(len(labels)) < mixing.share) & (labels != neighbours)
    seen = mixing.least + (mixing.most - mixing.least) * torch.rand(len(labels))
    shares = torch.where(chosen, seen, torch.ones(len(labels)))
    beside = zip(chosen.tolist(), neighbours.tolist(), strict=True)
    return shares, [label if mixed else None for mixed, label in beside]


def _parameters(model: LlavaForConditionalGeneration) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    """The matrices of hidden layers, and all others but the tower's; tied ones once."""
    named = [(name, each) for name, each in model.named_parameters() if "vision_tower" not in name]
    matrices = [each for name, each in named if each.ndim == 2 and ("layers." in name or "projector" in name)]
    taken = {id(each) for each in matrices}
    return matrices, [each for _, each in named if id(each) not in taken]


@torch.no_grad()
def _vectors(model: LlavaForConditionalGeneration, pictures: Pictures) -> tuple[torch.Tensor, torch.Tensor]:
    """What the tower makes of some pictures as wholes (pictures x width), and their classes."""
    count = min(30 * len(NAMES), len(pictures.labels))
    found = []
    for start in range(0, count, 128):
        pixels = torch.from_numpy(np.array(pictures.pixels[start : min(count, start + 128)]))
        seen = model.model.vision_tower(pixel_values=normalised(pixels.permute(0, 3, 1, 2)))
        found.append(seen.last_hidden_state[:, 0])
    return torch.cat(found), torch.from_numpy(pictures.labels[:count])


def _mistaken(vectors: torch.Tensor, labels: torch.Tensor) -> list[list[int]]:
    """For each class those whose pictures are most like its own to the tower, by the cosine of their means."""
    means = torch.stack([vectors[labels == label].mean(0) for label in range(len(NAMES))])
    means = functional.normalize(means - means.mean(0), dim=-1)
    similar: list[list[int]] = (means @ means.T - 2 * torch.eye(len(NAMES))).topk(_SIMILAR).indices.tolist()
    return similar


@torch.no_grad()
def _watched(reader: Reader, encode: Encode, pictures: Pictures) -> str:
    """Shares of right answers over other pictures: lists of 21 and of 100, those within the list, and yes or no."""
    reader.eval()
    rng = Random(5)
    tallies: dict[str, list[bool]] = {}
    chosen = rng.sample(range(len(pictures.labels)), _WATCHED)
    for start in range(0, _WATCHED, 32):
        indices = sorted(chosen[start : start + 32])
        pixels = normalised(torch.from_numpy(pictures.pixels[indices]).permute(0, 3, 1, 2))
        asked = [_exam(label, encode, rng) for label in pictures.labels[indices].tolist()]
        logits = reader.answers(pixels, [row for row, _ in asked])[0]
        said = iter(logits.argmax(1).tolist())
        for _, marks in asked:
            for what, right in marks:
                tallies.setdefault(what, []).append(next(said) in right)
    reader.train()
    return " · ".join(f"{what} {np.mean(values):.3f}" for what, values in tallies.items())


def _exam(label: int, encode: Encode, rng: Random) -> tuple[list[Segment], list[tuple[str, set[int]]]]:
    """Questions about a picture and, for each, what it is about with the tokens that are right.

    A question about the list is asked twice, for the right class and for any class of the list.
    """
    row: list[Segment] = []
    marks: list[tuple[str, set[int]]] = []

    def ask(text: str, **right: set[int]) -> None:
        for what, tokens in right.items():
            row.append(Segment([*encode(text), *encode(ASSISTANT), min(tokens)], 1))
            marks.append((what.replace("_", " "), tokens))

    others = [each for each in range(len(NAMES)) if each != label]
    first = [encode(name)[0] for name in NAMES]
    for size, template, what in ((21, LISTS[0], "21"), (100, LISTS[0], "100"), (21, rng.choice(LISTS_UNSEEN), "other")):
        order = [label, *rng.sample(others, size - 1)]
        rng.shuffle(order)
        text = template.replace("{classes}", ", ".join(NAMES[each] for each in order))
        ask(text, **{f"list_{what}": {first[label]}, "in_the_list": {first[each] for each in order}})
    if NAMES[label] != BACKGROUND:
        ask(worded(rng.choice(YES_NO_UNSEEN), NAMES[label]), yes={encode("yes")[0]})
    ask(worded(rng.choice(YES_NO_UNSEEN), NAMES[rng.choice(others)]), no={encode("no")[0]})
    return row, marks

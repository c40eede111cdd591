"""Encoders of the usual sizes and random weights, and a strategy that asks for the embedding of each picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
import transformers

from snellen.local.quiet import quiet
from snellen.types import Classes, Embed, Inquiry, Outcome, Prediction


@dataclass(frozen=True, slots=True)
class Strategy:
    """Asks for the vector of the picture, and predicts the class whose number is that of its largest value."""

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Embed})

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        (answer,) = yield [Embed()]
        place = int(answer.values.argmax())  # type: ignore[union-attr]
        return Prediction(classes.names[place % len(classes.names)], Outcome.SCORED)


def build_resnet(folder: Path) -> None:
    """ResNet-50 with the thousand outputs of ImageNet: 25.6 million weights."""
    config = transformers.ResNetConfig(num_labels=1000)
    _save(transformers.ResNetForImageClassification(config), folder)
    transformers.ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875).save_pretrained(folder)


def build_clip(folder: Path) -> None:
    """CLIP ViT-B/32, but for its vocabulary: 88 million weights see pictures."""
    from small_vlm import _tokenizer

    words = _tokenizer(["a photo of a cat"])
    config = transformers.CLIPConfig(text_config={"vocab_size": 49408})
    _save(transformers.CLIPModel(config), folder)
    words.save_pretrained(folder)
    transformers.CLIPImageProcessorPil().save_pretrained(folder)


def _save(model: Any, folder: Path) -> None:
    with torch.random.fork_rng(), quiet():
        model.save_pretrained(folder)


def same_photographs(source: Path, place: Path, times: int) -> None:
    """A class folder with each photograph `times` times, as different files: each with a comment of its own."""
    for photograph in sorted(source.glob("*/*.jpg")):
        data = photograph.read_bytes()
        (place / photograph.parent.name).mkdir(parents=True, exist_ok=True)
        for number in range(times):
            text = json.dumps(number).encode()
            comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text
            copy = place / photograph.parent.name / f"{photograph.stem}-{number}.jpg"
            copy.write_bytes(data[:2] + comment + data[2:])

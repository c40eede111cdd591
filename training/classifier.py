"""Trains `demo/classifier`: a small ResNet over all drawn classes and the ten digits."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional
from transformers import ResNetConfig, ResNetForImageClassification

from training.loop import Log, Steps, batches, normalised, seeded
from training.pictures import NAMES, Pictures

STEPS = 6000
_BATCH = 64


def build() -> ResNetForImageClassification:
    """The network before training."""
    return ResNetForImageClassification(
        ResNetConfig(
            embedding_size=24,
            hidden_sizes=[24, 48, 96, 160],
            depths=[1, 1, 1, 1],
            layer_type="basic",
            id2label=dict(enumerate(NAMES)),
            label2id={name: number for number, name in enumerate(NAMES)},
        )
    )


def train(pictures: Pictures, watched: Pictures, steps: int = STEPS, seed: int = 1) -> ResNetForImageClassification:
    """The trained network; the same with the same seed, on the same machine."""
    seeded(seed)
    network = build()
    learning = Steps(steps, [], list(network.parameters()), rate=0.003)
    log = Log(steps, 500)
    network.train()
    for number, (pixels, labels) in enumerate(batches(pictures, _BATCH, steps, seed)):
        loss = functional.cross_entropy(network(pixels).logits, labels, label_smoothing=0.05)
        learning.take(loss)
        log.step(number, loss, lambda: f"{_accuracy(network, watched):.3f} right")
    return network.eval()


@torch.no_grad()
def _accuracy(network: ResNetForImageClassification, pictures: Pictures) -> float:
    network.eval()
    right = 0
    for start in range(0, len(pictures.labels), 128):
        pixels = normalised(torch.from_numpy(np.array(pictures.pixels[start : start + 128])).permute(0, 3, 1, 2))
        right += int((network(pixels).logits.argmax(1).numpy() == pictures.labels[start : start + 128]).sum())
    network.train()
    return right / len(pictures.labels)

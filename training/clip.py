"""Trains `demo/clip`: a small CLIP, taught by captions and by the classifier.

The classifier is the better and faster learner of the two: its probabilities and its features are targets beside the
captions (distillation: Hinton et al. 2015, arXiv 1503.02531; of features: Romero et al. 2015, arXiv 1412.6550).
"""

from __future__ import annotations

import random

import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel, ResNetForImageClassification

from training.loop import Log, Steps, batches, normalised, seeded
from training.pictures import SIZE, Pictures
from training.tokenizer import for_captions
from training.wording import CAPTIONS, SPOKEN, worded

STEPS = 7000
WIDTH = 128
PATCH = 8
LAYERS = 4
TEXT_LENGTH = 32
_BATCH = 64
_TEACHER_WIDTH = 96  # of the features of the classifier's third stage, of which there are 4 x 4
_SOFTER = 2.0  # temperature at which the probabilities are compared


def build(vocabulary: int) -> CLIPModel:
    """The two towers before training."""
    text = {
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": TEXT_LENGTH,
        "bos_token_id": 1,
        "eos_token_id": 3,
        "pad_token_id": 0,
        "projection_dim": WIDTH,
    }
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision_settings(), projection_dim=WIDTH))
    places = model.vision_model.embeddings.position_embedding.weight
    with torch.no_grad():
        places[1:] = _waves(SIZE // PATCH, WIDTH)
    return model


def vision_settings() -> dict[str, int]:
    """The vision tower's configuration, which `demo/vlm` shares."""
    return {
        "hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "image_size": SIZE,
        "patch_size": PATCH,
        "projection_dim": WIDTH,
    }


def _waves(side: int, width: int) -> torch.Tensor:
    """Sines and cosines of row and column, to begin with: a patch finds its neighbours from the first step on."""
    row, column = torch.meshgrid(torch.arange(float(side)), torch.arange(float(side)), indexing="ij")
    rates = 30.0 ** -(torch.arange(width // 4) / (width // 4))
    angles = [place.reshape(-1, 1) * rates for place in (row, column)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], 1) * 0.5


class Captions(torch.nn.Module):
    """A CLIP under training, with the captions of all classes."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.model = model
        self.features = torch.nn.Linear(WIDTH, _TEACHER_WIDTH)  # the tower's as the classifier's; not kept
        self._tokenizer = for_captions(TEXT_LENGTH)

    def vectors(self, template: str) -> torch.Tensor:
        """A vector of length one for each class, by one of its names: classes x WIDTH."""
        texts = [worded(template, random.choice(names)) for names in SPOKEN]
        tokens = self._tokenizer(texts, return_tensors="pt", padding=True)
        pooled = self.model.text_model(tokens["input_ids"], attention_mask=tokens["attention_mask"]).pooler_output
        return functional.normalize(self.model.text_projection(pooled), dim=-1)

    def forward(self, pixels: torch.Tensor, template: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Scaled cosines with the captions: pictures x classes; features: pictures x 4 x 4 x the teacher's width."""
        seen = self.model.vision_model(pixel_values=pixels)
        vectors = functional.normalize(self.model.visual_projection(seen.pooler_output), dim=-1)
        scores = vectors @ self.vectors(template).T * self.model.logit_scale.exp().clamp(max=100)
        side = SIZE // PATCH
        patches = seen.last_hidden_state[:, 1:].transpose(1, 2).reshape(len(pixels), WIDTH, side, side)
        return scores, self.features(functional.avg_pool2d(patches, 2).permute(0, 2, 3, 1))


def train(
    pictures: Pictures, watched: Pictures, teacher: ResNetForImageClassification, steps: int = STEPS, seed: int = 2
) -> CLIPModel:
    """The trained towers; the same with the same seed, on the same machine."""
    seeded(seed)
    random.seed(seed)
    captions = Captions(build(len(for_captions(TEXT_LENGTH))))
    learning = Steps(steps, *_parameters(captions))
    log = Log(steps, 500)
    captions.train()
    for number, (pixels, labels) in enumerate(batches(pictures, _BATCH, steps, seed)):
        loss = _loss(captions, teacher, pixels, labels)
        learning.take(loss)
        log.step(number, loss, lambda: f"{_accuracy(captions, watched):.3f} right")
    return captions.model.eval()


def _parameters(captions: Captions) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    """The matrices of hidden layers, and all others."""
    hidden = ("encoder.layers.", "projection")
    named = list(captions.named_parameters())
    matrices = [each for name, each in named if each.ndim == 2 and any(part in name for part in hidden)]
    taken = {id(each) for each in matrices}
    return matrices, [each for _, each in named if id(each) not in taken]


def _loss(
    captions: Captions, teacher: ResNetForImageClassification, pixels: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    with torch.no_grad():
        taught = teacher(pixels, output_hidden_states=True)
        wanted = taught.hidden_states[-2]
        wanted = functional.normalize(wanted - wanted.mean((0, 2, 3), keepdim=True), dim=1).permute(0, 2, 3, 1)
    scores, features = captions(pixels, random.choice(CAPTIONS))
    soft = functional.log_softmax(scores / _SOFTER, 1)
    likeness = functional.kl_div(soft, functional.softmax(taught.logits / _SOFTER, 1), reduction="batchmean") * _SOFTER
    apart = 1 - (functional.normalize(features, dim=-1) * wanted).sum(-1).mean()
    return functional.cross_entropy(scores, labels) + likeness + 3 * apart


@torch.no_grad()
def _accuracy(captions: Captions, pictures: Pictures) -> float:
    captions.eval()
    right = 0
    for start in range(0, len(pictures.labels), 128):
        pixels = normalised(torch.from_numpy(np.array(pictures.pixels[start : start + 128])))
        scores, _ = captions(pixels.permute(0, 3, 1, 2), CAPTIONS[0])
        right += int((scores.argmax(1).numpy() == pictures.labels[start : start + 128]).sum())
    captions.train()
    return right / len(pictures.labels)

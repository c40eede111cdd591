"""The three trainings: the same seed gives the same weights, and what is saved loads as any checkpoint does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageClassification, PreTrainedModel

from snellen.demo import models
from training import classifier, clip, vlm
from training.pictures import NAMES, Pictures
from training.questions import Segment
from training.saving import image_processor, save


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """One of noise for each class: it is not what is learned that is looked at here."""
    pixels = np.random.default_rng(0).integers(0, 256, (len(NAMES), 64, 64, 3), dtype=np.uint8)
    return Pictures(pixels, np.arange(len(NAMES)))


def train_classifier(pictures: Pictures, seed: int) -> PreTrainedModel:
    return classifier.train(pictures, pictures, steps=2, seed=seed)


def train_clip(pictures: Pictures, seed: int) -> PreTrainedModel:
    torch.manual_seed(0)
    return clip.train(pictures, pictures, classifier.build().eval(), steps=1, seed=seed)


@pytest.mark.parametrize("train", [train_classifier, train_clip])
def test_weights_follow_from_the_seed(train: Callable[[Pictures, int], PreTrainedModel], pictures: Pictures) -> None:
    first, second, other = (
        torch.cat([each.flatten() for each in train(pictures, seed).parameters()]) for seed in (1, 1, 2)
    )
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_vlm_learns_to_read_and_its_tower_stays_as_it_is(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vlm, "_WATCHED", 4)
    torch.manual_seed(0)
    tower = clip.build(len(vlm.for_chat())).vision_model
    models_after = [vlm.learn_to_read(pictures, pictures, tower, steps=steps) for steps in (1, 2)]
    first, second = (dict(model.named_parameters()) for model in models_after)
    same = {name for name in first if torch.equal(first[name], second[name])}
    assert same and all("vision_tower" in name for name in same)
    assert sum("vision_tower" in name for name in first) == len(same)
    kept = models_after[1].model.vision_tower.state_dict()
    assert all(torch.equal(kept[name], each) for name, each in tower.state_dict().items())
    assert all(torch.isfinite(each).all() for each in second.values())
    assert models_after[1].get_input_embeddings().weight is models_after[1].lm_head.weight


@torch.no_grad()
def test_a_folded_scale_changes_no_answer() -> None:
    torch.manual_seed(0)
    reader = vlm.Reader(vlm.build(), scale=0.1).eval()
    row = [[Segment([30, 40, 50, 60], 2)]]
    pixels = torch.rand(1, 3, 64, 64)
    before = reader.answers(pixels, row)[0]
    reader.fold()
    assert torch.allclose(reader.answers(pixels, row)[0], before, atol=1e-5)


def test_further_training_goes_on_from_what_was_learned(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vlm, "_WATCHED", 4)
    torch.manual_seed(0)
    model = vlm.build()
    before = {name: each.clone() for name, each in model.named_parameters()}
    after = dict(
        vlm.learn_to_keep_to_lists(pictures, pictures, model, vlm.Mixing(1, 0.5, 0.3, 0.6, seed=1)).named_parameters()
    )
    for name, each in before.items():
        assert torch.allclose(after[name], each, rtol=0, atol=0.2)  # a step is small
        assert torch.equal(after[name], each) == ("vision_tower" in name)


def test_what_is_saved_is_half_as_large_and_computes_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "folder", lambda name: tmp_path / name)
    torch.manual_seed(0)
    model = classifier.build().eval()
    pixels = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = model(pixels).logits
        folder = save(model, image_processor(), "classifier")
        loaded = AutoModelForImageClassification.from_pretrained(folder, dtype="auto").eval()
        assert loaded.dtype == torch.float32
        assert torch.allclose(loaded(pixels).logits, expected, atol=0.02)
    size = sum(each.numel() for each in model.parameters())
    assert (folder / "model.safetensors").stat().st_size < 2.1 * size
    assert all(file.stat().st_mode & 0o444 == 0o444 for file in folder.iterdir())

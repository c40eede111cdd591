"""Trains one of the demo's models from nothing and writes it into the package.

    python -m training classifier
    python -m training clip          taught by the classifier
    python -m training vlm           begins with clip's vision tower

Run it where this folder lies, with scikit-learn and torch 2.9 or newer (for its Muon) installed. Drawn pictures are
kept in the cache folder, 2.6 GB in all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

from transformers import CLIPModel, CLIPProcessor, LlavaForConditionalGeneration, ResNetForImageClassification

from snellen.demo import models
from training import classifier, clip, vlm
from training.card import facts_of, training_facts, write_card
from training.pictures import HARD, READ, SEEN, training_pictures, watched_pictures
from training.saving import image_processor, save
from training.tokenizer import for_captions

_STEPS = {
    "classifier": classifier.STEPS,
    "clip": clip.STEPS,
    "vlm": vlm.STEPS + vlm.MIXING.steps,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=models.NAMES)
    parser.add_argument("--cache", type=Path, default=Path(".cache/training"), help="default: %(default)s")
    parser.add_argument("--card", action="store_true", help="measure the model that is there and write its card anew")
    given = parser.parse_args()
    write_card(given.model, facts_of(given.model) if given.card else _trained(given.model, given.cache))


def _trained(name: str, cache: Path) -> Mapping[str, str]:
    """Trains the model, writes it, and tells how."""
    pictures, watched = training_pictures(cache, READ if name == "vlm" else SEEN), watched_pictures(cache)
    start = time.monotonic()
    if name == "classifier":
        save(classifier.train(pictures, watched), image_processor(), name)
    elif name == "clip":
        teacher = ResNetForImageClassification.from_pretrained(models.folder("classifier"), dtype="float32").eval()
        processor = CLIPProcessor(image_processor(), for_captions(clip.TEXT_LENGTH))
        save(clip.train(pictures, watched, teacher), processor, name)
    else:
        tower = CLIPModel.from_pretrained(models.folder("clip"), dtype="float32").vision_model
        save(vlm.learn_to_read(pictures, watched, tower), vlm.processor(), name)
        hard = training_pictures(cache, HARD)
        model = LlavaForConditionalGeneration.from_pretrained(models.folder(name), dtype="float32")
        save(vlm.learn_to_keep_to_lists(hard, watched, model), vlm.processor(), name)
    return training_facts(_STEPS[name], (time.monotonic() - start) / 60)


if __name__ == "__main__":
    main()

"""Trains one of the demo's models from nothing and writes it into the package.

    python -m training classifier
    python -m training clip          taught by the classifier
    python -m training vlm           begins with clip's vision tower

Drawn pictures are kept in the cache folder, some two gigabytes; the rest fits into four of memory.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from transformers import CLIPModel, CLIPProcessor, ResNetForImageClassification

from snellen.demo import models
from training import classifier, clip, vlm
from training.card import minutes_of, write_card
from training.saving import image_processor, save
from training.tokenizer import for_captions

STEPS = {"classifier": classifier.STEPS, "clip": clip.STEPS, "vlm": vlm.STEPS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=models.NAMES)
    parser.add_argument("--cache", type=Path, default=Path(".cache/training"), help="default: %(default)s")
    parser.add_argument("--card", action="store_true", help="measure the model that is there and write its card anew")
    given = parser.parse_args()
    start = time.monotonic()
    if given.card:
        minutes = minutes_of(given.model)
    else:
        {"classifier": _classifier, "clip": _clip, "vlm": _vlm}[given.model](given.cache)
        minutes = (time.monotonic() - start) / 60
    write_card(given.model, STEPS[given.model], minutes)


def _classifier(cache: Path) -> None:
    save(classifier.train(cache), image_processor(), "classifier")


def _clip(cache: Path) -> None:
    teacher = ResNetForImageClassification.from_pretrained(models.folder("classifier"), dtype="float32").eval()
    save(clip.train(cache, teacher), CLIPProcessor(image_processor(), for_captions(clip.TEXT_LENGTH)), "clip")


def _vlm(cache: Path) -> None:
    seen = CLIPModel.from_pretrained(models.folder("clip"), dtype="float32")
    save(vlm.train(cache, seen.vision_model), vlm.processor(), "vlm")


if __name__ == "__main__":
    main()

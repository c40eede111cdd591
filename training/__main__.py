"""Trains one of the demo's models from nothing and writes it into the package.

    python -m training classifier
    python -m training clip          taught by the classifier
    python -m training vlm           begins with clip's vision tower

Drawn pictures are kept in the cache folder, some two gigabytes; the rest fits into four of memory.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from snellen.demo import models


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=models.NAMES)
    parser.add_argument("--cache", type=Path, default=Path(".cache/training"), help="default: %(default)s")
    given = parser.parse_args()
    {"classifier": _classifier, "clip": _clip, "vlm": _vlm}[given.model](given.cache)


def _classifier(cache: Path) -> None:
    from training import classifier
    from training.saving import image_processor, save

    print(save(classifier.train(cache), image_processor(), "classifier"))


def _clip(cache: Path) -> None:
    from training import clip
    from training.saving import image_processor, save
    from training.tokenizer import for_captions
    from transformers import CLIPProcessor, ResNetForImageClassification

    teacher = ResNetForImageClassification.from_pretrained(models.folder("classifier"), dtype="float32").eval()
    processor = CLIPProcessor(image_processor(), for_captions(clip.TEXT_LENGTH))
    print(save(clip.train(cache, teacher), processor, "clip"))


def _vlm(cache: Path) -> None:
    from training import vlm
    from training.saving import save
    from transformers import CLIPModel

    seen = CLIPModel.from_pretrained(models.folder("clip"), dtype="float32")
    print(save(vlm.train(cache, seen.vision_model), vlm.processor(), "vlm"))


if __name__ == "__main__":
    main()

"""Checks of timm and open_clip checkpoints, run by engines/test_vision.py in a process of their own.

torchvision, which both import, would change what transformers does in all other tests. Prints for each check nothing,
or why it fails, as JSON. The first argument is a folder for what is written; further ones are photographs.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from local_models import ask, varied
from safetensors.torch import save_file

from snellen import plugins
from snellen.engines import classifier, clip
from snellen.images import Image
from snellen.local.encoding import softmax
from snellen.types import Embed, EmbedText, Failure, Recognise

NAMES = ("a cat", "a photo of a grand piano", "an umbrella")
SYNSETS = ("n02123045", "n01440764", "not a synset")


def load(module: Any, folder: Path, **options: Any) -> Any:
    return module.load(str(folder), plugins.configure(module.Options, {"device": "cpu", **options}, module.__name__))


def sharpen(model: Any) -> Any:
    with torch.no_grad():
        for parameter in model.parameters():
            if 1 < parameter.dim() < 4:
                parameter.mul_(3.0)
    return model.eval()


# timm


def saved(architecture: str, folder: Path, labels: int = 5, **config: Any) -> Any:
    """A tiny network of timm, saved as timm publishes them."""
    import timm
    from timm.models import save_for_hf

    model = sharpen(timm.create_model(architecture, num_classes=labels))
    save_for_hf(model, str(folder), safe_serialization=True, model_config=config or None)
    return model


def check_timm(architecture: str, place: Path, images: list[Image]) -> None:
    names = [f"name {number}" for number in range(5)]
    described = {name: f"{name}, described" for name in names}
    own = saved(architecture, place / architecture, label_names=names, label_descriptions=described)
    engine = load(classifier, place / architecture, batch_size=4)
    answers = ask(engine, [(image, kind) for image in images for kind in (Recognise(), Embed())])
    import timm

    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=own))
    pictures = [transform(image.pixels()) for image in images]
    for image, picture in zip(images, pictures, strict=True):
        assert np.array_equal(engine._network.prepare(image)["image"], picture.numpy()), "the library's own transform"
    with torch.inference_mode():
        logits = torch.cat([own(picture[None]) for picture in pictures])
        features = torch.cat([own.forward_head(own.forward_features(p[None]), pre_logits=True) for p in pictures])
    got = np.stack([answer.values for answer in answers[::2]])
    assert np.abs(got - logits.softmax(-1).numpy()).max() < 1e-5
    assert np.ptp(got, axis=0).max() > 0.001, "scores depend on the picture"
    kept = np.stack([answer.values for answer in answers[1::2]])
    assert np.abs(kept - features.numpy()).max() < 1e-4 * max(1, features.abs().max())
    assert answers[0].choices == tuple(described.values())
    assert classifier.vocabulary(str(place / architecture), classifier.Options()) == tuple(described.values())
    facts = engine.facts()
    assert facts["image_processor"] == "timm" and "notice" not in facts, facts
    assert facts["parameters"] == sum(parameter.numel() for parameter in own.parameters())


def check_labels(place: Path, images: list[Image]) -> None:
    saved("test_vit", place / "imagenet", labels=1000)
    first = classifier.vocabulary(str(place / "imagenet"), classifier.Options())[:2]
    assert first == ("tench, Tinca tinca", "goldfish, Carassius auratus"), first
    saved("test_vit", place / "synsets", labels=3, label_names=list(SYNSETS))
    found = classifier.vocabulary(str(place / "synsets"), classifier.Options())
    assert found == ("tabby, tabby cat", "tench, Tinca tinca", "not a synset"), found
    saved("test_vit", place / "unnamed", labels=7)
    assert "have no names" in load(classifier, place / "unnamed").facts()["notice"]


def check_backbone(place: Path, images: list[Image]) -> None:
    own = saved("test_vit", place / "bare", labels=0)
    assert set(classifier.refuses(str(place / "bare"), classifier.Options())) == {Recognise}
    engine = load(classifier, place / "bare")
    features, refused = ask(engine, [(images[0], Embed()), (images[0], Recognise())])
    with torch.inference_mode():
        expected = own(torch.from_numpy(engine._network.prepare(images[0])["image"])[None])[0].numpy()
    assert np.abs(features.values - expected).max() < 1e-4 and isinstance(refused, Failure)


# open_clip


def written(folder: Path, text: dict[str, Any], **config: Any) -> Any:
    """A tiny model of open_clip, in a folder as open_clip publishes them."""
    import open_clip

    vision = {"image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16}
    sizes = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2, **text}
    model_config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": sizes, **config}
    folder.mkdir()
    norm = {"mean": [0.5, 0.4, 0.3], "std": [0.3, 0.2, 0.25], "interpolation": "bicubic", "resize_mode": "shortest"}
    settings = {"model_cfg": model_config, "preprocess_cfg": norm}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    model = sharpen(open_clip.create_model(f"local-dir:{folder}"))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return model


def check_open_clip(kind: str, place: Path, images: list[Image]) -> None:
    import open_clip

    text = {"pool_type": "last", "no_causal_mask": True} if kind == "siglip" else {}
    more = {"custom_text": True, "init_logit_bias": -1.5, "init_logit_scale": 1.0} if kind == "siglip" else {}
    own = written(place / kind, text, **more)
    engine = load(clip, place / kind, batch_size=4)
    texts = ask(engine, [(None, EmbedText(name)) for name in NAMES])
    seen = ask(engine, [(image, Embed()) for image in images])
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{place / kind}")
    model.eval()
    pictures = torch.stack([transform(image.pixels()) for image in images])
    for image, picture in zip(images, pictures, strict=True):
        assert np.array_equal(engine._network.prepare(image)["image"], picture.numpy()), "the library's own transform"
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer(f"local-dir:{place / kind}")(list(NAMES))
        logits = model.get_logits(pictures, tokens)[0].numpy()
    rows, columns = (np.stack([each.values for each in one]) for one in (seen, texts))
    rows, columns = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (rows, columns))
    got = texts[0].scale * rows @ columns.T + (texts[0].bias or 0)
    assert (texts[0].bias is None) == (kind == "clip"), texts[0]
    assert np.abs(softmax(got) - softmax(logits)).max() < 1e-5 and np.abs(got - logits).max() < 1e-4
    assert np.ptp(softmax(got), axis=0).max() > 0.01, "scores depend on the picture"
    assert engine.facts()["parameters"] == sum(parameter.numel() for parameter in own.parameters())
    half = load(clip, place / kind, dtype="bfloat16")
    assert half.facts()["dtype"] == "bfloat16"
    assert not isinstance(ask(half, [(images[0], Embed())])[0], Failure)


CHECKS: dict[str, Callable[[Path, list[Image]], None]] = {
    "timm test_vit": lambda place, images: check_timm("test_vit", place, images),
    "timm test_resnet": lambda place, images: check_timm("test_resnet", place, images),
    "timm test_convnext": lambda place, images: check_timm("test_convnext", place, images),
    "timm labels": check_labels,
    "timm backbone": check_backbone,
    "open_clip clip": lambda place, images: check_open_clip("clip", place, images),
    "open_clip siglip": lambda place, images: check_open_clip("siglip", place, images),
}


def main() -> None:
    place, *photographs = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = [*varied(6), *map(Image, photographs)]
    from snellen.local.torchvision import make_importable

    make_importable("these checks", "timm")
    found = {}
    for name, check in CHECKS.items():
        try:
            check(place, images)
            found[name] = ""
        except Exception:
            found[name] = traceback.format_exc()
    print(json.dumps(found))


if __name__ == "__main__":
    main()

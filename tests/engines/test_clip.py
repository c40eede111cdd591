"""Models of pictures and texts: embeddings, how they are compared, and what is said of models of another kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from local_models import altered, ask, noise, varied

from snellen import plugins
from snellen.engines import clip
from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.local.encoding import softmax
from snellen.types import Embed, EmbedText, Failure, Vector

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from snellen.local.quiet import quiet  # noqa: E402

Checkpoint = Callable[[str], Path]
FAMILIES = ("clip", "siglip", "siglip2")
NAMES = ("cat", "Grand Piano", "a photo of an umbrella", "side of a car")


def load(folder: Path, **options: Any) -> Any:
    return clip.load(str(folder), plugins.configure(clip.Options, {"device": "cpu", **options}, "clip"))


def unit(vectors: Sequence[Vector]) -> Any:
    rows = np.stack([vector.values for vector in vectors])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest) -> list[Image]:
    """Drawn pictures of many shapes, and real photographs where they are at hand."""
    photographs: list[Image] = []
    if os.environ.get("SNELLEN_TEST_DATA"):
        folder = request.getfixturevalue("real_data") / "data/photos/caltech101-97x3"
        photographs = [Image(path) for path in sorted(folder.glob("*/*.jpg"))[::30]]
    return [*varied(7), *photographs]


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_those_of_the_library_s_own_pipeline(
    family: str, encoder: Checkpoint, pictures: list[Image]
) -> None:
    engine = load(encoder(family))
    texts = ask(engine, [(None, EmbedText(name)) for name in NAMES])
    seen = ask(engine, [(image, Embed()) for image in pictures])
    engine.close()
    logits = texts[0].scale * unit(seen) @ unit(texts).T
    got = softmax(logits) if texts[0].bias is None else 1 / (1 + np.exp(-(logits + texts[0].bias)))
    assert (texts[0].bias is None) == (family == "clip")
    assert {(text.scale, text.bias) for text in texts} == {(texts[0].scale, texts[0].bias)}
    assert all(vector.scale is None and vector.bias is None for vector in seen)
    with quiet():
        pipeline = transformers.pipeline(
            "zero-shot-image-classification",
            model=str(encoder(family)),
            image_processor=transformers.AutoImageProcessor.from_pretrained(encoder(family), backend="pil"),
        )
        found = [pipeline(image.pixels(), candidate_labels=NAMES, hypothesis_template="{}") for image in pictures]
    expected = [[next(one["score"] for one in each if one["label"] == name) for name in NAMES] for each in found]
    assert np.abs(got - np.asarray(expected)).max() < 1e-5
    assert np.ptp(got, axis=0).min() > 0.01, "what is seen depends on the picture"
    assert np.ptp(got, axis=1).min() > 0.01, "and what is read on the text"


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_change_nothing_and_features_are_the_model_s_own(
    family: str, encoder: Checkpoint, pictures: list[Image]
) -> None:
    asked = [*((image, Embed()) for image in pictures), *((None, EmbedText(name * 9)) for name in NAMES)]
    alone, together = (ask(load(encoder(family), batch_size=size), asked) for size in (1, 7))
    for one, other in zip(alone, together, strict=True):
        assert one.values == pytest.approx(other.values, abs=1e-5 * float(max(1, np.abs(one.values).max())))
    with quiet():
        model = transformers.AutoModel.from_pretrained(encoder(family)).eval()
        processor = transformers.AutoImageProcessor.from_pretrained(encoder(family), backend="pil")
    with torch.inference_mode():
        inputs = processor(images=[image.pixels() for image in pictures[:3]], return_tensors="pt")
        features = model.get_image_features(**inputs).pooler_output.numpy()
    got = np.stack([vector.values for vector in alone[:3]])
    assert np.abs(got - features).max() < 1e-5 * max(1, np.abs(features).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_pictures_are_prepared_as_the_library_prepares_them(
    family: str, encoder: Checkpoint, pictures: list[Image]
) -> None:
    processor = transformers.AutoImageProcessor.from_pretrained(encoder(family), backend="pil")
    engine = load(encoder(family))
    for image in pictures:
        got = engine._network.prepare(image)
        expected = processor(images=image.pixels(), return_tensors="np")
        assert got.keys() == expected.keys()
        assert all(np.array_equal(got[name], expected[name][0]) for name in got)
    engine.close()


def test_facts_and_a_long_text(encoder: Checkpoint) -> None:
    engine = load(encoder("clip"), dtype="bfloat16", batch_size=5)
    facts = engine.facts()
    assert (facts["dtype"], facts["device"], facts["batch_size"]) == ("bfloat16", "cpu", 5)
    assert facts["image_processor"] == "CLIPImageProcessorPil" and facts["peak_gpu_gb"] is None
    assert 10_000 < facts["parameters"] < 100_000
    long, longer = ask(engine, [(None, EmbedText("a photo of a cat " * count)) for count in (20, 30)])
    assert long.values == pytest.approx(longer.values)  # cut where the model's positions end
    broken, _ = ask(engine, [(Image(data=noise(9, 9).data[:50]), Embed()), (None, EmbedText("cat"))])
    assert isinstance(broken, Failure)
    engine.close()


def test_identity_is_the_content(encoder: Checkpoint, tmp_path: Path) -> None:
    folder = encoder("clip")
    same = altered(folder, tmp_path / "same")
    other = altered(folder, tmp_path / "other", preprocessor_config__json="{}")
    identities = [clip.identity(str(place), clip.Options()) for place in (folder, same, other)]
    assert identities[0] == identities[1] != identities[2]
    assert set(plugins.changes_answers(clip.Options())) == {"dtype"}


def test_models_of_another_kind_are_told_where_they_belong(
    encoder: Checkpoint, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    for folder, message in (
        (checkpoint("llava"), r"answers in text: name it hf/"),
        (encoder("vit"), r"reads no texts: name it classifier/"),
        (tmp_path / "nowhere", "there is no folder"),
        (altered(encoder("clip"), tmp_path / "bare", model__safetensors=None), "holds no weights"),
        (altered(encoder("clip"), tmp_path / "cut", model__safetensors=b"\x10"), "its weights are damaged"),
        (
            altered(encoder("clip"), tmp_path / "blind", preprocessor_config__json=None),
            "has no preprocessor_config.json",
        ),
        (altered(encoder("clip"), tmp_path / "mute", tokenizer__json=None), "its tokenizer knows no words"),
    ):
        with pytest.raises(WrongUse, match=message):
            load(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUse, match=r"expected a config\.json or open_clip_config\.json"):
        load(tmp_path / "empty")
    for options, message in (({"device": "gpu"}, "expected auto"), ({"batchsize": 1}, "did you mean 'batch_size'")):
        with pytest.raises(WrongUse, match=message):
            load(encoder("clip"), **options)


def test_what_is_missing_is_told(encoder: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = altered(encoder("clip"), tmp_path / "open", config__json=None, open_clip_config__json='{"model_cfg": {}}')
    with pytest.raises(Missing, match=r"open_clip and needs that package: pip install 'snellen\[open-clip\]'"):
        load(folder)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"needs the package torch: pip install 'snellen\[clip\]'"):
        load(encoder("clip"))

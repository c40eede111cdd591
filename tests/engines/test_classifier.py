"""Image classifiers and backbones of transformers: scores, features, labels, and what is said of other models."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from local_models import altered, ask, noise, varied

from snellen import plugins
from snellen.engines import classifier, clip
from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.types import Embed, EmbedText, Failure, Recognise, Scores, Vector

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from checkpoints.encoders import NAMES, SIDE, SMALL  # noqa: E402
from snellen.local.quiet import quiet  # noqa: E402

Checkpoint = Callable[[str], Path]
FAMILIES = ("vit", "resnet", "convnext", "swin", "dinov2")
HEADS = {"resnet": "classifier.1"}


def load(folder: Path, **options: Any) -> Any:
    return classifier.load(
        str(folder), plugins.configure(classifier.Options, {"device": "cpu", **options}, "classifier")
    )


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest) -> list[Image]:
    """Drawn pictures of many shapes, and real photographs where they are at hand."""
    photographs: list[Image] = []
    if os.environ.get("SNELLEN_TEST_DATA"):
        folder = request.getfixturevalue("real_data") / "data/photos/caltech101-97x3"
        photographs = [Image(path) for path in sorted(folder.glob("*/*.jpg"))[::40]]
    return [*varied(7), *photographs]


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_and_features_are_the_model_s_own_and_cost_one_pass(
    family: str, encoder: Checkpoint, pictures: list[Image]
) -> None:
    folder = encoder(family)
    engine = load(folder, batch_size=7)
    passes: list[int] = []
    engine._network.parts.model.register_forward_hook(lambda model, inputs, output: passes.append(len(output.logits)))
    answers = ask(engine, [(image, kind) for image in pictures for kind in (Recognise(), Embed())])
    assert sum(passes) == len(pictures) and max(passes) == 7
    with quiet():
        model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
        processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    head = model.get_submodule(HEADS.get(family, "classifier"))
    kept: list[Any] = []
    head.register_forward_pre_hook(lambda module, inputs: kept.append(inputs[0]))
    for image, scores, vector in zip(pictures, answers[::2], answers[1::2], strict=True):
        prepared = processor(images=image.pixels(), return_tensors="pt")
        assert np.array_equal(engine._network.prepare(image)["pixel_values"], prepared["pixel_values"][0].numpy())
        with torch.inference_mode():
            logits = model(**prepared).logits[0]
        assert isinstance(scores, Scores) and scores.choices == NAMES
        assert np.abs(np.asarray(scores.values) - logits.softmax(-1).numpy()).max() < 1e-5
        assert isinstance(vector, Vector) and np.abs(vector.values - kept[-1][0].numpy()).max() < 1e-4
        with torch.inference_mode():
            assert torch.allclose(head(torch.from_numpy(vector.values.copy())[None])[0], logits, atol=1e-4)
    assert np.ptp([each.values for each in answers[::2]], axis=0).max() > 0.01, "scores depend on the picture"
    engine.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_batch_size_changes_nothing(family: str, encoder: Checkpoint, pictures: list[Image]) -> None:
    asked = [(image, kind) for image in pictures for kind in (Recognise(), Embed())]
    alone, together = (ask(load(encoder(family), batch_size=size), asked) for size in (1, 7))
    for one, other in zip(alone, together, strict=True):
        largest = float(max(1, np.abs(one.values).max()))
        assert np.asarray(one.values) == pytest.approx(np.asarray(other.values), abs=1e-5 * largest)


def test_a_backbone_gives_features_and_says_before_a_run_that_it_recognises_nothing(
    encoder: Checkpoint, tmp_path: Path
) -> None:
    folder = encoder("dinov2_bare")
    (kind, reason), *others = classifier.refuses(str(folder), classifier.Options()).items()
    assert kind is Recognise and "backbone without a classification head" in reason and not others
    assert classifier.vocabulary(str(folder), classifier.Options()) == ()
    images = varied(3)
    engine = load(folder)
    answers = ask(engine, [*((image, Embed()) for image in images), (images[0], Recognise()), (None, EmbedText("cat"))])
    with quiet():
        model = transformers.AutoModel.from_pretrained(folder).eval()
        processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    with torch.inference_mode():
        inputs = processor(images=[image.pixels() for image in images], return_tensors="pt")
        expected = model(**inputs).pooler_output.numpy()
    assert np.abs(np.stack([answer.values for answer in answers[:3]]) - expected).max() < 1e-4
    assert answers[3] == Failure(reason)
    assert isinstance(answers[4], Failure) and "reads no texts; zero-shot needs" in answers[4].reason
    assert not classifier.refuses(str(encoder("vit")), classifier.Options())
    engine.close()


def test_a_backbone_without_its_pooling_layer_gives_the_class_token(encoder: Checkpoint, tmp_path: Path) -> None:
    with quiet():
        config = transformers.ViTConfig.from_pretrained(encoder("vit"))
        model = transformers.ViTModel(config, add_pooling_layer=False).eval()
        model.save_pretrained(tmp_path / "vit")
    (tmp_path / "vit/preprocessor_config.json").write_bytes((encoder("vit") / "preprocessor_config.json").read_bytes())
    engine = load(tmp_path / "vit")
    image = noise(50, 40)
    (answer,) = ask(engine, [(image, Embed())])
    with torch.inference_mode():
        pixels = torch.from_numpy(engine._network.prepare(image)["pixel_values"])[None]
        assert np.abs(answer.values - model(pixels).last_hidden_state[0, 0].numpy()).max() < 1e-5


def test_a_picture_of_several_labels_and_outputs_without_names(encoder: Checkpoint, tmp_path: Path) -> None:
    folder = encoder("several")
    engine = load(folder)
    assert "have no names (LABEL_0 …)" in engine.facts()["notice"] and "labels=FILE" in engine.facts()["notice"]
    image = noise(40, 40)
    (answer,) = ask(engine, [(image, Recognise())])
    with quiet(), torch.inference_mode():
        model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
        logits = model(torch.from_numpy(engine._network.prepare(image)["pixel_values"])[None]).logits[0]
    assert np.abs(np.asarray(answer.values) - logits.sigmoid().numpy()).max() < 1e-6
    assert answer.choices == tuple(f"LABEL_{number}" for number in range(4))
    names = tmp_path / "names.txt"
    names.write_text("cat\ndog\nbat\nant\n")
    named = load(folder, labels=str(names))
    assert ask(named, [(image, Recognise())])[0].choices == ("cat", "dog", "bat", "ant")
    assert "notice" not in named.facts()
    options = [classifier.Options(), classifier.Options(labels=str(names))]
    assert classifier.identity(str(folder), options[0]) != classifier.identity(str(folder), options[1])
    assert classifier.vocabulary(str(folder), options[1]) == ("cat", "dog", "bat", "ant")
    names.write_text("cat\n")
    with pytest.raises(WrongUse, match=r"gives 4 scores, but .* has 1 names"):
        load(folder, labels=str(names))
    with pytest.raises(WrongUse, match="there is no labels file"):
        load(folder, labels=str(tmp_path / "gone.txt"))


def test_the_vocabulary_is_read_without_loading(encoder: Checkpoint, tmp_path: Path) -> None:
    folder = altered(encoder("vit"), tmp_path / "vit", model__safetensors=b"not weights")
    assert classifier.vocabulary(str(folder), classifier.Options()) == NAMES


def test_pictures_of_several_shapes_go_in_passes_of_their_own(encoder: Checkpoint, tmp_path: Path) -> None:
    """An image processor that keeps the shape of pictures."""
    settings = json.loads((encoder("resnet") / "preprocessor_config.json").read_text())
    settings |= {"do_resize": False, "do_center_crop": False}
    folder = altered(encoder("resnet"), tmp_path / "free", preprocessor_config__json=json.dumps(settings))
    images = [noise(*((64, 48), (48, 64))[number % 2], seed=number) for number in range(5)]
    alone, together = (
        ask(load(folder, batch_size=size), [(image, Recognise()) for image in images]) for size in (1, 5)
    )
    for one, other in zip(alone, together, strict=True):
        assert np.abs(np.asarray(one.values) - np.asarray(other.values)).max() < 1e-5


def test_models_of_another_kind_are_told_where_they_belong(
    encoder: Checkpoint, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = json.dumps({"architecture": "resnet10t", "num_classes": 3, "label_names": ["a", "b", "c"]})
    for folder, message in (
        (checkpoint("llava"), "answers in text: name it hf/"),
        (encoder("clip"), "compares pictures with texts: name it clip/"),
        (altered(encoder("vit"), tmp_path / "bare", model__safetensors=None), "holds no weights"),
        (
            altered(encoder("vit"), tmp_path / "blind", preprocessor_config__json=None),
            "has no preprocessor_config.json",
        ),
        (
            altered(
                encoder("resnet"),
                tmp_path / "mixed",
                model__safetensors=(encoder("vit") / "model.safetensors").read_bytes(),
            ),
            "weights are not in the checkpoint",
        ),
    ):
        with pytest.raises(WrongUse, match=message):
            load(folder)
    with pytest.raises(WrongUse, match="expected auto"):
        load(encoder("vit"), device="gpu")
    with pytest.raises(Missing, match=r"checkpoint of timm and needs that package: pip install 'snellen\[timm\]'"):
        load(altered(encoder("vit"), tmp_path / "timm", config__json=other))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"needs the package torch: pip install 'snellen\[classifier\]'"):
        load(encoder("vit"))


def test_labels_that_are_no_names_by_numbers_are_told(encoder: Checkpoint, tmp_path: Path) -> None:
    settings = json.loads((encoder("vit") / "config.json").read_text())
    for number, changed in enumerate(({"id2label": {"cat": 0, "dog": 1}}, {"id2label": ["cat"]}, {"num_labels": "x"})):
        config = json.dumps({**settings, **changed})
        folder = altered(encoder("vit"), tmp_path / str(number), config__json=config)
        with pytest.raises(WrongUse, match="expected names by their numbers as id2label"):
            classifier.vocabulary(str(folder), classifier.Options())


@pytest.mark.parametrize("family", ["IJepa", "ViTMAE"])
def test_a_backbone_gives_the_same_features_each_time_of_the_whole_picture(family: str, tmp_path: Path) -> None:
    """I-JEPA has no class token, and ViT-MAE looks at a random part of a picture unless it is told otherwise."""
    with quiet():
        model = getattr(transformers, f"{family}Model")(getattr(transformers, f"{family}Config")(**SMALL)).eval()
        if family == "IJepa":
            model.embeddings.position_embeddings.data.normal_()
        for part in (model, transformers.ViTImageProcessorPil(size=SIDE)):
            part.save_pretrained(tmp_path)
    engine = load(tmp_path)
    (image,) = varied(1)
    found = np.stack([ask(engine, [(image, Embed())])[0].values for _ in range(3)])
    pixels = torch.from_numpy(engine._network.prepare(image)["pixel_values"])[None]
    if family == "ViTMAE":
        model.config.mask_ratio = 0.0
    with torch.inference_mode():
        last = model(pixel_values=pixels).last_hidden_state[0]
    expected = last.mean(0) if family == "IJepa" else last[0]
    assert found == pytest.approx(np.tile(expected.numpy(), (3, 1)), abs=1e-5)


def test_code_of_a_checkpoint_s_own_is_not_run_and_nobody_is_asked(
    encoder: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for family, engine in (("vit", classifier), ("clip", clip)):
        settings = json.loads((encoder(family) / "config.json").read_text())
        own = {"AutoConfig": "own.Config", "AutoModel": "own.Model", "AutoModelForImageClassification": "own.Model"}
        config = json.dumps({**settings, "model_type": "own", "auto_map": own})
        folder = altered(encoder(family), tmp_path / family, config__json=config)
        (folder / "own.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n")
        with pytest.raises(WrongUse, match="its own Python code, which is not run"):
            engine.load(str(folder), engine.Options(device="cpu"))
    assert not (tmp_path / "run").exists()
    said = capsys.readouterr()
    assert "run the custom code" not in said.out + said.err


@pytest.mark.parametrize(("family", "engine"), [("resnet", classifier), ("clip", clip)])
def test_a_strip_is_a_failure_before_it_fills_the_memory(family: str, engine: Any, encoder: Checkpoint) -> None:
    loaded = engine.load(str(encoder(family)), engine.Options(device="cpu"))
    strip, narrow = ask(loaded, [(noise(1, 1001, seed=1), Embed()), (noise(1, 1000, seed=1), Embed())])
    assert isinstance(strip, Failure) and "1x1001 pixels are a strip" in strip.reason
    assert isinstance(narrow, Vector)

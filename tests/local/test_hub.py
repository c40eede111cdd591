"""Models of the hub: what is taken from the cache, what is fetched, and what is read before the weights are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snellen.engines import classifier, clip
from snellen.errors import Missing, WrongUse
from snellen.local.hub import OPEN_CLIP_WEIGHTS, PROCESSORS, TOKENIZERS, WEIGHTS, is_whole
from snellen.local.source import locate

hub: Any = pytest.importorskip("huggingface_hub")
COMMIT = "c" * 40


class Offline:
    """The hub's interface where there is no network."""

    def model_info(self, *args: Any, **options: Any) -> Any:
        raise ConnectionError("no network here")


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of org/model in an empty cache, without a network."""

    def download(*args: Any, **options: Any) -> str:
        raise hub.errors.LocalEntryNotFoundError("no network here")

    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "HfApi", Offline)
    monkeypatch.setattr(hub, "hf_hub_download", download)
    references = tmp_path / "models--org--model" / "refs"
    references.mkdir(parents=True)
    (references / "main").write_text(COMMIT)
    return tmp_path / "models--org--model" / "snapshots" / COMMIT


def test_an_encoder_of_the_cache_works_without_the_hub(encoder: Callable[[str], Path], cached: Path) -> None:
    shutil.copytree(encoder("vit"), cached)
    assert classifier.identity("org/model", classifier.Options()) == {"repository": "org/model", "commit": COMMIT}
    assert len(classifier.vocabulary("org/model", classifier.Options())) == 5
    assert classifier.refuses("org/model", classifier.Options()) == {}
    classifier.load("org/model", classifier.Options(device="cpu")).close()
    (cached / "preprocessor_config.json").unlink()
    with pytest.raises(Missing, match=r"not \(whole\) in the cache"):
        classifier.load("org/model", classifier.Options(device="cpu"))


def test_a_model_of_open_clip_is_known_by_its_own_configuration(cached: Path) -> None:
    cached.mkdir(parents=True)
    (cached / "open_clip_config.json").write_text('{"model_cfg": {}}')
    assert clip.identity("org/model", clip.Options()) == {"repository": "org/model", "commit": COMMIT}
    source = locate("org/model", None, "clip")
    assert source.settings("open_clip_config.json") == {"model_cfg": {}}
    assert source.settings("config.json") == {}
    with pytest.raises(Missing, match="go online"):
        locate("org/model", "f" * 40, "clip").settings("config.json")
    (cached / "open_clip_config.json").write_text("{")
    with pytest.raises(WrongUse, match=r"its open_clip_config\.json is no JSON"):
        source.settings("open_clip_config.json")


def test_of_two_libraries_weights_those_that_are_needed_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = "config.json open_clip_config.json preprocessor_config.json tokenizer.json model.safetensors " + " ".join(
        (*OPEN_CLIP_WEIGHTS, "pytorch_model.bin", "README.md")
    )

    class Api:
        def model_info(self, name: str, revision: str | None, timeout: float) -> Any:
            return SimpleNamespace(sha=COMMIT, siblings=[SimpleNamespace(rfilename=file) for file in listed.split()])

    fetched: list[list[str]] = []

    def download(name: str, revision: str, allow_patterns: list[str]) -> str:
        fetched.append(sorted(set(allow_patterns) & {*WEIGHTS, *OPEN_CLIP_WEIGHTS}))
        return str(tmp_path)

    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "HfApi", Api)
    monkeypatch.setattr(hub, "snapshot_download", download)
    source = locate("org/model", None, "clip")
    source.folder((WEIGHTS, TOKENIZERS, PROCESSORS))
    source.folder((OPEN_CLIP_WEIGHTS,))
    assert fetched == [["model.safetensors"], ["open_clip_model.safetensors"]]


def test_what_makes_a_folder_whole(tmp_path: Path) -> None:
    assert is_whole(tmp_path, ())
    (tmp_path / "model.safetensors").touch()
    assert is_whole(tmp_path, (WEIGHTS,)) and not is_whole(tmp_path, (WEIGHTS, PROCESSORS)) and not is_whole(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    parts = {"weight_map": {"a": "model-1-of-1.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(parts))
    assert not is_whole(tmp_path, (WEIGHTS,))
    (tmp_path / "model-1-of-1.safetensors").touch()
    assert is_whole(tmp_path, (WEIGHTS,)) and not is_whole(tmp_path, (OPEN_CLIP_WEIGHTS,))

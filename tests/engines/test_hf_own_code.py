"""Checkpoints that bring their own Python code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from local_models import altered, ask, load, noise

from snellen.errors import Missing, WrongUse
from snellen.types import PHOTO, Choose, Generate

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import save_file  # noqa: E402
from transformers import LlavaForConditionalGeneration  # noqa: E402

Checkpoint = Callable[[str], Path]

CONFIGURATION = """
from transformers import LlavaConfig

class NoveltyConfig(LlavaConfig):
    model_type = "novelty"
"""
MODEL = """
from transformers import LlavaForConditionalGeneration
from .configuration_novelty import NoveltyConfig

class Novelty(LlavaForConditionalGeneration):
    config_class = NoveltyConfig
"""
GONE = "from transformers.models.llava.modeling_llava import LlavaThatNoLongerExists\n"


def novelty(folder: Path, place: Path, code: str = MODEL, loaded_by: str = "AutoModelForImageTextToText") -> Path:
    """A checkpoint of LLaVA whose architecture is known from its own code alone."""
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "novelty",
        "architectures": ["Novelty"],
        "auto_map": {"AutoConfig": "configuration_novelty.NoveltyConfig", loaded_by: "modeling_novelty.Novelty"},
    }
    made = altered(
        folder,
        place,
        config__json=json.dumps(config),
        configuration_novelty__py=CONFIGURATION,
        modeling_novelty__py=code,
    )
    # what transformers renames while it loads LLaVA's weights, it does not for an architecture it does not know
    weights = LlavaForConditionalGeneration.from_pretrained(folder).state_dict()
    save_file({name: value.clone() for name, value in weights.items()}, made / "model.safetensors", {"format": "pt"})
    return made


@pytest.fixture(autouse=True)
def _modules_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is copied below the test's own folder, and no other test's is known."""
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("sys.path", list(sys.path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "transformers_modules"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("loaded_by", ["AutoModelForImageTextToText", "AutoModelForCausalLM"])
def test_code_that_works(checkpoint: Checkpoint, tmp_path: Path, loaded_by: str) -> None:
    folder = novelty(checkpoint("llava"), tmp_path / f"works-{loaded_by}", loaded_by=loaded_by)
    asked = [
        (noise(80, 60), Generate((PHOTO, "What is it?"), 5)),
        (noise(80, 60), Choose((PHOTO, "Is it?"), ("yes", "no"))),
    ]
    engine = load(folder, trust_remote_code=True)
    answers, expected = ask(engine, asked), ask(load(checkpoint("llava")), asked)
    assert answers[0].text == expected[0].text and answers[1].values == expected[1].values
    with pytest.raises(WrongUse, match="set trust_remote_code=true"):
        load(folder)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (GONE + MODEL, "ImportError: cannot import name 'LlavaThatNoLongerExists'"),
        ("from transformers.gone import Gone\n" + MODEL, "ModuleNotFoundError: No module named 'transformers.gone'"),
        (MODEL + "    def __init__(self, config):\n        config.gone\n", "AttributeError: .*gone"),
        (MODEL + "    def generate(self, **given):\n        return self.gone\n", "AttributeError: .*gone"),
    ],
)
def test_code_that_no_longer_works(checkpoint: Checkpoint, tmp_path: Path, code: str, said: str) -> None:
    folder = novelty(checkpoint("llava"), tmp_path / "stale", code)
    with pytest.raises(WrongUse, match=said) as told:
        load(folder, trust_remote_code=True)
    assert f"(vllm serve {folder}), and name it openai-compatible/{folder}" in str(told.value)


def test_code_that_needs_a_package(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = novelty(checkpoint("llava"), tmp_path / "needy", "import a_package_of_its_own\n" + MODEL)
    with pytest.raises(Missing, match="a_package_of_its_own"):
        load(folder, trust_remote_code=True)


def test_pictures_learnt_apart(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = altered(checkpoint("phi4_multimodal"), tmp_path / "apart")
    (folder / "vision-lora").mkdir()
    (folder / "vision-lora" / "adapter_config.json").write_text("{}")
    with pytest.raises(WrongUse, match=r"set adapter=.*vision-lora"):
        load(folder)

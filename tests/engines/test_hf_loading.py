"""What a local model is, and what is said of folders and names that are none."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from local_models import altered, ask, load, noise

from snellen import plugins
from snellen.engines import hf
from snellen.errors import Missing, WrongUse
from snellen.types import PHOTO, Choose, Generate

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from snellen.engines.hf.loading import load_engine  # noqa: E402
from snellen.local.hub import is_whole  # noqa: E402

Checkpoint = Callable[[str], Path]


def identity(folder: Path, **options: Any) -> dict[str, Any]:
    return hf.identity(str(folder), hf.Options(**options))


def test_the_identity_is_the_content_of_the_defining_files(checkpoint: Checkpoint, tmp_path: Path) -> None:
    known = identity(checkpoint("llava"))
    moved = altered(checkpoint("llava"), tmp_path / "moved", README__md="read", __gitignore="x", LICENSE__txt="free")
    assert identity(moved) == known
    for name in ("chat_template.jinja", "generation_config.json", "model.safetensors", "tokenizer.json"):
        changed = altered(checkpoint("llava"), tmp_path / name)
        with (changed / name).open("ab") as stream:
            stream.write(b" ")
        assert identity(changed) != known
    (moved / "chat_template.jinja").rename(moved / "other.jinja")
    assert identity(moved) != known


def test_an_adapter_is_part_of_the_identity(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"one")
    one = identity(checkpoint("llava"), adapter=str(tmp_path))
    (tmp_path / "adapter_model.safetensors").write_bytes(b"two")
    assert one["files"] == identity(checkpoint("llava"))["files"]
    assert one["adapter_files"] != identity(checkpoint("llava"), adapter=str(tmp_path))["adapter_files"]
    with pytest.raises(WrongUse, match=r"adapter_config\.json"):
        identity(checkpoint("llava"), adapter=str(tmp_path / "nowhere"))


def test_folders_without_a_model(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no folder .*nowhere"):
        identity(tmp_path / "nowhere")
    with pytest.raises(WrongUse, match=r"model folder without a model: expected a config\.json"):
        identity(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(WrongUse, match="adapter=FOLDER"):
        identity(tmp_path)
    with pytest.raises(WrongUse, match="holds no weights"):
        identity(altered(checkpoint("llava"), tmp_path / "bare", model__safetensors=None))
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    with pytest.raises(WrongUse, match="git lfs pull"):
        identity(altered(checkpoint("llava"), tmp_path / "pointer", model__safetensors=pointer))
    with pytest.raises(WrongUse, match="revision='main' is for names of the hub"):
        identity(checkpoint("llava"), revision="main")


def test_a_relative_name_that_is_a_folder(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(checkpoint("llava"), tmp_path / "org" / "model")
    monkeypatch.chdir(tmp_path)
    assert hf.identity("org/model", hf.Options()) == identity(checkpoint("llava"))
    assert hf.identity("./org/model", hf.Options()) == identity(checkpoint("llava"))


COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = """
import sys
from snellen.engines import hf
from snellen.errors import SnellenError
known = [("org/model", None), ("org/model", "v1"), ("org/model", "f" * 40)]
for name, revision in (*known, ("org/none", None), ("a/b/c", None)):
    try:
        print(hf.identity(name, hf.Options(revision=revision)))
    except SnellenError as error:
        print(type(error).__name__, error)
print(sorted({"torch", "transformers"} & set(sys.modules)))
"""


def test_names_of_the_hub_without_a_network(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """The commit is the one in the cache; neither torch nor transformers is imported to find it out."""
    pytest.importorskip("huggingface_hub")
    cache = tmp_path / "models--org--model"
    shutil.copytree(checkpoint("llava"), cache / "snapshots" / COMMIT)
    for reference in ("main", "v1"):
        (cache / "refs").mkdir(exist_ok=True)
        (cache / "refs" / reference).write_text(COMMIT)
    told = subprocess.run(
        [sys.executable, "-c", HUB],
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    main, tag, full, unknown, wrong, imported = told.stdout.splitlines()
    assert main == tag == str({"repository": "org/model", "commit": COMMIT})
    assert full == str({"repository": "org/model", "commit": "f" * 40})
    assert unknown.startswith("Missing hf/org/none: it is no folder here, not (whole) in the cache")
    assert str(tmp_path) in unknown and "hf download org/none" in unknown
    assert wrong.startswith("WrongUse hf/a/b/c: expected a folder")
    assert imported == "[]"
    assert told.stderr == ""


def test_a_model_of_the_hub_is_loaded_from_the_cache(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    cached = tmp_path / "models--org--model" / "snapshots" / COMMIT
    shutil.copytree(checkpoint("llava"), cached)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))

    class Unwanted:
        def model_info(self, *args: Any, **options: Any) -> Any:
            raise ConnectionError("no network here")

    monkeypatch.setattr(hub, "HfApi", Unwanted)
    question = [(noise(80, 60), Generate((PHOTO, "What is it?"), 5))]
    options = hf.Options(device="cpu", revision=COMMIT)
    assert ask(hf.load("org/model", options), question)[0].text == ask(load(checkpoint("llava")), question)[0].text
    (cached / "tokenizer.json").unlink()
    (cached / "tokenizer_config.json").unlink()
    with pytest.raises(Missing, match=r"not \(whole\) in the cache .*ConnectionError"):
        hf.load("org/model", options)


def test_what_is_fetched_from_the_hub(checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a repository with everything in it: the model's own files, its weights in one format."""
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    listed = (
        "README.md config.json model.safetensors pytorch_model.bin tokenizer.json original/consolidated.safetensors "
        "onnx/config.json additional_chat_templates/tool.jinja chat_template.jinja photo.jpg"
    )

    class Api:
        def model_info(self, name: str, revision: str | None, timeout: float) -> Any:
            siblings = [SimpleNamespace(rfilename=file) for file in listed.split()]
            return SimpleNamespace(sha=COMMIT, siblings=siblings)

    fetched: list[str] = []

    def download(name: str, revision: str, allow_patterns: list[str]) -> str:
        assert (name, revision) == ("org/model", COMMIT)
        fetched.extend(allow_patterns)
        return str(checkpoint("llava"))

    monkeypatch.setattr(hub, "HfApi", Api)
    monkeypatch.setattr(hub, "snapshot_download", download)
    assert hf.identity("org/model", hf.Options()) == {"repository": "org/model", "commit": COMMIT}
    load_engine("org/model", hf.Options(device="cpu"))
    kept = "additional_chat_templates/tool.jinja chat_template.jinja config.json model.safetensors tokenizer.json"
    assert sorted(fetched) == kept.split()


def test_a_cached_model_is_whole_with_all_parts_of_its_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    parts = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    folder = altered(
        checkpoint("llava"),
        tmp_path / "parts",
        model__safetensors=None,
        model__safetensors__index__json=json.dumps(parts),
    )
    assert not is_whole(folder)
    for name in parts["weight_map"].values():
        (folder / name).touch()
    assert is_whole(folder)
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").unlink()
    assert not is_whole(folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"device": "gpu"}, "expected auto, cpu, cuda"),
        ({"device": "cuda:0", "device_map": "auto"}, "exclude each other"),
        ({"batch_size": "0"}, "greater than or equal to 1"),
        ({"batch_size": "some"}, "batch_size"),
        ({"dtype": "float8"}, "dtype"),
        ({"quantization": "2bit"}, "quantization"),
        ({"max_pixels": 0}, "max_pixels"),
        ({"batchsize": 1}, "did you mean 'batch_size'"),
    ],
)
def test_wrong_options(given: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        plugins.configure(hf.Options, given, "hf")


def test_options_as_text() -> None:
    options = plugins.configure(hf.Options, {"batch_size": "8", "max_pixels": "1000", "trust_remote_code": "no"}, "hf")
    assert options == hf.Options(batch_size=8, max_pixels=1000)
    assert plugins.configure(hf.Options, {"batch_size": "auto", "device": "cuda:1"}, "hf").device == "cuda:1"
    assert not {"batch_size", "device", "device_map"} & set(plugins.changes_answers(options))


def config(folder: Path, **changes: Any) -> str:
    return json.dumps({**json.loads((folder / "config.json").read_text()), **changes})


def test_checkpoints_that_cannot_be_loaded(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = checkpoint("llava")
    remote = {"AutoConfig": "code.Config", "AutoModelForImageTextToText": "code.Model"}
    weights = (folder / "model.safetensors").read_bytes()
    cases: list[tuple[str, dict[str, Any]]] = [
        ("does not know the architecture", {"config__json": config(folder, model_type="novelty")}),
        ("set trust_remote_code=true", {"config__json": config(folder, model_type="novelty", auto_map=remote)}),
        ("answers in text about an image", {"config__json": json.dumps({"model_type": "llama"})}),
        ("weights are damaged", {"model__safetensors": weights[: len(weights) // 2]}),
        ("its processor .* cannot be loaded", {"tokenizer__json": "{"}),
        ("chat template does not take", {"chat_template__jinja": "{% for"}),
        ("leaves the picture or the text out", {"chat_template__jinja": "hello"}),
    ]
    for number, (message, files) in enumerate(cases):
        with pytest.raises(WrongUse, match=message):
            load(altered(folder, tmp_path / str(number), **files))
    with pytest.raises(Missing, match=r"its processor .* lacks a file"):
        load(altered(folder, tmp_path / "blind", preprocessor_config__json=None))


def test_weights_that_do_not_belong(checkpoint: Checkpoint, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(checkpoint("llava") / "model.safetensors")
    first = next(name for name in weights if "multi_modal_projector" in name and name.endswith("weight"))
    fewer = altered(checkpoint("llava"), tmp_path / "fewer")
    save_file({k: v for k, v in weights.items() if k != first}, fewer / "model.safetensors", {"format": "pt"})
    with pytest.raises(WrongUse, match="1 of the model's weights are not in the checkpoint"):
        load(fewer)
    save_file({**weights, first: weights[first][:3].clone()}, fewer / "model.safetensors", {"format": "pt"})
    with pytest.raises(WrongUse, match="the shapes of weights differ"):
        load(fewer)


@pytest.mark.parametrize(
    ("package", "options"),
    [
        ("accelerate", {"device": "auto", "device_map": "auto"}),
        ("bitsandbytes", {"quantization": "4bit"}),
        ("peft", {"adapter": "."}),
    ],
)
def test_packages_that_options_need(checkpoint: Checkpoint, package: str, options: dict[str, Any]) -> None:
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(Missing, match="pip install"):
        load(checkpoint("llava"), **options)


def test_a_device_that_is_not_there(checkpoint: Checkpoint) -> None:
    number = torch.cuda.device_count()
    with pytest.raises(Missing, match="sees no such device"):
        load(checkpoint("llava"), device=f"cuda:{number}")


def test_a_package_that_is_not_there(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    with pytest.raises(Missing, match=r"pip install 'snellen\[hf\]'"):
        load(checkpoint("llava"))


def test_a_template_that_refuses_the_system_prompt(checkpoint: Checkpoint) -> None:
    with pytest.raises(WrongUse, match=r"incompatible with system messages.*leave out the option system"):
        load(checkpoint("mllama"), system="Be brief.")


def test_templates_kept_elsewhere_or_nowhere(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = checkpoint("llava")
    asked = [
        (noise(80, 60), Generate((PHOTO, "What is it?"), 5)),
        (noise(80, 60), Choose((PHOTO, "Is it?"), ("a", "b"))),
    ]
    expected = ask(load(folder), asked)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["chat_template"] = (folder / "chat_template.jinja").read_text()
    older = altered(folder, tmp_path / "older", chat_template__jinja=None, tokenizer_config__json=json.dumps(settings))
    answers = ask(load(older), asked)
    assert answers[0].text == expected[0].text and answers[1].values == expected[1].values
    base = altered(folder, tmp_path / "base", chat_template__jinja=None)
    bare = ask(load(base), asked)
    assert bare[0].usage.tokens_in < expected[0].usage.tokens_in
    assert len(bare[1].values) == 2
    texts = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}assistant:"
    strict = ask(load(altered(folder, tmp_path / "texts", chat_template__jinja=texts)), asked)
    assert strict[0].text and len(strict[1].values) == 2

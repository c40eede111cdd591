"""The studies that come with Snellen are what was published, and run with the models that one has."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import studies
from conftest import Said
from loopback import Asked, serving
from snellen.demo import models
from snellen.flags import Flags, request
from snellen.plan import Plan, resolve
from snellen.shipped import shipped
from snellen.specs import name_and_options
from snellen.study_file import read_study

Snellen = Callable[..., Said]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder as that of Caltech-256, with 24 classes and the clutter."""
    names = [*(f"{number:03}.thing-{number}" for number in range(1, 25)), "257.clutter"]
    return studies.photographs(tmp_path / "256_ObjectCategories", 1, names)


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A model that says yes to everything and sees the first thing of any list."""
    says = "return Text('yes' if 'yes or no' in question.prompt[1] else 'thing-1')"
    return studies.model(tmp_path / "model.py", says)


def planned(name: str, photos: Path, *models: str) -> Plan:
    return resolve(request(Path(name), Flags(str(photos), models)))


def strategies_of(plan: Plan) -> list[Any]:
    return list(dict.fromkeys(strategy.strategy for _, strategy in plan.pairs))


def test_they_are_listed_and_printed_to_be_changed(snellen: Snellen, tmp_path: Path) -> None:
    said = snellen("ls", "studies")
    assert [line.partition(": ")[0] for line in said.out.splitlines()] == list(shipped())
    for name, file in shipped().items():
        printed = snellen("ls", "studies", name).out
        assert printed == file.read_text(encoding="utf-8")
        (tmp_path / "mine.yaml").write_text(printed, encoding="utf-8")
        assert read_study(tmp_path / "mine.yaml") == read_study(file)
    said = snellen("ls", "studies", "clarifay")
    assert said.code == 2 and "(did you mean 'clarifai-2024'?)" in said.err


def test_a_name_that_is_no_file_and_no_study_is_told_with_the_nearest(snellen: Snellen, photos: Path) -> None:
    said = snellen("run", "clarifay-2024", "-d", photos)
    assert said.code == 2
    assert "no study of that name comes with snellen (did you mean 'clarifai-2024'?)" in said.err
    Path("clarifai-2024").mkdir()  # a folder of that name is no study file
    assert snellen("run", "clarifai-2024", "-d", photos, "-m", "shapes/none").err.count("unknown model provider") == 1
    assert "is no study file" in snellen("run", photos).err


def test_the_comparison_of_clarifai_is_asked_to_the_letter(photos: Path, model: str) -> None:
    study = read_study(shipped()["clarifai-2024"])
    names = [name_and_options(each, "model")[0] for each in study["models"]]
    assert [name.rpartition("/")[2] for name in names] == [
        *("gpt-4o", "Qwen2-VL-7B-Instruct", "llava-v1.6-mistral-7b-hf", "llama3-llava-next-8b-hf"),
        *("Llama-3.2-11B-Vision-Instruct", "MiniCPM-V-2_6", "InternVL2-2B", "Phi-3-vision-128k-instruct"),
        "general-image-recognition",
    ]
    plan = planned("clarifai-2024", photos, model)
    assert (len(plan.classes.names), plan.classes.background, plan.seed) == (21, "background", 0)
    assert plan.out == Path("runs/clarifai-2024")
    closed, binary, _ = strategies_of(plan)
    assert closed.template == (
        "Question: Answer this question in one word: What type of object is in this photo? "
        "Choose one from {classes}. Answer:"
    )
    assert (closed.votes, closed.order) == (3, "shuffled")
    assert binary.prompt == "Answer the question in one word: yes or no. Is the {name} in this photo?"
    assert (binary.decide, binary.ahead) == ("first-yes", 1)
    assert study["sweep"] == {"class_counts": [10, 25, 50, 75, 100, 150, 200]}


def test_the_protocol_of_vlmclassifier_is_asked_to_the_letter(tmp_path: Path, model: str) -> None:
    written = read_study(shipped()["vlmclassifier-caltech101"])["dataset"]["classes"]
    folders = [
        {"leopard": "Leopards", "motorbike": "Motorbikes", "airplane": "airplanes"}.get(n, n) for n in written[1:]
    ]
    folders = ["BACKGROUND_Google", "Faces", "Faces_easy", *(name.replace(" ", "_") for name in folders)]
    place = studies.photographs(tmp_path / "101_ObjectCategories", 1, folders)
    plan = resolve(request(Path("vlmclassifier-caltech101"), Flags(f"caltech101,folder={place}", (model,))))
    assert list(plan.classes.names) == written and len(written) == 100  # also in this order, for order=given
    assert len(plan.selection) == 101 and plan.classes.background is None
    shuffled, given, open_set, zero_shot = strategies_of(plan)
    for strategy, order in ((shuffled, "shuffled"), (given, "given")):
        assert strategy.template == 'What type of object is in this photo? Choose one from "{classes}".'
        assert (strategy.separator, strategy.votes, strategy.max_tokens) == (", ", 1, 64)
        assert strategy.order == order
    assert open_set.prompt == "What type of object is in this photo?"
    assert zero_shot.templates == ("A photo of a {name}",)


def test_with_two_of_its_models_it_is_a_study_of_these(snellen: Snellen, photos: Path) -> None:
    def script(asked: Asked) -> str:
        return "no" if "yes or no" in asked.texts[0] else "thing-3"

    with serving(script) as server:
        names = [f"openai-compatible/{name},base_url={server.url}" for name in ("MiniCPM-V-2_6", "InternVL2-2B")]
        said = snellen("run", "clarifai-2024", "-d", photos, "-m", names[0], "-m", names[1], "--no-timing")
    assert said.code == 0, said.err
    found = studies.rows(Path("runs/clarifai-2024"))
    strategies = ("closed-set,votes=3", "binary")
    assert {(row["model"], row["strategy"]) for row in found} == {(m, s) for m in names for s in strategies}
    assert {(row["dataset"], row["classes"], row["images"], row["pending"]) for row in found} == {
        ("clarifai-2024", 21, 21, 0)
    }
    assert said.err.count("not applicable") == 1
    for row in found:
        if row["strategy"] == "binary":  # 20 questions and never a yes: the background
            assert row["questions_per_image"] == 20 and row["accuracy"] == pytest.approx(1 / 21)


def test_models_that_cannot_be_had_are_told_first_and_stay_pending(
    snellen: Snellen, photos: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")

    class NoNetwork:
        def model_info(self, *args: Any, **options: Any) -> Any:
            raise ConnectionError("no network here")

    monkeypatch.setattr(hub, "HfApi", NoNetwork)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ("run", "-d", photos, "-m", "openai/gpt-4o", "-m", "hf/org/model,device=cpu", "-m", model)
    words = (*words, "-s", "closed-set", "--limit", 3, "--no-timing", "--out", "run")
    said = snellen(*words)
    assert said.code == 4
    lines = said.err.splitlines()
    asked = next(number for number, line in enumerate(lines) if line.startswith("scripted/"))
    first = [line for line in lines[:asked] if line.startswith("pending: ")]
    assert first[0] == "pending: openai/gpt-4o needs a key: set the environment variable OPENAI_API_KEY"
    assert first[1].startswith("pending: hf/org/model: it is no folder here, not (whole) in the cache")
    assert "error" not in said.err
    rows = {row["model"].partition(",")[0]: row for row in studies.rows(Path("run"))}
    assert rows[model]["answered"] == 3
    for name in ("openai/gpt-4o", "hf/org/model"):
        assert (rows[name]["pending"], rows[name]["accuracy"]) == (3, None)
        assert rows[name]["trouble"] in " ".join(first)
    dry = snellen(*words, "--dry-run")
    assert dry.code == 0 and dry.out.count("\npending    hf/org/model: it is no folder here") == 1

    shutil.copytree(models.folder("vlm"), tmp_path / "hub/models--org--model/snapshots" / COMMIT)
    (tmp_path / "hub/models--org--model/refs").mkdir()
    (tmp_path / "hub/models--org--model/refs/main").write_text(COMMIT)
    with serving(lambda asked: "thing-1") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "secret-of-the-test")
        words = tuple(f"openai/gpt-4o,base_url={server.url}" if word == "openai/gpt-4o" else word for word in words)
        said = snellen(*words)
    assert said.code == 0, said.err
    rows = {row["model"].partition(",")[0]: row for row in studies.rows(Path("run"))}
    assert (rows["hf/org/model"]["pending"], rows["hf/org/model"]["trouble"]) == (0, None)
    assert not any(row["superseded"] for row in studies.rows(Path("run")) if row["model"].startswith("hf/"))


def test_where_no_model_can_be_had_nothing_is_written(
    snellen: Snellen, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snellen.specs._is_installed", lambda package: package != "torch")
    said = snellen("run", "-d", photos, "-m", "clip/a/b", "-m", "hf/a/b", "--out", "run")
    assert said.code == 3
    assert re.fullmatch(r"error: clip/a/b needs the package torch: .*; hf/a/b needs the package torch: .*\n", said.err)
    assert not Path("run").exists()


def test_a_model_without_its_key_is_not_pending_where_all_is_answered(
    snellen: Snellen, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-the-test")
    with serving(lambda asked: "thing-1") as server:
        words = ("run", "-d", photos, "-m", f"openai/gpt-4o,base_url={server.url}", "-s", "closed-set")
        assert snellen(*words, "--limit", 4, "--out", "run").code == 0
    monkeypatch.delenv("OPENAI_API_KEY")
    said = snellen(*words, "--limit", 4, "--out", "run")
    assert said.code == 0 and "pending" not in said.err and "needs a key" not in said.err

"""Study files: what they may hold, and what a run folder keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen import plugins
from snellen.errors import WrongUse
from snellen.naming import slug
from snellen.plan import Request, resolve
from snellen.study_file import add_section, check_keys, read_study, write_template

CIRCLE = f"scripted/{Path(__file__).parent / 'models.py'}:circle"


def test_a_study_file_becomes_a_request(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: mine\ndataset: {path: ~/data, classes: [cat, dog]}\n"
        "models:\n  - hf/a\n  - {model: hf/b, dtype: float32}\n"
        "strategies:\nout: runs/mine\ntiming: false\nstall_seconds: 60\n"
    )
    request = Request(**read_study(path))
    assert request.name == "mine" and request.out == "runs/mine"
    assert request.dataset == {"path": "~/data", "classes": ["cat", "dog"]}
    assert request.models == ("hf/a", {"model": "hf/b", "dtype": "float32"})
    assert (request.strategies, request.timing, request.stall_seconds) == ((), False, 60)


def test_of_several_sections_the_last_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("--- # one\nname: a\n--- # two\nname: b\n")
    assert read_study(path) == {"name": "b"}


def test_a_section_is_added_for_each_different_request_and_resolves_to_the_same_plan(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    dataset = {"path": "shapes", "pictures": 2, "classes": 4, "limit": 6, "seed": 3}
    first = resolve(Request(dataset, (CIRCLE,), ("closed-set,votes=3",), out=str(tmp_path / "run")))
    second = resolve(
        Request("shapes,pictures=1", (f"{CIRCLE},batch_size=2",), ("binary",), out=str(tmp_path / "run"), timing=False)
    )
    for plan in (first, first, second, second):
        add_section(plan, path)
        again = resolve(Request(**read_study(path)))
        assert [example.id for example in again.selection] == [example.id for example in plan.selection]
        assert (again.classes, again.pairs, again.out) == (plan.classes, plan.pairs, plan.out)
        assert (again.seed, again.timing, again.name) == (plan.seed, plan.timing, plan.name)
    assert path.read_text().count("--- # asked on") == 2


def test_the_template_holds_odd_names(tmp_path: Path, drawn: Path) -> None:
    odd = drawn.rename(tmp_path / 'a: "b" # {c}')
    write_template(str(odd), tmp_path / "study.yaml")
    study = read_study(tmp_path / "study.yaml")
    assert study["dataset"] == {"path": str(odd), "seed": 0}
    assert "models" not in study
    commented = next(line for line in (tmp_path / "study.yaml").read_text().splitlines() if line.startswith("# out:"))
    assert commented.removeprefix("# out: ").split("  ")[0] == f"runs/{slug(str(study['name']))}"


def test_one_model_needs_no_list() -> None:
    assert check_keys({"models": "hf/a", "strategies": {"strategy": "binary"}}, "mine") == {
        "models": ("hf/a",),
        "strategies": ({"strategy": "binary"},),
    }


def test_a_section_holds_the_commit_of_a_hubs_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.load("engines", "hf")
    commit = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setattr("snellen.specs._is_installed", lambda package: True)
    monkeypatch.setattr("snellen.local.source.hub.commit_of", lambda name, revision, provider: commit)
    plan = resolve(Request("shapes,pictures=1", ("hf/org/model",), ("closed-set",), out=str(tmp_path / "run")))
    add_section(plan, tmp_path / "study.yaml")
    asked = read_study(tmp_path / "study.yaml")
    assert asked["models"][0]["revision"] == commit
    ((model, _),) = resolve(Request(**asked)).pairs
    assert model.identity == plan.pairs[0][0].identity


def test_the_nearest_key_is_named() -> None:
    with pytest.raises(WrongUse, match=r"mine: unknown key 'stratgies' \(did you mean 'strategies'\?\)"):
        check_keys({"stratgies": []}, "mine")

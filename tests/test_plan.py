"""A request is resolved and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checkpoints.texts import static
from onnx_models import write_classifier
from snellen import plugins
from snellen.errors import WrongUse
from snellen.flags import Flags, request
from snellen.plan import Request, resolve
from snellen.specs import model_plan, split_spec, strategy_plan

CIRCLE = f"scripted/{Path(__file__).parent / 'models.py'}:circle"


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("binary", "binary", {}),
        ("closed-set,votes=5,order=sorted", "closed-set", {"votes": "5", "order": "sorted"}),
        ("closed-set, votes=5", "closed-set", {"votes": "5"}),
        ("closed-set,template=One of {classes}, please: a=b,votes=2", "closed-set", None),
        ("binary,prompt=", "binary", {"prompt": ""}),
    ],
)
def test_a_spec_is_split_at_the_commas_before_a_key(text: str, name: str, options: dict[str, str] | None) -> None:
    options = options if options is not None else {"template": "One of {classes}, please: a=b", "votes": "2"}
    assert split_spec(text) == (name, options)


def test_a_path_may_hold_commas(tmp_path: Path, drawn: Path) -> None:
    odd = drawn.rename(tmp_path / "a,b=c")
    assert len(resolve(Request(str(odd), (CIRCLE,))).selection) == 16


def test_titles_show_what_changes_answers_and_is_not_the_default() -> None:
    assert strategy_plan("closed-set,votes=1").title == "closed-set"
    assert strategy_plan("closed-set,votes=3").title == "closed-set,votes=3"
    assert model_plan(f"{CIRCLE},batch_size=2").title == CIRCLE


def test_each_model_gets_the_strategies_that_fit_and_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = plugins.load("engines", "scripted")
    recognise = next(kind for kind in module.ANSWERS if kind.__name__ == "Recognise")
    monkeypatch.setattr(module, "ANSWERS", frozenset({recognise}))
    plan = resolve(Request("shapes,pictures=1", (CIRCLE,)))
    assert [strategy.title for _, strategy in plan.pairs] == ["vocabulary"] and plan.not_applicable == ()
    plan = resolve(Request("shapes,pictures=1", (CIRCLE,), ("binary", "vocabulary")))
    assert plan.not_applicable == (f"not applicable: {CIRCLE} cannot answer Generate, which binary asks",)
    with pytest.raises(WrongUse, match="cannot answer Generate"):
        resolve(Request("shapes,pictures=1", (CIRCLE,), ("binary",)))


def test_the_same_model_twice_is_one() -> None:
    assert (
        len(resolve(Request("shapes,pictures=1", (CIRCLE, {"model": CIRCLE}), ("binary", "binary,ahead=1"))).pairs) == 1
    )


def test_two_spellings_of_one_model_are_one_and_the_first_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    spellings = ("scripted/models.py:circle", "scripted/./models.py:circle,batch_size=2", CIRCLE)
    ((model, _),) = resolve(Request("shapes,pictures=1", spellings, ("binary",))).pairs
    assert model.title == "scripted/models.py:circle"


def test_two_models_never_have_one_title(tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "m.onnx", np.eye(3))
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"{name}\nx\ny\n")
    specs = [f"onnx/{model},labels={tmp_path / name}.txt,threads=1" for name in ("a", "b")]
    first, second = (model for model, _ in resolve(Request("shapes,pictures=1", tuple(specs))).pairs)
    assert [first.title, second.title] == [spec.removesuffix(",threads=1") for spec in specs]
    assert first.identity != second.identity
    prompts = (
        {"strategy": "binary", "prompt": "{name}?,ahead=2"},
        {"strategy": "binary", "prompt": "{name}?", "ahead": 2},
    )
    pairs = resolve(Request("shapes,pictures=1", (CIRCLE,), prompts)).pairs
    titles = [strategy.title for _, strategy in pairs]
    assert len(titles) == 2 and sorted(titles)[0] != sorted(titles)[1]


def test_where_no_strategy_fits_those_that_do_are_told(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("image,prediction\na/1.jpg,a\n")
    table = f"predictions/{tmp_path / 'mine.csv'}"
    with pytest.raises(
        WrongUse, match=r"cannot answer Generate.*; predictions/.*mine\.csv: strategies that fit it: vocabulary"
    ):
        resolve(Request("shapes,pictures=1", (table,), ("binary",)))


def test_a_run_folder_beside_the_class_folders_is_allowed(drawn: Path) -> None:
    assert resolve(Request(str(drawn), (CIRCLE,), out=str(drawn / "runs" / "x"))).out == drawn / "runs" / "x"


def test_names_are_checked_before_the_data_set_is_read(monkeypatch: pytest.MonkeyPatch, drawn: Path) -> None:
    def read(*_: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("snellen.datasets.folder.load", read)
    for wrong in (Request(str(drawn), ("scriptd/x",)), Request(str(drawn), (CIRCLE,), ("binry",))):
        with pytest.raises(WrongUse, match="did you mean"):
            resolve(wrong)


def test_the_default_folder_is_named_after_the_study() -> None:
    assert resolve(Request("shapes,pictures=1", (CIRCLE,))).out == Path("runs/shapes")
    assert resolve(Request("shapes,pictures=1", (CIRCLE,), name="../My study: 1/2")).out == Path("runs/My-study-1-2")
    assert resolve(Request("shapes,pictures=1", (CIRCLE,), name="x", out="y/z")).out == Path("y/z")


@pytest.mark.parametrize(
    ("model", "flag", "size"),
    [
        (CIRCLE, None, 64),
        (CIRCLE, "auto", 64),
        (CIRCLE, "3", 3),
        (f"{CIRCLE},batch_size=5", "3", 5),
    ],
)
def test_a_batch_size_is_for_the_models_that_name_no_other(model: str, flag: str | None, size: int) -> None:
    flags = Flags("shapes,pictures=1", (model,), batch_size=flag)
    ((planned, _), *_) = resolve(request(None, flags), flags.batch_size).pairs
    assert planned.options.batch_size == size


@pytest.mark.parametrize(("flag", "size"), [(None, 5), ("3", 3), ("auto", 64)])
@pytest.mark.parametrize("written", ["'MODEL,batch_size=5'", "{model: 'MODEL', batch_size: 5}"])
def test_a_batch_size_goes_before_the_study_files(tmp_path: Path, written: str, flag: str | None, size: int) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(f"dataset: shapes\nmodels: [{written.replace('MODEL', CIRCLE)}]\n")
    flags = Flags(batch_size=flag)
    ((planned, _), *_) = resolve(request(study, flags), flags.batch_size).pairs
    assert planned.options.batch_size == size


def test_a_model_that_refuses_what_its_provider_answers_is_told_with_the_reason(
    encoder: Callable[[str], Path], drawn: Path
) -> None:
    backbone = f"classifier/{encoder('dinov2_bare')}"
    with pytest.raises(WrongUse, match=r"cannot answer Recognise, which vocabulary asks \(it is a backbone without"):
        resolve(Request(str(drawn), (backbone,), ("vocabulary",)))
    plan = resolve(Request(str(drawn), (f"classifier/{encoder('vit')}", backbone), ("vocabulary",)))
    assert len(plan.pairs) == 1 and len(plan.not_applicable) == 1


def test_a_model_that_no_usual_strategy_fits_is_told_and_not_dropped_in_silence(tmp_path: Path, drawn: Path) -> None:
    text = static(tmp_path / "static")
    plan = resolve(Request(str(drawn), (f"text/{text}", "scripted/test_contracts:scripted"), out=str(tmp_path / "run")))
    (line,) = plan.not_applicable
    assert (
        line
        == f"not asked: text/{text}: it makes vectors of texts alone, for an encoder= of open-set or of 'snellen map'"
    )
    assert {model.title for model, _ in plan.pairs} == {"scripted/test_contracts:scripted"}
    with pytest.raises(WrongUse, match=r"not asked: text/.*vectors of texts alone"):
        resolve(Request(str(drawn), (f"text/{text}",), out=str(tmp_path / "run")))


def test_a_function_is_asked_for_vectors_of_texts_only_where_that_is_named() -> None:
    plan = resolve(Request("shapes,pictures=1", (CIRCLE,)))
    assert [strategy.title for _, strategy in plan.pairs] == ["closed-set", "binary", "vocabulary"]
    plan = resolve(Request("shapes,pictures=1", (CIRCLE,), ("zero-shot",)))
    assert [strategy.title for _, strategy in plan.pairs] == ["zero-shot"]

"""The demo's models are those of other providers under names of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from conftest import Said
from snellen.demo import models
from snellen.engines.demo import stands_for
from snellen.errors import WrongUse
from snellen.plan import Request, resolve
from snellen.specs import configured, model_plan

FOLDER = str(models.folder("classifier"))
Snellen = Callable[..., Said]


def test_each_model_has_a_provider_and_a_folder() -> None:
    found = {name: stands_for(name) for name in models.NAMES}
    assert {name: provider for name, (provider, _) in found.items()} == {
        "vlm": "hf",
        "clip": "clip",
        "classifier": "classifier",
    }
    assert all(place == str(models.folder(name)) for name, (_, place) in found.items())


def test_a_demo_model_is_planned_as_that_of_its_provider_and_shown_by_its_own_name() -> None:
    plan, same = model_plan("demo/classifier"), model_plan(f"classifier/{FOLDER}")
    assert (plan.title, plan.provider, plan.name) == ("demo/classifier", "classifier", FOLDER)
    assert (plan.identity, plan.answers, plan.options) == (same.identity, same.answers, same.options)


def test_it_takes_its_providers_options() -> None:
    plan = model_plan("demo/classifier,dtype=float32,batch_size=4")
    same = model_plan(f"classifier/{FOLDER},dtype=float32,batch_size=4")
    assert plan.title == "demo/classifier,dtype=float32"
    assert (plan.identity, plan.options) == (same.identity, same.options)
    assert plan.options.batch_size == 4 and plan.identity != model_plan("demo/classifier").identity
    longer: Mapping[str, Any] = {"model": "demo/classifier", "dtype": "float32"}
    assert model_plan(longer, batch_size="7").options.batch_size == 7
    assert model_plan(longer).title == "demo/classifier,dtype=float32"


def test_options_are_checked_before_any_file_is_read() -> None:
    text, options = configured("demo/vlm,dtype=float32", None)
    assert (text, options.dtype) == ("demo/vlm", "float32")
    with pytest.raises(WrongUse, match=r"demo/classifier has no option 'dtyp'.*'dtype'"):
        model_plan("demo/classifier,dtyp=float32")
    with pytest.raises(WrongUse, match="demo/classifier: dtype='float31'"):
        model_plan("demo/classifier,dtype=float31")


def test_an_unknown_demo_model_is_refused_with_a_hint(snellen: Snellen) -> None:
    with pytest.raises(WrongUse, match=r"no model 'clasifier' \(did you mean 'classifier'\?\); it has vlm, clip"):
        model_plan("demo/clasifier")
    with pytest.raises(WrongUse, match="no model 'vlm/x'"):
        model_plan("demo/vlm/x")
    with pytest.raises(WrongUse, match="PROVIDER/NAME"):
        model_plan("demo")
    said = snellen("run", "-d", "shapes,pictures=1", "-m", "demo/vml")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1) and "did you mean 'vlm'" in said.err


def test_a_demo_model_and_its_folder_are_one_model() -> None:
    both = ("demo/classifier", f"classifier/{FOLDER}")
    pairs = resolve(Request("demo/pictograms,pictures=1", both, ("vocabulary",))).pairs
    assert [model.title for model, _ in pairs] == ["demo/classifier"]


def test_lists_tell_what_it_is(snellen: Snellen) -> None:
    listed = snellen("ls", "models")
    assert listed.code == 0 and "\ndemo: " in f"\n{listed.out}" and "demo/vlm" in listed.out
    told = snellen("ls", "models", "demo")
    assert told.code == 0 and all(f"demo/{name}" in told.out for name in models.NAMES)

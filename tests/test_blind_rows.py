"""Blind rows: the same prompts with a grey picture in the photo's place, asked once where they are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studies
from snellen.blank import BLANK
from snellen.conclusion import conclusion
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.plan import Request, resolve
from snellen.rows import Row
from snellen.specs import strategy_plan
from snellen.study import rescore
from snellen.study_file import read_study
from snellen.types import PHOTO, Classes, Embed, Text, Vector
from snellen.vectors import ClassVectors

SEES = "return Text(truth(image) if image else 'cat', usage=Usage(700, 20))"
EACH = (700 * 2 + 20 * 10) / 1e6


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve photographs, four each of cat, dog and bird."""
    return studies.photographs(tmp_path / "photos")


def test_a_blind_prompt_is_the_same_but_for_the_photo() -> None:
    photo = Image(data=b"a photo")
    classes = Classes(("cat", "dog", "bird"))
    for spec in ("closed-set", "binary", "likelihood", "closed-set,image=last,votes=2"):
        row, blind = (Row(strategy_plan(spec).strategy, classes, 3, blind=blind) for blind in (False, True))
        seen, unseen = next(row.inquire(photo)), next(blind.inquire(photo))
        assert [type(each) for each in seen] == [type(each) for each in unseen]
        for one, other in zip(seen, unseen, strict=True):
            swapped = tuple(BLANK if part is PHOTO else part for part in one.prompt)  # type: ignore[union-attr]
            assert other.prompt == swapped != one.prompt  # type: ignore[union-attr]


def test_a_shortlist_is_made_of_the_photo_and_put_to_the_model_blind() -> None:
    classes = Classes(("cat", "dog", "bird"))
    known = ClassVectors(classes.names, np.asarray([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32))
    strategy = strategy_plan("shortlist,encoder=clip/x,k=2,order=similarity").strategy
    rounds = Row(strategy, classes, 0, known=known, blind=True).inquire(Image(data=b"a photo"))
    (asked,) = next(rounds)
    assert asked == Embed(to="encoder")
    (asked,) = rounds.send([Vector([1, 0])])  # type: ignore[arg-type]
    assert BLANK in asked.prompt and PHOTO not in asked.prompt  # type: ignore[union-attr]
    assert any("cat, dog" in part for part in asked.prompt if isinstance(part, str))  # type: ignore[union-attr]
    with pytest.raises(StopIteration) as stop:
        rounds.send([Text("dog")])
    assert stop.value.value.label == "dog"


def test_equal_questions_are_asked_once_and_never_again(photos: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name, how = studies.model(file, SEES), ("closed-set,order=given", "closed-set", "binary,ahead=3")
    with studies.ran(photos, name, *how, out=out, per_class=2, blind=True) as results:
        assert [row.pending + row.failed for row in results.rows] == [0] * 6
    blind = [each.question for each in studies.asked(file) if each.image == "-"]
    assert len(blind) == len(set(blind)) <= 1 + 5 + 3  # one list; shuffles of three names; three names
    with studies.ran(photos, name, *how, out=out, blind=True) as results:  # more images
        assert {row.images for row in results.rows if row.blind} == {12}
    again = [each.question for each in studies.asked(file) if each.image == "-"]
    assert len(again) == len(set(again)) <= 1 + 5 + 3


def test_a_blind_row_is_told_apart_and_no_candidate(photos: Path, tmp_path: Path) -> None:
    out, name = tmp_path / "run", studies.model(tmp_path / "model.py", "return 'bird' if image else 'cat'")
    with studies.ran(photos, name, "closed-set", out=out):
        (key,) = studies.sql(out, "SELECT key FROM rows")[0]
        assert '"blind"' not in key
    with studies.ran(photos, name, "closed-set", "binary", out=out, blind=True, timing=True) as results:
        rows = [(row.strategy, row.blind) for row in results.rows]
        assert sorted(rows[:2]) == [("binary", False), ("closed-set", False)]
        assert sorted(rows[2:]) == [("binary (blind)", True), ("closed-set (blind)", True)]
        assert all((row.images_per_second is None) == row.blind for row in results.rows)
        assert {each[side]["strategy"] for each in results.comparisons for side in "ab"} == {"closed-set", "binary"}
        assert "(blind)" not in str(conclusion(results))
    assert studies.sql(out, "SELECT key FROM rows ORDER BY number")[0] == (
        key,
    )  # what was asked before is not asked as another row
    assert read_study(out / "study.yaml")["blind"] is True
    assert [each["strategy"] for each in read_study(out / "study.yaml")["strategies"]] == ["closed-set", "binary"]
    before = studies.table(out)
    with closing(rescore(out)):
        assert studies.table(out) == before


def test_what_is_asked_of_a_grey_picture_is_paid_once(photos: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"prices": [{"model": "scripted/*", "input": 2, "output": 10}]}))
    name = studies.model(tmp_path / "model.py", SEES)
    how = {"prices": str(prices), "blind": True, "max_cost": 20 * EACH}
    with studies.ran(photos, name, "closed-set,order=given", out=tmp_path / "run", **how) as results:
        costs = {row.blind: row.cost_usd for row in results.rows}
        assert costs == {False: pytest.approx(12 * EACH), True: pytest.approx(EACH)}
        assert [row.spent_usd for row in results.rows] == [pytest.approx(13 * EACH)] * 2
        assert results.rows[1].latency_p50 is None


def test_a_dry_run_counts_a_question_that_serves_all_images_once(
    photos: Path, tmp_path: Path, snellen: Callable[..., Any]
) -> None:
    name = studies.model(tmp_path / "model.py", SEES)
    how = ("-s", "closed-set,order=given", "-s", "binary", "-s", "likelihood,calibrate=blank,order=given")
    out = snellen("run", "-d", photos, "-m", name, *how, "--blind", "--dry-run").out.splitlines()
    after = {line.split(" · ")[1]: out[place + 1] for place, line in enumerate(out) if line.startswith("row ")}
    assert "12 requests" in after["closed-set,order=given"] and "1 requests" in after["closed-set,order=given (blind)"]
    assert " 3 requests" in after["binary (blind)"]
    assert "13 requests" in after["likelihood,order=given,calibrate=blank"]


def test_the_command_line_tells_what_is_not_asked_blind_and_what_the_prompts_give_away(
    photos: Path, tmp_path: Path, snellen: Callable[..., Any]
) -> None:
    name = studies.model(
        tmp_path / "model.py", "return Scores(('cat',), (1.0,)) if isinstance(question, Recognise) else 'cat'"
    )
    said = snellen("run", "-d", photos, "-m", name, "-s", "vocabulary", "-s", "closed-set", "--blind", "--no-timing")
    assert said.code == 0
    assert "not asked blind: vocabulary, without a prompt" in said.err
    assert "closed-set: 0.33 (0.14–0.61), with the photos 0.33; chance 0.33" in said.err
    assert "these images do not show that the photos matter" in said.err
    table = said.out.partition("\nNot shown")[0]
    assert "(blind)" in table.splitlines()[-1]


def test_blind_is_a_key_of_study_files_and_true_or_false(photos: Path, tmp_path: Path) -> None:
    name, study = studies.model(tmp_path / "model.py", SEES), tmp_path / "study.yaml"
    asked = {"dataset": str(photos), "models": [name], "strategies": ["closed-set"]}
    for blind, titles in ((True, ["closed-set", "closed-set (blind)"]), (False, ["closed-set"])):
        study.write_text(json.dumps({**asked, "blind": blind}))
        plan = resolve(Request(**read_study(study)))
        assert [strategy.title for _, strategy in plan.pairs] == titles
    with pytest.raises(WrongUse, match="no run stops by blind rows"):
        resolve(Request(str(photos), (name,), blind=True, until_decided=0.95))
    study.write_text(json.dumps({**asked, "blind": "yes"}))
    with pytest.raises(WrongUse, match="blind: expected true or false"):
        read_study(study)

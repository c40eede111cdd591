"""Cascades of two rows: which are planned, what is promised of them, and what running them gives."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said
from predicted import Model, predicted, put_measures, right_but
from snellen.folder import RunFolder
from snellen.metrics.intervals import wilson
from snellen.results import Results
from snellen.verdict.candidates import Measures, candidates_of, comparable
from snellen.verdict.cascades import Cascade, Planned, plan_cascades, points, together
from snellen.verdict.limits import Limits
from snellen.verdict.running import command, strategy_data, strategy_text
from studies import asked as asked_of
from studies import model, photographs, ran, sql

Snellen = Callable[..., Said]
UNSURE = 12  # of each 40 pictures, on 8 of which the cheap model is wrong


def sure(label: str, number: int) -> float:
    return 0.3 + number / 200 if number < UNSURE else 0.9 + number / 1000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = {
        "cheap": Model(right_but(*range(8)), sure, 100.0, {"device": "cpu", "peak_rss_gb": 0.5}),
        "dear": Model(right_but(30), speed=10.0, facts={"device": "cuda", "peak_gpu_gb": 12.0, "peak_rss_gb": 2.0}),
    }
    return predicted(tmp_path_factory.mktemp("pets"), models)


@pytest.fixture
def results(run: Path) -> Iterator[Results]:
    with closing(Results(run)) as opened:
        yield opened


def planned(results: Results, limits: Limits | None = None) -> Planned:
    candidates = candidates_of(results, comparable(results)[0])
    return plan_cascades(results, candidates, candidates, limits or Limits())


def only(results: Results, limits: Limits | None = None) -> Cascade:
    (found,) = planned(results, limits).cascades
    return found


def test_the_cheap_row_hands_over_what_it_is_not_sure_of(results: Results) -> None:
    found = only(results)
    assert (Path(found.first.row.model).stem, Path(found.second.row.model).stem) == ("cheap", "dear")
    assert 0.335 < found.threshold <= 0.34 and found.images == 120  # it is wrong on pictures 0 to 7 of each class
    assert (found.first_alone, found.second_alone) == (0.8, 0.975)
    assert found.estimate.accuracy == 1 and found.estimate.accuracy_low == pytest.approx(wilson(120, 120)[0])
    assert found.estimate.handed_over == pytest.approx(0.2)
    assert (found.estimate.handed_over_low, found.estimate.handed_over_high) == pytest.approx(wilson(24, 120))
    assert found.estimate.measures.images_per_second == pytest.approx(1 / (1 / 100 + 0.2 / 10))
    assert found.estimate.measures.latency == pytest.approx(0.01 + 0.2 * 0.1)
    assert (found.estimate.measures.gpu_gb, found.estimate.measures.rss_gb) == (12.0, 2.5)


def test_limits_of_time_leave_room_for_fewer_to_be_handed_over(results: Results) -> None:
    wide = only(results)
    found = only(results, Limits(min_images_per_second=45))  # room for 12 of 100
    assert found.threshold < wide.threshold and found.estimate.handed_over < 0.12
    assert (found.estimate.measures.images_per_second or 0) >= 45
    assert found.first_alone < found.estimate.accuracy < wide.estimate.accuracy
    assert planned(results, Limits(min_images_per_second=99)).cascades == ()
    assert planned(results, Limits(max_gpu_gb=10)).none_because == "none of two rows keeps the limits"
    assert planned(results, Limits(min_images_per_second=200)).none_because == "none of two rows keeps the limits"


def test_a_cascade_takes_what_its_parts_take() -> None:
    first, second = Measures(100.0, 0.01, 0.0, 1.0, 0.1), Measures(10.0, 0.1, 8.0, 2.0, 4.0)
    found = together(first, second, 0.25)
    assert found.images_per_second == pytest.approx(1 / 0.035) and found.latency == pytest.approx(0.035)
    assert (found.gpu_gb, found.rss_gb) == (8.0, 3.0) and found.cost_per_1000_usd == pytest.approx(1.1)
    assert together(first, Measures(), 0.25) == Measures()


def test_the_curve_goes_from_the_first_towards_the_second(results: Results) -> None:
    found = points(results, only(results))
    assert [round(point.handed_over, 2) for point in found[:4]] == pytest.approx([0.05, 0.1, 0.15, 0.2], abs=0.03)
    assert found[0].accuracy < found[2].accuracy < found[3].accuracy
    assert [point.measures.images_per_second for point in found] == sorted(
        (point.measures.images_per_second or 0 for point in found), reverse=True
    )


def test_the_same_seed_plans_the_same(results: Results) -> None:
    first, again = only(results), only(results)
    assert (first.threshold, first.estimate) == (again.threshold, again.estimate)


def test_the_command_runs_it_with_nothing_asked_and_gives_what_was_counted(run: Path, snellen: Snellen) -> None:
    data = json.loads(snellen("recommend", str(run), "--json").out)
    (told,) = data["cascades"]
    assert told["against_second"] == "as" and len(told["curve"]) == 19
    assert told["command"] in snellen("recommend", str(run)).out
    before = sql(run, "SELECT count(*) FROM answers")
    program, *words = shlex.split(told["command"])
    assert program == "snellen" and words[:2] == ["run", str(run / "study.yaml")]
    said = snellen(*words, "--no-timing", "--json")
    assert said.code == 0 and sql(run, "SELECT count(*) FROM answers") == before
    row = next(row for row in json.loads(said.out)["rows"] if row["strategy"].startswith("cascade"))
    with closing(Results(run)) as results:
        rows = {each.number: each for each in results.rows}
        first, second = (rows[told[stage]["row"]] for stage in ("first", "second"))
        over = ~(results.confidences(first) >= told["threshold"])
        by_hand = np.where(over, results.sheet(second).predictions, results.sheet(first).predictions)
        assert results.sheet(rows[row["number"]]).predictions.tolist() == by_hand.tolist()
        stages = [each["details"]["stage"] for each in results.records() if each["row"] == row["number"]]
        assert stages == [2 if each else 1 for each in over]
    with RunFolder(run) as folder, folder.database.commit():
        folder.database.execute("DELETE FROM rows WHERE number = ?", row["number"])


def test_options_that_a_title_does_not_spell_out_go_into_a_study_file(results: Results, monkeypatch: Any) -> None:
    found = only(results)
    assert strategy_text(results, found) == (
        f"cascade,first={found.first.row.model},threshold={found.threshold},by=vocabulary,then=vocabulary"
    )
    spec = dict(results.spec(found.first.row))
    long = {**spec, "strategy": {"name": "vocabulary", "options": {"mapping": {"x": "cat", "y": "dog"}}}}
    monkeypatch.setattr(Results, "spec", lambda self, row: long if row is found.first.row else spec)
    assert strategy_text(results, found) is None
    assert strategy_data(results, found)["by"] == {"strategy": "vocabulary", "mapping": {"x": "cat", "y": "dog"}}
    assert 'under \'strategies\' in the study file: {"strategy": "cascade"' in command(results, found)


@pytest.mark.parametrize(
    ("speeds", "answered", "why"),
    [
        ((None, None), 120, "no speed was measured, so it is not known what one would save (run without --no-timing)"),
        ((10.0, 10.5), 120, "no row with scores is faster or cheaper than another"),
        ((100.0, 10.0), 19, "it takes at least 20 images that both rows have answered"),
        (
            (100.0, 10.0),
            24,
            "none of two rows is surely more accurate than a row that takes no more time, memory and money",
        ),
    ],
)
def test_why_there_is_none_is_said(
    speeds: tuple[float | None, float | None], answered: int, why: str, results: Results
) -> None:
    candidates = []
    for each in candidates_of(results, comparable(results)[0]):
        speed = speeds[Path(each.row.model).stem == "dear"]
        right = np.where(np.arange(120) < answered, each.right, -1).astype(np.int8)
        candidates.append(replace(each, measures=replace(each.measures, images_per_second=speed), right=right))
    found = plan_cascades(results, candidates, candidates, Limits())
    assert found == Planned((), none_because=why)
    assert plan_cascades(results, candidates[:1], candidates, Limits()).none_because == (
        "it takes two rows of one model each"
    )


def test_rows_with_labelled_examples_are_named_as_those_that_cannot_take_part(tmp_path: Path) -> None:
    with ran("demo/pictograms", "demo/clip", "nearest-centroid,shots=1", out=tmp_path / "run", per_class=1) as results:
        why = "rows with labelled examples cannot take part, and no other row is left"
        assert planned(results).none_because == why


def test_memory_is_a_doubt_between_that_of_the_larger_row_and_the_sum(results: Results) -> None:
    assert only(results, Limits(max_rss_gb=2.5)).doubt is None
    doubt = only(results, Limits(max_rss_gb=2.0)).doubt
    assert doubt == "it may take up to 2.5 GB of memory, the limit is 2: run it to know"
    assert planned(results, Limits(max_rss_gb=1.9)).none_because == "none of two rows keeps the limits"


def test_without_scores_there_is_none(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 1)
    models = [model(tmp_path / f"{name}.py", "return truth(image)") for name in ("one", "two")]
    with ran(photos, models, out=tmp_path / "run") as results:
        assert planned(results).none_because == (
            "no row has scores, by which a first model can tell what it is not sure of"
        )


def test_what_is_promised_of_the_demo_models_holds_on_other_pictures(tmp_path: Path) -> None:
    """Planned on some pictures, run on others: both figures are of a sample, and differ by what that leaves open."""
    models, asked = ["demo/classifier", "demo/clip"], ("vocabulary,background=background,among=covered", "zero-shot")
    data, out = {"classes": 21, "pictures": 8}, tmp_path / "run"
    for some in ({}, {"per_class": 4}):  # answers serve any choice of pictures: the second run asks nothing
        with ran("demo/pictograms", models, *asked, out=out, **data, **some):
            pass
    put_measures(out, {"classifier": Model(speed=100.0), "clip": Model(speed=10.0)})
    with closing(Results(out)) as results:
        candidates = candidates_of(results, comparable(results)[0])
        found = plan_cascades(results, candidates, (), Limits()).cascades[0]
        planned_on = {each["example"] for each in results.records()}
        text = strategy_text(results, found)
    assert text is not None and found.images == len(planned_on) == 84
    with ran("demo/pictograms", "demo/clip", text, out=out, **data) as results:
        records = [each for each in results.records() if each["strategy"] == text]
    for others in (True, False):
        given = [
            (each["prediction"] == each["label"], each["details"]["stage"] == 2)
            for each in records
            if (each["example"] not in planned_on) is others
        ]
        assert len(given) == 84
        accuracy, handed_over = np.mean(given, axis=0)
        for one, other in ((found.estimate.accuracy, accuracy), (found.estimate.handed_over, handed_over)):
            assert abs(one - other) < 1.96 * sqrt((one * (1 - one) + other * (1 - other)) / 84)
    assert handed_over == pytest.approx(found.estimate.handed_over)  # of the same pictures: it was counted


def test_running_one_asks_both_models_what_is_not_known_and_times_it(tmp_path: Path, snellen: Snellen) -> None:
    photos, out = photographs(tmp_path / "photos", 4), tmp_path / "run"
    first = model(
        tmp_path / "first.py",
        """
sure = 0.9 if int(image.path.stem[-1]) < 3 else 0.4
return Scores(("cat", "dog", "bird"), tuple(sure if name == truth(image) else 0.05 for name in ("cat", "dog", "bird")))
""",
    )
    second = model(tmp_path / "second.py", "return truth(image)")
    text = f"cascade,first={first},threshold=0.5,by=vocabulary"
    with ran(photos, second, text, out=out, timing=True) as results:
        (row,) = results.rows
        assert (row.accuracy, row.questions_per_image) == (1.0, 1.25)
        assert row.images_per_second and row.latency_p50
        assert sorted(each["details"]["stage"] for each in results.records()) == [1] * 9 + [2] * 3
    answers = "SELECT name, count(*) FROM answers JOIN models m ON m.number = model GROUP BY 1 ORDER BY 2"
    assert sql(out, answers) == [(second, 3), (first, 12)]
    before = len(asked_of(tmp_path / "first.py"))
    with ran(photos, second, "closed-set", out=out), ran(photos, first, "vocabulary", out=out):
        pass
    assert sql(out, answers) == [(first, 12), (second, 12)] and len(asked_of(tmp_path / "first.py")) == before
    said = snellen("run", "-d", str(photos), "-m", second, "-s", text, "--out", str(tmp_path / "new"), "--dry-run")
    assert "12 requests" in said.out and "first: 12 requests" in said.out  # at most: it may hand over every picture
    assert snellen("score", str(out)).code == 0

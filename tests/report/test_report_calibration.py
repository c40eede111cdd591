"""Calibration in the report: its figures are those of the diagnosis, and rows without scores say why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from predicted import Model, predicted, right_but
from snellen.report.page import body
from snellen.report.reported import ReportedRun
from snellen.report.sections.calibration import section
from snellen.results import Results
from studies import model, photographs, ran


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportedRun]:
    models = {
        "sure": Model(right_but(*range(8), rest=20), lambda label, number: 0.95),
        "knowing": Model(right_but(0, 1, rest=20), lambda label, number: 0.35 if number % 20 < 2 else 0.85),
        "silent": Model(right_but(*range(12), rest=20), lambda label, number: 1.0),
    }
    with closing(Results(predicted(tmp_path_factory.mktemp("calibration"), models, count=20))) as results:
        yield ReportedRun(results)


def test_the_diagram_counts_images_by_score(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    diagram = made.figures[0]
    assert [each.name for each in diagram.variants] == [each.name for each in made.context["scored"]]
    knowing = next(each for each in diagram.variants if "knowing" in each.name)
    filled = [line for line in knowing.numbers.rows if line[2]]
    assert [(line[2], line[4]) for line in filled] == [(6, 0.0), (54, 1.0)]
    assert [line[3] for line in filled] == pytest.approx([0.35, 0.85])
    marks = knowing.chart["layer"][-1]["data"]["values"]
    assert [each["images"] for each in marks] == [6, 54]


def test_curves_are_those_of_the_surest_images(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    lines = {str(line[0]): line[1:] for line in made.figures[1].variants[0].numbers.rows}
    knowing = next(risks for name, risks in lines.items() if "knowing" in name)
    assert knowing[:9] == (0.0,) * 9 and knowing[9] == pytest.approx(0.1)
    sure = next(risks for name, risks in lines.items() if "sure" in name)
    assert np.allclose(np.asarray(sure, dtype=float), 0.4)  # all scores alike tell nothing
    drawn = made.figures[1].variants[0].chart["data"]["values"]
    assert {each["row"] for each in drawn} == set(lines)


def test_answers_without_a_score_do_not_vanish(tmp_path: Path) -> None:
    said = """
number = int(image.path.stem.removeprefix(truth(image)))
rest = 0.5 if number < 2 else 0.05
if number % 2:
    return Scores(("zebra",), (0.9,))
names = ("cat", "dog") if truth(image) == "cat" and number else ("dog", "cat")
return Scores(names, (0.9 - rest, rest / 2))
"""
    photos = photographs(tmp_path / "photos", 10, ("cat", "dog"))
    with ran(photos, model(tmp_path / "m.py", said), "vocabulary", out=tmp_path / "run") as results:
        run = ReportedRun(results)
        made = section(run)
        assert made is not None
        page = str(body(run, [made]))
        (row,) = run.shown
    assert (row.answered + row.unparsed, row.unparsed, row.accuracy) == (20, 10, 0.45)
    assert ">10 of 20</td>" in page and ">90.0 %</td>" in page and "Right of those" in page
    curves = made.figures[-1]
    drawn = curves.variants[0].chart["data"]["values"]
    assert drawn[-1]["coverage"] == 0.5 and drawn[-1]["risk"] == pytest.approx(0.1)
    (line,) = curves.variants[0].numbers.rows
    assert line[5] == pytest.approx(0.1) and line[6:] == (None,) * 5
    assert "ends where the scores" in curves.caption


def test_curves_of_rows_that_score_all_end_at_all(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    curves = made.figures[-1]
    drawn = curves.variants[0].chart["data"]["values"]
    assert {each["row"] for each in drawn if each["coverage"] == 1.0} == {each["row"] for each in drawn}
    assert "ends where" not in curves.caption


def test_who_has_no_scores_says_why(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    ((name, reason),) = made.context["without"]
    assert "silent" in name and "score" in reason and reason in str(body(run, [made]))


def test_a_row_that_is_too_sure_is_marked(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    off = {each.name: each.found.off for each in made.context["scored"]}
    assert next(value for name, value in off.items() if "sure" in name)
    assert ">off<" in str(body(run, [made]))


def test_answers_in_words_have_no_calibration(tmp_path: Path) -> None:
    words = model(tmp_path / "words.py", "return truth(image)")
    with ran(photographs(tmp_path / "photos", 1), words, out=tmp_path / "run") as results:
        assert section(ReportedRun(results)) is None


def test_rows_that_stopped_for_their_answers_have_no_interval_of_errors(tmp_path: Path) -> None:
    said = "return Scores(question.choices, tuple(-3.0 * (each != {}) for each in question.choices))"
    models = [
        model(tmp_path / "right.py", said.format("truth(image)")),
        model(tmp_path / "wrong.py", said.format("'cat'")),
    ]
    photos = photographs(tmp_path / "photos", 12)
    with ran(photos, models, "likelihood", out=tmp_path / "run", until_decided=0.95) as results:
        run = ReportedRun(results)
        assert {row.interval for row in run.shown} == {"anytime"}
        made = section(run)
        assert made is not None
        page = str(body(run, [made]))
        found = [each.found for each in made.context["scored"]]
    assert any(each.ece_low is not None for each in found)
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "0." in table and not any(f"{each.ece_low:.3f} – " in table for each in found)
    assert "the errors of these rows have no interval" in page

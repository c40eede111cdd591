"""Sweeps in the report: a curve for each row, an order each, what is missing, and what others have published."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from charted import column, drawn, html, layers, values
from snellen.report.elements import Section
from snellen.report.reported import ReportedRun
from snellen.report.sections import sweep
from studies import model, photographs, ran
from test_sweep import CONFUSED, NAMES, swept

CALTECH = (
    *("ak47", "bonsai", "camel", "chimp", "comet", "dice", "duck", "elk", "fern", "frog", "goat", "harp", "iguana"),
    "kayak",
)
QWEN = "Qwen2-VL-7B-Instruct"


def made(run: ReportedRun) -> tuple[Section, str]:
    section = sweep.section(run)
    assert section
    return section, html(run, section)


def test_each_order_has_its_curves_on_all_images_and_on_the_same(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4, NAMES)
    models = [model(tmp_path / "confused.py", CONFUSED), model(tmp_path / "right.py", "return truth(image)")]
    with closing(swept(photos, models, tmp_path / "run", (2, 4, 8), order="both", draws=2)) as results:
        run = ReportedRun(results)
        section, page = made(run)
        found = run.sweep
    assert found
    all_images, same = section.figures
    for figure in section.figures:
        assert [each.name for each in figure.variants] == ["random sets of classes", "the most confused classes first"]
    for place, order in enumerate(("random", "hard")):
        points = [point for curve in found.curves if curve.order == order for point in curve.points]
        numbers, numbers_of_same = all_images.variants[place].numbers, same.variants[place].numbers
        assert column(numbers, "Classes") == [2, 4, 8, 2, 4, 8]
        assert column(numbers, "Accuracy") == [point.band and point.band.accuracy for point in points]
        assert column(numbers_of_same, "Accuracy") == [point.same and point.same.accuracy for point in points]
        assert column(numbers, "Answered") == [point.count * 4 * len(set(point.rows)) for point in points]
        assert set(column(numbers, "No answer")) == {0}
        svg = drawn(all_images.variants[place].chart)
        assert "guessing" in svg and "stroke-dasharray" in svg
        drawn(same.variants[place].chart)
    guessing = next(each for each in values(all_images.variants[0].chart) if "curve" not in each[0])
    assert all(each["accuracy"] == pytest.approx(1 / each["count"], rel=1e-3) for each in guessing)
    assert (guessing[0]["count"], guessing[-1]["count"]) == (2, 8)
    assert "Faint marks" in all_images.caption and "Faint" not in same.caption
    assert "so their figures are pessimistic" in page
    assert "Not all answers are there" not in page
    assert "mark_area" not in page and any(
        each.get("mark", {}).get("type") == "area" for each in layers(same.variants[0].chart)
    )


def test_what_a_point_rests_on_is_told_where_answers_are_missing(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4, NAMES)
    fails = 'return Failure("no") if truth(image) == "hen" else truth(image)'
    with closing(swept(photos, [model(tmp_path / "fails.py", fails)], tmp_path / "run", (2, 8), draws=1)) as results:
        section, page = made(ReportedRun(results))
    label = column(section.figures[0].variants[0].numbers, "Row")[0]
    assert [(each.count, each.answered, each.images) for each in section.context["incomplete"]][-1] == (8, 28, 32)
    assert f"{label}" in page.replace("<wbr>", "")
    assert "8 classes (random sets of classes): rests on 28 of 32 answers" in page
    assert "Hollow marks" in section.figures[0].caption
    assert column(section.figures[0].variants[0].numbers, "No answer")[-1] == 4


def test_published_figures_stand_beside_the_curve_of_their_model(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 1, CALTECH)
    (tmp_path / QWEN).mkdir()
    names = [
        model(tmp_path / QWEN / "model.py", "return truth(image)"),
        model(tmp_path / "o.py", "return truth(image)"),
    ]
    with closing(swept(photos, names, tmp_path / "run", (10, 14), draws=1)) as results:
        section, page = made(ReportedRun(results))
    numbers = section.figures[0].variants[0].numbers
    published = {line[1]: line[2] for line in numbers.rows if str(line[0]).endswith("(published)")}
    assert published[10] == 0.874 and published[25] == 0.921 and published[200] == pytest.approx(0.9, abs=0.1)
    assert all(QWEN in str(line[0]) or "model.py" in str(line[0]) for line in numbers.rows if line[1] in (25, 50))
    marks = [each for each in values(section.figures[0].variants[0].chart) if "source" in each[0]]
    assert len(marks) == 1 and {each["count"] for each in marks[0]} == {10}
    assert "Crosses" in section.figures[0].caption
    assert "Published figures are from" in page
    assert "Published of: " in drawn(section.figures[0].variants[0].chart)
    assert not any("source" in each[0] for each in values(section.figures[1].variants[0].chart))


def test_one_number_of_classes_and_no_answer_at_all_can_be_drawn(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 1, NAMES)
    fails = model(tmp_path / "fails.py", 'return Failure("no")')
    with closing(swept(photos, [fails], tmp_path / "run", (4,), draws=1)) as results:
        section, page = made(ReportedRun(results))
    (figure,) = section.figures
    assert [row[1:5] for row in figure.variants[0].numbers.rows] == [(4, None, None, None)]
    assert "guessing" in drawn(figure.variants[0].chart)
    assert "rests on 0 of 4 answers" in page


def test_a_run_without_a_sweep_has_no_such_section(tmp_path: Path) -> None:
    with ran(
        photographs(tmp_path / "photos", 1), model(tmp_path / "m.py", "return truth(image)"), out=tmp_path / "run"
    ) as results:
        assert sweep.section(ReportedRun(results)) is None

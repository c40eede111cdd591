"""Classes in the report: recall, precision and F1 of each, the hardest first, and where their images are."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.metrics import precision_recall_fscore_support

from charted import column, drawn, html, values
from snellen.metrics.intervals import wilson
from snellen.report.reported import ReportedRun
from snellen.report.sections import classes
from studies import model, photographs, ran

NAMES = tuple(f"class{place:02}" for place in range(45))
NEXT = """
place, number = int(truth(image)[5:]), int(image.path.stem[-1])
return f"class{(place + 1) % 45:02}" if number < place % 4 else truth(image)
"""


def test_figures_of_classes_are_those_of_the_answers_the_worst_first(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4, NAMES)
    with ran(photos, model(tmp_path / "next.py", NEXT), out=tmp_path / "run") as results:
        run = ReportedRun(results)
        (row,) = run.shown
        sheet = run.sheet(row)
        section = classes.section(run)
        assert section
    (variant,) = section.figures[0].variants
    precision, recall, f1, _ = precision_recall_fscore_support(sheet.labels, sheet.predictions, labels=range(45))
    assert len(variant.numbers.rows) == 45
    assert column(variant.numbers, "Recall") == sorted(recall)
    for name, images, *found in variant.numbers.rows:
        place = sheet.classes.index(str(name))
        low, high = wilson(round(recall[place] * 4), 4)
        assert images == 4
        assert found == pytest.approx([recall[place], low, high, precision[place], f1[place]])
    bars, *_ = values(variant.chart)
    assert len(bars) == classes.MOST_BARS
    assert [each["class"] for each in bars] == column(variant.numbers, "Class")[:40]
    assert bars[0]["href"] == run.links.images(row.number, bars[0]["class"])
    assert "the 40 of 45 classes with the lowest recall" in section.figures[0].caption
    assert drawn(variant.chart).count("Class: class") >= 40 * 3


def test_rows_stand_side_by_side_by_the_mean_of_their_recalls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "MOST_LINES", 2)
    photos = photographs(tmp_path / "photos", 2)
    dogs = 'return "cat" if truth(image) == "dog" else Failure("no") if truth(image) == "bird" else truth(image)'
    models = [model(tmp_path / "right.py", "return truth(image)"), model(tmp_path / "dogs.py", dogs)]
    with ran(photos, models, out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = classes.section(run)
        assert section
        page = html(run, section)
    lines = section.context["lines"]
    assert [(each["name"], each["mean"], each["recalls"]) for each in lines] == [
        ("dog", 0.5, [1.0, 0.0]),
        ("bird", 1.0, [1.0, None]),
    ]
    assert "the last 1 is left out" in page
    assert f'href="{lines[0]["href"]}"'.replace("&", "&amp;") in page
    last = section.figures[0].variants[1].numbers
    assert last.rows[-1] == ("bird", 0, None, None, None, None, None)


def test_rows_that_stopped_for_their_answers_have_no_intervals(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 12)
    models = [model(tmp_path / "right.py", "return truth(image)"), model(tmp_path / "wrong.py", 'return "cat"')]
    with ran(photos, models, out=tmp_path / "run", until_decided=0.95) as results:
        run = ReportedRun(results)
        assert {row.interval for row in run.shown} == {"anytime"}
        section = classes.section(run)
        assert section
        assert "have no interval" in html(run, section)
    for variant in section.figures[0].variants:
        assert variant.numbers.columns == ("Class", "Images", "Recall", "Precision", "F1")
        assert not any("low" in each for each in values(variant.chart)[0])
        drawn(variant.chart)

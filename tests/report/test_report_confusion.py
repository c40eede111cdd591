"""Confusions in the report: the matrix of few classes, the pairs of many, and the images behind them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from charted import column, drawn, html, values
from snellen.report.charts import without_links
from snellen.report.elements import Link
from snellen.report.reported import ReportedRun
from snellen.report.sections import confusion
from studies import model, photographs, ran

SAYS = """
number = int(image.path.stem[-1])
if truth(image) == "R&D=b":
    return ["dog", "dog", "R&D=b", "no idea"][number]
return "R&D=b" if (truth(image), number) == ("dog", 0) else truth(image)
"""
NAMES = ("R&D=b", "dog", "čáp +1")
MANY = tuple(f"class{place:02}" for place in range(45))
NEXT = """
place, number = int(truth(image)[5:]), int(image.path.stem[-1])
return f"class{(place + 1) % 45:02}" if number < (place < 44) + (place < 5) else truth(image)
"""


def test_a_matrix_of_few_classes_is_that_of_the_answers_and_leads_to_its_images(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4, NAMES)
    with ran(photos, model(tmp_path / "says.py", SAYS), out=tmp_path / "run") as results:
        run = ReportedRun(results)
        (row,) = run.shown
        sheet = run.sheet(row)
        section = confusion.section(run)
        assert section
        page = html(run, section)
    (variant,) = section.figures[0].variants
    expected = confusion_matrix(sheet.labels, sheet.predictions, labels=range(4))[:3]
    assert [list(line[1:]) for line in variant.numbers.rows] == expected.tolist()
    assert variant.numbers.columns == ("Label", *sheet.classes, "(no class)")
    cells, *_ = values(variant.chart)
    assert {(each["t"], each["p"]): each["n"] for each in cells} == {
        (int(true), int(place)): int(expected[true, place]) for true, place in np.argwhere(expected)
    }
    lists = {each["name"]: each["value"] for each in variant.chart["params"]}
    for cell in cells:
        said = sheet.classes[cell["p"]] if cell["p"] < 3 else ""
        href = lists["starts"][cell["t"]] + lists["ends"][cell["p"]]
        assert href == run.links.images(row.number, sheet.classes[cell["t"]], said)
        asked = parse_qs(href.partition("?")[2], keep_blank_values=True)
        assert (asked["label"], asked["prediction"]) == ([sheet.classes[cell["t"]]], [said])
    svg = drawn(variant.chart)
    told = [each for each in re.findall('aria-label="([^"]*)"', svg) if "Label: R&amp;D=b" in each]
    assert any("Taken for: dog" in each and "Images: 2; Share of the label: 50.0%" in each for each in told)
    assert any("Taken for: (no class)" in each and "Images: 1; Share of the label: 25.0%" in each for each in told)
    assert "#mistakes" not in drawn(without_links(variant.chart))
    assert page.count("Most frequent confusions: <bdi>") == 1


def test_the_list_has_the_most_frequent_confusions_first_with_their_images(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4, NAMES)
    models = [model(tmp_path / "says.py", SAYS), model(tmp_path / "right.py", "return truth(image)")]
    with ran(photos, models, out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = confusion.section(run)
        assert section
        page = html(run, section)
        right, says = run.shown
    of_right, of_says = section.context["pairs"]
    assert (of_right.name, of_says.name) == (run.labels[right.number], run.labels[says.number])
    assert of_right.numbers.rows == []
    assert [line[1:] for line in of_says.numbers.rows] == [("dog", 2, 0.5, 1), ("R&D=b", 1, 0.25, 2)]
    first = of_says.numbers.rows[0][0]
    assert first == Link("R&D=b", run.links.images(says.number, "R&D=b", "dog"))
    assert f'href="#mistakes?row={says.number}&amp;label=R%26D%3Db&amp;prediction=dog"' in page
    assert page.count('data-variant="1" hidden') == 2


def test_of_many_classes_there_are_the_most_frequent_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confusion, "MOST_PAIRS", 20)
    photos = photographs(tmp_path / "photos", 3, MANY)
    with ran(photos, model(tmp_path / "next.py", NEXT), out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = confusion.section(run)
        assert section
        page = html(run, section)
    (variant,) = section.figures[0].variants
    assert column(variant.numbers, "Images") == [2] * 5 + [1] * 15
    (bars, *_) = values(variant.chart)
    assert [each["pair"] for each in bars[:2]] == ["class00 → class01", "class01 → class02"]
    assert len(bars) == len({each["pair"] for each in bars}) == 20
    assert drawn(variant.chart).count("Confused: class") == 20
    assert '<details class="behind" data-variant="0" open>' in page
    assert "label=class00&amp;prediction=class01" in page


def test_nothing_is_drawn_where_nothing_is_confused(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 1, MANY)
    with ran(photos, model(tmp_path / "right.py", "return truth(image)"), out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = confusion.section(run)
        assert section and not section.figures
        assert "No image of one class was taken for another." in html(run, section)
    with ran(photos, model(tmp_path / "no.py", "return Failure('no')"), out=tmp_path / "other") as results:
        assert confusion.section(ReportedRun(results)) is None

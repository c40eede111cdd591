"""Bias in the report: models whose preference is known, and models without one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from charted import drawn
from snellen.report.page import body
from snellen.report.reported import ReportedRun
from snellen.report.sections.bias import section
from snellen.report.yes_figures import yes_figures
from studies import model, photographs, ran

NAMES = tuple("abcdef")
LISTED = """
if "Is the " in question.prompt[1]:
    name = question.prompt[1].split("Is the ")[1].split(" in ")[0]
    said = "yes" if name in (truth(image), "c") else "no"
    if isinstance(question, Choose):
        return Scores(question.choices, tuple(-9.0 * (choice.lower() != said) for choice in question.choices))
    return said
names = question.prompt[1].partition("Choose one from ")[2].partition(". Answer")[0].split(", ")
return names[0] if names.index(truth(image)) > 1 else truth(image)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportedRun]:
    """A model that names the first of the list where the true class stands late, and says yes to class c."""
    place = tmp_path_factory.mktemp("bias")
    photos = photographs(place / "photos", 15, NAMES)
    named = model(place / "model.py", LISTED)
    with ran(photos, named, "closed-set", "closed-set,votes=3", "binary,decide=argmax", out=place / "run") as results:
        yield ReportedRun(results)


def test_places_that_are_preferred_are_told_with_their_numbers(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    right, chosen = made.figures[:2]
    assert (right.name, chosen.name) == ("accuracy-by-place", "chosen-places")
    (row,) = [row for row in run.shown if row.strategy == "closed-set"]
    place = next(number for number, each in enumerate(right.variants) if each.name == run.labels[row.number])
    lines = right.variants[place].numbers.rows
    assert [line[0] for line in lines] == ["1–2", "3–4", "5–6"]
    assert [line[2] for line in lines] == [1.0, 0.0, 0.0] and sum(line[1] for line in lines) == 90
    counts = [line[1] for line in chosen.variants[place].numbers.rows]
    places = run.diagnosis(row).places
    assert places is not None and counts == [each.chosen for each in places.places] and counts[2:] == [0] * 4
    assert "depends on it" in str(body(run, [made])) and "prefers some" in str(body(run, [made]))


def test_a_class_that_others_get_a_yes_to_stands_first(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    (figure,) = [figure for figure in made.figures if figure.name == "yes-rates"]
    first, second = figure.variants[0].numbers.rows[:2]
    assert (first[0], first[1], first[3], first[4]) == ("c", 15, 75, 1.0)
    assert second[4] == 0.0
    drawn = figure.variants[0].chart["data"]["values"]
    assert len(drawn) == 2 * len(NAMES)
    (rates,) = [rates for _, rates in made.context["asked"]]
    assert [each.name for each in rates.eager] == ["c"]


def test_votes_that_differ_are_counted(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    ((_, places),) = [(name, each) for name, each in made.context["placed"] if each.votes == 3]
    assert f"{places.votes_differ.count} of {places.votes_differ.of} images" in str(body(run, [made]))


def test_accuracy_by_image_size_is_shown_where_it_differs(tmp_path: Path) -> None:
    import PIL.Image

    photos = photographs(tmp_path / "photos", 40, ("cat", "dog"))
    for number in range(20):
        path = photos / "cat" / f"cat{number}.png"
        PIL.Image.open(path).resize((40, 40)).save(path)
    said = 'return "dog" if truth(image) == "dog" or image.pixels().width > 6 else "cat"'
    with ran(photos, model(tmp_path / "m.py", said), out=tmp_path / "run") as results:
        made = section(ReportedRun(results))
    assert made is not None
    (figure,) = [figure for figure in made.figures if figure.name == "accuracy-by-size"]
    assert [(line[0], line[1], line[2]) for line in figure.variants[0].numbers.rows] == [
        ("36", 60, 1.0),
        ("1,600", 20, 0.0),
    ]


def test_accuracy_by_class_size_is_shown_where_classes_of_a_size_differ(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 30, ("cat", "dog"))
    photographs(photos, 5, ("emu", "gnu", "yak"))
    said = "return truth(image) if truth(image) in ('cat', 'dog') else {!r}"
    models = [model(tmp_path / f"{name}.py", said.format(name)) for name in ("cat", "dog")]
    models.append(model(tmp_path / "all.py", "return truth(image)"))
    with ran(photos, models, out=tmp_path / "run") as results:
        run = ReportedRun(results)
        made = section(run)
        (best, *others) = [run.labels[row.number] for row in run.shown]
    assert made is not None
    (figure,) = [figure for figure in made.figures if figure.name == "accuracy-by-class-size"]
    assert [each.name for each in figure.variants] == others
    assert all(name in figure.caption for name in others) and best not in figure.caption
    assert [each.chart["title"]["text"] for each in figure.variants] == others
    assert all(drawn(each.chart) for each in figure.variants)


def test_classes_of_about_one_size_tell_nothing_of_class_sizes(tmp_path: Path) -> None:
    for name, size in {"cat": 9, "dog": 10, "emu": 11}.items():
        photographs(tmp_path / "photos", size, (name,))
    said = model(tmp_path / "m.py", "return 'dog' if truth(image) == 'cat' else truth(image)")
    with ran(tmp_path / "photos", said, out=tmp_path / "run") as results:
        run = ReportedRun(results)
        made = section(run)
        page = "" if made is None else str(body(run, [made]))
    assert made is None or "accuracy-by-class-size" not in [figure.name for figure in made.figures]
    assert "images in the class" not in page.casefold()


def test_nothing_is_said_where_nothing_sways(tmp_path: Path) -> None:
    fixed = "closed-set,order=given"
    with ran(
        photographs(tmp_path / "photos", 2),
        model(tmp_path / "m.py", "return truth(image)"),
        fixed,
        out=tmp_path / "run",
    ) as results:
        made = section(ReportedRun(results))
    assert made is None or not made.figures


def test_of_rows_that_stopped_for_their_answers_it_says_what_does_not_hold(run: ReportedRun, tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 15, NAMES)
    models = [model(tmp_path / "right.py", "return truth(image)"), model(tmp_path / "first.py", "return 'a'")]
    with ran(photos, models, "closed-set", out=tmp_path / "run", until_decided=0.95) as results:
        stopped = ReportedRun(results)
        assert {row.interval for row in stopped.shown} == {"anytime"}
        made, whole = section(stopped), section(run)
        assert made is not None and whole is not None
        page = str(body(stopped, [made]))
    assert "does not hold to 95 % of these rows" in page
    assert "does not hold to 95 %" not in str(body(run, [whole]))


def test_names_in_the_chart_of_yeses_cannot_turn_or_hide(run: ReportedRun) -> None:
    (rates,) = [found for row in run.shown if (found := run.diagnosis(row).yes) is not None]
    hostile = dataclasses.replace(rates.per_class[0], name="dog\u202egnp")
    (figure,) = yes_figures([("row", dataclasses.replace(rates, per_class=(hostile,)))])
    assert "\u202e" not in json.dumps(figure.variants[0].chart, ensure_ascii=False)

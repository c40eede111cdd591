"""Shares of answers beside the accuracy, against counting by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import studies
from snellen import study
from snellen.database import DATABASE
from snellen.metrics.intervals import wilson
from snellen.results import Results

NAMES = tuple("abcdefg")
# the right class has rank 1 for the first photo of each class, 3 for the second, 7 for the third; the fourth names none
SCORES = """
names = sorted("abcdefg")
place = int(image.path.stem[-1])
right = truth(image)
others = [name for name in names if name != right]
order = {0: [right, *others], 1: [*others[:2], right, *others[2:]], 2: [*others, right]}.get(place, others)
values = [0.5 - order.index(name) / 20 if name in order else 0.0 for name in names]
return Scores(tuple([*names, "other"]), tuple([*values, 0.9 if place == 3 else 0.0]))
"""


def test_top_5_counts_the_right_class_among_the_five_best_and_answers_without_scores(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 4, NAMES)
    name = studies.model(tmp_path / "model.py", SCORES)
    with studies.ran(folder, name, "vocabulary,among=covered", "vocabulary", out=tmp_path / "run") as results:
        rows = {row.strategy: row for row in results.rows}
    assert rows["vocabulary,among=covered"].accuracy == pytest.approx(1 / 4)
    assert {row.top5_accuracy for row in rows.values()} == {0.5}
    row = rows["vocabulary"]
    assert row.top5_accuracy_low is not None and row.top5_accuracy_high is not None
    assert row.top5_accuracy_low < 0.5 < row.top5_accuracy_high


def test_there_is_no_top_5_of_five_classes_or_without_scores(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 4, NAMES)
    out = tmp_path / "run"
    with studies.ran(folder, studies.model(tmp_path / "m.py", SCORES), "vocabulary", out=out, classes=5) as results:
        assert [row.top5_accuracy for row in results.rows] == [None]
    with studies.ran(folder, studies.model(tmp_path / "n.py", "return truth(image)"), out=out) as results:
        closed = next(row for row in results.rows if row.strategy == "closed-set")
    assert (closed.accuracy, closed.top5_accuracy, closed.accuracy_raw, closed.ceiling) == (1.0, None, None, None)


def test_classes_without_a_score_are_never_among_the_five_best(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 2, NAMES)
    few = """
names = tuple("abcdefg")
return Scores(names, [{"g": 0.5, "f": 0.25}.get(name, 0.0) for name in names])
"""
    with studies.ran(folder, studies.model(tmp_path / "few.py", few), "vocabulary", out=tmp_path / "few") as results:
        (row,) = results.rows
        assert (row.accuracy, row.top5_accuracy) == (pytest.approx(1 / 7), pytest.approx(2 / 7))


def test_a_table_of_mere_predictions_ranks_nothing(tmp_path: Path) -> None:
    folder, table = studies.photographs(tmp_path / "photos", 2, NAMES), tmp_path / "table.csv"
    table.write_text("image,prediction\n" + "".join(f"{c}/{c}{n}.png,{c}\n" for c in NAMES for n in range(2)))
    with studies.ran(folder, f"predictions/{table}", "vocabulary", out=tmp_path / "run") as results:
        (row,) = results.rows
        assert (row.accuracy, row.top5_accuracy) == (1.0, None)


YES_OR_NO = """
name = question.prompt[1].split("Is the ")[1].split(" in ")[0]
yes = (name == truth(image) and image.path.stem[-1] != "3") or (name == "a" and truth(image) == "b")
return Scores(question.choices, tuple(float(choice.lower() == ("yes" if yes else "no")) for choice in question.choices))
"""


def test_rates_of_yes_are_over_all_questions_and_leave_the_background_out(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 4, (*"abcdef", "clutter"))
    name = studies.model(tmp_path / "model.py", YES_OR_NO)
    asked = ("binary,decide=argmax", "binary,answer=choose")
    with studies.ran(folder, name, *asked, out=tmp_path / "run") as results:
        rows = {row.strategy: row for row in results.rows}
    row = rows["binary,decide=argmax"]
    assert row.true_positive_rate == pytest.approx(18 / 24)  # of the four photos of each object one gets no yes
    assert (row.true_positive_rate_low, row.true_positive_rate_high) == pytest.approx(wilson(18, 24))
    assert row.true_negative_rate == pytest.approx(1 - 4 / (24 * 5 + 4 * 6))
    first_yes = rows["binary,answer=choose"]  # which does not ask about all classes
    assert (first_yes.true_positive_rate, first_yes.true_negative_rate) == (None, None)


SAYS = """
place = int(image.path.stem[-1])
return Text([truth(image), "cat, catfish, dog", "A wildcat", "nothing"][place])
"""


def test_the_substring_share_is_beside_the_accuracy_and_flatters(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 4, ("cat", "catfish", "dog"))
    name = studies.model(tmp_path / "model.py", SAYS)
    out = tmp_path / "run"
    with studies.ran(folder, name, "closed-set", "open-set", "binary", out=out) as results:
        rows = {row.strategy: row for row in results.rows}
        before = results.as_data()
    for strategy in ("closed-set", "open-set"):
        row = rows[strategy]
        assert row.accuracy == pytest.approx(3 / 12)  # the list names several, a wildcat is none of them
        assert row.accuracy_substring == pytest.approx(7 / 12)  # all of them that are in it, and the cat in the wildcat
        assert (row.accuracy_substring_low, row.accuracy_substring_high) == pytest.approx(wilson(7, 12))
    assert rows["binary"].accuracy_substring is None
    with sqlite3.connect(out / DATABASE) as older:  # as an earlier version kept it
        older.execute("UPDATE records SET details = json_remove(details, '$.contains')")
    older.close()
    with closing(Results(out)) as found:
        assert {row.accuracy_substring for row in found.rows} == {None}
    with closing(study.rescore(out)) as again:
        assert again.as_data() == before


def test_a_model_that_repeats_the_list_is_right_by_that_share_and_never_by_accuracy(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 2, NAMES)
    echo = studies.model(tmp_path / "echo.py", "return Text(question.prompt[1])")
    with studies.ran(folder, echo, out=tmp_path / "run") as results:
        (row,) = results.rows
    assert (row.accuracy, row.accuracy_substring, row.unparsed) == (0.0, 1.0, row.images)

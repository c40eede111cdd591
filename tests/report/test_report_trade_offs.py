"""Trade-offs in the report: which rows are worth having, which have no place in a chart, and rows never right."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from charted import column, drawn
from predicted import Model, predicted, right_but, wrong
from snellen.report.reported import ReportedRun
from snellen.report.sections import trade_offs
from snellen.results import Results


def test_rows_without_a_measure_are_told_to_be_left_out(tmp_path: Path) -> None:
    models = {
        "slow": Model(speed=10.0),
        "quick": Model(right_but(*range(20)), speed=90.0),
        "both": Model(right_but(*range(21)), speed=5.0),
        "unknown": Model(right_but(0)),
    }
    with closing(Results(predicted(tmp_path, models))) as results:
        made = trade_offs.section(ReportedRun(results))
    assert made is not None
    (figure,) = (each for each in made.figures if each.name == "accuracy-speed")
    assert "1 more row is not here" in figure.caption
    table = figure.variants[0].numbers
    worth = dict(zip(column(table, "Row"), column(table, "Worth having"), strict=True))
    assert {Path(name.split(" · ")[0]).stem: said for name, said in worth.items()} == {
        "slow": "yes",
        "quick": "yes",
        "both": "no",
    }
    assert drawn(figure.variants[0].chart)


def test_rows_that_are_never_right_are_no_choice(tmp_path: Path) -> None:
    once, twice = (lambda label, _: wrong(label)), (lambda label, _: wrong(wrong(label)))
    models = {"one": Model(once, speed=10.0), "two": Model(twice, speed=30.0)}
    with closing(Results(predicted(tmp_path, models, count=4))) as results:
        made = trade_offs.section(ReportedRun(results))
    assert made is not None
    assert made.context["advice"].sentence.startswith("No row is right on any image")
    for figure in made.figures:
        assert set(column(figure.variants[0].numbers, "Worth having")) == {"no"}
        assert drawn(figure.variants[0].chart)


def test_where_all_take_the_same_there_is_no_chart_of_it(tmp_path: Path) -> None:
    models = {"one": Model(right_but(0), speed=10.0), "two": Model(right_but(1, 2), speed=10.5)}
    with closing(Results(predicted(tmp_path, models, count=4))) as results:
        made = trade_offs.section(ReportedRun(results))
    assert made is not None and made.figures == ()
    assert made.context["advice"].choice is not None

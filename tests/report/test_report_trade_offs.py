"""Trade-offs in the report: which rows are worth having, which have no place in a chart, and rows never right."""

from __future__ import annotations

from contextlib import closing
from html import unescape
from io import StringIO
from pathlib import Path

from rich.console import Console

from charted import column, drawn, html
from predicted import Model, predicted, right_but, wrong
from snellen.report.reported import ReportedRun
from snellen.report.sections import trade_offs
from snellen.results import Results
from snellen.verdict.advice import print_advice
from snellen.verdict.limits import Limits
from snellen.verdict.recommending import recommend


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


def test_cascades_are_told_as_they_are_recommended(tmp_path: Path) -> None:
    models = {
        "cheap": Model(right_but(*range(8)), lambda label, number: 0.3 + number / 60, 100.0),
        "dear": Model(right_but(30), speed=10.0),
    }
    with closing(Results(predicted(tmp_path, models))) as results:
        run = ReportedRun(results)
        made = trade_offs.section(run)
        assert made is not None
        page = unescape(html(run, made))
        told = list(recommended(results))
    cascades = made.context["cascades"]
    assert cascades and all(f"{place}. {each.sentence}" in told for place, each in enumerate(cascades, 1))
    assert all(each.sentence in page and each.command in page for each in cascades)
    assert all("runs/run/study.yaml" in each.command and str(tmp_path / "run") not in each.command for each in cascades)
    assert "where its score is below" in page and "of the images): right on" in page
    assert "Accuracies are cross-validated" in page and "No cascade" not in page


def recommended(results: Results) -> list[str]:
    """What `snellen recommend` prints."""
    written = StringIO()
    print_advice(results, recommend(results, Limits()), Console(file=written, width=500))
    return written.getvalue().splitlines()


def test_why_there_is_no_cascade_is_told(tmp_path: Path) -> None:
    models = {"one": Model(right_but(1), speed=10.0), "two": Model(right_but(2), speed=10.0)}
    with closing(Results(predicted(tmp_path, models, count=20))) as results:
        run = ReportedRun(results)
        made = trade_offs.section(run)
        assert made is not None
        page = unescape(html(run, made))
    because = made.context["advice"].planned.none_because
    assert because and f"is worth having: {because}." in page and "as a cascade" not in page


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

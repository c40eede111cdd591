"""Agreement between rows: its figures are those of the comparisons, and of the predictions themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from predicted import Model, predicted, right_but
from snellen.report.page import body
from snellen.report.reported import ReportedRun
from snellen.report.sections.agreement import section
from snellen.results import Results


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportedRun]:
    models = {
        "good": Model(right_but(0)),
        "fair": Model(right_but(0, 1)),
        "poor": Model(right_but(*range(15))),
        "none": Model(lambda label, number: None),
    }
    with closing(Results(predicted(tmp_path_factory.mktemp("agreement"), models, count=20))) as results:
        yield ReportedRun(results)


def test_the_grid_counts_what_two_rows_said(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    same, either = made.figures[0].variants
    assert len(same.numbers.rows) == 3  # the one without answers has nothing to agree with
    said = [run.sheet(row).predictions for row in run.shown]
    right = [run.sheet(row).right for row in run.shown]
    for a, (line, best) in enumerate(zip(same.numbers.rows, either.numbers.rows, strict=True)):
        for b in range(3):
            alone = run.shown[a].accuracy
            assert line[1 + b] == (None if a == b else pytest.approx(float((said[a] == said[b]).mean())))
            assert best[1 + b] == pytest.approx(alone if a == b else float((right[a] | right[b]).mean()))


def test_pairs_are_told_with_who_is_better(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    found = {(each.first, each.second): each for each in made.context["pairs"]}
    wanted = {
        (run.labels[each["a"]["row"]], run.labels[each["b"]["row"]]): each
        for each in run.results.comparisons
        if each["images"]
    }
    assert found.keys() == wanted.keys() and len(found) == 3
    for pair, each in found.items():
        assert each.told.mcnemar_p_holm == wanted[pair]["mcnemar_p_holm"]
        assert (each.better == pair[0]) == (wanted[pair]["mcnemar_p_holm"] < 0.05)
    text = str(body(run, [made]))
    told = next(each.told for each in found.values() if each.better)
    low, difference, high = (
        f"{100 * each:+.1f}" for each in (told.difference_low, told.difference, told.difference_high)
    )
    assert f">{difference}</td>" in text and f">{low} to {high}</td>" in text and "Difference, points" in text
    assert "not told apart" in text and text.count("<tr>") >= 4


def test_the_chart_holds_a_cell_for_each_number(run: ReportedRun) -> None:
    made = section(run)
    assert made is not None
    for variant in made.figures[0].variants:
        shares = [each["share"] for each in variant.chart["data"]["values"]]
        table = [value for line in variant.numbers.rows for value in line[1:] if value is not None]
        assert shares == pytest.approx(table, rel=1e-4)


def test_one_row_agrees_with_nobody(tmp_path: Path) -> None:
    with closing(Results(predicted(tmp_path, {"one": Model()}, count=2))) as results:
        assert section(ReportedRun(results)) is None

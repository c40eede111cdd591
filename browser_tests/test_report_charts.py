"""Charts say what the numbers under them say; their menus change both; marks lead to images."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from conftest import Visit
from reports import cells, counted, numbers, opened, told_beside


def percent(text: str) -> str:
    return f"{float(text):.1%}"


@pytest.fixture
def report(visit: Visit, demo_report: str) -> Page:
    return opened(visit(offline=True, reduced_motion="reduce"), demo_report)


def test_a_mark_tells_its_numbers(report: Page) -> None:
    figure = report.locator("#accuracy-memory")
    told = {}
    for mark in figure.locator(".role-mark.mark-symbol path").all():
        found = told_beside(mark)
        told[found.pop("Row")] = [found["Accuracy"], found["from"], found["to"]]
    lines = numbers(figure)
    assert told and len(lines) > 2
    known = {name: [percent(accuracy), percent(low), percent(high)] for name, accuracy, low, high, *_ in lines}
    assert told.items() <= known.items()  # marks at the same place hide each other


def test_a_matrix_has_the_numbers_of_its_table_and_another_row_has_others(report: Page) -> None:
    figure = report.locator("#confusion-matrix")
    menu = figure.get_by_label("Row")
    names = menu.locator("option").all_text_contents()
    assert len(names) > 5
    seen = []
    for place in (0, 4, 1):
        before = figure.locator("svg.marks").element_handle()
        menu.select_option(str(place))
        expect(figure.locator("details.behind:visible summary")).to_contain_text(names[place])
        expect(figure.locator("h4:visible")).to_contain_text(names[place])
        report.wait_for_timeout(0)
        if place:
            assert before
            before.wait_for_element_state("hidden")  # the new chart is there
            expect(figure.locator("svg.marks")).to_have_count(1)
        check_matrix(figure)
        seen.append(numbers(figure))
    assert seen[0] != seen[1] != seen[2]


def check_matrix(figure: Locator) -> None:
    """The cells of the chart are the counts of the table that are not zero."""
    heads = figure.locator("details.behind:visible thead th").all_text_contents()[1:]
    told = {
        (label, head): int(count)
        for label, *counts in numbers(figure)
        for head, count in zip(heads, counts, strict=True)
        if count != "0"
    }
    expect(figure.locator(".mark-text.role-mark text")).to_have_count(len(told))
    assert counted(figure) == told


def test_a_cell_tells_what_was_taken_for_what(report: Page) -> None:
    figure = report.locator("#confusion-matrix")
    (label, prediction), count = next(iter(counted(figure).items()))
    found = told_beside(figure.locator(".mark-text.role-mark text").first)
    assert found["Label"] == label and found["Taken for"] == prediction and found["Images"] == str(count)


def test_classes_and_outcomes_tell_their_numbers(report: Page) -> None:
    figure = report.locator("#per-class")
    lines = {line[0]: line[1:] for line in numbers(figure)}
    found = told_beside(figure.locator(".role-mark.mark-symbol path").first)
    assert percent(lines[found["Class"]][0]) in found.values()
    outcomes = report.locator("#outcomes figure.chart")
    found = told_beside(outcomes.locator(".role-mark.mark-rect path").first)
    line = next(line for line in numbers(outcomes) if line[0] == found["Row"])
    assert found["Images"] in line


def test_a_sweep_tells_each_of_its_points(offline: Page, sweep_report: str) -> None:
    figure = opened(offline, sweep_report).locator("#sweep figure.chart").first
    for mark in figure.locator(".role-mark.mark-symbol path").all()[:4]:
        found = told_beside(mark)
        shares = {value for value in found.values() if value.endswith("%")}
        count = next(value for name, value in found.items() if "lasses" in name)
        assert shares & {percent(cell) for line in numbers(figure) if count in line for cell in line if is_share(cell)}


def is_share(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and 0 <= float(text) <= 1


def test_a_chart_can_be_saved_and_no_more(report: Page) -> None:
    figure = report.locator("#accuracy-memory")
    figure.locator("summary[aria-label='Save this chart']").click()
    assert figure.locator(".vega-actions a").all_inner_texts() == ["Save as SVG", "Save as PNG"]
    with report.expect_download() as saving:
        figure.get_by_text("Save as SVG").click()
    assert saving.value.suggested_filename == "accuracy-memory.svg"
    assert "<svg" in saving.value.path().read_text(encoding="utf-8")


def test_tables_of_numbers_can_be_sorted(report: Page) -> None:
    figure = report.locator("#accuracy-memory")
    figure.locator("summary").last.click()
    figure.get_by_role("button", name="Accuracy", exact=True).click()
    accuracies = [float(line[1]) for line in cells(figure.locator("details.behind table"))]
    assert accuracies == sorted(accuracies, reverse=True) and len(set(accuracies)) > 2

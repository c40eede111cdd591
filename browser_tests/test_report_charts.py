"""Charts say what the numbers under them say; their menus change both; marks lead to images."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from conftest import Visit
from reports import counted, numbers, opened, told_beside


def check_share(shown: str, number: str) -> None:
    """A share in percent is the number of the table, which has more digits."""
    assert shown.endswith("%") and abs(float(shown[:-1]) - 100 * float(number)) <= 0.0501, (shown, number)


@pytest.fixture
def report(visit: Visit, demo_report: str) -> Page:
    return opened(visit(offline=True, reduced_motion="reduce"), demo_report)


def test_a_mark_tells_its_numbers(report: Page) -> None:
    figure = report.locator("#accuracy-memory")
    lines = {line["Row"]: line for line in numbers(figure)}
    seen = set()
    for mark in figure.locator(".layer_1_marks.mark-symbol path").all():
        found = told_beside(mark)
        line = lines[found["Row"]]
        for name in ("Accuracy", "from", "to"):
            check_share(found[name], line[name])
        assert float(found["Most memory of its process, GB"]) == pytest.approx(
            float(line["Most memory of its process, GB"]), rel=0.01
        )
        seen.add(found["Row"])
    assert len(seen) >= 3  # marks at the same place hide each other


def test_a_matrix_has_the_numbers_of_its_table_and_another_row_has_others(report: Page) -> None:
    figure = report.locator("#confusion-matrix")
    menu = figure.locator("select")
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
    told = {
        (line["Label"], head): int(count)
        for line in numbers(figure)
        for head, count in line.items()
        if head != "Label" and count != "0"
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
    lines = {line["Class"]: line for line in numbers(figure)}
    found = told_beside(figure.locator(".role-mark.mark-symbol path").first)
    check_share(found["Recall"], lines[found["Class"]]["Recall"])
    outcomes = report.locator("#outcome-shares")
    found = told_beside(outcomes.locator(".role-mark.mark-rect path").first)
    line = next(line for line in numbers(outcomes) if line["Row"] == found["Row"])
    assert line[found["Outcome"].capitalize()] == found["Images"]


def test_a_sweep_tells_each_of_its_points(offline: Page, sweep_report: str) -> None:
    figure = opened(offline, sweep_report).locator("#accuracy-by-classes")
    lines = numbers(figure)
    seen = 0
    for mark in figure.locator(".role-mark.mark-symbol path").all():
        found = told_beside(mark)
        if "Accuracy" in found:
            line = next(line for line in lines if (line["Row"], line["Classes"]) == (found["Row"], found["Classes"]))
            check_share(found["Accuracy"], line["Accuracy"])
            seen += 1
        else:
            assert found.keys() == {"Row", "Classes", "Accuracy of one draw"}
    assert seen


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
    accuracies = [float(line["Accuracy"]) for line in numbers(figure)]
    assert accuracies == sorted(accuracies, reverse=True) and len(set(accuracies)) > 2

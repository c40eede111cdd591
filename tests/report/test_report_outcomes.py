"""Outcomes in the report: every image once, in words, and in colours that both themes can show."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

from charted import drawn, html, values
from snellen.report.reported import ReportedRun
from snellen.report.sections import outcomes
from snellen.types import Outcome, State
from snellen.verdict.diagnosing import UNREAD
from studies import model, photographs, ran

KINDS = """
number = int(image.path.stem[-1])
other = {"cat": "dog", "dog": "cat", "bird": "cat"}[truth(image)]
return [
    truth(image), other, "a zebra", "cat or dog", "", Text("I cannot help with that.", Finish.REFUSED),
    Text("The animal in the pic", Finish.LENGTH), Failure("no"), truth(image),
][number]
"""


def test_the_outcomes_of_a_row_add_up_to_its_images(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 9)
    models = [model(tmp_path / "kinds.py", KINDS), model(tmp_path / "none.py", "return Failure('no')")]
    with ran(photos, models, out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = outcomes.section(run)
        assert section
        page = html(run, section)
    (variant,) = section.figures[0].variants
    assert variant.numbers.columns == (
        *("Row", "Images", "Right", "Another class", "Outside the list", "Ambiguous", "Empty", "Refused", "Cut off"),
        "Failed",
    )
    assert [row[1:] for row in variant.numbers.rows] == [(27, 6, *(3,) * 7), (27, *(0,) * 7, 27)]
    (bars,) = {len(each): each for each in values(variant.chart)}.values()
    for row in {each["row"] for each in bars}:
        mine = [each for each in bars if each["row"] == row]
        assert sum(each["count"] for each in mine) == 27
        assert mine[0]["start"] == 0
        assert all(abs(a["start"] + a["share"] - b["start"]) < 1e-4 for a, b in pairwise(mine))
    assert "Outcome: cut off" in drawn(variant.chart)
    assert "the model declined to answer" in page
    assert "not asked yet" not in page


def test_what_a_vocabulary_saw_instead_is_listed(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4)
    with (tmp_path / "said.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "prediction"])
        for name in ("cat", "dog", "bird"):
            for number in range(4):
                table.writerow([f"{name}/{name}{number}.png", "<i>zebra</i>" if number else name])
    with ran(photos, f"predictions/{tmp_path / 'said.csv'}", "vocabulary", out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = outcomes.section(run)
        assert section
        page = html(run, section)
    assert "Recognised instead" in page
    assert "&lt;i&gt;zebra&lt;<wbr>/<wbr>i&gt;</bdi> (9)" in page or "&lt;i&gt;zebra&lt;/<wbr>i&gt;</bdi> (9)" in page


def test_concepts_of_many_names_are_told_apart(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 4)
    with (tmp_path / "said.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "prediction"])
        for name in ("cat", "dog", "bird"):
            said = "tabby, tiger cat" if name == "cat" else "crane, crane bird"
            table.writerows([f"{name}/{name}{number}.png", said if number else name] for number in range(4))
    with ran(photos, f"predictions/{tmp_path / 'said.csv'}", "vocabulary", out=tmp_path / "run") as results:
        run = ReportedRun(results)
        section = outcomes.section(run)
        assert section
        page = html(run, section)
    assert "<bdi>crane</bdi> (6); <bdi>tabby</bdi> (3)" in page and "tiger" not in page


def test_every_outcome_has_a_colour_that_both_themes_show_and_black_text_on_it() -> None:
    assert {*UNREAD, Outcome.NONE_CONFIRMED, State.FAILED, State.PENDING} < set(outcomes.COLOURS)
    assert len(set(outcomes.COLOURS.values())) == len(outcomes.COLOURS)
    for colour in outcomes.COLOURS.values():
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(colour, "#1a1e22") >= 3
        assert contrast(colour, "#000000") >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

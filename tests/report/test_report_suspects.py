"""Suspect labels in the report: who is suspected and how many pictures they may have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from predicted import Model, predicted, right_but
from snellen.report.page import body
from snellen.report.reported import ReportedRun
from snellen.report.sections.suspects import pictured, section
from snellen.results import Results
from snellen.verdict.suspects import suspects


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """Two models that contradict the labels of pictures 3 and 7 of each class, one of them that of picture 9 too."""
    models = {
        "one": Model(right_but(3, 7), lambda label, number: 0.9),
        "two": Model(right_but(3, 7, 9), lambda label, number: 0.8),
    }
    with closing(Results(predicted(tmp_path_factory.mktemp("suspects"), models, count=20))) as found:
        yield found


def test_they_are_those_of_the_command_in_its_order(results: Results) -> None:
    made = section(ReportedRun(results))
    assert made is not None
    found = suspects(results).found
    assert [card.suspect for card in made.context["cards"]] == list(found[:24]) and len(found) == 9
    assert [card.look for card in made.context["cards"]] == [True] * 6 + [False] * 3  # a tenth of 60 images
    assert made.context["cards"][0].suspect.says == (found[0].says[0], found[0].says[1])


def test_they_take_a_third_of_the_pictures_at_most(results: Results) -> None:
    for thumbnails, expected in ((48, 9), (12, 4), (2, 0), (0, 0)):
        run = ReportedRun(results, thumbnails=thumbnails)
        made = section(run)
        assert made is not None
        assert sum(card.picture is not None for card in made.context["cards"]) == pictured(run) == expected
        written = str(body(run, [made]))
        assert written.count("data:image/jpeg") == expected
        assert written.count(f"no picture: the page holds {thumbnails}<") == (9 - expected if thumbnails else 0)


def test_no_section_where_no_label_is_contradicted(tmp_path: Path) -> None:
    with closing(Results(predicted(tmp_path, {"all": Model()}, count=2))) as found:
        assert section(ReportedRun(found)) is None

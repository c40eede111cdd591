"""What a second process makes of a large run is what would be made here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import studies
from snellen.child import ChildDied
from snellen.report.ahead import Ahead
from snellen.report.page import page
from snellen.report.reported import ReportedRun
from snellen.results import Results
from snellen.verdict.diagnosing import diagnose

SAYS = "return Text(truth(image) if image.path.stem != 'cat1' else 'dog')"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ahead")
    name = studies.model(place / "model.py", SAYS)
    with studies.ran(studies.photographs(place / "photos", 3), name, "closed-set", "binary", out=place / "run"):
        return place / "run"


@pytest.fixture
def results(run: Path) -> Iterator[Results]:
    with closing(Results(run)) as results:
        yield results


def test_the_diagnoses_are_the_same(results: Results) -> None:
    found = Ahead(results.path, results.rows, 1000).take()
    assert found == {row.number: diagnose(results, row, read_again=1000) for row in results.rows}


def test_where_the_process_dies_they_are_made_here(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(results.path / "nowhere", results.rows, 1000)
    assert ahead.take() == {}
    with pytest.raises(ChildDied):
        ahead._child.receive(1.0)
    monkeypatch.setattr("snellen.report.reported.Ahead.take", lambda self: {})
    reported = ReportedRun(results)
    reported._ahead = Ahead(results.path, results.rows, 1000)
    assert reported.diagnosis(results.rows[0]) == diagnose(results, results.rows[0], read_again=1000)


def test_the_page_of_a_large_run_is_the_same(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Results(run)) as results:
        small = page([ReportedRun(results)])
        assert not results.is_large
    monkeypatch.setattr("snellen.results._MANY", 0)
    with closing(Results(run)) as results:
        assert results.is_large
        assert page([ReportedRun(results)]).partition("<main")[2].partition("</main")[0] in small

"""What trackers of experiments are told of a row, and what is said where they are not installed."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import snellen as package
from conftest import Said, draw_folder
from snellen.exporting.tracked import COLUMNS, asked, asked_with, figures, identity, table_row, tracked_rows
from snellen.results import Results

HALF, CIRCLE = (f"scripted/{Path(__file__).parents[1] / 'models.py'}:{name}" for name in ("half", "circle"))
Snellen = Callable[..., Said]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    place = tmp_path_factory.mktemp("tracked")
    drawn = draw_folder(place / "drawn", 3)
    results = package.run(drawn, [HALF, CIRCLE], ["closed-set", "vocabulary"], out=place / "run", timing=False)
    yield results
    results.close()


def test_figures_are_numbers_that_were_measured(run: Results) -> None:
    for row in run.rows:
        found = figures(row)
        assert all(type(value) in (int, float) and math.isfinite(value) for value in found.values())
        assert found.get("accuracy") == row.accuracy and found["failed"] == row.failed
        assert "images_per_second" not in found and "seed" not in found  # not measured; not a figure
        assert sum(value for name, value in found.items() if name.startswith("outcome.")) == sum(row.outcomes.values())


def test_what_was_asked_is_plain_and_short(run: Results) -> None:
    for row in run.rows:
        found = asked(run, row)
        assert found["model"] == row.model and found["classes"] == 4 and found["strategy"] == row.strategy
        assert all(isinstance(value, (str, int, float)) for value in found.values())
        assert all(len(str(value)) <= 500 for value in {**found, **asked_with(row)}.values())
    assert any("strategy.template" in asked(run, row) for row in run.rows)
    long = dataclasses.replace(run.rows[0], model="m\n\x1b[2J" + "x" * 1000)
    assert len(asked(run, long)["model"]) == 500 and "\x1b" not in asked(run, long)["model"]


def test_rows_have_an_identity_wherever_the_folder_lies(run: Results, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "moved")
    moved = Results(tmp_path / "moved")
    identities = [identity(run, row) for row in run.rows]
    assert [identity(moved, row) for row in moved.rows] == identities and len(set(identities)) == len(identities)
    moved.close()


def test_the_same_study_run_again_has_others(run: Results, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "again")
    study = tmp_path / "again" / "study.yaml"
    begun, rest = study.read_text(encoding="utf-8").split("\n", 1)
    study.write_text(f"{begun[:-8]}1{begun[-7:]}\n{rest}", encoding="utf-8")
    again = Results(tmp_path / "again")
    assert not {identity(again, row) for row in again.rows} & {identity(run, row) for row in run.rows}
    again.close()


def test_each_row_comes_with_its_records(run: Results) -> None:
    seen = {}
    for row, records in tracked_rows(run):
        lines = [dict(zip(COLUMNS, table_row(record), strict=True)) for record in records]
        assert len(lines) == row.images
        assert sum(line["prediction"] == line["label"] for line in lines) == round(
            (row.accuracy or 0) * (row.answered + row.unparsed)
        )
        assert json.dumps(lines)
        seen[row.number] = lines
    assert set(seen) == {row.number for row in run.rows}
    scored = next(row for row in run.rows if row.model == CIRCLE and row.strategy.startswith("vocabulary"))
    assert any(line["score"] for line in seen[scored.number])


@pytest.mark.parametrize("tracker", ["wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_is_told(
    snellen: Snellen, run: Results, monkeypatch: pytest.MonkeyPatch, tracker: str
) -> None:
    monkeypatch.setitem(sys.modules, tracker, None)
    said = snellen("export", tracker, run.path, "-o", "out")
    assert (
        said.code == 3
        and said.err == f"error: the format {tracker} needs the package {tracker}: pip install {tracker}\n"
    )
    assert not Path("out").exists() and not said.out

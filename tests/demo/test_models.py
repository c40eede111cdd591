"""The demo runs, and its models are as good as their cards say."""

from __future__ import annotations

import csv
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import Said
from snellen.demo import models
from snellen.metrics.intervals import wilson

PICTURES = 6  # of each class; the cards are about others, of another drawing seed
ROWS = {  # what a card calls a figure, and the row and the key that are measured here
    ("classifier", "accuracy, 21 classes"): ("vocabulary,background=background", "accuracy"),
    ("clip", "accuracy, 21 classes"): ("zero-shot", "accuracy"),
    ("vlm", "accuracy, 21 classes, closed set"): ("closed-set", "accuracy"),
    ("vlm", "accuracy, 21 classes, most probable yes"): ("binary,decide=argmax", "accuracy"),
    ("vlm", "accuracy, 21 classes, first yes"): ("binary", "accuracy"),
    ("vlm", "yes to the right class (true-positive rate), 21 classes"): ("binary,decide=argmax", "true_positive_rate"),
    ("vlm", "no to the other classes (true-negative rate), 21 classes"): ("binary,decide=argmax", "true_negative_rate"),
}


@dataclass(frozen=True)
class Demo:
    """What `snellen demo` said, and the rows of its results by model and strategy."""

    out: str
    err: str
    place: Path
    rows: Mapping[tuple[str, str], Mapping[str, Any]]


def run_demo(place: Path, pictures: int = PICTURES) -> Demo:
    command = [sys.executable, "-m", "snellen", "demo", "--per-class", str(pictures), "--no-timing"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((place / "runs/demo/results.json").read_text())["rows"]
    return Demo(done.stdout, done.stderr, place, {(row["model"], row["strategy"]): row for row in found})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run_demo(tmp_path_factory.mktemp("demo"))


def card(name: str) -> dict[str, tuple[float, str]]:
    """The figures of a model card with the commands that give them."""
    lines = (models.folder(name) / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {what: (float(figure), command.strip("`")) for what, figure, *_, command in cells[2:]}


def test_the_demo_ends_with_a_table_a_sentence_and_what_to_type_next(demo: Demo) -> None:
    assert len(demo.rows) == 7
    for (model, strategy), row in demo.rows.items():
        assert f"{row['accuracy']:.3f}" in demo.out and model in demo.out and strategy[:10] in demo.out
        assert (row["images"], row["classes"], row["failed"], row["pending"]) == (21 * PICTURES, 21, 0, 0)
    assert "all of it is in runs/demo" in demo.err
    assert f"\nRight most often is {next(iter(demo.rows.values()))['model']}" in demo.out
    assert "snellen run -d FOLDER" in demo.err


def test_the_same_again_asks_nothing_and_says_the_same(demo: Demo) -> None:
    before = answers(demo.place)
    again = run_demo(demo.place)
    assert again.out == demo.out
    assert answers(demo.place) == before > 0


def test_another_run_with_fewer_pictures_gives_these_the_same_records(demo: Demo, tmp_path: Path) -> None:
    """In batches of other sizes, by other processes, with nothing stored."""
    run_demo(tmp_path, pictures=1)
    whole, part = records(demo.place), records(tmp_path)
    assert len(part) == 7 * 21
    assert {key: whole[key] for key in part} == part


def answers(place: Path) -> int:
    with closing(sqlite3.connect(place / "runs/demo/answers.sqlite")) as database:
        return int(database.execute("SELECT count(*) FROM answers").fetchone()[0])


def records(place: Path) -> dict[str, list[str]]:
    """What each model said of each picture, by each strategy."""
    with (place / "runs/demo/records.csv").open(encoding="utf-8", newline="") as file:
        return {
            f"{each['model']} {each['strategy']} {each['example']}": [each["prediction"], each["outcome"]]
            for each in csv.DictReader(file)
        }


@pytest.mark.parametrize("figure", ROWS, ids=" ".join)
def test_a_model_is_as_good_as_its_card_says(figure: tuple[str, str], demo: Demo) -> None:
    """Where the figure is above the upper end of what is measured here, it is worse."""
    name, what = figure
    strategy, key = ROWS[figure]
    measured = demo.rows[f"demo/{name}", strategy][key]
    images = 20 * PICTURES if "rate" in key else 21 * PICTURES
    assert card(name)[what][0] <= wilson(round(measured * images), images)[1]


def test_the_models_are_as_good_as_was_asked_for() -> None:
    figures = {(name, what): value for name in models.NAMES for what, (value, _) in card(name).items()}
    least = {
        ("vlm", "accuracy, 21 classes, closed set"): 0.80,
        ("vlm", "accuracy, 100 classes, closed set"): 0.60,
        ("vlm", "accuracy, 21 classes, most probable yes"): 0.65,
        ("vlm", "yes to the right class (true-positive rate), 21 classes"): 0.85,
        ("vlm", "no to the other classes (true-negative rate), 21 classes"): 0.85,
        ("vlm", "accuracy, digits, closed set"): 0.80,
        ("clip", "accuracy, 100 classes"): 0.75,
        ("classifier", "accuracy, 139 classes"): 0.88,
    }
    assert {figure: figures[figure] for figure in least if figures[figure] < least[figure]} == {}
    assert figures["vlm", "answers without a class of the list, 100 classes"] < 0.05
    assert figures["vlm", "answers without a class of the list, 21 classes"] < 0.10
    assert all(figures["vlm", f"accuracy, 21 classes, unseen wording {number}"] >= 0.75 for number in (1, 2))
    assert max(value for (_, what), value in figures.items() if what.startswith("accuracy")) < 1


def test_each_command_of_a_card_can_be_typed(snellen: Callable[..., Said]) -> None:
    for name in models.NAMES:
        for _, command in card(name).values():
            program, *words = shlex.split(command)
            assert program == "snellen"
            said = snellen(*words, "--dry-run")
            assert said.code == 0 and f"demo/{name}" in said.out


def test_a_study_file_names_the_models_as_they_were_named(demo: Demo) -> None:
    written = (demo.place / "runs/demo/study.yaml").read_text()
    assert all(f"model: demo/{name}\n" in written for name in models.NAMES)
    assert str(models.folder("vlm").parent) not in written


def test_the_weights_are_small_readable_for_all_and_computed_in_single_precision() -> None:
    files = [file for name in models.NAMES for file in models.folder(name).iterdir()]
    assert sum(file.stat().st_size for file in files) <= 10_000_000
    assert {file.suffix for file in files} <= {".json", ".jinja", ".md", ".safetensors"}  # no code
    assert all(file.stat().st_mode & 0o444 == 0o444 for file in files)
    for name in models.NAMES:
        assert json.loads((models.folder(name) / "config.json").read_text())["dtype"] == "float32"

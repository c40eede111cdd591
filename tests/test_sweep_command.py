"""The command that varies the number of classes, called as a user calls it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import studies
from conftest import Said
from test_class_lists import loadings, model
from test_sweep import CONFUSED, NAMES

Snellen = Callable[..., Said]
COUNTS = ("--class-counts", "2,5,8", "--draws", "2", "-s", "closed-set", "--out", "run")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos", 4, NAMES)


def test_the_table_has_a_line_for_each_model_and_a_column_for_each_number(
    snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    models = ("-m", model(tmp_path / "right.py", "return truth(image)"), "-m", model(tmp_path / "mixed.py", CONFUSED))
    said = snellen("sweep", "-d", folder, *models, *COUNTS, "--order", "both", "--seed", 3)
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 80
    heads = [line for line in said.out.splitlines() if line.startswith("Accuracy")]
    assert heads == [
        "Accuracy by number of classes, random sets, mean of 2 draws; 95 % interval",
        "Accuracy by number of classes, most confused classes first; 95 % interval",
    ]
    assert re.findall(r"right\.py\S* +closed-set +1\.000 +1\.000 +1\.000\n", said.out)
    assert said.out.count("mixed.py") == 4  # each order on all images, and on those of the smallest sets
    assert re.findall(r"mixed\.py\S* +closed-set +0\.500 ", said.out)
    assert len(re.findall(r"guessing +0\.500 +0\.200 +0\.125\n", said.out)) == 4
    assert "their figures are pessimistic" in said.err
    again = snellen("sweep", "-d", folder, *models, *COUNTS, "--order", "both", "--seed", 3, "-q")
    assert (again.code, again.out) == (0, said.out)
    scored = snellen("score", "run")
    assert (scored.code, scored.out) == (0, said.out)
    assert loadings(tmp_path / "right.py") == 2


def test_json_has_the_section_of_the_file(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    said = snellen("sweep", "-d", folder, "-m", model(tmp_path / "m.py", CONFUSED), *COUNTS, "--json", "-q")
    assert said.code == 0
    assert json.loads(said.out) == json.loads(Path("run/results.json").read_text())
    assert len(json.loads(said.out)["sweep"]["points"]) == 6


def test_a_run_into_the_folder_shows_its_own_rows(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "m.py", CONFUSED)
    assert snellen("sweep", "-d", folder, "-m", name, *COUNTS, "-q").code == 0
    said = snellen(
        "run", "-d", folder, "-m", name, "-s", "closed-set", "--classes", "ant,bat", "--out", "run", "-q", "--no-timing"
    )
    assert said.code == 0
    assert said.out.count("closed-set") == 1
    assert "there is a sweep, too: 'snellen score run' shows it" in said.err
    assert snellen("score", "run", "-q").out.count("Images") == 1  # behind the curves


def test_examples_without_an_answer_are_an_exit_code_and_asked_again(
    snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    dark = f'image.path.stem == "cat1" and not Path({str(tmp_path / "light")!r}).exists()'
    body = f'return Failure("too dark") if {dark} else truth(image)'
    words = ("sweep", "-d", folder, "-m", model(tmp_path / "m.py", body), *COUNTS, "-q")
    first = snellen(*words)
    assert first.code == 4
    assert "the same command again" in first.err
    (tmp_path / "light").touch()
    assert snellen(*words).code == 0


def test_a_study_file_may_say_what_is_swept(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(
        f"dataset: {{path: {folder}, classes: 3}}\nmodels: [{model(tmp_path / 'm.py', CONFUSED)!r}]\n"
        "strategies: [closed-set]\nout: run\nsweep: {class_counts: [2, 4], draws: 1}\n"
    )
    said = snellen("sweep", study, "-q")
    assert said.code == 0
    assert re.search(r"Strategy +2 +4\n", said.out)
    said = snellen("sweep", study, "-q", "--class-counts", "6")
    assert re.search(r"Strategy +2 +4 +6\n", said.out)
    resumed = snellen("sweep", "run/study.yaml", "-q")
    assert (resumed.code, resumed.out) == (0, said.out)
    assert "3 classes" in snellen("run", study, "--dry-run").out
    study.write_text(f"dataset: {folder}\nsweep: {{class_count: [2]}}\n")
    said = snellen("sweep", study, "-m", "scripted/x.py:y")
    assert (said.code, "class_counts" in said.err) == (2, True)


def test_a_dry_run_counts_all_sets_and_asks_nothing(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "m.py", CONFUSED)
    said = snellen("sweep", "-d", folder, "-m", name, *COUNTS, "--seed", 1, "--dry-run")
    assert said.code == 0
    assert "class sets 5 of 2 to 8 classes" in said.out
    assert f"{4 * (2 + 2 + 5 + 5 + 8)} requests" in said.out
    assert not studies.asked(tmp_path / "m.py")
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--class-counts", "2,9"), "9 classes are asked for, and there are 8"),
        (("--class-counts", "1,4"), "numbers of at least 2, got 1"),
        (("--class-counts", "few"), "expected numbers such as 10,25,50, got 'few'"),
        (("--limit", "10"), "--per-class"),
        (("--order", "worst"), "order='worst'"),
        (("--draws", "0"), "draws: expected 1 to 100, got 0"),
        (("--per-class", "0"), "per_class"),
    ],
)
def test_wrong_use_is_one_line(
    snellen: Snellen, folder: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = snellen("sweep", "-d", folder, "-m", model(tmp_path / "m.py", CONFUSED), *words)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert told in said.err


def test_hard_sets_of_classes_that_no_model_confused_are_called_random(
    snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    words = ("-m", model(tmp_path / "right.py", "return truth(image)"), *COUNTS, "--order", "hard")
    said = snellen("sweep", "-d", folder, *words)
    assert said.code == 0 and said.out.startswith("Accuracy by number of classes, none confused, so sets at random")
    assert max(map(len, said.out.splitlines())) <= 80
    assert said.err.count("no two of 8 classes were taken for each other, so the hard sets are random ones") == 1
    assert "pessimistic" not in said.err

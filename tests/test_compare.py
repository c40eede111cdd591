"""`snellen compare` as a user calls it: what it prints of one run, of several, and of runs that say little."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from conftest import Said
from snellen import study
from snellen.metrics.comparison import holm, images_to_tell_apart, mcnemar
from snellen.plan import Request, resolve
from snellen.results import Results
from studies import model, photographs, ran

Snellen = Callable[..., Said]
ROWS = 7


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-six photographs."""
    place = tmp_path_factory.mktemp("compare")
    photographs(place / "photos", count=12)
    return place


@pytest.fixture(scope="module")
def many(place: Path) -> Path:
    """A run of seven models; each has three wrong answers more than the one before it, and those it had."""
    photos = place / "photos"
    paths = sorted(path.relative_to(photos) for path in photos.glob("*/*.png"))
    names = []
    for number in range(ROWS):
        right = [path.parent.name for path in paths]
        wrong = ["cat" if label == "dog" else "dog" for label in right]
        said = wrong[: 3 * number] + right[3 * number :]
        (place / f"m{number}.csv").write_text("\n".join(["image,prediction", *map("{},{}".format, paths, said)]))
        names.append(f"predictions/{place / f'm{number}.csv'}")
    with ran(photos, names, "vocabulary", out=place / "many"):
        return place / "many"


def parsed(said: Said) -> Any:
    def forbid(constant: str) -> float:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(said.out, parse_constant=forbid)


def test_it_ranks_rows_and_says_what_ties_them(snellen: Snellen, many: Path) -> None:
    said = snellen("compare", many)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "36 images of 3 classes (bird, cat, dog)"
    assert [line.split()[:2] for line in lines[2:9]] == [
        ["1", "1–4"],
        ["2", "1–5"],
        ["3", "1–6"],
        ["4", "1–7"],
        ["5", "2–7"],
        ["6", "3–7"],
        ["7", "4–7"],
    ]  # told apart are those with at least twelve wrong answers between them: 2 / 2**12 times 18 < 0.05
    assert [line.split(";")[0] for line in lines if "not told apart" in line] == [
        f"{first}–{first + 3}: not told apart by these 36 images" for first in range(1, 5)
    ]
    needed = images_to_tell_apart(3, 0, 36, 0.05 / 21)
    assert needed is not None
    assert f"about {-(-needed // 10) * 10} would tell 1 from the others" in said.out
    assert max(map(len, lines)) <= 80
    assert "p < 0.05 in McNemar's exact test, corrected for 21" in said.out


def test_pairs_are_the_telling_ones_unless_all_are_asked_for(snellen: Snellen, many: Path) -> None:
    def pairs(*words: object) -> list[str]:
        return [line for line in snellen("compare", many, *words).out.splitlines() if line[1:4] == " – "]

    shown, every = pairs(), pairs("--all")
    assert len(shown) == (ROWS - 1) + (ROWS - 2)
    assert len(every) == ROWS * (ROWS - 1) // 2
    assert set(shown) < set(every)
    few = [f"-mpredictions/{many.parent / f'm{number}.csv'}" for number in range(4)]
    assert len(pairs(*few)) == 6


def test_json_holds_all_of_it(snellen: Snellen, many: Path) -> None:
    data = parsed(snellen("compare", many, "--json"))
    assert data["runs"] == [str(many)]
    (group,) = data["groups"]
    assert (group["images"], len(group["rows"]), len(group["comparisons"]), group["differs"]) == (36, ROWS, 21, [])
    with closing(Results(many)) as results:
        for pair, (a, b) in zip(group["comparisons"], combinations(results.rows, 2), strict=True):
            assert (pair["a"]["row"], pair["b"]["row"]) == (a.number, b.number)
        for pair, own in zip(group["comparisons"], results.comparisons, strict=True):
            assert {**pair, "a": None, "b": None} == {**own, "a": None, "b": None}
    p_values = [pair["mcnemar_p"] for pair in group["comparisons"]]
    assert [pair["mcnemar_p_holm"] for pair in group["comparisons"]] == holm(p_values)


def test_several_runs_are_named_and_what_differs_is_said(snellen: Snellen, place: Path, many: Path) -> None:
    name = model(place / "some.py", "return truth(image)")
    with ran(place / "photos", name, out=place / "fewer", per_class=5, seed=4):
        pass
    said = snellen("compare", many, place / "fewer")
    assert said.code == 0
    assert said.out.startswith(f"A: {many}\nB: {place / 'fewer'}\n\n15 images of 3 classes")
    assert "21 other images of A are left out: not all rows were asked about them" in said.out
    assert "  seed: 4 in " in said.out or "; 4 in " in said.out
    assert max(map(len, said.out.splitlines()[2:])) <= 80
    with ran(place / "photos", name, out=place / "two", classes=["cat", "dog"]):
        pass
    said = snellen("compare", many, place / "two")
    assert "Rows with other classes or other images are compared apart: 2 groups" in said.out
    assert "No two runs are compared: their classes differ" in said.out
    said = snellen("compare", many, place / "two", "-s", "vocabulary")
    assert f"B: {place / 'two'}, no row of which takes part" in " ".join(said.out.split())


def test_the_same_run_twice_is_one(snellen: Snellen, many: Path) -> None:
    assert snellen("compare", many, many / ".." / "many").out == snellen("compare", many).out


def test_what_is_no_run_is_wrong_use(snellen: Snellen, many: Path, tmp_path: Path) -> None:
    said = snellen("compare", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "is not a run folder" in said.err
    said = snellen("compare", many, "-m", "predictions/m0.csv")
    assert said.code == 2
    assert "-m predictions/m0.csv: there is no such row" in said.err


@pytest.mark.parametrize(
    ("answer", "options", "sentence"),
    [
        ("return Failure('no voice')", {"per_class": 1}, "No row has an answer: there is nothing to compare."),
        ("return 'I cannot say'", {"per_class": 2}, "1–2: not told apart by these 6 images; 2 is right as often as 1"),
        ("return truth(image)", {"limit": 1}, "1–2: not told apart by this one image; 2 is right as often as 1"),
    ],
)
def test_a_run_that_says_little_is_told_as_such(
    snellen: Snellen, place: Path, tmp_path: Path, answer: str, options: dict[str, Any], sentence: str
) -> None:
    names = [model(tmp_path / f"{each}.py", answer) for each in "ab"]
    with ran(place / "photos", names, out=tmp_path / "run", **options):
        pass
    said = snellen("compare", tmp_path / "run")
    assert said.code == 0
    assert sentence in said.out
    assert "nan" not in said.out
    parsed(snellen("compare", tmp_path / "run", "--json"))


def test_a_row_alone_and_a_run_that_was_only_made(snellen: Snellen, place: Path, many: Path, tmp_path: Path) -> None:
    said = snellen("compare", many, "-m", f"predictions/{place / 'm0.csv'}")
    assert said.code == 0
    assert "Only one row was chosen by -m and -s: there is nothing to compare it with." in said.out
    name = model(tmp_path / "some.py", "return truth(image)")
    study.make(resolve(Request(str(place / "photos"), (name,), ("closed-set",), out=str(tmp_path / "made"))))
    said = snellen("compare", tmp_path / "made")
    assert (said.code, "No row has an answer" in said.out) == (0, True)


def test_of_a_run_that_stopped_by_itself_it_says_what_holds(snellen: Snellen, place: Path, tmp_path: Path) -> None:
    names = [model(tmp_path / "good.py", "return truth(image)"), model(tmp_path / "bad.py", "return 'cat'")]
    with ran(place / "photos", names, out=tmp_path / "run", until_decided=0.9) as results:
        assert results.decisions
        best = results.rows[0]
    said = snellen("compare", tmp_path / "run")
    assert said.code == 0
    assert "that hold whenever one stops; their other figures have no interval" in said.err
    assert "a sequential one where answers had a say in when to stop" in " ".join(said.out.split())
    (group,) = parsed(snellen("compare", tmp_path / "run", "--json"))["groups"]
    (pair,), row = group["comparisons"], group["rows"][0]
    assert pair["anytime"] and mcnemar(pair["only_a_right"], pair["only_b_right"]) < pair["mcnemar_p"]
    assert pair["images_needed"] is pair["macro_f1_difference_low"] is row["macro_f1_low"] is best.macro_f1_low is None
    assert (row["accuracy_low"], row["accuracy_high"]) == (best.accuracy_low, best.accuracy_high)


def test_the_same_row_of_two_runs_stands_once_and_blind_rows_are_said_to_be_left_out(
    snellen: Snellen, place: Path, tmp_path: Path
) -> None:
    names = [model(tmp_path / "good.py", "return truth(image)"), model(tmp_path / "bad.py", "return 'cat'")]
    for run in "ab":
        with ran(place / "photos", names, out=tmp_path / run, blind=run == "a"):
            pass
    said = snellen("compare", tmp_path / "a", tmp_path / "b")
    assert said.code == 0
    assert "Left out: 2 blind rows" in said.err
    assert said.out.count(" A, B ") == 2
    assert "1 is ahead of 2, more than chance explains." in said.out
    assert "Nothing differs beside the models." in said.out and "What differs" not in said.out
    (group,) = parsed(snellen("compare", tmp_path / "a", tmp_path / "b", "--json"))["groups"]
    assert len(group["comparisons"]) == 1
    assert [[each["run"] for each in row["also_in"]] for row in group["rows"]] == [[str(tmp_path / "b")]] * 2

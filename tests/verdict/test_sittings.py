"""Rows of several run folders meet on the images that they share, by content and label, and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from snellen.errors import WrongUse
from snellen.plan import Request, resolve
from snellen.results import Results
from snellen.study import run
from snellen.verdict.sittings import Sitting, sittings
from snellen.verdict.standings import Standings
from studies import model, photographs, ran, write_photograph

SOME = "return 'dog' if int(image.digest, 16) % 3 == 0 else truth(image)"
OTHER = "return truth(image) if int(image.digest, 16) % 4 else 'cat'"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the photographs are, the models, and the run of the first of them."""
    place = tmp_path_factory.mktemp("sittings")
    photographs(place / "photos", count=5)
    model(place / "some.py", SOME)
    model(place / "other.py", OTHER)
    return place


@pytest.fixture(scope="module")
def models(place: Path) -> list[str]:
    return [f"scripted/{place / name}:answer" for name in ("some.py", "other.py")]


@pytest.fixture(scope="module")
def photos(place: Path) -> Path:
    return place / "photos"


@pytest.fixture(scope="module")
def first(place: Path, photos: Path, models: list[str]) -> Path:
    """A run of the first model."""
    return make(photos, models[0], place / "first")


@pytest.fixture(scope="module")
def both(place: Path, photos: Path, models: list[str]) -> Path:
    """A run of both models."""
    return make(photos, models, place / "both")


@contextmanager
def opened(*runs: Path) -> Iterator[Sequence[Results]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Results(run))) for run in runs]


def make(dataset: Path, names: str | list[str], out: Path, **options: object) -> Path:
    with ran(dataset, names, out=out, **options):
        return out


def moved(photos: Path, place: Path) -> Path:
    """The same pictures under other file names, which come in another order."""
    for path in sorted(photos.glob("*/*.png")):
        target = place / path.parent.name / f"{9 - int(path.stem[-1])}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return place


def found(*runs: Path) -> tuple[Sitting, ...]:
    with opened(*runs) as results:
        return sittings(results)


def test_two_runs_over_copies_of_the_same_pictures_compare_as_one_run_does(
    photos: Path, models: list[str], first: Path, both: Path, tmp_path: Path
) -> None:
    second = make(moved(photos, tmp_path / "moved"), models[1], tmp_path / "second")
    (alone,), (together,) = found(both), found(first, second)
    assert [entrant.row.model for entrant in alone.entrants] == [entrant.row.model for entrant in together.entrants]
    assert {entrant.run for entrant in together.entrants} == {0, 1}
    assert (len(together.labels), together.relabelled, set(together.left_out.values())) == (15, 0, {0})
    assert Standings(alone).comparisons == Standings(together).comparisons
    with opened(both) as (results,):
        (pair,) = results.comparisons
    (compared,) = Standings(together).comparisons.values()
    assert all(pair[name] == getattr(compared, name) for name in compared.__dataclass_fields__)


def test_runs_that_share_some_pictures_meet_on_those(
    photos: Path, models: list[str], first: Path, tmp_path: Path
) -> None:
    others = moved(photos, tmp_path / "others")
    for label in ("cat", "dog", "bird"):
        (others / label / "9.png").unlink()
        for number in range(3):
            write_photograph(others / label / f"new{number}.png", f"new {label} {number}")
    runs = first, make(others, models[1], tmp_path / "second")
    (sitting,) = found(*runs)
    assert (len(sitting.labels), sitting.left_out) == (12, {0: 3, 1: 9})


def test_runs_without_a_common_picture_are_not_compared(
    photos: Path, models: list[str], first: Path, tmp_path: Path
) -> None:
    other = photographs(tmp_path / "other", count=2, names=("cat", "dog", "bird"))
    for path in other.glob("*/*.png"):
        write_photograph(path, f"other {path.stem}")
    runs = first, make(other, models[1], tmp_path / "second")
    with pytest.raises(WrongUse, match=r"first has no image in common with .*second; .* name runs over the same data"):
        found(*runs)


def test_pictures_under_another_label_are_left_out_and_counted(
    photos: Path, models: list[str], first: Path, tmp_path: Path
) -> None:
    other = moved(photos, tmp_path / "other")
    (other / "cat" / "9.png").rename(other / "dog" / "cat9.png")
    (other / "cat" / "8.png").rename(other / "bird" / "cat8.png")
    runs = first, make(other, models[1], tmp_path / "second")
    (sitting,) = found(*runs)
    assert (len(sitting.labels), sitting.relabelled, sitting.left_out) == (13, 2, {0: 2, 1: 2})


def test_copies_of_a_picture_have_each_its_counterpart(
    photos: Path, models: list[str], first: Path, tmp_path: Path
) -> None:
    twice = moved(photos, tmp_path / "twice")
    shutil.copy(twice / "cat" / "9.png", twice / "cat" / "copy.png")
    runs = [make(twice, name, tmp_path / str(number)) for number, name in enumerate(models)]
    (sitting,) = found(*runs)
    assert (len(sitting.labels), sitting.left_out) == (16, {0: 0, 1: 0})
    (sitting,) = found(first, *runs)
    assert (len(sitting.labels), sitting.left_out) == (15, {0: 0, 1: 1, 2: 1})


def test_classes_in_another_order_are_the_same_classes(
    photos: Path, models: list[str], both: Path, tmp_path: Path
) -> None:
    lines = [f"{path},{path.parent.name}" for path in sorted(photos.glob("*/*.png"))]
    (tmp_path / "all.csv").write_text("\n".join(["image,label", *lines]))
    dataset = {"path": str(tmp_path / "all.csv"), "root": str(photos), "class_list": ("dog", "bird", "cat")}
    run(resolve(Request(dataset, tuple(models), ("closed-set",), out=str(tmp_path / "run"), timing=False))).close()
    (sitting,) = found(both, tmp_path / "run")
    by_model: dict[str, list[np.ndarray]] = {}
    for entrant, said in zip(sitting.entrants, sitting.predictions, strict=True):
        by_model.setdefault(entrant.row.model, []).append(said)
    for same in by_model.values():
        assert len(same) == 2
        assert (same[0] == same[1]).all()


def test_other_classes_make_another_sitting(photos: Path, models: list[str], first: Path, tmp_path: Path) -> None:
    second = make(photos, models, tmp_path / "second", classes=["cat", "dog"])
    assert [(each.classes, len(each.entrants), len(each.labels)) for each in found(first, second)] == [
        (("bird", "cat", "dog"), 1, 15),
        (("cat", "dog"), 2, 10),
    ]


def test_rows_asked_about_fewer_pictures_meet_the_others_on_these(
    photos: Path, models: list[str], tmp_path: Path
) -> None:
    third = model(tmp_path / "third.py", "return truth(image)")
    out = make(photos, models, tmp_path / "run")
    make(photos, third, out, per_class=2)
    assert [(len(each.entrants), len(each.labels)) for each in found(out)] == [(2, 15), (3, 6)]


def test_a_row_that_failed_on_hard_pictures_is_not_put_first_for_it(photos: Path, tmp_path: Path) -> None:
    """On the ten pictures that both answered, the one with the lower accuracy is right more often."""
    hard = "return Failure('too hard')"
    picky = model(
        tmp_path / "picky.py",
        f"if truth(image) == 'bird':\n    {hard}\nreturn 'dog' if image.path.stem == 'cat0' else truth(image)",
    )
    steady = model(tmp_path / "steady.py", "return 'cat' if truth(image) == 'bird' else truth(image)")
    mute = model(tmp_path / "mute.py", hard)
    (sitting,) = found(make(photos, [mute, picky, steady], tmp_path / "run"))
    assert [entrant.row.model for entrant in sitting.entrants] == [steady, picky, mute]
    assert [row.accuracy for row in Standings(sitting).rows] == [pytest.approx(2 / 3), 0.9, None]


def test_rows_that_others_took_the_place_of_are_left_out(photos: Path, tmp_path: Path) -> None:
    file, paths = tmp_path / "mine.csv", sorted(path.relative_to(photos) for path in photos.glob("*/*.png"))
    for wrong in (3, 0):
        lines = [f"{path},{'dog' if number < wrong else path.parent}" for number, path in enumerate(paths)]
        file.write_text("\n".join(["image,prediction", *lines]))
        with ran(photos, f"predictions/{file}", "vocabulary", out=tmp_path / "run"):
            pass
    (sitting,) = found(tmp_path / "run")
    assert [entrant.row.accuracy for entrant in sitting.entrants] == [1.0]


def test_rows_that_saw_no_photograph_are_left_out(photos: Path, models: list[str], tmp_path: Path) -> None:
    with ran(photos, models[0], out=tmp_path / "run", blind=True, per_class=1) as results:
        assert [row.blind for row in results.rows] == [False, True]
        assert results.comparisons == ()
    (sitting,) = found(tmp_path / "run")
    assert [entrant.row.blind for entrant in sitting.entrants] == [False]


def test_only_models_and_strategies_that_are_there_can_be_named(models: list[str], both: Path) -> None:
    with opened(both) as results:
        (sitting,) = sittings(results, models[:1], ["closed-set"])
        assert [entrant.row.model for entrant in sitting.entrants] == models[:1]
        with pytest.raises(WrongUse, match=r"-s closedset: there is no such row .did you mean 'closed-set'"):
            sittings(results, (), ["closedset"])

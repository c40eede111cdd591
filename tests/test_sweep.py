"""A sweep over class sets: the same images in all of them, equal questions asked once, each model loaded once."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import studies
from snellen import sweep as sweeps
from snellen.class_sets import Sweep
from snellen.errors import WrongUse
from snellen.plan import Request
from snellen.progress import Silence
from snellen.results import Results
from snellen.verdict.sweep_tables import sweep_notes
from snellen.verdict.sweeps import SweepResults, sweep_of
from test_class_lists import BINARY, Counted, loadings, model

NAMES = ("ant", "bat", "cat", "dog", "eel", "fox", "gnu", "hen")
# wherever the list has them: each bat is a fox, half of the dogs are hens, a quarter of the hens are eels
CONFUSED = """
listed = "".join(part for part in question.prompt if isinstance(part, str))
name, number = image.path.stem[:3], int(image.path.stem[3:])
other = {"bat": "fox", "dog": "hen" if number % 2 else "dog", "hen": "eel" if number == 1 else "hen"}.get(name, name)
return other if other in listed else name
"""
Ask = Callable[..., Results]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos", 4, NAMES)


def swept(
    folder: Path,
    models: Sequence[str],
    out: Path,
    counts: tuple[int, ...] = (2, 4, 6),
    strategies: tuple[str, ...] = ("closed-set",),
    progress: Silence | None = None,
    **options: Any,
) -> Results:
    """The results of a sweep that is run here."""
    spec = {"path": str(folder), **{key: options.pop(key) for key in ("per_class", "seed") if key in options}}
    request = Request(spec, tuple(models), strategies, out=str(out), timing=False)
    return sweeps.run(sweeps.plan_sweep(request, Sweep(counts, **options)), progress)


def curves(results: Results) -> SweepResults:
    found = sweep_of(results)
    assert found
    return found


def images_by_class(results: Results) -> dict[int, dict[str, set[str]]]:
    """The images of each class, for each row."""
    found: dict[int, dict[str, set[str]]] = {}
    for record in results.records():
        found.setdefault(record["row"], {}).setdefault(record["label"], set()).add(record["example"])
    return found


def test_a_class_has_the_same_images_in_all_sets_and_for_all_models(folder: Path, tmp_path: Path) -> None:
    models = [model(tmp_path / f"{name}.py", "return truth(image)") for name in ("one", "other")]
    with closing(swept(folder, models, tmp_path / "run", per_class=3, draws=2)) as results:
        sets = curves(results).description.sets
        found = images_by_class(results)
        specs = {row.number: results.spec(row)["classes"]["names"] for row in results.rows}
        assert len(results.rows) == len(specs) == 2 * len({each.classes for each in sets})
    assert {(each.draw, each.count) for each in sets} == {(draw, count) for draw in (1, 2) for count in (2, 4, 6)}
    for row, by_class in found.items():
        assert set(by_class) == set(specs[row])
    for name in NAMES:
        images = [by_class[name] for by_class in found.values() if name in by_class]
        assert all(each == images[0] for each in images)
        assert not images or len(images[0]) == 3


def test_equal_questions_are_asked_once_and_a_model_is_loaded_once(folder: Path, tmp_path: Path) -> None:
    file, out, progress = tmp_path / "model.py", tmp_path / "run", Counted()
    again = {"strategies": ("binary,decide=argmax",), "draws": 3, "progress": progress}
    with closing(swept(folder, [model(file, BINARY)], out, **again)) as results:
        sets = curves(results).description.sets
        assert {row.accuracy for row in results.rows} == {1.0}
        needed, asked = results.store.sharing()
    about = {
        name: {other for each in sets if name in each.classes.names for other in each.classes.names} for name in NAMES
    }
    distinct = {each.classes for each in sets}
    assert asked == len(studies.asked(file)) == 4 * sum(map(len, about.values()))
    assert needed == 4 * sum(len(classes.names) ** 2 for classes in distinct)
    assert loadings(file) == 1
    swept(folder, [model(file, BINARY)], out, **again).close()
    assert loadings(file) == 1
    assert len(studies.asked(file)) == asked


def test_other_numbers_and_more_draws_add_to_what_there_is(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = model(file, "return truth(image)")
    swept(folder, [name], out, (2, 4), draws=1).close()
    before = len(studies.asked(file))
    assert before == 4 * (2 + 4)
    with closing(swept(folder, [name], out, (4, 6), draws=2)) as results:
        (curve,) = curves(results).curves
    assert [(point.count, point.by_draw) for point in curve.points] == [(2, (1.0,)), (4, (1.0, 1.0)), (6, (1.0, 1.0))]
    assert len(studies.asked(file)) - before == 4 * (4 + 6 + 6)


def test_other_images_begin_a_sweep_anew(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = model(file, "return truth(image)")
    swept(folder, [name], out, (2, 4), draws=1).close()
    with closing(swept(folder, [name], out, (3, 5), draws=1, per_class=2)) as results:
        (curve,) = curves(results).curves
        assert [point.count for point in curve.points] == [3, 5]
        assert len(results.rows) == 4


def test_hard_sets_take_the_most_confused_classes_first_and_stay(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = model(file, CONFUSED)
    with closing(swept(folder, [name], out, (2, 3, 5, 8), order="hard")) as results:
        found = curves(results)
        hard = found.description.hard
        assert hard and hard.confused
        assert set(hard.order[:2]) == {"bat", "fox"}
        assert sorted(hard.order) == sorted(NAMES)
        (curve,) = found.curves
        assert (curve.points[0].count, curve.points[0].by_draw) == (2, (0.5,))
        assert curve.points[-1].by_draw[0] == pytest.approx(1 - (4 + 2 + 1) / 32)
    asked, loaded = len(studies.asked(file)), loadings(file)
    assert loaded == 2  # the largest set comes first
    other = model(tmp_path / "other.py", CONFUSED.replace("bat", "gnu"))
    with closing(swept(folder, [name, other], out, (2, 4), order="both", draws=1)) as results:
        again = curves(results)
        assert again.description.hard == hard
        assert {each.count for each in again.description.sets if each.order == "hard"} == {2, 3, 4, 5, 8}
        points = {curve.model: curve.points for curve in again.curves if curve.order == "hard"}
        assert [point.by_draw[0] is None for point in points[other]] == [False, True, False, True, True]
    assert loadings(file) == loaded + 1
    assert loadings(tmp_path / "other.py") == 1
    assert asked < len(studies.asked(file))


def test_an_order_of_fewer_classes_gives_way_to_one_of_more(folder: Path, tmp_path: Path) -> None:
    name, out = model(tmp_path / "model.py", CONFUSED), tmp_path / "run"
    swept(folder, [name], out, (2, 3), order="hard").close()
    with closing(swept(folder, [name], out, (2, 8), order="hard")) as results:
        found = curves(results).description
        assert found.hard and len(found.hard.base.names) == 8
        assert {each.count for each in found.sets} == {2, 8}
        assert set(next(each for each in found.sets if each.count == 2).classes.names) == {"bat", "fox"}


def test_where_nothing_is_confused_hard_sets_are_random_and_that_is_said(folder: Path, tmp_path: Path) -> None:
    progress = Counted()
    name = model(tmp_path / "model.py", "return truth(image)")
    with closing(swept(folder, [name], tmp_path / "run", (2, 8), order="both", draws=1, progress=progress)) as results:
        description, told = curves(results).description, list(sweep_notes(results, curves(results)))
    assert "no two of 8 classes were taken for each other, so the hard sets are random ones" in told
    sets = {(each.order, each.count): each.classes for each in description.sets}
    assert sets["hard", 2] == sets["random", 2]
    assert loadings(tmp_path / "model.py") == 1  # all of it was answered already
    assert len(progress.lines) == len(set(progress.lines))


class Interrupts(Silence):
    """Presses Ctrl-C after so many answers."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.asking = False

    def begin(self, task: str, total: int) -> None:
        self.asking = "model.py" in task

    def advance(self, done: int, failed: int = 0) -> None:
        self.left -= done * self.asking
        if self.left < 0:
            raise KeyboardInterrupt


def test_what_is_answered_before_an_interruption_is_shown_and_kept(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = model(file, "time.sleep(0.01)\n" + CONFUSED)
    with pytest.raises(KeyboardInterrupt):
        swept(folder, [name], out, order="both", draws=2, progress=Interrupts(20))
    with closing(Results(out)) as results:
        random, hard = curves(results).curves
        assert all(point.open for point in random.points)
        assert any(point.band for point in random.points)
        assert [point.count for point in hard.points] == [6]
    before = len(studies.asked(file))
    assert 0 < before < 4 * (2 + 4 + 6) * 2
    with closing(swept(folder, [name], out, order="both", draws=2)) as results:
        assert not any(point.open for curve in curves(results).curves for point in curve.points)
        assert results.asked == {row.number for row in results.rows}
    times = Counter((each.image, each.question) for each in studies.asked(file))
    assert sum(count - 1 for count in times.values()) <= 16  # what was in flight


def test_hard_sets_go_by_the_models_that_answered(folder: Path, tmp_path: Path) -> None:
    out, bad = tmp_path / "run", tmp_path / "bad.py"
    names = [model(tmp_path / "good.py", CONFUSED), studies.model(bad, "return truth(image)")]
    bad.write_text(f"{bad.read_text()}\nraise ImportError('torn')")
    with closing(swept(folder, names, out, (2, 8), draws=1, order="hard")) as results:
        assert curves(results).description.hard
        assert {row.model: row.pending for row in results.rows if row.classes == 2} == {names[0]: 0, names[1]: 8}


def test_hard_sets_wait_where_money_ends_before_the_largest_set_is_answered(folder: Path, tmp_path: Path) -> None:
    prices, progress, out = tmp_path / "prices.json", Counted(), tmp_path / "run"
    prices.write_text(json.dumps({"prices": [{"model": "scripted/*", "input": 10, "output": 100}]}))
    told = CONFUSED.replace("return other if other in listed else name", "said = other if other in listed else name")
    name = model(tmp_path / "model.py", f"{told}\nreturn Text(said, usage=Usage(2500, 5))")
    request = Request(
        str(folder), (name,), ("closed-set",), out=str(out), timing=False, max_cost=0.3, prices=str(prices)
    )
    with closing(sweeps.run(sweeps.plan_sweep(request, Sweep((2, 8), order="hard")), progress)) as results:
        (row,) = results.rows
        assert row.pending and row.spent_usd and row.spent_usd <= 0.3
        assert curves(results).description.hard is None
    assert any("the hard sets are chosen when" in line for line in progress.lines)
    more = dataclasses.replace(request, max_cost=10.0)
    with closing(sweeps.run(sweeps.plan_sweep(more, Sweep((2, 8), order="hard")))) as results:
        assert curves(results).description.hard
        assert not any(row.pending for row in results.rows)
        assert results.rows[0].spent_usd == pytest.approx(len(studies.asked(tmp_path / "model.py")) * 0.0255)


def test_the_file_of_results_has_points_and_curves(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    swept(folder, [model(tmp_path / "model.py", CONFUSED)], out, (2, 8), draws=2, order="both", seed=2).close()
    data = json.loads((out / "results.json").read_text())
    rows = {row["number"]: row for row in data["rows"]}
    sweep = data["sweep"]
    for point in sweep["points"]:
        assert [rows[number]["classes"] for number in point["rows"]] == [point["count"]]
        assert len(point["classes"]) == point["count"]
    random, hard = sweep["curves"]
    assert (random["order"], hard["order"]) == ("random", "hard")
    least, most = random["points"]
    assert least["accuracy"] == pytest.approx(sum(rows[number]["accuracy"] for number in least["rows"]) / 2)
    assert least["accuracy_by_draw"] == [rows[number]["accuracy"] for number in least["rows"]]
    assert (least["accuracy"], least["chance"], least["without_answer"]) == (least["accuracy_same_images"], 0.5, 0)
    (row,) = (rows[number] for number in most["rows"])  # all classes: one set, whatever the draw
    assert [most[key] for key in ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")] == pytest.approx(
        [row[key] for key in ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")]
    )
    assert hard["points"][1]["accuracy"] == most["accuracy"]
    assert most["accuracy_same_images"] != most["accuracy"]
    assert sweep["hard_order"]["of"] == 8


def test_a_limit_and_too_many_classes_are_refused(folder: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "model.py", "return truth(image)")
    with pytest.raises(WrongUse, match=r"per-class"):
        sweeps.plan_sweep(Request({"path": str(folder), "limit": 5}, (name,)), Sweep((2, 4)))
    with pytest.raises(WrongUse, match="9 classes are asked for, and there are 8"):
        sweeps.plan_sweep(Request(str(folder), (name,)), Sweep((2, 9)))
    many = studies.photographs(tmp_path / "many", 1, map("{:02}".format, range(30)))
    with pytest.raises(WrongUse, match="letters: expected at most"):
        sweeps.plan_sweep(Request(str(many), (name,), ("letters",)), Sweep((2, 30)))
    plan = sweeps.plan_sweep(
        Request({"path": str(folder), "classes": 3}, (name,), out=str(tmp_path / "x")), Sweep((5,))
    )
    assert [len(classes.names) for classes in plan.plan.class_lists] == [5, 5, 5]
    named = {"path": str(folder), "classes": ["ant", "bat", "cat"]}
    plan = sweeps.plan_sweep(Request(named, (name,), out=str(tmp_path / "x")), Sweep((3,)))
    assert [classes.names for classes in plan.plan.class_lists] == [("ant", "bat", "cat")]


def test_what_flags_say_goes_before_the_file() -> None:
    assert sweeps.wanted({"class_counts": [10, 5], "draws": 2}, {"order": "hard", "draws": None}) == Sweep(
        (5, 10), 2, "hard"
    )
    assert sweeps.wanted({}, {"class_counts": "25, 10"}) == Sweep((10, 25))
    for wrong in (
        {"class_counts": "10,x"},
        {"class_counts": "²"},
        {"draws": 10**7},
        {"class_counts": ""},
        {"order": "hardest"},
        {"draws": 0},
    ):
        with pytest.raises(WrongUse):
            sweeps.wanted({}, wrong)
    with pytest.raises(WrongUse, match="draw"):
        sweeps.wanted({"drawss": 2}, {})

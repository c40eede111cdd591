"""A study over several class lists at once: one process a model, each image asked for all lists that hold its class."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

import studies
from snellen import study
from snellen.class_sets import some_of
from snellen.plan import Plan, Request, resolve
from snellen.progress import Silence
from snellen.selection import Selection, part_of, select
from snellen.types import Classes
from test_selection import Toy

NAMES = ("cat", "dog", "bird", "cow")
LISTS = (("cat", "dog"), ("cat", "dog", "bird"), NAMES)
BINARY = """
yes = f" {truth(image)} " in next(part for part in question.prompt if isinstance(part, str))
return Scores(question.choices, [-0.1 if ("yes" in choice.lower()) == yes else -3.0 for choice in question.choices])
"""


class Counted(Silence):
    """Counts the steps, and keeps what was said."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int]] = []
        self.steps: Counter[str] = Counter()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, task: str, total: int) -> None:
        self.tasks.append((task, total))

    def advance(self, done: int, failed: int = 0) -> None:
        self.steps[self.tasks[-1][0]] += done


def planned(folder: Path, model: str, out: Path, *strategies: str, lists: tuple[tuple[str, ...], ...] = LISTS) -> Plan:
    spec = {"path": str(folder), "per_class": 3}
    asked = Request(spec, (model,), strategies or ("closed-set",), out=str(out), timing=False)

    def class_lists(selection: Selection, out: Path) -> tuple[Classes, ...]:
        return tuple(some_of(selection.classes, names) for names in lists)

    return resolve(asked, class_lists=class_lists)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos", names=NAMES)


def loadings(file: Path) -> int:
    return len(file.with_suffix(".loaded").read_text().splitlines())


def model(file: Path, body: str) -> str:
    """A model that leaves a line for each time it is loaded."""
    name = studies.model(file, body)
    count = 'with open(Path(__file__).with_suffix(".loaded"), "a") as loaded:\n    loaded.write("once\\n")\n'
    file.write_text(f"{file.read_text()}\n{count}")
    return name


def test_each_list_is_a_row_with_its_images_and_a_model_is_loaded_once(folder: Path, tmp_path: Path) -> None:
    file, out, progress = tmp_path / "model.py", tmp_path / "run", Counted()
    plan = planned(folder, model(file, "return truth(image)"), out, "closed-set")
    with closing(study.run(plan, progress)) as results:
        assert sorted((row.classes, row.images, row.answered, row.accuracy) for row in results.rows) == [
            (2, 6, 6, 1.0),
            (3, 9, 9, 1.0),
            (4, 12, 12, 1.0),
        ]
    assert loadings(file) == 1
    assert progress.tasks[-1][1] == 6 + 9 + 12
    assert progress.steps[progress.tasks[-1][0]] == 6 + 9 + 12
    assert len(studies.asked(file)) == 6 + 9 + 12  # each list is another question
    with closing(study.run(plan, progress)) as results:
        assert len(results.rows) == 3
    assert loadings(file) == 1
    assert progress.steps[progress.tasks[-1][0]] == 2 * (6 + 9 + 12)


def test_a_list_has_the_row_that_it_has_when_it_is_asked_alone(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = model(file, "return truth(image)")
    with studies.ran(folder, name, out=out, per_class=3, classes=["cat", "dog", "bird"]) as results:
        (alone,) = results.rows
    study.run(planned(folder, name, out), Counted()).close()
    assert len(studies.asked(file)) == 6 + 9 + 12
    with closing(study.run(planned(folder, name, out, lists=LISTS[1:2]))) as results:
        assert {row.selection for row in results.rows if row.classes == 3} == {alone.selection}
        assert len(results.rows) == 3


def test_equal_questions_of_several_lists_are_asked_once(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    plan = planned(folder, model(file, BINARY), out, "binary,decide=argmax")
    with closing(study.run(plan)) as results:
        assert {row.classes: row.questions_per_image for row in results.rows} == {2: 2, 3: 3, 4: 4}
        assert {row.accuracy for row in results.rows} == {1.0}
    assert len(studies.asked(file)) == 12 * 4  # those of the longest list, for each image


def test_copies_under_two_labels_count_where_their_label_is_in(folder: Path, tmp_path: Path) -> None:
    (folder / "cow" / "copy.png").write_bytes((folder / "cat" / "cat0.png").read_bytes())
    (folder / "dog" / "torn.png").write_bytes(b"no image")
    asked = Request(
        {"path": str(folder)}, (model(tmp_path / "m.py", 'return "cat"'),), ("closed-set",), out=str(tmp_path / "run")
    )
    lists = (Classes(("cat", "dog")), Classes(("dog", "cow")))
    with closing(study.run(resolve(asked, class_lists=lambda *_: lists), progress := Counted())) as results:
        found = {row.selection: (row.images, row.answered, row.failed, row.unparsed) for row in results.rows}
        examples = {(each["row"], each["example"]) for each in results.records()}
        rows = {row.number for row in results.rows}
    assert sorted(found.values()) == [(9, 8, 1, 0), (10, 0, 1, 9)]
    assert sum((row, "cow/copy.png") in examples for row in rows) == 1
    assert progress.steps[next(task for task, total in progress.tasks if total == 19)] == 19


def test_rows_are_timed_on_images_of_their_own_classes(folder: Path, tmp_path: Path) -> None:
    asked = Request(
        {"path": str(folder)}, (model(tmp_path / "m.py", 'return "cat"'),), ("closed-set",), out=str(tmp_path / "run")
    )
    lists = (Classes(("cat", "dog")), Classes(("bird", "cow", "cat")))
    with closing(study.run(resolve(asked, class_lists=lambda *_: lists))) as results:
        assert {row.classes: row.timed_images for row in results.rows} == {2: 8, 3: 12}


def test_a_part_of_a_selection_has_the_same_images_of_its_classes() -> None:
    whole = select(Toy({"a": 5, "b": 6, "c": 7}), per_class=4, seed=3)
    part = part_of(whole, {"c", "a"})
    assert part.classes.names == ("a", "c")
    assert len(part) == 8
    assert [each.id for each in part] == [each.id for each in whole if each.label != "b"]
    assert [each.id for each in part] == [each.id for each in select(whole.dataset, ["a", "c"], 4, seed=3)]

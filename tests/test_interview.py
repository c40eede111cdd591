"""Studies whose strategies ask something once for a row: it is asked once, kept, replayed, and may fail."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

import studies
from checkpoints.texts import static
from snellen.errors import WrongUse
from snellen.interview import NotPrepared
from snellen.progress import Silence
from snellen.study import rescore

# a photo's vector points along its class, a text's along the class it names
EMBEDS = """
names = ["cat", "dog", "bird"]
said = question.text if isinstance(question, EmbedText) else truth(image)
vector = [0.1 * (i == 3) + (name in said) for i, name in enumerate([*names, "nothing"])]
return Vector(vector, scale=10.0 if isinstance(question, EmbedText) else None)
"""


class Told(Silence):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos")


def about_photos(file: Path) -> list[studies.Asked]:
    return [each for each in studies.asked(file) if each.image != "-"]


def test_classes_are_embedded_once_and_photos_once_whatever_the_class_list(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = studies.model(file, EMBEDS)
    with studies.ran(folder, name, "zero-shot", out=out, timing=True) as results:
        (row,) = results.rows
        assert (row.accuracy, row.questions_per_image, row.classes) == (1.0, 1.0, 3)
        assert row.images_per_second is not None
    untimed = [each.image for each in studies.asked(file)[: 3 + 12]]
    assert untimed[:3] == ["-", "-", "-"]
    assert len(set(untimed[3:])) == 12
    before = len(studies.asked(file))
    with studies.ran(folder, name, "zero-shot,templates=one {name}", out=out) as results:
        assert len(results.rows) == 2
    with studies.ran(folder, name, "zero-shot", out=out, classes=["cat", "dog"]) as results:
        assert {row.accuracy for row in results.rows} == {1.0}
    new = studies.asked(file)[before:]
    assert [each.image for each in new] == ["-", "-", "-"]  # the texts of the new template; the rest was known


def test_a_finished_row_with_a_preparation_starts_no_process(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = studies.model(file, EMBEDS)
    with studies.ran(folder, name, "zero-shot", "nearest-centroid,shots=1", out=out) as results:
        first = studies.rows(out)
        assert len(results.rows) == 2
    (tmp_path / "model.log").unlink()
    with studies.ran(folder, name, "zero-shot", "nearest-centroid,shots=1", out=out):
        assert not studies.asked(file)
        assert studies.rows(out) == first


@pytest.mark.parametrize("strategy", ["zero-shot", "nearest-centroid,shots=2", "linear-probe,shots=2"])
def test_scoring_derives_the_same_records_without_photos_and_without_a_model(
    folder: Path, tmp_path: Path, strategy: str
) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    with studies.ran(folder, studies.model(file, EMBEDS), strategy, out=out) as results:
        assert results.rows[0].accuracy == 1.0
    before, table = studies.rows(out), studies.table(out)
    file.unlink()
    shutil.rmtree(folder)
    rescore(out).close()
    assert studies.rows(out) == before
    assert studies.table(out) == table


def test_shots_are_never_asked_about_and_neither_are_their_copies(folder: Path, tmp_path: Path) -> None:
    for path in list(folder.rglob("*.png")):
        shutil.copy(path, path.with_name(f"copy-{path.name}"))
    out = tmp_path / "run"
    with studies.ran(folder, studies.model(tmp_path / "m.py", EMBEDS), "nearest-centroid,shots=1", out=out) as results:
        records = list(results.records())
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        digests = {row["id"]: row["digest"] for row in csv.DictReader(file)}
    shots = json.loads(studies.sql(out, "SELECT spec FROM rows")[0][0])["shots"]
    assert [label for *_, label in shots] == ["bird", "cat", "dog"]
    evaluated = {record["example"] for record in records}
    assert len(evaluated) == 24 - 2 * 3
    assert not evaluated & {id for id, *_ in shots}
    assert not {digests[id] for id in evaluated} & {digest for _, digest, _ in shots}


def test_rows_with_and_without_shots_are_about_the_same_photos(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", EMBEDS)
    with studies.ran(folder, name, "zero-shot", "linear-probe,shots=2", out=tmp_path / "run") as results:
        assert {(row.selection, row.images) for row in results.rows} == {(1, 6)}
        assert len(results.comparisons) == 1
    with studies.ran(folder, name, "zero-shot", out=tmp_path / "other", limit=3) as one:
        limited = {record["example"] for record in one.records()}
    with studies.ran(folder, name, "nearest-centroid,shots=2", out=tmp_path / "another", limit=3) as two:
        assert {record["example"] for record in two.records()} == limited


def test_a_preparation_that_fails_leaves_its_row_pending_and_the_others_answered(folder: Path, tmp_path: Path) -> None:
    name = studies.model(
        tmp_path / "model.py",
        "if isinstance(question, EmbedText): return Failure('no tongue')\n" + EMBEDS,
    )
    out = tmp_path / "run"
    with studies.ran(folder, name, "zero-shot", "nearest-centroid,shots=1", out=out) as results:
        rows = {row.strategy: row for row in results.rows}
    assert (rows["zero-shot"].pending, rows["zero-shot"].accuracy) == (9, None)
    assert rows["zero-shot"].trouble is not None and "no tongue" in rows["zero-shot"].trouble
    assert (rows["nearest-centroid,shots=1"].accuracy, rows["nearest-centroid,shots=1"].trouble) == (1.0, None)
    with pytest.raises(NotPrepared, match="no tongue"):
        studies.ran(folder, name, "zero-shot", out=tmp_path / "alone").__enter__()
    studies.model(tmp_path / "model.py", EMBEDS)
    with studies.ran(folder, name, "zero-shot", out=out) as results:
        (row,) = (row for row in results.rows if row.strategy == "zero-shot" and row.pending == 0)
        assert (row.accuracy, row.trouble) == (1.0, None)


def test_a_process_that_dies_while_preparing_is_replaced(folder: Path, tmp_path: Path) -> None:
    name = studies.model(
        tmp_path / "model.py",
        "if isinstance(question, EmbedText) and len(open(LOG).readlines()) == 2: os._exit(1)\n" + EMBEDS,
    )
    with studies.ran(folder, name, "zero-shot", out=tmp_path / "run") as results:
        assert results.rows[0].accuracy == 1.0


def test_what_shows_no_photo_is_asked_once_for_all_photos(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    body = "return Scores(question.choices, [-1.0 - i for i in range(len(question.choices))])"
    with studies.ran(folder, studies.model(file, body), "likelihood,calibrate=text,order=given", out=tmp_path / "run"):
        pass
    about_none = [each for each in studies.asked(file) if each.image == "-"]
    assert (len(about_none), len(about_photos(file))) == (1, 12)


def test_answers_are_mapped_by_a_model_of_texts_and_both_accuracies_are_told(folder: Path, tmp_path: Path) -> None:
    encoder = static(tmp_path / "static")
    said = 'return {"cat": "a small kitten", "dog": "puppy", "bird": "bird"}[truth(image)]'
    name, out = studies.model(tmp_path / "model.py", said), tmp_path / "run"
    with studies.ran(folder, name, "open-set", f"open-set,encoder=text/{encoder}", out=out) as results:
        rows = {row.accuracy: row for row in results.rows}
        assert set(rows) == {1.0, 1 / 3}
        assert rows[1.0].accuracy_raw == 1 / 3 and rows[1 / 3].accuracy_raw is None
        assert rows[1.0].outcomes == {"mapped": 8, "exact": 4}
        assert rows[1.0].questions_per_image == pytest.approx(1 + 8 / 12)
    kept = studies.sql(out, "SELECT m.name, count(*) FROM answers JOIN models m ON m.number = model GROUP BY model")
    assert sorted(count for _, count in kept) == [3 + 2, 12]  # three class names and two answers; the photos
    before = studies.rows(out)
    shutil.rmtree(encoder)
    rescore(out).close()
    assert studies.rows(out) == before


def test_too_few_examples_for_shots_are_told(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", EMBEDS)
    for path in sorted((folder / "dog").iterdir())[:2]:
        path.write_bytes(b"no image")
    with pytest.raises(WrongUse, match=r"shots=3: .* the class 'dog' has 4, of which 2 will do"):
        studies.ran(folder, name, "linear-probe,shots=3", out=tmp_path / "run").__enter__()
    with pytest.raises(WrongUse, match=r"expected at least 5 images of each class, .* the class 'bird' has 4"):
        studies.ran(folder, name, "linear-probe,shots=4", out=tmp_path / "run").__enter__()
    with studies.ran(folder, name, "linear-probe,shots=2", out=tmp_path / "run") as results:
        assert (results.rows[0].failed, results.rows[0].answered) == (2, 4)


def test_of_a_preparation_only_what_was_never_answered_is_asked(folder: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = studies.model(file, EMBEDS)
    with studies.ran(folder, name, "zero-shot", out=out):
        before = len(studies.asked(file))
    with studies.ran(folder, name, "zero-shot,templates=published", out=out) as results:
        assert {row.accuracy for row in results.rows} == {1.0}
    assert len(studies.asked(file)) - before == 3 * 79  # one of the 80 is the single one


def test_a_class_more_asks_for_no_other_class_again(tmp_path: Path) -> None:
    names = [f"cat{number}" for number in range(20)]  # three rounds of 80 texts a class; the new one is in the first
    folder, file, out = studies.photographs(tmp_path / "photos", 1, names), tmp_path / "model.py", tmp_path / "run"
    name = studies.model(file, EMBEDS)
    with studies.ran(folder, name, "zero-shot,templates=published", out=out, classes=names[1:]):
        before = len(studies.asked(file))
    with studies.ran(folder, name, "zero-shot,templates=published", out=out):
        assert len(studies.asked(file)) - before == 80 + 1


def test_a_vector_that_is_infinite_is_a_failure(folder: Path, tmp_path: Path) -> None:
    body = "return Vector([1, 2] if isinstance(question, EmbedText) else [float('inf'), 1])"
    name = studies.model(tmp_path / "model.py", body)
    with studies.ran(folder, name, "zero-shot", out=tmp_path / "run") as results:
        (row,) = results.rows
        assert (row.answered, row.failed) == (0, 12)
        assert "infinity" in next(iter(studies.failures(results).values()))


ASKS_A_JUDGE = """
from dataclasses import dataclass
from snellen.types import *

@dataclass(frozen=True)
class Strategy:
    other: str
    role: str = "judge"

    @property
    def asks(self):
        return frozenset({Generate})

    @property
    def roles(self):
        return {self.role: Role(self.other, frozenset({Generate}))}

    def inquire(self, classes, known, rng):
        (answer,) = yield [Generate((PHOTO, "?"), 5, to=self.role)]
        return Prediction(answer.text, Outcome.EXACT)
"""


def test_two_strategies_may_ask_one_model_in_different_roles(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "asks_a_judge-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: asks-a-judge\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[snellen.strategies]\nask-a-judge = asks_a_judge\n")
    (tmp_path / "asks_a_judge.py").write_text(ASKS_A_JUDGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    name = studies.model(tmp_path / "model.py", "return truth(image)")
    other = studies.model(tmp_path / "other.py", "return truth(image)")
    strategies = [f"ask-a-judge,other={other},role={role}" for role in ("judge", "critic")]
    with studies.ran(folder, name, *strategies, out=tmp_path / "run") as results:
        assert [(row.answered, row.accuracy) for row in results.rows] == [(12, 1.0)] * 2


def test_of_two_models_the_one_that_cannot_be_loaded_is_named(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", "return truth(image)")
    (tmp_path / "encoder.py").write_text("raise ValueError('torn')\ndef answer(question, image): ...\n")
    encoder = f"scripted/{tmp_path}/encoder.py:answer"
    with studies.ran(folder, name, f"open-set,encoder={encoder}", "closed-set", out=tmp_path / "run") as results:
        troubles = {row.strategy: row.trouble for row in results.rows}
    assert troubles["closed-set"] is None
    assert f"its encoder {encoder} cannot be loaded: ValueError: torn" in str(troubles[f"open-set,encoder={encoder}"])


def test_a_process_that_always_dies_while_preparing_costs_no_other_row(folder: Path, tmp_path: Path) -> None:
    body = "if isinstance(question, EmbedText): os.kill(os.getpid(), signal.SIGKILL)\nreturn truth(image)"
    name = studies.model(tmp_path / "model.py", body)
    with studies.ran(folder, name, "zero-shot", "closed-set", out=tmp_path / "run") as results:
        rows = {row.strategy: row for row in results.rows}
    assert rows["closed-set"].accuracy == 1.0
    assert "3 times on what is asked before the first image" in str(rows["zero-shot"].trouble)

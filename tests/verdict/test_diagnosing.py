"""What goes wrong in a row: kinds of answers, confused classes, groups of images; and rows that say little."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import PIL.Image
import pytest
from sklearn.metrics import precision_recall_fscore_support

from snellen.database import DATABASE
from snellen.errors import WrongUse
from snellen.metrics.intervals import wilson
from snellen.plan import Request, resolve
from snellen.results import Results
from snellen.study import make, run
from snellen.verdict.diagnosing import Diagnosis, chosen_rows, diagnose
from snellen.verdict.diagnosing_lines import lines
from snellen.verdict.image_groups import differ, size_matters
from snellen.verdict.proportions import proportion, told_apart
from studies import model, photographs, ran


def all_of(results: Results) -> list[Diagnosis]:
    """The diagnoses of all rows, which can be written and read whatever they are of."""
    found = [diagnose(results, row) for row in chosen_rows(results, (), ())]
    for each in found:
        assert sum(each.outcomes.values()) == each.images
        assert min(each.outcomes.values()) >= 0
        json.dumps(dataclasses.asdict(each), allow_nan=False)
        told = list(lines(each))
        assert max(map(len, told)) <= 80 or "/" in told[0]
        assert not any("nan" in line.split() or "None" in line for line in told)
    return found


KINDS = """
number = int(image.path.stem[-1])
other = {"cat": "dog", "dog": "cat", "bird": "cat"}[truth(image)]
return [
    truth(image), other, "a zebra", "cat or dog", "", Text("I cannot help with that.", Finish.REFUSED),
    Text("The animal in the pic", Finish.LENGTH), Failure("no"), truth(image),
][number]
"""


def test_every_image_has_one_outcome(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 9)
    with ran(photos, model(tmp_path / "kinds.py", KINDS), out=tmp_path / "run") as results:
        (found,) = all_of(results)
        (row,) = results.rows
        sheet = results.sheet(row)
    assert found.outcomes == {
        **{"right": 6, "wrong-class": 3, "out-of-list": 3, "ambiguous": 3, "empty": 3, "refused": 3, "truncated": 3},
        **{"failed": 3, "pending": 0},
    }
    assert found.accuracy == proportion(6, 24)
    assert {(pair.true, pair.predicted): (pair.count, pair.share, pair.back) for pair in found.confused} == {
        ("cat", "dog"): (1, 1 / 8, 1),
        ("dog", "cat"): (1, 1 / 8, 1),
        ("bird", "cat"): (1, 1 / 8, 0),
    }
    labels, predictions = sheet.labels[sheet.answered], sheet.predictions[sheet.answered]
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predictions, labels=range(3), zero_division=0
    )
    for each in found.classes:
        place = sheet.classes.index(each.name)
        assert (each.precision, each.f1, each.recall.of) == pytest.approx((precision[place], f1[place], support[place]))
        assert each.recall.share == pytest.approx(recall[place])
        assert (each.recall.low, each.recall.high) == pytest.approx(wilson(2, 8))
    text = " ".join(" ".join(lines(found)).split())
    assert "6 of 24 right, 0.25 (0.12–0.45)" in text
    assert "18 wrong: 3 another class, 3 outside the list, 3 ambiguous, 3 empty, 3 refused, 3 cut off" in text
    assert "3 failed besides; no more than always naming one class would give (0.33)" in text
    better = dataclasses.replace(found, accuracy=proportion(10, 24), interval="anytime")
    text = " ".join(" ".join(lines(better)).split())
    assert "0.42 (0.24–0.61)" in text and "; not surely more than always naming one class would give (0.33)" in text
    assert "other intervals than that of the accuracy do not hold" in text


def test_the_background_is_told_apart_from_other_classes(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 8, ("cat", "dog", "background"))
    body = """
number = int(image.path.stem[-1])
return ("background" if number else "cat") if truth(image) == "background" or number == 7 else truth(image)
"""
    with ran(photos, model(tmp_path / "m.py", body), out=tmp_path / "run") as results:
        (found,) = all_of(results)
    assert found.background is not None
    assert (found.background.detected, found.background.false) == (proportion(7, 8), proportion(2, 16))
    assert found.classes[0].name in ("cat", "dog", "background")


def sized(place: Path, small: int, large: int) -> Path:
    """A folder of cats and dogs, 8 by 8 and 64 by 64 pixels, of which there are so many each."""
    photographs(place, small + large, ("cat", "dog"))
    for path in sorted(place.glob("*/*.png")):
        large_one = int("".join(filter(str.isdigit, path.stem))) >= small
        with PIL.Image.open(path) as picture:
            picture.resize((64, 64) if large_one else (8, 8)).save(path)
    return place


def test_accuracy_by_image_size_finds_that_small_images_are_not_seen(tmp_path: Path) -> None:
    photos = sized(tmp_path / "photos", 10, 20)
    body = "with PIL.Image.open(image.path) as picture:\n    return truth(image) if picture.width > 8 else 'cat'"
    with ran(photos, model(tmp_path / "m.py", f"import PIL.Image\n{body}"), out=tmp_path / "run") as results:
        (found,) = all_of(results)
    small, large = found.by_pixels
    assert ((small.low, small.high), (large.low, large.high)) == ((64, 64), (4096, 4096))
    assert (small.right, large.right) == (proportion(10, 20), proportion(40, 40))
    assert differ(found.by_pixels)
    assert len(found.by_class_size) == 1
    text = " ".join(" ".join(lines(found)).split())
    assert "image size 64 pixels: 0.50 (0.30–0.70); 4,096: 1.00 (0.91–1.00)" in text
    assert "all alike class size" in text


def test_accuracy_by_class_size_finds_that_rare_classes_are_not_known(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 30, ("cat", "dog"))
    photographs(photos, 5, ("emu", "gnu", "yak"))
    body = "return truth(image) if truth(image) in ('cat', 'dog') else 'cat'"
    with ran(photos, model(tmp_path / "m.py", body), out=tmp_path / "run") as results:
        (found,) = all_of(results)
    rare, common = found.by_class_size
    assert (rare.low, rare.high, rare.right) == (5, 5, proportion(0, 15))
    assert (common.low, common.high, common.right) == (30, 30, proportion(60, 60))
    assert (rare.classes, common.classes) == (3, 2)
    assert size_matters(found.by_class_size)
    assert "class size 5 images in the class: 0.00" in " ".join(" ".join(lines(found)).split())
    assert found.majority == 30 / 75


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ({"cat": 9, "dog": 10, "emu": 11}, "the sizes are much alike"),
        ({"cat": 6, "dog": 20, "emu": 20}, "some sizes are those of one class alone"),
    ],
)
def test_a_group_that_is_a_class_tells_nothing_of_class_sizes(tmp_path: Path, sizes: dict[str, int], why: str) -> None:
    for name, size in sizes.items():
        photographs(tmp_path / "photos", size, (name,))
    body = "return 'dog' if truth(image) == 'cat' else truth(image)"
    with ran(tmp_path / "photos", model(tmp_path / "m.py", body), out=tmp_path / "run") as results:
        (found,) = all_of(results)
    assert found.by_class_size[0].classes == 1
    assert differ(found.by_class_size) and not size_matters(found.by_class_size)
    text = " ".join(" ".join(lines(found)).split())
    assert f"class size whether it matters is not to be seen: {why}" in text
    assert "images in the class" not in text and "list, class size" not in text


def test_intervals_that_touch_are_not_told_apart() -> None:
    assert not told_apart([proportion(8, 10), proportion(4, 10), proportion(0, 0)])
    assert told_apart([proportion(80, 100), proportion(40, 100)])
    assert not told_apart([])


EVERY = (
    *("closed-set", "closed-set,votes=3", "closed-set,answer=choose", "binary", "binary,decide=argmax", "likelihood"),
    *("letters", "binary-then-choose", "open-set", "tournament", "zero-shot", "vocabulary"),
)
OF_EACH_KIND = """
if isinstance(question, (Embed, EmbedText)):
    return Vector([1.0, float(len(getattr(question, "text", "")))])
if isinstance(question, Recognise):
    return Scores(("cat", "car"), (0.75, 0.25))
if isinstance(question, Choose):
    return Scores(question.choices, [-float(place) for place, _ in enumerate(question.choices)])
return "cat"
"""


@pytest.mark.parametrize(
    ("body", "limit", "told"),
    [
        ('if image is not None:\n    return Failure("no")\n' + OF_EACH_KIND, 6, "none: 6 failed"),
        (
            'if image is not None:\n    return Text("", Finish.REFUSED)\n' + OF_EACH_KIND,
            6,
            "0 of 6 right, 0.00 (0.00–0.39); 6 wrong: refused",
        ),
        (OF_EACH_KIND, 1, "of 1 right"),
    ],
    ids=["all failed", "all unparsed", "a single image"],
)
def test_of_rows_without_much_in_them_something_clear_is_said(tmp_path: Path, body: str, limit: int, told: str) -> None:
    photos = photographs(tmp_path / "photos", 3, ("cat", "dog"))
    with ran(photos, model(tmp_path / "m.py", body), *EVERY, out=tmp_path / "run", limit=limit) as results:
        found = all_of(results)
    assert len(found) == len(EVERY)
    said = [" ".join(" ".join(lines(each)).split()) for each in found]
    assert all(told in text for text in said)
    if limit == 1:
        assert all(
            "1 of 1 right, 1.00 (0.21–1.00)" in text or "0 of 1 right, 0.00 (0.00–0.79)" in text for text in said
        )


def test_images_of_one_class_alone_and_no_image_asked_yet(tmp_path: Path) -> None:
    photographs(tmp_path, 3, ("cat",))
    table, listed = tmp_path / "photos.csv", tmp_path / "classes.txt"
    table.write_text("image,label\n" + "".join(f"cat/cat{number}.png,cat\n" for number in range(3)))
    listed.write_text("cat\ndog\n")
    dataset = {"path": str(table), "class_list": str(listed)}
    name = model(tmp_path / "m.py", OF_EACH_KIND)
    for out, asked in ((tmp_path / "planned", False), (tmp_path / "run", True)):
        plan = resolve(Request(dataset, (name,), EVERY, out=str(out), timing=False))
        if not asked:
            make(plan)
        with closing(run(plan) if asked else Results(out)) as results:
            found = all_of(results)
        assert len(found) == len(EVERY)
        for each in found:
            assert each.outcomes["pending"] == (0 if asked else 3)
            assert each.majority == (1 if asked else None)
            assert asked or list(lines(each))[1].endswith("none: 3 pending")


def test_what_the_same_prompts_give_away_blind_stands_beside_a_row(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 10, ("cat", "dog", "bird")), tmp_path / "run"
    name = model(tmp_path / "m.py", "return truth(image)")
    strategies = ("closed-set", "closed-set,votes=3")
    with ran(photos, name, *strategies, out=out):
        pass
    with closing(sqlite3.connect(out / DATABASE)) as connection, connection:  # as a row that asked the same blind
        connection.execute(
            "INSERT INTO rows SELECT 9, 'blind', model, json_set(spec, '$.blind', json('true'), '$.title', "
            "json_extract(spec, '$.title') || ' (blind)'), selection, NULL, NULL FROM rows WHERE number = 1"
        )
        connection.execute(
            "INSERT INTO records SELECT 9, example, state, 'cat', outcome, scores, details, failure, questions "
            "FROM records WHERE row = 1"
        )
    with closing(Results(out)) as results:
        found = {each.strategy: each for each in all_of(results)}
        assert [row.strategy for row in chosen_rows(results, (), ("closed-set (blind)",))] == ["closed-set (blind)"]
    assert found.keys() == set(strategies)
    assert (found["closed-set"].blind, found["closed-set,votes=3"].blind) == (proportion(10, 30), None)
    said = " ".join(" ".join(lines(found["closed-set"])).split())
    assert "blind 0.33 (0.19–0.51) with a grey picture, 0.33 by naming one class: the prompts give nothing away" in said


def test_rows_are_chosen_by_model_and_strategy(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 2)
    names = [model(tmp_path / f"{name}.py", "return truth(image)") for name in ("one", "two")]
    strategies = ("closed-set", "closed-set,votes=3", "tournament")
    with ran(photos, names, *strategies, out=tmp_path / "run") as results:

        def chosen(*asked: tuple[str, ...]) -> list[tuple[str, str]]:
            return sorted((row.model, row.strategy) for row in chosen_rows(results, *asked))

        assert len(chosen((), ())) == 6
        assert chosen((names[0],), ("closed-set",)) == [(names[0], "closed-set")]
        assert len(chosen((), ("closed-set,votes=3", "tournament"))) == 4
        with pytest.raises(WrongUse, match=r"-s tournement: .* \(did you mean 'tournament'\?\)"):
            chosen((), ("tournement",))
        with pytest.raises(WrongUse, match=r"-m demo/vlm: there is no such row"):
            chosen(("demo/vlm",), ())

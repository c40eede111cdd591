"""What rows, records and comparisons of a run folder say, and what they do not mix up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest
from scipy.stats import binomtest

from snellen.plan import Request, resolve
from snellen.results import Results
from snellen.study import rescore, run
from studies import asked, model, photographs, ran, rows, table


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return photographs(tmp_path / "photos", count=6)


def test_one_failed_vote_of_several_fails_the_example_and_keeps_the_other_answers(photos: Path, tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    name = model(
        file,
        """
if question_key(question)[0] % 3 == 0 and "cat" in image.path.name:
    return Failure("no third")
return truth(image)
""",
    )
    for batch_size in (1, 64):
        out = tmp_path / f"run{batch_size}"
        with ran(photos, f"{name},batch_size={batch_size}", "closed-set,votes=5", out=out) as results:
            (row,) = results.rows
            assert row.failed
            assert (row.answered + row.failed, row.pending) == (18, 0)
            assert all(record["failure"] in (None, "no third") for record in results.records())
        before = len(asked(file))
        with ran(photos, f"{name},batch_size={batch_size}", "closed-set,votes=5", out=out):
            pass
        failed = set(asked(file)[before:])
        assert failed
        assert all("cat" in question.name for question in failed)


def test_memory_is_that_of_the_answering_and_not_of_the_loading(photos: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "hungry.py", "block = bytearray(200 << 20)\nreturn truth(image)")
    with ran(photos, name, out=tmp_path / "run") as results:
        assert results.rows[0].peak_rss_gb is not None
        assert results.rows[0].peak_rss_gb > 0.2


def test_speed_stands_beside_the_batch_size_it_was_measured_at(photos: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "some.py", "return truth(image)")
    for batch_size in (1, 8):
        with ran(photos, f"{name},batch_size={batch_size}", out=tmp_path / "run", timing=True) as results:
            (row,) = results.rows
            assert row.batch_size == batch_size
            assert row.images_per_second
    with ran(photos, f"{name},batch_size=3", out=tmp_path / "run") as results:
        assert results.rows[0].batch_size == 8


def test_rows_of_the_same_name_are_told_apart_everywhere(photos: Path, tmp_path: Path) -> None:
    name, out = model(tmp_path / "some.py", "return truth(image)"), tmp_path / "run"
    for options in ({"classes": ["cat", "bird"]}, {"classes": ["cat", "dog"]}, {"seed": 3}):
        with ran(photos, name, out=out, **options) as results:
            assert len({row.number for row in results.rows}) == len(results.rows)
            assert not any(row.superseded for row in results.rows)
    records = table(out)
    assert len({(record["row"], record["example"]) for record in records}) == len(records) == 12 + 12 + 18


def test_a_changed_file_of_predictions_supersedes_its_earlier_row(photos: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "mine.csv", tmp_path / "run"
    paths = sorted(path.relative_to(photos) for path in photos.glob("*/*"))
    for wrong in (3, 0):
        lines = [f"{path},{'dog' if number < wrong else path.parent}" for number, path in enumerate(paths)]
        file.write_text("\n".join(["image,prediction", *lines]))
        with ran(photos, f"predictions/{file}", "vocabulary", out=out) as results:
            current = [row for row in results.rows if not row.superseded]
            assert [row.accuracy for row in current] == [1 - wrong / 18]
    assert [row["superseded"] for row in rows(out)] == [False, True]


def test_only_the_rows_of_this_run_decide_how_it_ended(photos: Path, tmp_path: Path) -> None:
    bad, good = model(tmp_path / "bad.py", "return Failure('no')"), model(tmp_path / "good.py", "return truth(image)")
    with ran(photos, bad, out=tmp_path / "run") as results:
        assert results.asked == {row.number for row in results.rows}
    with ran(photos, good, out=tmp_path / "run") as results:
        assert {row.failed for row in results.rows if row.number in results.asked} == {0}
        assert len(results.rows) == 2


def test_comparisons_count_what_both_answered(photos: Path, tmp_path: Path) -> None:
    third = "int(image.digest, 16) % 3"
    models = [
        model(tmp_path / "a.py", f"return truth(image) if {third} else 'dog'"),
        model(tmp_path / "b.py", f"return Failure('no') if {third} == 1 else 'cat'"),
        model(tmp_path / "c.py", "return truth(image)"),
    ]
    with ran(photos, models, out=tmp_path / "run") as results:
        right = {row.number: {} for row in results.rows}
        for record in results.records():
            if record["state"] in ("answered", "unparsed"):
                right[record["row"]][record["example"]] = record["prediction"] == record["label"]
        assert len(results.comparisons) == 3
        for (a, b), found in zip(combinations(results.rows, 2), results.comparisons, strict=True):
            x, y = right[a.number], right[b.number]
            both = x.keys() & y.keys()
            first, second = (sum(p[i] > q[i] for i in both) for p, q in ((x, y), (y, x)))
            assert (found["images"], found["only_a_right"], found["only_b_right"]) == (len(both), first, second)
            expected = binomtest(first, first + second).pvalue if first + second else 1.0
            assert found["mcnemar_p"] == pytest.approx(expected)


def test_averages_over_classes_have_bounds_that_stay_the_same(photos: Path, tmp_path: Path) -> None:
    third = "int(image.digest, 16) % 3"
    models = [
        model(tmp_path / "a.py", f"return truth(image) if {third} else 'dog'"),
        model(tmp_path / "b.py", "return truth(image)"),
        model(tmp_path / "c.py", "return Failure('no')"),
    ]
    with ran(photos, models, out=tmp_path / "run") as results:
        perfect, some, none = results.rows
    for name in ("macro_f1", "weighted_f1", "balanced_accuracy"):
        low, value, high = (getattr(some, f"{name}{end}") for end in ("_low", "", "_high"))
        assert 0 < low < value < high < 1
        assert 0.8 < getattr(perfect, f"{name}_low") < getattr(perfect, f"{name}_high") == 1
        assert (getattr(none, f"{name}_low"), getattr(none, f"{name}_high")) == (None, None)
    with closing(Results(tmp_path / "run")) as again:
        assert again.rows == (perfect, some, none)
    assert [row["macro_f1_low"] for row in rows(tmp_path / "run")] == [perfect.macro_f1_low, some.macro_f1_low, None]


def test_the_manifest_holds_every_image_of_every_row(photos: Path, tmp_path: Path) -> None:
    name, out = model(tmp_path / "some.py", "return truth(image)"), tmp_path / "run"
    with ran(photos, name, out=out):
        pass
    with ran(photos, name, "binary", out=out, limit=3) as results:
        assert sorted(row.images for row in results.rows) == [3, 18]
    assert len((out / "manifest.csv").read_text().splitlines()) == 1 + 18


def test_results_show_themselves(photos: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "some.py", "return truth(image)")
    plan = resolve(Request(str(photos), (name,), ("closed-set",), out=str(tmp_path / "run"), timing=False))
    results = run(plan)
    assert "closed-set: 1.0 of 18 images" in repr(results)
    results.close()


def test_accuracy_on_covered_classes_is_over_their_images_alone(photos: Path, tmp_path: Path) -> None:
    body = """
names, third = ("tabby, cat", "puppy, dog", "cow"), int(image.digest, 16) % 3
best = names.index("cow") if third == 0 else 0 if truth(image) == "cat" else 1
return Scores(names, tuple(float(place == best) for place in range(3)))
"""
    name = model(tmp_path / "net.py", body)
    (tmp_path / "more.csv").write_text('concept,class\ntabby,cat\n"puppy, dog",\n')
    strategies = ("vocabulary", f"vocabulary,rules=none,mapping={tmp_path / 'more.csv'}", "vocabulary,rules=none")
    with ran(photos, name, *strategies, out=tmp_path / "run") as results:
        records = list(results.records())
        by_rule = {}
        for row in results.rows:
            covered = {record["label"] for record in records} - {*row.classes_uncovered}
            mine = [record for record in records if record["row"] == row.number and record["label"] in covered]
            right = sum(record["prediction"] == record["label"] for record in mine)
            by_rule[row.strategy] = row.classes_covered_by
            assert row.classes_covered == len(covered)
            if mine:
                assert row.accuracy_covered == right / len(mine) > row.accuracy
                interval = binomtest(right, len(mine)).proportion_ci(method="wilson")
                assert (row.accuracy_covered_low, row.accuracy_covered_high) == pytest.approx(tuple(interval))
            else:
                assert (row.accuracy_covered, row.accuracy_covered_low) == (None, None)
        assert sorted(map(str, by_rule.values())) == ["{'exact': 2}", "{'mapping': 1}", "{}"]
    for row in rows(tmp_path / "run"):
        assert {"accuracy_covered", "accuracy_covered_low", "accuracy_covered_high"} <= row.keys()


def test_where_no_coverage_is_known_there_is_no_accuracy_on_it(photos: Path, tmp_path: Path) -> None:
    with ran(photos, model(tmp_path / "some.py", "return truth(image)"), out=tmp_path / "run") as results:
        (row,) = results.rows
        assert (row.accuracy, row.classes_covered, row.classes_covered_by, row.accuracy_covered) == (1, *[None] * 3)


def test_a_run_of_before_roles_were_kept_is_read_and_scored(photos: Path, tmp_path: Path) -> None:
    name, out = model(tmp_path / "some.py", "return truth(image)"), tmp_path / "run"
    with ran(photos, name, out=out):
        pass
    with closing(sqlite3.connect(out / "answers.sqlite")) as connection, connection:
        connection.execute("UPDATE rows SET spec = json_remove(spec, '$.models')")
    with closing(rescore(out)) as results:
        assert [row.accuracy for row in results.rows] == [1.0]

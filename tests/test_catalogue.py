"""The examples of a run folder: what is examined, which image stands for which examples, in which order."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import PIL.Image
import pytest

import snellen.catalogue
import studies
from snellen.catalogue import Catalogue, Span
from snellen.database import Database
from snellen.images import Image
from snellen.types import Example


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "answers.sqlite")) as opened:
        yield opened


def in_files(folder: Path) -> list[Example]:
    return [
        Example(path.relative_to(folder).as_posix(), Image(path), path.parent.name)
        for path in sorted(folder.rglob("*.png"))
    ]


def in_memory(folder: Path) -> list[Example]:
    return [Example(example.id, Image(data=example.image.data), example.label) for example in in_files(folder)]


def groups(catalogue: Catalogue, selection: int, examples: Sequence[Example], database: Database) -> list[set[str]]:
    """The ids that each photograph stands for."""
    ids = dict(database.execute("SELECT number, id FROM examples").fetchall())
    return [{ids[number] for number in each.examples} for each in catalogue.photographs(selection, examples)]


def test_only_new_and_changed_files_are_examined(tmp_path: Path, database: Database) -> None:
    folder = studies.photographs(tmp_path / "photos", count=3)
    catalogue, steps = Catalogue(database), list[int]()
    first = catalogue.select(in_files(folder), steps.append)
    assert steps == [0] + [1] * 9
    steps.clear()
    assert catalogue.select(in_files(folder), steps.append) == first
    assert steps == [9]
    steps.clear()
    studies.write_photograph(folder / "cat" / "cat1.png", "other")
    studies.write_photograph(folder / "cat" / "new.png", "new")
    assert catalogue.select(in_files(folder), steps.append) != first
    assert steps == [8, 1, 1]


def test_examples_are_numbered_in_the_order_of_the_data_set(tmp_path: Path, database: Database) -> None:
    folder = studies.photographs(tmp_path / "photos", count=40)
    big = PIL.Image.effect_noise((1200, 1200), 90)  # takes longer than all the others
    big.save(folder / "bird" / "bird0.png")
    selection = Catalogue(database).select(in_files(folder))
    ids = [id for (id,) in database.execute("SELECT id FROM examples ORDER BY number")]
    assert ids == [example.id for example in in_files(folder)]
    assert Catalogue(database).size(selection) == 120


@pytest.mark.parametrize("kind", [in_files, in_memory])
def test_each_content_comes_once_and_stands_for_all_its_examples(
    kind: type, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snellen.catalogue, "_PAGE", 5)
    folder = studies.photographs(tmp_path / "photos", count=5)
    for number in range(17):  # more than three pages of one content
        (folder / "dog" / f"z{number:02}.png").write_bytes((folder / "cat" / "cat2.png").read_bytes())
    (folder / "cat" / "bad.png").write_bytes(b"no image")
    examples = kind(folder)
    catalogue = Catalogue(database)
    selection = catalogue.select(examples)
    found = groups(catalogue, selection, examples, database)
    same = {"cat/cat2.png", *(f"dog/z{number:02}.png" for number in range(17))}
    singles = {example.id for example in examples} - same - {"cat/bad.png"}
    assert same in found
    assert sorted(map(sorted, found)) == sorted([sorted(same), *([id] for id in singles)])
    smaller = catalogue.select(examples[-6:])  # without the first of the copies
    assert groups(catalogue, smaller, examples[-6:], database) == [{example.id for example in examples[-6:]}]
    pages = list(catalogue.digests(selection))
    assert [len(page) for page in pages] == [5, 5, 5, 5, 5, 5, 2]
    assert len({number for page in pages for number, _ in page}) == 32


def test_what_a_killed_run_left_of_a_selection_is_dropped(tmp_path: Path, database: Database) -> None:
    folder = studies.photographs(tmp_path / "photos", count=2)
    catalogue = Catalogue(database)

    def stopping() -> Iterator[Example]:
        yield from in_files(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.select(stopping())
    selection = catalogue.select(in_files(folder))
    assert database.execute("SELECT DISTINCT selection FROM selected").fetchall() == [(selection,)]
    assert database.value("SELECT count(*) FROM selections") == 1


def test_a_changed_file_loses_its_records_in_all_rows_and_no_other_does(tmp_path: Path, database: Database) -> None:
    folder = studies.photographs(tmp_path / "photos", count=2)
    catalogue = Catalogue(database)
    catalogue.select(in_files(folder))
    with database.commit():
        database.execute("INSERT INTO rows (key, model, spec, selection) VALUES ('a', 1, '', 1), ('b', 1, '', 1)")
        database.execute(
            "INSERT INTO records (row, example, state, questions) "
            "SELECT rows.number, examples.number, 'answered', 1 FROM rows JOIN examples"
        )
    studies.write_photograph(folder / "cat" / "cat1.png", "other")
    os.utime(folder / "cat" / "cat0.png")  # touched, not changed
    catalogue.select(in_files(folder))
    left = database.execute("SELECT row, count(*) FROM records GROUP BY row").fetchall()
    assert left == [(1, 5), (2, 5)]


def test_pages_follow_the_index_without_sorting(database: Database) -> None:
    statements: list[str] = []
    database._connection.set_trace_callback(statements.append)
    list(Catalogue(database).photographs(1, []))
    (statement,) = (each for each in statements if "ORDER BY e.digest" in each)
    plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert "examples_by_digest" in plan and "digest" in plan.partition("(")[2]
    assert "TEMP B-TREE" not in plan


def test_what_is_no_example_has_no_size(tmp_path: Path, database: Database) -> None:
    catalogue = Catalogue(database)
    assert catalogue.size_of(-1) is None and catalogue.size_of(1) is None


@pytest.mark.parametrize("form", [in_files, in_memory])
def test_spans_of_a_selection_are_cut_in_the_order_of_digests_and_make_up_the_whole(
    tmp_path: Path, database: Database, form: Callable[[Path], list[Example]]
) -> None:
    folder = studies.photographs(tmp_path / "photos", count=4)
    shutil.copy(folder / "cat" / "cat0.png", folder / "cat" / "copy.png")
    (folder / "dog" / "torn.png").write_bytes(b"no image")
    examples, catalogue = form(folder), Catalogue(database)
    selection = catalogue.select(examples)
    assert (catalogue.size(selection), catalogue.contents(selection)) == (14, 12)
    ends = [catalogue.digest_at(selection, place) for place in (5, 6, 12)]
    spans = [Span(*each) for each in pairwise([b"", *ends])]
    found = [[each.image.digest for each in catalogue.photographs(selection, examples, span)] for span in spans]
    assert [len(each) for each in found] == [5, 1, 6]
    whole = sorted(each.image.digest for each in catalogue.photographs(selection, examples))
    assert [digest for each in found for digest in sorted(each)] == whole
    assert sum(catalogue.size(selection, span) for span in spans) == 13
    assert not list(catalogue.photographs(selection, examples, Span(b"", b"")))

"""Marks of wrong labels, and the corrected manifest as its reader takes it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from snellen.datasets import manifest
from snellen.errors import WrongUse
from snellen.marks import FILE, LOCK, Labelled, Mark, corrected, put_mark, read_marks, take_mark
from studies import photographs


def test_marks_are_kept_and_taken_back(tmp_path: Path) -> None:
    assert read_marks(tmp_path) == {}
    put_mark(tmp_path, Mark("a/ü \u202e<b>.png", "cat", "dog", 'a "note"'))
    put_mark(tmp_path, Mark("b.png", "cat"))
    put_mark(tmp_path, Mark("b.png", "cat", "bird", time=5.0))
    marks = read_marks(tmp_path)
    assert marks["b.png"] == Mark("b.png", "cat", "bird", time=5.0)
    assert marks["a/ü \u202e<b>.png"].note == 'a "note"' and marks["a/ü \u202e<b>.png"].time > 0
    take_mark(tmp_path, "b.png")
    take_mark(tmp_path, "b.png")
    assert list(read_marks(tmp_path)) == ["a/ü \u202e<b>.png"]
    assert {path.name for path in tmp_path.iterdir()} <= {FILE, LOCK}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"marks": [{}]}', '{"marks": [1]}', '{"marks": [{"example": 1}]}', "[" * 100_000]
)
def test_a_file_that_holds_no_marks_is_told_and_not_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(WrongUse, match="move it away"):
        put_mark(tmp_path, Mark("a", "b"))
    assert (tmp_path / FILE).read_text() == text


def test_a_link_in_the_place_of_the_marks_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("precious")
    (tmp_path / f".{FILE}.partial").symlink_to(tmp_path / "own")
    put_mark(tmp_path, Mark("a", "b"))
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).symlink_to(tmp_path / "none")
    put_mark(tmp_path, Mark("a", "b"))
    assert (tmp_path / "own").read_text() == "precious" and not (tmp_path / "none").exists()
    assert list(read_marks(tmp_path)) == ["a"] and not (tmp_path / FILE).is_symlink()


def test_a_note_has_a_greatest_length(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="2000"):
        put_mark(tmp_path, Mark("a", "b", note="x" * 2001))


def test_the_corrected_manifest_is_read_by_the_reader_of_manifests(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 3)
    (photos / "cat" / "cat0.png").rename(photos / "cat" / 'a "b",c =1.png')
    images = [Labelled(f"id {path.name}", str(path), path.parent.name) for path in sorted(photos.rglob("*.png"))]
    marks = {
        "id cat1.png": Mark("id cat1.png", "cat", "dog"),
        "id dog2.png": Mark("id dog2.png", "dog"),
        "id elsewhere": Mark("id elsewhere", "dog", "cat"),
    }
    made = corrected(images, marks)
    assert (made.images, made.changed, made.removed, made.unwritable, made.root) == (8, 1, 1, 0, str(photos))
    (tmp_path / "corrected.csv").write_text(made.text, newline="")
    options = manifest.Options(root=made.root, id_column="id")
    read = list(manifest.load(str(tmp_path / "corrected.csv"), options))
    expected = {each.example: each.label for each in images if each.example != "id dog2.png"} | {"id cat1.png": "dog"}
    assert {each.id: each.label for each in read} == expected
    assert {each.image.path for each in read} < {Path(str(each.path)) for each in images}
    assert all(each.image.pixels().size == (6, 6) for each in read)


@pytest.mark.parametrize("name", ["\u00a0a.png", " b.png", "=cmd|' .png", "#c.png", "~d.png", "e\ufefff;g,h.png"])
def test_a_name_that_a_reader_would_change_stays_the_same_file(tmp_path: Path, name: str) -> None:
    photos = photographs(tmp_path / "photos", 1, ("cat",)) / "cat"
    (photos / "cat0.png").rename(photos / name)
    images = [Labelled("one", str(photos / name), "=cat"), Labelled("two", str(photos / "none.png"), "dog")]
    made = corrected(images, {})
    (tmp_path / "corrected.csv").write_text(made.text, encoding="utf-8", newline="")
    first = next(iter(manifest.load(str(tmp_path / "corrected.csv"), manifest.Options(root=made.root, id_column="id"))))
    assert (first.id, first.label, first.image.path) == ("one", "=cat", photos / name)
    assert corrected([Labelled("a", "/photos/a.png ", "cat"), *images], {}).unwritable == 1


def test_images_without_files_make_a_list(tmp_path: Path) -> None:
    images = [Labelled("a", None, "cat"), Labelled("b", "/photos/b.png", "dog"), Labelled("c", None, "dog")]
    made = corrected(images, {"a": Mark("a", "cat", "dog"), "c": Mark("c", "dog")})
    assert made.root is None
    assert list(csv.reader(io.StringIO(made.text))) == [
        ["id", "label", "corrected"],
        ["a", "dog", "yes"],
        ["b", "dog", ""],
    ]


def test_names_that_are_no_text_are_left_out_and_counted() -> None:
    images = [Labelled("a", "/photos/a.png", "cat"), Labelled("b", "/photos/\udcff.png", "cat")]
    made = corrected(images, {"a": Mark("a", "cat", "dog")})
    assert (made.images, made.unwritable) == (1, 1)
    assert corrected([], {}).images == 0

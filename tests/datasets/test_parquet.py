"""Parquet files with images are data sets, and those that cannot be say where and why."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import studies
from conftest import Said
from formats import as_parquet, write_parquet
from snellen.datasets.parquet import Options, load
from snellen.errors import Missing, SnellenError, WrongUse
from snellen.image_table import ImageTable
from snellen.images import Image
from snellen.plugins import configure


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def row(number: int, label: Any = None, path: Any = "", **more: Any) -> dict[str, Any]:
    """A row whose image is named `0.png`, `1.png` … and whose label is 0 or 1, unless given."""
    image = {"bytes": picture(number), "path": f"{number}.png" if path == "" else path}
    return {"image": image, "label": number % 2 if label is None else label, **more}


NAMES = ["cat", "dog"]
ROWS = [row(number) for number in range(4)]


def read(place: Path | str, **options: Any) -> ImageTable:
    return load(str(place), configure(Options, options, "parquet"))


def refusal(place: Path | str, **options: Any) -> str:
    """Why a data set is refused, at once or when it is read."""
    with pytest.raises(WrongUse) as raised:
        list(read(place, **options))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def table(place: Path, columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Path:
    """A Parquet file of Arrow arrays, with any types and any metadata."""
    made = pyarrow.table({name: pyarrow.array(values) if isinstance(values, list) else values
                          for name, values in columns.items()})  # fmt: skip
    pyarrow.parquet.write_table(made.replace_schema_metadata(metadata), place)
    return place


BYTES = pyarrow.array([picture(number) for number in range(2)])


def test_a_file_in_the_hugging_face_layout_is_a_data_set(tmp_path: Path) -> None:
    place = write_parquet(tmp_path / "pets.parquet", ROWS, NAMES)
    dataset = read(place)
    assert (dataset.name, len(dataset), dataset.warnings) == ("pets", 4, [])
    assert dataset.source == f"parquet:{place}"
    assert dataset.classes.names == ("cat", "dog") and dataset.classes.background is None
    assert [(e.id, e.label) for e in dataset] == [
        ("0.png", "cat"),
        ("1.png", "dog"),
        ("2.png", "cat"),
        ("3.png", "dog"),
    ]
    assert [e.image.data for e in dataset] == [picture(number) for number in range(4)]
    assert list(pickle.loads(pickle.dumps(dataset))) == list(dataset)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"image": BYTES, "label": ["cat", "dog"]}, ["cat", "dog"]),
        ({"jpg": BYTES.cast(pyarrow.large_binary()), "Class": [" cat ", "dog"]}, ["cat", "dog"]),
        ({"image": BYTES, "label": pyarrow.array(["cat", "dog"]).dictionary_encode()}, ["cat", "dog"]),
        ({"image": BYTES, "thumb": BYTES, "category": pyarrow.array(["cat", "dog"], pyarrow.large_string())}, None),
        ({"image": pyarrow.StructArray.from_arrays([BYTES], ["bytes"]), "mask": BYTES, "label": ["cat", "dog"]}, None),
    ],
)
def test_usual_ways_of_writing_it_are_understood(tmp_path: Path, columns: dict[str, Any], expected: Any) -> None:
    dataset = read(table(tmp_path / "x.parquet", columns))
    assert [e.label for e in dataset] == (expected or ["cat", "dog"])
    assert [e.id for e in dataset] == ["x.parquet:0", "x.parquet:1"]
    assert [e.image.data for e in dataset] == [picture(0), picture(1)]


def test_numbers_without_names_count_in_a_class_list(tmp_path: Path) -> None:
    place = table(tmp_path / "x.parquet", {"image": BYTES, "label": pyarrow.array([1, 0], pyarrow.uint8())})
    assert "the label is the number 1, and nothing tells the names" in refusal(place)
    assert [e.label for e in read(place, class_list=["cat", "dog"])] == ["dog", "cat"]
    (tmp_path / "names.txt").write_text("cat\ndog\nmouse\n")
    dataset = read(place, class_list=str(tmp_path / "names.txt"))
    assert dataset.classes.names == ("cat", "dog", "mouse")
    assert dataset.warnings == [f"{place}: no image has the label mouse"]
    assert "row 0: the label 1 is none of the" not in refusal(place, class_list=["cat"])


def test_names_can_be_changed_and_one_can_be_the_background(tmp_path: Path) -> None:
    place = write_parquet(tmp_path / "x.parquet", ROWS, ["cat", "clutter"])
    assert read(place).classes.background == "clutter"
    assert read(place, background="").classes.background is None
    (tmp_path / "new.csv").write_text("name,class_name\ncat,kitten\n")
    assert read(place, class_names=str(tmp_path / "new.csv")).classes.names == ("kitten", "clutter")
    assert read(place, class_list=["Katze", "Hund"]).classes.names == ("Katze", "Hund")
    write_parquet(place, ROWS, ["apple_pie", "001.hot-dog"])
    assert [e.label for e in read(place)][:2] == ["apple pie", "hot-dog"]
    assert read(place, class_list=["apple_pie", "x"]).classes.names == ("apple_pie", "x")
    assert "has 2 classes, but class_list has 3 names" in refusal(place, class_list=["a", "b", "c"])


def test_shards_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in (1, 0, 2):
        rows = [row(2 * number), row(2 * number + 1)]
        write_parquet(tmp_path / f"test-0000{number}.parquet", rows, NAMES, row_group_size=1)
    (tmp_path / "README.md").write_text("About them.")
    for place in (tmp_path, tmp_path / "test-*.parquet", tmp_path / "test-{00000..00002}.parquet"):
        dataset = read(place)
        assert [e.id for e in dataset] == [f"{number}.png" for number in range(6)]
        assert (len(dataset), dataset.name) == (6, tmp_path.name)
        assert dataset.source == f"parquet:{place}"
    assert [e.id for e in read(tmp_path / "test-0000{0,2}.parquet")] == ["0.png", "1.png", "4.png", "5.png"]
    write_parquet(tmp_path / "train-00000.parquet", ROWS, NAMES)
    assert "holds the splits test, train; name the shards of one" in refusal(tmp_path)
    assert "there is no" in refusal(tmp_path / "test-{00000..00004}.parquet")


def test_a_path_names_an_image_only_where_every_image_has_its_own(tmp_path: Path) -> None:
    place = write_parquet(tmp_path / "x.parquet", [row(0), row(1, path="0.png")], NAMES)
    assert [e.id for e in read(place)] == ["x.parquet:0", "x.parquet:1"]
    for path in (None, "", "a\nb"):
        write_parquet(place, [row(0), {**row(1), "image": {"bytes": picture(1), "path": path}}], NAMES)
        assert [e.id for e in read(place)] == ["x.parquet:0", "x.parquet:1"]
    write_parquet(place, [row(0, key="a"), row(1, key="b")], NAMES)
    assert [e.id for e in read(place, id_column="key")] == ["a", "b"]
    write_parquet(place, [row(0, key="a"), row(1, key="a")], NAMES)
    assert "row 1: the id 'a' is given twice" in refusal(place, id_column="key")
    write_parquet(place, [row(0, key="a"), row(1, key=None)], NAMES)
    assert "row 1: has no id" in refusal(place, id_column="key")


def test_images_that_are_only_named_are_read_below_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "data" / "in").mkdir(parents=True)
    for number, name in enumerate(("data/in/0.png", "data/1.png", "outside.png")):
        (tmp_path / name).write_bytes(picture(number))
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "outside.png")
    rows = [{"image": {"bytes": None, "path": path}, "label": i} for i, path in enumerate(("in/0.png", "1.png"))]
    place = write_parquet(tmp_path / "data" / "x.parquet", rows, NAMES)
    assert [(e.id, e.image.path) for e in read(place)] == [
        ("in/0.png", tmp_path / "data/in/0.png"),
        ("1.png", tmp_path / "data/1.png"),
    ]
    for hostile in ("../outside.png", str(tmp_path / "outside.png"), "/etc/passwd", "in/../../outside.png", "link.png",
                    "..", "a\0b", "file:///etc/passwd", "https://example.org/a.png"):  # fmt: skip
        write_parquet(place, [rows[0], {"image": {"bytes": None, "path": hostile}, "label": 1}], NAMES)
        said = refusal(place)
        assert "row 1: " in said and (f"a path that leads out of {tmp_path}/data, " in said or "a web address" in said)


def test_paths_that_lead_nowhere_are_told_before_anything_is_asked(tmp_path: Path) -> None:
    rows = [{"image": {"bytes": None, "path": f"{i}.png"}, "label": i % 2} for i in range(3)]
    place = write_parquet(tmp_path / "x.parquet", rows, NAMES)
    assert f"the first are not there, such as {tmp_path}/0.png" in refusal(place)
    (tmp_path / "1.png").write_bytes(picture(1))
    assert len(list(read(place))) == 3


@pytest.mark.parametrize(
    ("rows", "names", "expected"),
    [
        ([row(0), {**row(1), "label": None}], NAMES, "row 1: has no label"),
        ([row(0), {**row(1), "image": None}], NAMES, "row 1: has no image; leave the row out"),
        ([row(0), {**row(1), "image": {"bytes": None, "path": None}}], NAMES, "row 1: has no image"),
        ([row(0), row(1, label=2)], NAMES, "row 1: the label 2 is none of the 2 classes, which count from 0 to 1"),
        (
            [row(0), row(1, label=-1)],
            NAMES,
            "row 1: the label -1 is none of the 2 classes, which count from 0 to 1; -1",
        ),
        ([], NAMES, "expected a row for each image, found none"),
        ([row(0, label="a"), row(1, label=" ")], None, "row 1: the label is empty"),
        ([row(0, label="a"), row(1, label="b\nc")], None, r"row 1: the label holds control characters: b\nc"),
        ([row(0, label="a"), row(1, label="a")], None, "expected at least two classes, found only 'a'"),
        ([row(0)], ["cat"], "the class names of 'label': expected at least two names, got cat"),
        ([row(0)], ["cat", "cat"], "'cat' is given twice"),
    ],
)
def test_rows_that_are_no_labelled_images_are_told(
    tmp_path: Path, rows: list[dict[str, Any]], names: list[str] | None, expected: str
) -> None:
    place = write_parquet(tmp_path / "x.parquet", rows, names)
    said = refusal(place)
    assert said.startswith(str(place)) and expected in said


@pytest.mark.parametrize(
    ("columns", "options", "expected"),
    [
        ({"image": ["a.png", "b.png"], "label": [0, 1]}, {}, "expected a column of images"),
        ({"image": ["a.png", "b.png"], "label": [0, 1]}, {"image_column": "image"}, "the column 'image' is string"),
        ({"image": [[1], [2]], "label": [0, 1]}, {"image_column": "image"}, "is list<element: int64>"),
        ({"image": BYTES, "label": [0.5, 1.0]}, {}, "the column 'label' is double; expected whole numbers or texts"),
        ({"image": BYTES, "label": [True, False]}, {}, "the column 'label' is bool"),
        ({"image": BYTES, "label": [[1], [2]]}, {}, "the column 'label' is list"),
        ({"image": BYTES, "label": [0, 1], "key": [0.5, 1.5]}, {"id_column": "key"}, "the column 'key' is double"),
        ({"image": BYTES, "kind": [0, 1]}, {}, "expected a column 'label' but it has image, kind; say which it is by"),
        ({"image": BYTES, "label": [0, 1]}, {"label_column": "lable"}, "no column 'lable' (did you mean 'label'?)"),
        ({"image": BYTES, "label": [0, 1]}, {"image_column": "img"}, "no column 'img'"),
        ({"image": BYTES, "label": [0, 1]}, {"id_column": "key"}, "no column 'key'"),
        ({"left": BYTES, "right": BYTES, "label": [0, 1]}, {}, "which column is the image, left or right?"),
        ({"image": BYTES, "class": [0, 1], "category": [0, 1]}, {}, "which column is the label, class or category?"),
    ],
)
def test_columns_that_will_not_do_are_told(
    tmp_path: Path, columns: dict[str, Any], options: dict[str, str], expected: str
) -> None:
    assert expected in refusal(table(tmp_path / "x.parquet", columns), **options)


def test_of_several_class_labels_one_is_chosen(tmp_path: Path) -> None:
    label = {"_type": "ClassLabel", "names": NAMES}
    features = {"img": {"_type": "Image"}, "fine": label, "coarse": {**label, "names": {"0": "pet", "1": "beast"}}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    place = table(tmp_path / "x.parquet", {"img": BYTES, "fine": [0, 1], "coarse": [0, 1]}, metadata)
    assert "expected a column 'label' but it has fine, coarse; say which" in refusal(place)
    assert [e.label for e in read(place, label_column="coarse")] == ["pet", "beast"]


@pytest.mark.parametrize("note", ["{", "[]", '{"info": {"features": 3}}', "[" * 10_000])
def test_a_description_that_is_none_is_told(tmp_path: Path, note: str) -> None:
    place = table(tmp_path / "x.parquet", {"image": BYTES, "label": ["a", "b"]}, {"huggingface": note})
    assert "its note 'huggingface' does not describe columns" in refusal(place)
    features = {"label": {"_type": "ClassLabel", "names": "cat"}}
    table(place, {"image": BYTES, "label": [0, 1]}, {"huggingface": json.dumps({"info": {"features": features}})})
    assert "its ClassLabel has no list of names but 'cat'" in refusal(place)


def test_shards_that_differ_are_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", ROWS, NAMES)
    other = write_parquet(tmp_path / "b.parquet", ROWS, ["cat", "wolf"])
    assert refusal(tmp_path).startswith(
        f"{other} and a.parquet differ in their class names, ['cat', 'wolf'] and ['cat'"
    )
    write_parquet(other, [row(0, label="cat"), row(1, label="dog")])
    assert "differ in their class names, [] and ['cat', 'dog']" in refusal(tmp_path)
    table(other, {"image": BYTES, "label": [0, 1]})
    assert "differ in their kind of images, bytes and ('bytes', 'path')" in refusal(tmp_path)
    write_parquet(tmp_path / "a.parquet", [row(0, label="cat"), row(1, label="dog")])
    write_parquet(other, [row(2, label=0), row(3, label=1)], types={"label": pyarrow.int64()})
    assert "b.parquet, row 0 has the number 0" in refusal(tmp_path)


def test_what_is_no_whole_parquet_file_is_told(tmp_path: Path) -> None:
    place = write_parquet(tmp_path / "x.parquet", ROWS, NAMES)
    whole = place.read_bytes()
    place.write_bytes(whole[:-20])
    assert refusal(place).startswith(f"{place} cannot be read as Parquet, it is cut, damaged or of another kind: ")
    place.write_bytes(b"image,label\na.png,cat\n")
    assert "cannot be read as Parquet" in refusal(place)
    place.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert "fetch it with 'git lfs pull'" in refusal(place)
    place.write_bytes(b"")
    assert "is empty" in refusal(place)
    place.unlink()
    assert "there is no" in refusal(place)
    assert "without a .parquet file" in refusal(tmp_path)
    assert "expected a .parquet file, a folder of them or a pattern, but there is no ''" in refusal("")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_a_crash(tmp_path: Path, data: st.DataObject) -> None:
    place = write_parquet(tmp_path / "x.parquet", ROWS, NAMES, compression="none")
    damaged = bytearray(place.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(4, len(damaged) - 5))] = data.draw(st.integers(0, 255))
    place.write_bytes(damaged)
    with suppress(SnellenError):
        list(read(place))


def test_a_file_that_changes_while_it_is_in_use_is_told(tmp_path: Path) -> None:
    place = write_parquet(tmp_path / "x.parquet", ROWS, NAMES)
    dataset = read(place)
    write_parquet(place, [row(7), row(8)], NAMES)
    os.utime(place, ns=(1, 1))
    with pytest.raises(WrongUse, match="changed while it was in use"):
        list(dataset)


def test_without_pyarrow_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = write_parquet(tmp_path / "x.parquet", ROWS, NAMES)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(Missing, match=r"pip install 'snellen\[data\]'"):
        read(place)


def test_large_files_are_read_in_parts(tmp_path: Path) -> None:
    """One row group of 64 MB; what Arrow holds at any time is a small part of it."""
    noise = os.urandom(1 << 20)
    rows = [{"image": {"bytes": bytes([n]) + noise, "path": str(n)}, "label": n % 2} for n in range(64)]
    place = write_parquet(tmp_path / "x.parquet", rows, NAMES, compression="none", write_batch_size=1)
    del rows
    pool = pyarrow.default_memory_pool()
    before = pool.bytes_allocated()
    dataset = read(place)
    assert pool.bytes_allocated() - before < 1 << 20
    largest = max(pool.bytes_allocated() - before for _ in dataset)
    assert 1 << 20 < largest < 32 << 20


def test_a_changed_image_is_asked_about_anew_and_only_that(tmp_path: Path) -> None:
    place = write_parquet(tmp_path / "x.parquet", ROWS, NAMES)
    model = studies.model(tmp_path / "model.py", "return 'cat'")
    with studies.ran(place, model, out=tmp_path / "run"):
        pass
    changed = [*ROWS[:3], {**ROWS[3], "image": {"bytes": picture(99), "path": "3.png"}}]
    write_parquet(place, changed, NAMES)
    with studies.ran(place, model, out=tmp_path / "run") as results:
        assert len(list(results.records())) == 4
    asked = [each.image for each in studies.asked(tmp_path / "model.py")]
    assert len(asked) == 5 and asked[-1] == Image(data=picture(99)).digest


def test_the_command_line_knows_them(
    snellen: Callable[..., Said], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shards").mkdir()
    as_parquet(drawn, tmp_path / "shards" / "test-0.parquet")
    for name in ("shards", "shards/test-0.parquet", "shards/*.parquet", "parquet/shards/test-*.parquet"):
        monkeypatch.chdir(tmp_path)
        said = snellen("datasets", "show", name)
        assert (
            said.code == 0
            and f"16 images of 4 classes (parquet:{tmp_path}/{name.removeprefix('parquet/')})" in said.out
        )
    said = snellen("datasets", "show", "shards/test-0.parquet,label_column=what")
    assert said.code == 2
    assert said.err == f"error: {tmp_path}/shards/test-0.parquet has no column 'what' (known: image, label)\n"


def test_a_file_that_is_cut_while_it_is_read_is_told_and_does_not_end_early(tmp_path: Path) -> None:
    images = [os.urandom(100_000) for _ in range(64)]
    rows = [{"image": {"bytes": data, "path": None}, "label": "ab"[number % 2]} for number, data in enumerate(images)]
    place = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), place, row_group_size=8)
    examples = iter(read(place))
    next(examples)
    place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(WrongUse, match=r"changed while it was in use|cut, damaged"):
        list(examples)

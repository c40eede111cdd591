"""A table of paths and labels is a data set, and a table that is not says where and why."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import PIL.Image
import pytest

from snellen.datasets.manifest import Manifest, Options, load
from snellen.errors import WrongUse
from snellen.plugins import configure

TEST_DATA = os.environ.get("SNELLEN_TEST_DATA")
needs_data = pytest.mark.skipif(not TEST_DATA, reason="SNELLEN_TEST_DATA is not set")
DATA = Path(TEST_DATA or "") / "data"

PLAIN = "image,label\na.png,cat\nb.png,hot dog\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pets"
    root.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        PIL.Image.new("RGB", (4, 4)).save(root / name)
    return root


def read(folder: Path, text: str | bytes, name: str = "list.csv", **options: object) -> Manifest:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(str(path), configure(Options, options, "manifest"))


def refusal(folder: Path, text: str | bytes, name: str = "list.csv", **options: object) -> str:
    with pytest.raises(WrongUse) as raised:
        read(folder, text, name, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_table_is_a_data_set(folder: Path) -> None:
    dataset = read(folder, PLAIN)
    assert (dataset.name, len(dataset), dataset.warnings) == ("list", 2, [])
    assert dataset.source == f"manifest:{folder}/list.csv"
    assert dataset.classes.names == ("cat", "hot dog") and dataset.classes.background is None
    assert [(e.id, e.label, e.image.path) for e in dataset] == [
        ("a.png", "cat", folder / "a.png"),
        ("b.png", "hot dog", folder / "b.png"),
    ]
    assert [e.id for e in dataset] == [e.id for e in pickle.loads(pickle.dumps(dataset))]
    assert read(folder, PLAIN, "labels.csv").name == "pets"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.tsv", "image\tlabel\na.png\tcat\nb.png\thot dog\n"),
        ("list.csv", "image;label\r\na.png;cat\r\nb.png;hot dog\r\n"),
        ("list.csv", "\ufeffLabel , Filename, size\n cat , a.png ,3\n\n'hot dog',b.png,4\n".replace("'", "")),
        ("LIST.CSV", 'file_name,category\n"a.png","cat"\nb.png,hot dog'),
        ("list.jsonl", '{"image": "a.png", "label": "cat"}\n\n{"image": "b.png", "label": "hot dog", "x": null}\n'),
        ("list.ndjson", '{"path": "a.png", "class": "cat"}\n{"path": "b.png", "class": "hot dog"}'),
    ],
)
def test_usual_ways_of_writing_it_are_understood(folder: Path, name: str, text: str) -> None:
    assert [(e.id, e.label) for e in read(folder, text, name)] == [("a.png", "cat"), ("b.png", "hot dog")]


def test_columns_can_be_named(folder: Path) -> None:
    text = "key,picture,image,what\n1,a.png,x,cat\n2,b.png,y,dog\n"
    dataset = read(folder, text, image_column="picture", label_column="what", id_column="key")
    assert [(e.id, e.label) for e in dataset] == [("1", "cat"), ("2", "dog")]
    assert "did you mean 'picture'" in refusal(folder, text, image_column="pictures", label_column="what")
    assert "label_column=NAME" in refusal(folder, text, image_column="picture")
    assert "which column is the image, file or path?" in refusal(folder, "file,path,label\na.png,b.png,cat\n")
    assert "it has picture, label" in refusal(folder, "picture,label\na.png,cat\n")


def test_one_image_may_stand_twice_under_two_ids(folder: Path) -> None:
    text = "id,image,label\n1,a.png,cat\n2,a.png,dog\n"
    assert len(read(folder, text, id_column="id")) == 2
    assert "line 3: 'a.png' stands on line 2 already" in refusal(folder, text)
    assert "line 3: '1' stands on line 2 already" in refusal(folder, text.replace("2,a", "1,b"), id_column="id")


def test_numbers_are_labels_and_truth_values_are_not(folder: Path) -> None:
    rows: list[dict[str, object]] = [{"image": "a.png", "label": 3}, {"image": "b.png", "label": "no"}]
    assert read(folder, "\n".join(map(json.dumps, rows)), "l.jsonl").classes.names == ("3", "no")
    wrong: list[object] = [True, None, 1.5, ["cat"], {}]
    for value in wrong:
        rows[1]["label"] = value
        assert "line 2: expected text as 'label'" in refusal(folder, "\n".join(map(json.dumps, rows)), "l.jsonl")


def test_classes_can_be_declared(folder: Path, tmp_path: Path) -> None:
    dataset = read(folder, PLAIN, class_list=["zebra", "hot dog", "cat"])
    assert dataset.classes.names == ("zebra", "hot dog", "cat")
    assert dataset.warnings == [f"{folder}/list.csv: no image has the label zebra"]
    (tmp_path / "classes.txt").write_text("hot dog\n\n cat \n")
    assert read(folder, PLAIN, class_list=str(tmp_path / "classes.txt")).classes.names == ("hot dog", "cat")
    assert "line 3: 'hot dog' is none of the classes (did you mean 'hot dogs'?)" in refusal(
        folder, PLAIN, class_list=["cat", "hot dogs"]
    )
    assert "'cat' is given twice" in refusal(folder, PLAIN, class_list=["cat", "hot dog", "cat"])
    assert "at least two" in refusal(folder, PLAIN, class_list=["cat"])
    assert "there is no 'nowhere.txt'" in refusal(folder, PLAIN, class_list="nowhere.txt")


def test_background_and_new_names(folder: Path, tmp_path: Path) -> None:
    text = "image,label\na.png,cat\nb.png,Clutter\nc.png,rest\n"
    assert read(folder, text).classes.background == "Clutter"
    assert read(folder, text, background="rest").classes.background == "rest"
    assert read(folder, text, background="").classes.background is None
    assert "none of its classes" in refusal(folder, text, background="elsewhere")
    (tmp_path / "names.json").write_text('{"cat": "kitten", "Clutter": "nothing"}')
    dataset = read(folder, text, class_names=str(tmp_path / "names.json"))
    assert [e.label for e in dataset] == ["kitten", "nothing", "rest"]
    assert dataset.classes.background == "nothing"


def test_paths_stay_below_the_root(folder: Path) -> None:
    row = "image,label\nb.png,dog\n{},cat\n".format
    assert len(read(folder, row(folder / "a.png"))) == 2
    assert len(read(folder, row("x/../a.png"))) == 2
    for path in ("../a.png", "x/../../secret.png", "/etc/passwd", "."):
        message = refusal(folder, row(path))
        assert f"line 3: {path} is not below {folder}" in message and "root=FOLDER" in message
    assert "web address" in refusal(folder, row("https://example.org/a.png"))


def test_the_root_can_be_given(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "lists"
    elsewhere.mkdir()
    assert [e.image.path for e in read(elsewhere, PLAIN, root=str(folder))] == [folder / "a.png", folder / "b.png"]
    monkeypatch.chdir(tmp_path)
    assert len(read(elsewhere, PLAIN, root="pets")) == 2
    up = "image,label\npets/a.png,cat\npets/../pets/b.png,dog\n"
    assert len(read(elsewhere, up, root=str(tmp_path))) == 2
    assert "is not below" in refusal(elsewhere, "image,label\n../lists/a.png,cat\n", root=str(folder))
    assert "there is no 'nowhere'" in refusal(elsewhere, PLAIN, root="nowhere")
    assert "is a file" in refusal(elsewhere, PLAIN, root="pets/a.png")
    message = refusal(elsewhere, PLAIN)
    assert f"such as {elsewhere}/a.png" in message and "root=FOLDER" in message


def test_absolute_paths_may_go_by_a_link_or_not(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    for written in (link, folder):
        assert len(read(link, f"image,label\n{written}/a.png,cat\nb.png,dog\n")) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found none"),
        ("image,label\n", "found none"),
        ("image,label\na.png,cat\nb.png,cat\n", "at least two classes, found only 'cat'"),
        ("image,label\na.png,cat\n,dog\n", "line 3: 'image' is empty"),
        ("image,label\na.png,cat\nb.png, \n", "line 3: 'label' is empty"),
        ("image,label\na.png,cat\nb.png,hot,dog\n", "line 3: 3 cells where the header has 2"),
        ("image,label\na.png,cat\nb.png\n", "line 3: 1 cells where the header has 2"),
        ("image,label,label\na.png,cat,dog\n", "two columns have the name 'label'"),
        ('image,label\n"a.png,cat\n', "not readable as a table"),
        ("image,label\na.png,cat\nb\x01.png,dog\n", "line 3: 'image' holds control characters"),
        ("image,label\na.png,caf\xe9\n".encode("latin-1"), "not UTF-8"),
        ("image,label\na.png,cat\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_tables_that_cannot_be_used_say_where(folder: Path, text: str | bytes, told: str) -> None:
    assert told in refusal(folder, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"image": "a.png", "label": "cat"}\n{"image": ', "line 2: not readable as JSON"),
        ('{"image": "a.png", "label": "cat"}\n["b.png", "dog"]', "line 2: expected an object"),
        ('{"image": "a.png", "label": "cat"}\n{"image": "b.png"}', "line 2: has no 'label'"),
        ('{"image": "a.png", "label": "\\ud800"}', "line 1: 'label' holds control characters"),
        ("[" * 100_000, "line 1: not readable as JSON"),
    ],
)
def test_json_lines_that_cannot_be_used_say_where(folder: Path, text: str, told: str) -> None:
    assert told in refusal(folder, text, "list.jsonl")


def test_what_is_no_table_says_so(folder: Path) -> None:
    with pytest.raises(WrongUse, match="there is no"):
        load(str(folder / "none.csv"), Options())
    with pytest.raises(WrongUse, match="'folder' reads class folders"):
        load(str(folder), Options())
    assert "expected a file named .csv, .tsv or .jsonl" in refusal(folder, PLAIN, "list.xlsx")


def test_a_table_that_changes_while_in_use_is_told(folder: Path) -> None:
    dataset = read(folder, PLAIN)
    (folder / "list.csv").write_text(PLAIN.replace("cat", "cow"))
    with pytest.raises(WrongUse, match="changed while it was in use"):
        list(dataset)


@needs_data
@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_a_real_table_reads_as_it_is(name: str) -> None:
    dataset = load(str(DATA / "photos/coral-smoke-manifest" / name), Options())
    assert len(dataset) == 7 and dataset.name == "coral-smoke-manifest"
    assert "hot dog" in dataset.classes.names
    assert all(example.image.pixels() for example in dataset)


@needs_data
def test_a_real_table_of_web_addresses_is_refused() -> None:
    path = str(DATA / "photos/coral-smoke-manifest/open_image_v4_subset_URLS_ONLY.csv")
    with pytest.raises(WrongUse, match="image_column=NAME"):
        load(path, Options())
    with pytest.raises(WrongUse, match=r"line 2: .* is a web address"):
        load(path, Options(image_column="URL"))

"""A folder of class folders is a data set, and what is not one says why."""

from __future__ import annotations

import os
import pickle
import re
from collections import Counter
from pathlib import Path

import PIL.Image
import pytest

from snellen.class_folders import ClassFolders
from snellen.datasets.folder import Options, load
from snellen.errors import UnreadableImage, WrongUse

TEST_DATA = os.environ.get("SNELLEN_TEST_DATA")
needs_data = pytest.mark.skipif(not TEST_DATA, reason="SNELLEN_TEST_DATA is not set")
DATA = Path(TEST_DATA or "") / "data"


def make(root: Path, *files: str) -> Path:
    """Small pictures at the given paths; files whose names end in .txt hold text."""
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.write_text("no picture")
        else:
            PIL.Image.new("RGB", (4, 4), (len(file), 0, 0)).save(path, "PNG")
    return root


def ids(dataset: ClassFolders) -> list[str]:
    return [example.id for example in dataset]


def refusal(path: Path | str, options: Options | None = None) -> str:
    with pytest.raises(WrongUse) as raised:
        load(str(path), options or Options())
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_each_sub_folder_is_a_class(tmp_path: Path) -> None:
    root = make(tmp_path / "my data!", "002.car_side/b.jpg", "002.car_side/a.png", "001.ak47/x/y/c.jpg", "README.txt")
    dataset = load(str(root), Options())
    assert dataset.name == "my-data"
    assert dataset.source == f"folder:{root}"
    assert dataset.classes.names == ("ak47", "car side")
    assert dataset.classes.background is None
    assert [(e.id, e.label) for e in dataset] == [
        ("001.ak47/x/y/c.jpg", "ak47"),
        ("002.car_side/a.png", "car side"),
        ("002.car_side/b.jpg", "car side"),
    ]
    assert len(dataset) == 3 and ids(dataset) == ids(dataset)
    assert all(example.image.pixels().size == (4, 4) for example in dataset)
    assert dataset.warnings == []
    assert ids(pickle.loads(pickle.dumps(dataset))) == ids(dataset)


@pytest.mark.parametrize("folder", ["257.clutter", "clutter", "Background", "BACKGROUND_Google", "background"])
def test_clutter_is_the_background(tmp_path: Path, folder: str) -> None:
    dataset = load(str(make(tmp_path, "cat/a.jpg", f"{folder}/a.jpg")), Options())
    assert dataset.classes.background == "background"
    assert set(dataset.classes.names) == {"background", "cat"}


def test_the_background_can_be_chosen(tmp_path: Path) -> None:
    make(tmp_path, "cat/a.jpg", "003.rest_of_it/a.jpg", "clutter/a.jpg")
    for chosen in ("003.rest_of_it", "rest of it", "REST of it"):
        classes = load(str(tmp_path), Options(background=chosen)).classes
        assert classes.background == "rest of it"
        assert "clutter" in classes.names
    assert load(str(tmp_path), Options(background="")).classes.background is None
    assert "did you mean 'clutter'" in refusal(tmp_path, Options(background="cluter"))
    make(tmp_path, "background/a.jpg")
    assert "'background' and 'clutter' could all be" in refusal(tmp_path)


def test_classes_can_be_renamed(tmp_path: Path) -> None:
    root = make(tmp_path / "data", "001.ak47/a.jpg", "car_side/a.jpg", "257.clutter/a.jpg")
    renames = tmp_path / "names.yaml"
    renames.write_text("001.ak47: rifle\ncar side: no\nclutter: something else\n")
    dataset = load(str(root), Options(class_names=str(renames)))
    assert dataset.classes.names == ("rifle", "something else", "no")
    assert dataset.classes.background == "something else"
    renames.write_text("car sied: van\n")
    assert "did you mean 'car side'" in refusal(root, Options(class_names=str(renames)))


def test_two_folders_of_one_name_are_refused_unless_renamed(tmp_path: Path) -> None:
    root = make(tmp_path / "data", "001.cat/a.jpg", "cat/a.jpg")
    message = refusal(root)
    assert "'001.cat' and 'cat' both become the class 'cat'" in message and "class_names" in message
    renames = tmp_path / "names.csv"
    renames.write_text("name,class_name\n001.cat,tiger\n")
    assert load(str(root), Options(class_names=str(renames))).classes.names == ("tiger", "cat")


def test_files_count_by_extension_or_by_how_they_begin(tmp_path: Path) -> None:
    make(tmp_path, "cat/a.JPEG", "cat/tmp", "cat/b.dat", "dog/a.png", "dog/notes.txt", "dog/Thumbs.db.txt")
    (tmp_path / "cat/broken.jpg").write_text("<html>")
    (tmp_path / "cat/empty.webp").touch()
    (tmp_path / "dog/RENAME2").write_text("mv a b")
    (tmp_path / "dog/Thumbs.db").write_text("x")
    make(tmp_path, "dog/.hidden.jpg", "dog/._a.png", ".git/a.jpg", "dog/.cache/a.jpg")
    dataset = load(str(tmp_path), Options())
    assert ids(dataset) == ["cat/a.JPEG", "cat/b.dat", "cat/broken.jpg", "cat/empty.webp", "cat/tmp", "dog/a.png"]
    (warning,) = dataset.warnings
    assert "(3): dog/RENAME2, dog/Thumbs.db.txt, dog/notes.txt" in warning


def test_empty_class_folders_are_left_out_and_told(tmp_path: Path) -> None:
    make(tmp_path, "cat/a.jpg", "dog/a.jpg")
    (tmp_path / "eel").mkdir()
    dataset = load(str(tmp_path), Options())
    assert dataset.classes.names == ("cat", "dog")
    assert dataset.warnings == [f"{tmp_path}: class folders without images are left out: eel"]


def test_links_are_followed_but_never_in_circles(tmp_path: Path) -> None:
    elsewhere = make(tmp_path / "elsewhere", "far.jpg")
    root = make(tmp_path / "data", "cat/a.jpg", "dog/a.jpg")
    (root / "cat/link.jpg").symlink_to(elsewhere / "far.jpg")
    (root / "cat/more").symlink_to(elsewhere)
    (root / "cat/again").symlink_to(root / "cat")
    (root / "cat/up").symlink_to(tmp_path)
    (root / "cat/lost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (root / "cat/self.jpg").symlink_to(root / "cat/self.jpg")
    (root / "round").symlink_to(root)
    (root / "eel").symlink_to(elsewhere)
    dataset = load(str(root), Options())
    assert ids(dataset) == [
        "cat/a.jpg",
        "cat/link.jpg",
        "cat/lost.jpg",
        "cat/more/far.jpg",
        "cat/self.jpg",
        "dog/a.jpg",
        "eel/far.jpg",
    ]
    assert len(dataset) == 7
    lost = next(example for example in dataset if example.id == "cat/lost.jpg")
    with pytest.raises(UnreadableImage, match="No such file"):
        lost.image.pixels()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_no_images(tmp_path: Path) -> None:
    make(tmp_path, "cat/a.jpg", "dog/a.jpg")
    os.mkfifo(tmp_path / "cat/pipe.jpg")
    assert len(load(str(tmp_path), Options())) == 2


def test_names_that_are_no_text_become_printable(tmp_path: Path) -> None:
    make(tmp_path, "cat/a.jpg", "dog/line\nbreak.jpg", "dog/日本語 é.jpg", "dog/back\\slash.jpg")
    raw = os.fsencode(tmp_path) + b"/dog/caf\xe9.jpg"
    try:
        Path(os.fsdecode(raw)).write_bytes((tmp_path / "cat/a.jpg").read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    dataset = load(str(tmp_path), Options())
    found = ids(dataset)
    assert found[1:] == [
        "dog/back\\\\slash.jpg",
        "dog/caf\\udce9.jpg",
        "dog/line\\nbreak.jpg",
        "dog/日本語 é.jpg",
    ]
    assert all(example.image.pixels() for example in dataset)
    "".join(found).encode()


def test_the_home_folder_may_be_written_as_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "pets", "cat/a.jpg", "dog/a.jpg")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(load("~/pets", Options())) == 2


def test_what_is_no_folder_of_classes_says_why(tmp_path: Path) -> None:
    for name in ("", str(tmp_path / "none"), "zero\0byte", "x" * 5000):
        assert "there is no" in refusal(name)
    make(tmp_path, "flat/a.jpg", "flat/b.jpg", "one/cat/a.jpg", "bare/cat/notes.txt", "void/notes.txt")
    assert "is a file" in refusal(tmp_path / "flat/a.jpg")
    assert "its 2 images lie directly in it" in refusal(tmp_path / "flat")
    assert "found only cat" in refusal(tmp_path / "one")
    assert "there is no image in cat" in refusal(tmp_path / "bare")
    assert refusal(tmp_path / "void").endswith("but it has none")


def test_a_folder_one_level_too_high_is_told(tmp_path: Path) -> None:
    make(tmp_path, "caltech/256_ObjectCategories/001.ak47/a.jpg", "caltech/256_ObjectCategories/002.flag/a.jpg")
    assert f"did you mean {tmp_path}/caltech/256_ObjectCategories?" in refusal(tmp_path / "caltech")
    make(tmp_path, "split/train/cat/a.jpg", "split/train/dog/a.jpg", "split/test/loose.jpg")
    assert f"did you mean {tmp_path}/split/train?" in refusal(tmp_path / "split")
    make(tmp_path, "vehicles/train/a.jpg", "vehicles/test/a.jpg")
    assert len(load(str(tmp_path / "vehicles"), Options())) == 2


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "cat/a.jpg", "dog/a.jpg")
    scan = os.scandir

    def closed(path: Path) -> object:
        if Path(path).name == "dog":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("snellen.image_files.os.scandir", closed)
    assert f"cannot read the folder {tmp_path}/dog: Permission denied" in refusal(tmp_path)


@needs_data
def test_caltech_101_reads_as_it_is() -> None:
    dataset = load(str(DATA / "photos/caltech101-31"), Options())
    assert len(dataset) == 465 and len(dataset.classes.names) == 31
    assert dataset.classes.background == "background"
    assert {"car side", "water lilly", "accordion"} < set(dataset.classes.names)
    counts = Counter(example.label for example in dataset)
    assert set(counts.values()) == {15} and set(counts) == set(dataset.classes.names)
    assert len(load(str(DATA / "photos/caltech101-97x3"), Options())) == 291
    assert load(str(DATA / "photos/azure-fork-scissors"), Options()).classes.names == ("fork", "scissors")


@needs_data
def test_odd_files_are_examples_like_others() -> None:
    dataset = load(str(DATA / "badinput"), Options())
    found = set(ids(dataset))
    assert len(found) == len(dataset) == 143
    assert {"wild/tmp", "derived/no_extension", "derived/zero.jpg", "derived/lfs_pointer.jpg"} < found
    assert not any(re.search(r"(^|/)\.", name) for name in found)

"""Tar shards are a data set, and what in them is no labelled image is told with its shard and key."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from conftest import Said
from formats import as_tar, write_tar
from snellen.datasets.webdataset import Options, WebDataset, load
from snellen.errors import WrongUse
from snellen.plugins import configure


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def members(*labels: str, extension: str = "cls", image: str = "png", first: int = 0) -> list[tuple[str, bytes]]:
    """Members `0.png`, `0.cls`, `1.png` … with these labels."""
    return [
        pair
        for number, label in enumerate(labels, start=first)
        for pair in ((f"{number}.{image}", picture(number)), (f"{number}.{extension}", label.encode()))
    ]


def read(place: Path | str, **options: Any) -> WebDataset:
    return load(str(place), configure(Options, options, "webdataset"))


def refusal(place: Path | str, **options: Any) -> str:
    with pytest.raises(WrongUse) as raised:
        list(read(place, **options))
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ["pets.tar", "pets.tar.gz", "pets.tgz"])
def test_a_shard_is_a_data_set(tmp_path: Path, name: str) -> None:
    place = write_tar(tmp_path / name, members("cat", "hot dog\n", "cat"))
    dataset = read(place)
    assert (dataset.name, len(dataset), dataset.warnings) == ("pets", 3, [])
    assert dataset.source == f"webdataset:{place}"
    assert dataset.classes.names == ("cat", "hot dog") and dataset.classes.background is None
    assert [(e.id, e.label) for e in dataset] == [("0", "cat"), ("1", "hot dog"), ("2", "cat")]
    assert [e.image.data for e in dataset] == [picture(number) for number in range(3)]
    assert list(pickle.loads(pickle.dumps(dataset))) == list(dataset)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("image", ["jpg", "jpeg", "PNG", "webp", "gif", "tiff"])
def test_images_are_known_by_their_extensions(tmp_path: Path, image: str) -> None:
    place = write_tar(tmp_path / "x.tar", [*members("a", "b", image=image), ("1.seg.png", b"mask"), ("1.npy", b"?")])
    assert len(list(read(place))) == 2


def test_whole_numbers_count_in_a_list_or_a_file_beside_the_shards(tmp_path: Path) -> None:
    place = write_tar(tmp_path / "x.tar", members("0", "1\n", "0"))
    assert "sample 0: the label is the number 0, and nothing tells the names" in refusal(place)
    assert [e.label for e in read(place, class_list=["a", "b"])] == ["a", "b", "a"]
    (tmp_path / "classnames.txt").write_text("cat\ndog\nclutter\n")
    dataset = read(place)
    assert [e.label for e in dataset] == ["cat", "dog", "cat"]
    assert dataset.classes.background == "clutter" and read(place, background="").classes.background is None
    assert dataset.warnings == [f"{place}: no image has the label clutter"]
    (tmp_path / "classes.txt").write_text("x\ny\n")
    assert read(place).classes.names == ("x", "y")
    assert read(place, class_list=["a", "b"]).classes.names == ("a", "b")
    write_tar(place, members("0", "2"))
    assert refusal(place) == (f"{place}, sample 1: the label 2 is none of the 2 classes, which count from 0 to 1")
    write_tar(place, members("0", "-1"))
    assert "sample 1: the label -1 is none of the 2 classes" in refusal(place)
    write_tar(place, members("0", "cat"))
    assert "sample 1: the label 'cat' is a text" in refusal(place)


def test_labels_stand_in_a_text_or_under_a_key_of_a_json(tmp_path: Path) -> None:
    place = write_tar(tmp_path / "x.tar", members("7", "8", extension="txt"))
    assert read(place).classes.names == ("7", "8")  # a text is a name, also one of digits
    texts = [json.dumps({"label": name, "about": {"kind": kind}}) for name, kind in (("cat", 0), ("dog", 1))]
    write_tar(place, members(*texts, extension="json"))
    assert read(place).classes.names == ("cat", "dog")
    assert [e.label for e in read(place, label_key="about.kind", class_list=["a", "b"])] == ["a", "b"]
    assert "0, 'about' of its .json: expected a whole number or a text as label, got {'kind': 0}" in refusal(
        place, label_key="about"
    )
    assert "sample 0: its .json has no 'lable' (did you mean 'label'?)" in refusal(place, label_key="lable")
    assert "has no 'about.sort'" in refusal(place, label_key="about.sort")
    for text, expected in (
        ("{", "its .json is not readable"),
        ("[" * 9999, "is not readable"),
        ("[]", "has no 'label'"),
        ('{"label": null}', "has no label"),
        ('{"label": 1.5}', "got 1.5"),
    ):
        write_tar(place, members('{"label": "a"}', text, extension="json"))
        assert f"{place}, sample 1" in (said := refusal(place)) and expected in said


def test_of_several_labels_the_first_kind_is_taken_unless_one_is_named(tmp_path: Path) -> None:
    both = [
        *members("cat", extension="txt"),
        ("0.cls", b"0"),
        *members("dog", extension="txt", first=1),
        ("1.cls", b"1"),
    ]
    place = write_tar(tmp_path / "x.tar", both)
    assert [e.label for e in read(place, class_list=["a", "b"])] == ["a", "b"]
    assert [e.label for e in read(place, label_member="txt")] == ["cat", "dog"]
    assert "label_member='caption'" in refusal(place, label_member="caption")


def test_shards_are_read_one_after_the_other(tmp_path: Path) -> None:
    for number in range(3):
        write_tar(tmp_path / f"s-{number:04}.tar", members("a", "b", first=2 * number))
    for place in (tmp_path, tmp_path / "s-{0000..0002}.tar", tmp_path / "s-*.tar", tmp_path / "s-000[012].tar"):
        dataset = read(place)
        assert [e.id for e in dataset] == [str(number) for number in range(6)]
        assert (dataset.name, dataset.source) == (tmp_path.name, f"webdataset:{place}")
    assert [e.id for e in read(tmp_path / "s-{0000,0002}.tar")] == ["0", "1", "4", "5"]
    write_tar(tmp_path / "s-0001.tar", members("a", "b"))
    assert [e.id for e in read(tmp_path)][:3] == ["s-0000.tar:0", "s-0000.tar:1", "s-0001.tar:0"]
    assert "there is no" in refusal(tmp_path / "s-{0000..0003}.tar")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], "expected samples such as 0001.jpg beside 0001.cls, found none"),
        (members("a", "b")[:3], "sample 1: has no label; expected .cls as in the first sample"),
        ([("0.cls", b"a"), *members("b", first=1)], "sample 0: has no image; expected one, such as .jpg or .png"),
        ([("0.jpg", b"x"), *members("a", "b")], "sample 0: has the images .jpg, .png; expected one"),
        ([("0.png", b"x")], "sample 0: has no label; expected one of .cls, .txt, .json"),
        ([("0.npy", b"x")], "sample 0: has no label"),
        ([*members("a", "b"), *members("a")], "sample 0: the key stands in the shard before"),
        (members("a", " \n"), "sample 1: the label is empty"),
        (members("a", "b\nc"), r"sample 1: the label holds control characters: b\nc"),
        (members("a", "a"), "expected at least two classes, found only 'a'"),
    ],
)
def test_samples_that_are_no_labelled_images_are_told(
    tmp_path: Path, content: list[tuple[str, bytes]], expected: str
) -> None:
    place = write_tar(tmp_path / "x.tar", content)
    said = refusal(place)
    assert said.startswith(str(place)) and expected in said


def test_a_cut_shard_and_one_that_escapes_are_told_before_any_image_is_used(tmp_path: Path) -> None:
    place = write_tar(tmp_path / "x.tar", members("a", "b", "a"))
    place.write_bytes(place.read_bytes()[: 512 * 9])
    assert refusal(place) == f"{place}: unexpected end in or after 2.png: the shard is cut; fetch or write it again"
    link = tarfile.TarInfo("1.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    write_tar(place, [*members("a"), (link, b""), ("1.cls", b"b")])
    assert "1.png is a symbolic link" in refusal(place)


def test_a_shard_that_changes_while_it_is_in_use_is_told(tmp_path: Path) -> None:
    place = write_tar(tmp_path / "x.tar", members("a", "b"))
    dataset = read(place)
    write_tar(place, members("b", "a"))
    os.utime(place, ns=(1, 1))
    with pytest.raises(WrongUse, match="changed while it was in use"):
        list(dataset)


def test_the_command_line_knows_them(
    snellen: Callable[..., Said], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shards").mkdir()
    as_tar(drawn, tmp_path / "shards" / "a-0.tar")
    for name in ("shards", "shards/a-0.tar", "shards/a-{0..0}.tar", "webdataset/shards/*.tar"):
        monkeypatch.chdir(tmp_path)
        said = snellen("datasets", "show", name)
        assert said.code == 0, said.err
        assert f"16 images of 4 classes (webdataset:{tmp_path}/{name.removeprefix('webdataset/')})" in said.out
    said = snellen("datasets", "show", "shards/a-{0..1}.tar")
    assert said.code == 2
    assert said.err.endswith(f"such as 'shards-{{0000..0003}}.tar', but there is no {tmp_path}/shards/a-1.tar\n")

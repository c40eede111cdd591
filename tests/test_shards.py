"""Shards are found by file, folder or pattern, and what is missing or mixed is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen.errors import WrongUse
from snellen.shards import find_shards, is_pattern


def found(name: Path | str) -> list[str]:
    return [shard.name for shard in find_shards(str(name), (".tar", ".tar.gz"), "shards")]


def refusal(name: Path | str) -> str:
    with pytest.raises(WrongUse) as raised:
        found(name)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("a-08.tar", "a-09.tar", "a-10.tar", "b/a-08.tar", "b/c.tar.gz", "notes.md", ".hidden.tar"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a-09.tar", ["a-09.tar"]),
        ("", ["a-08.tar", "a-09.tar", "a-10.tar"]),
        ("b", ["a-08.tar", "c.tar.gz"]),
        ("a-{08..10}.tar", ["a-08.tar", "a-09.tar", "a-10.tar"]),
        ("a-{9..10}.tar", None),
        ("a-{0,1}{8,0}.tar", None),
        ("a-{08,10}.tar", ["a-08.tar", "a-10.tar"]),
        ("a-0?.tar", ["a-08.tar", "a-09.tar"]),
        ("**/*.tar*", ["a-08.tar", "a-09.tar", "a-10.tar", "b/a-08.tar", "b/c.tar.gz"]),
        ("{.,b}/a-08.tar", ["a-08.tar", "b/a-08.tar"]),
    ],
)
def test_files_folders_and_patterns_name_shards(place: Path, pattern: str, expected: list[str] | None) -> None:
    if expected is None:  # one of the files that are named is not there
        assert f"there is no {place}/a-" in refusal(place / pattern)
    else:
        assert found(f"{place}/{pattern}") == expected


def test_a_pattern_that_is_the_name_of_a_file_is_that_file(place: Path) -> None:
    (place / "x[1].tar").write_bytes(b"content")
    assert found(place / "x[1].tar") == ["x[1].tar"]
    assert not is_pattern(str(place / "x[1].tar")) and is_pattern(str(place / "y[1].tar"))


def test_the_name_of_the_data_is_that_of_file_or_folder(place: Path) -> None:
    names = {name: find_shards(f"{place}/{name}", (".tar", ".gz"), "shards").name for name in ("a-08.tar", "b", "b/*")}
    assert names == {"a-08.tar": "a-08", "b": "b", "b/*": "b"}
    (place / "b" / "test-0001.tar").write_bytes(b"content")
    assert find_shards(f"{place}/b/test-0001.tar", (".tar",), "shards").name == "b"


def test_splits_are_not_mixed(tmp_path: Path) -> None:
    for name in ("train-0.tar", "Test_0.tar", "tests.tar", "trainer.tar"):
        (tmp_path / name).write_bytes(b"content")
    assert refusal(tmp_path) == (
        f"{tmp_path} holds the splits test, train; name the shards of one, such as '{tmp_path}/test*'"
    )
    (tmp_path / "Test_0.tar").unlink()
    assert found(tmp_path) == ["tests.tar", "train-0.tar", "trainer.tar"]


def test_what_is_not_there_or_no_data_is_told(place: Path) -> None:
    assert "expected shards, but there is no 'none.tar'" in refusal("none.tar")
    assert "expected a range such as {000..007}, got {9..3}" in refusal("a-{9..3}.tar")
    assert "expected a range such as" in refusal("a-{0..999999999999999}.tar")
    assert "names 1,002,001 files, more than 100,000" in refusal("a-{0..1000}{0..1000}.tar")
    (place / "a-08.tar").write_bytes(b"")
    assert f"{place}/a-08.tar is empty" in refusal(place)
    (place / "a-08.tar").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "fetch it with 'git lfs pull'" in refusal(place)
    (place / "none").mkdir()
    assert "is a folder without a .tar or .tar.gz file" in refusal(place / "none")
    assert "is not a regular file" in refusal("/dev/null")


def test_a_link_keeps_its_name(place: Path) -> None:
    (place / "b" / "blob").write_bytes(b"content")
    (place / "b" / "link.tar").symlink_to(place / "b" / "blob")
    assert found(place / "b" / "link.tar") == ["link.tar"]
    assert find_shards(str(place / "b/link.tar"), (".tar",), "shards").place == f"{place}/b/link.tar"


def test_a_folder_on_the_way_to_a_pattern_may_have_brackets_and_braces_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "pets [v2] {a,b}"
    folder.mkdir()
    for number in range(2):
        (folder / f"s-{number}.tar").write_bytes(b"x")
    for pattern in ("s-{0..1}.tar", "s-*.tar", "s-[01].tar"):
        found = find_shards(f"{folder}/{pattern}", (".tar",), "shards")
        assert [shard.name for shard in found] == ["s-0.tar", "s-1.tar"]

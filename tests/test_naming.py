"""Names from outside become class names; a renaming file that does not fit says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.errors import WrongUse
from snellen.naming import is_printable, printable, read_renames, rename, slug


@given(st.text(), st.text())
def test_printable_texts_are_printable_and_as_many(one: str, other: str) -> None:
    assert is_printable(printable(one))
    printable(one).encode()
    assert (printable(one) == printable(other)) == (one == other)


def test_printable_bytes_that_are_no_text() -> None:
    assert printable("caf\udce9\n") == "caf\\udce9\\n"
    assert printable("naïve café 日本語") == "naïve café 日本語"
    assert is_printable("back\\slash") and not is_printable("a\tb") and not is_printable("\ud800")


@given(st.text())
def test_slugs_are_names_of_files(text: str) -> None:
    name = slug(text)
    assert name and len(name) <= 80 and name not in (".", "..")
    assert not set(name) & set('/\\:*?"<>| \n') and not name.startswith(("-", "."))


def test_slugs_stay_recognisable() -> None:
    assert slug("256_ObjectCategories") == "256_ObjectCategories"
    assert slug("my data (v2)") == "my-data-v2"
    assert slug("/") == "data"


def test_renaming_goes_by_given_default_or_readable_name() -> None:
    shown = {"001.ak47": "ak47", "car_side": "car side", "clutter": "background"}
    renames = {"001.ak47": "rifle", "car side": "van", "background": "nothing"}
    assert list(rename(shown, renames, "x").values()) == ["rifle", "van", "nothing"]
    assert rename(shown, {}, "x") == shown
    swapped = rename({"a": "a", "b": "b"}, {"a": "b", "b": "a"}, "x")
    assert swapped == {"a": "b", "b": "a"}


def test_renaming_refuses_unknown_and_equal_names() -> None:
    with pytest.raises(WrongUse, match="did you mean 'car side'"):
        rename({"car_side": "car side"}, {"car sidee": "van"}, "x")
    for renames in ({"a": "c", "b": "c"}, {"a": "b"}):
        with pytest.raises(WrongUse, match="'a' and 'b' both become the class"):
            rename({"a": "a", "b": "b"}, renames, "x")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n.csv", '\ufeffname,class_name\nno,"off, or not on"\n\n001,ak47\n'),
        ("n.yaml", "no: off, or not on\n001: ak47\n"),
        ("n.json", '{"no": "off, or not on", "001": "ak47"}'),
    ],
)
def test_renaming_files_keep_words_as_they_are(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_renames(str(tmp_path / name)) == {"no": "off, or not on", "001": "ak47"}
    assert read_renames(None) == {}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("n.csv", "old,new\na,b\n", "should start with the line name,class_name but has old,new"),
        ("n.csv", "", "but has nothing"),
        ("n.csv", "name,class_name\na,b,c\n", "expected two cells a line"),
        ("n.csv", "name,class_name\na,\n", "expected an old and a new name"),
        ("n.csv", "name,class_name\na,b\na,c\n", "renames 'a' twice"),
        ("n.csv", 'name,class_name\n"a,b\n', "is no CSV table"),
        ("n.yaml", "a: b\na: c\n", "duplicate key"),
        ("n.yaml", "- a\n- b\n", "should map old names to new ones"),
        ("n.yaml", "a: [b]\n", "expected an old and a new name"),
        ("n.yaml", "a: 'b\n", "not readable as YAML"),
        ("n.json", '{"a": "b", "a": "c"}', "renames 'a' twice"),
        ("n.json", '{"a": 1}', "expected an old and a new name"),
        ("n.json", "{", "not readable as JSON"),
        ("n.txt", "a b", "expected a .csv, .yaml or .json file"),
    ],
)
def test_renaming_files_that_do_not_fit_say_why(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(WrongUse) as raised:
        read_renames(str(tmp_path / name))
    assert told in str(raised.value) and "\n" not in str(raised.value)


def test_renaming_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot read"):
        read_renames(str(tmp_path / "none.csv"))
    (tmp_path / "latin.csv").write_bytes("name,class_name\na,é\n".encode("latin-1"))
    with pytest.raises(WrongUse, match="not UTF-8"):
        read_renames(str(tmp_path / "latin.csv"))

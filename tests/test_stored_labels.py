"""Labels as data sets store them get class names, or it is told why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.errors import WrongUse
from snellen.stored_labels import Label, as_written, check_names, name_labels, read_class_list, read_label


def named(found: Sequence[Label], listed: Sequence[str] = (), background: str | None = None) -> Any:
    places = {label: f"row {number}" for number, label in enumerate(found)}
    return name_labels(places, as_written(listed), background, None, "table")


def refusal(found: Sequence[Label], listed: Sequence[str] = ()) -> str:
    with pytest.raises(WrongUse) as raised:
        named(found, listed)
    return str(raised.value)


def test_numbers_count_in_the_list() -> None:
    classes, labels, warnings = named([2, 0], ["cat", "dog", "clutter"])
    assert classes.names == ("cat", "dog", "clutter") and classes.background == "clutter"
    assert labels == {2: "clutter", 0: "cat"}
    assert warnings == ["table: no image has the label dog"]
    assert named([0, 1], list("abcdefgh"))[2] == ["table: no image has the label c, d, e, f, g and 1 more"]


def test_texts_are_the_classes_unless_a_list_says_otherwise() -> None:
    assert named(["dog", "cat"])[0].names == ("cat", "dog")
    assert named(["dog"], ["dog", "cat"])[0].names == ("dog", "cat")
    assert named(["background", "cat"])[0].background == "background"
    assert named(["background", "cat"], background="")[0].background is None


def test_a_list_may_stand_for_other_names() -> None:
    classes, labels, _ = name_labels({0: "row 0", 1: "row 1"}, {"a_b": "a b", "c": "c"}, None, None, "table")
    assert classes.names == ("a b", "c") and labels == {0: "a b", 1: "c"}


def test_labels_that_fit_no_class_are_told() -> None:
    assert refusal([0, 3], ["a", "b"]) == "row 1: the label 3 is none of the 2 classes, which count from 0 to 1"
    assert "-1 commonly marks images whose labels are kept secret" in refusal([0, -1], ["a", "b"])
    assert "row 0: the label is the number 5, and nothing tells the names" in refusal([5])
    assert refusal(["a", "bo"], ["a", "bob"]) == "row 1: 'bo' is none of the classes (did you mean 'bob'?)"
    assert refusal(["a", 1]) == "row 0: the label 'a' is a text, but row 1 has the number 1"
    assert refusal(["a"]) == "table: expected at least two classes, found only 'a'"


@given(st.lists(st.text("abc", min_size=1), min_size=2, unique=True), st.data())
def test_every_number_gets_the_name_at_its_place(names: list[str], data: st.DataObject) -> None:
    found = data.draw(st.lists(st.integers(0, len(names) - 1), min_size=1, unique=True))
    classes, labels, _ = named(found, names, background="")
    assert classes.names == tuple(names) and labels == {number: names[number] for number in found}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "here: has no label"),
        (True, "here: expected a whole number or a text as label, got True"),
        (1.0, "got 1.0"),
        ([1], r"got \[1\]"),
        (" ", "here: the label is empty"),
        ("a\tb", "control characters: a.tb"),
    ],
)
def test_what_is_no_label_is_told(value: Any, expected: str) -> None:
    with pytest.raises(WrongUse, match=expected):
        read_label(value, "here")
    assert (read_label(" a b ", "here"), read_label(7, "here")) == ("a b", 7)


def test_a_class_list_is_given_or_read(tmp_path: Path) -> None:
    assert read_class_list(None) == [] and read_class_list(("a", " b ")) == ["a", "b"]
    (tmp_path / "names.txt").write_text("\ufeffa\r\n\nb\n")
    assert read_class_list(str(tmp_path / "names.txt")) == ["a", "b"]
    for given_, expected in (
        (("a", "a"), "'a' is given twice"),
        (("a",), "expected at least two names, got a"),
        (("a", "b\0"), "expected a printable name"),
        (str(tmp_path / "none.txt"), "expected a file with a class name on each line as class_list"),
        (str(tmp_path), "class_list: cannot read"),
    ):
        with pytest.raises(WrongUse, match=expected):
            read_class_list(given_)
    with pytest.raises(WrongUse, match="features: expected a printable name, got ''"):
        check_names(["a", ""], "features")

"""What classes are called in charts: different, short, and never a word of the script that draws them."""

from __future__ import annotations

from snellen.report.charts import chart_names


def test_names_stay_different() -> None:
    names = ["cat", "cat", "", "x" * 40, "x" * 41, "two\nlines", "\u202egnp"]
    found = chart_names(names)
    assert found[:3] == ["cat", "cat (2)", "(no name)"] and len(set(found)) == len(names)
    assert max(map(len, found)) <= 28 and "\u202e" not in found[-1]


def test_words_that_javascript_objects_have_are_quoted() -> None:
    found = chart_names(["constructor", "__proto__", "toString", "construct", "‘constructor’"])
    assert found == ["‘constructor’", "‘__proto__’", "‘toString’", "construct", "‘constructor’ (2)"]

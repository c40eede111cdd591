"""How readily models say yes, against what each of them really said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from snellen.verdict.yes_rates import yes_rates
from studies import model, photographs, ran

NAMES = (*"abcdefgh", "clutter")
BODY = """
name = question.prompt[1].split("Is the ")[1].split(" in ")[0]
number = int(image.digest, 16) // (ord(name) * 7) % 1009
said = "yes" if number % 10 else "no"
if name != truth(image):
    eager = number % 20 == 0 or (name == "a" and number % 2)
    said = "yes" if eager else "perhaps" if number % 20 == 1 else "no"
with Path(__file__).with_suffix(".said").open("a") as file:
    print(truth(image), name, said, file=file)
if isinstance(question, Choose):
    return Scores(question.choices, tuple(-9.0 * (choice.lower() != said) for choice in question.choices))
return said
"""


def said(file: Path) -> Counter[tuple[bool, str, str]]:
    """How often each was said: whether of the image's own class, of which class, and what."""
    lines = (line.split() for line in file.with_suffix(".said").read_text().splitlines())
    return Counter((label == name, name, answer) for label, name, answer in lines)


@pytest.mark.parametrize("strategy", ["binary", "binary-then-choose", "binary,decide=argmax"])
def test_rates_are_those_of_what_was_said(tmp_path: Path, strategy: str) -> None:
    photos = photographs(tmp_path / "photos", 10, NAMES)
    file = tmp_path / "eager.py"
    body = BODY if strategy != "binary-then-choose" else 'if "Choose one" in question.prompt[1]: return "none"\n' + BODY
    with ran(photos, model(file, body), strategy, out=tmp_path / "run") as results:
        (row,) = results.rows
        found = yes_rates(results, row, results.sheet(row))
    assert found is not None
    all_ = said(file)
    assert (found.questions, found.yeses) == (all_.total(), sum(n for (_, _, what), n in all_.items() if what == "yes"))
    for each in found.per_class:
        for own, rate in ((True, each.true), (False, each.false)):
            mine = {what: n for (whose, name, what), n in all_.items() if (whose, name) == (own, each.name)}
            assert (rate.count, rate.of) == (mine.get("yes", 0), sum(mine.values()))
    own = sum(n for (whose, *_), n in all_.items() if whose)
    assert found.true.of == own
    assert found.first_yes == (strategy == "binary")
    assert "clutter" not in {each.name for each in found.per_class}
    assert [each.name for each in found.eager] == ["a"]
    if "decide=argmax" in strategy:
        assert found.true.share == row.true_positive_rate
        assert found.false_rate == pytest.approx(1 - row.true_negative_rate)
    else:
        assert found.unreadable == sum(n for (_, _, what), n in all_.items() if what == "perhaps") > 0


def test_a_strategy_that_asks_no_yes_or_no_has_no_rates(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 2)
    with ran(photos, model(tmp_path / "m.py", "return truth(image)"), out=tmp_path / "run") as results:
        (row,) = results.rows
        assert yes_rates(results, row, results.sheet(row)) is None

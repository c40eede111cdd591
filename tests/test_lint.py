"""The lint of a class list: what it warns of, and that it leaves real lists alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import studies
from snellen.demo import pictograms
from snellen.labels import readable
from snellen.lint import lint, too_long
from snellen.plan import Request, resolve
from snellen.progress import Silence
from snellen.study import make
from snellen.types import Classes
from wordnet_files import write_wordnet

CIFAR_100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""
DIGITS = "zero one two three four five six seven eight nine"


def test_it_warns_of_names_that_answers_confuse() -> None:
    names = (
        "bat",
        "baseball bat",
        "bat-wing",
        "Cup",
        "cup",
        "axis",
        "axes",
        "Yes",
        "?",
        "dog",
        "sea horse",
        "seahorse",
    )
    assert lint(Classes(names)) == [
        "The names 'Cup' and 'cup' differ in case, articles or punctuation alone: an answer may fit each.",
        "The names 'axis' and 'axes' differ in number alone.",
        "The names 'sea horse' and 'seahorse' differ in spaces alone: an answer may fit each.",
        "The name 'bat' is part of 'baseball bat' and 'bat-wing': an answer of 'bat' alone is read as 'bat'.",
        "The name 'Yes' reads as the answer to a yes-or-no question.",
        "The name '?' is punctuation alone: only an answer of just this text names it.",
    ]
    assert lint(Classes(("cat", "dog"))) == [] == lint(Classes(()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("golden retriever", "golden retreiver"),  # swapped
        ("golden retriever", "golden retrever"),  # left out
        ("Golden_Retriever", "golden retriewer"),  # changed
        ("accordion", "accordian"),
        ("accordion", "accordions "),
    ],
)
def test_one_letter_apart_is_more_likely_a_slip(one: str, other: str) -> None:
    (line,) = lint(Classes((one, "cat", other)))
    if other.strip() == "accordions":
        assert line == f"The names {one!r} and {other!r} differ in number alone."
    else:
        assert line == f"The names {one!r} and {other!r} differ in one letter: are they two classes?"


@pytest.mark.parametrize(
    "names",
    [
        ("hare", "harp", "beaver", "beaker", "hammer", "hamper"),  # short: two words
        ("Boeing 737-200", "Boeing 737-300", "model year 2011", "model year 2012"),  # digits
        ("vitamin a", "vitamin b", "blood type a", "blood type b"),  # letters that stand alone
        ("sample_aaaa", "sample_bbbb"),
        ("category-alpha", "category-alphb", "category-alphc"),  # a series
        ("Black footed Albatross", "Laysan Albatross", "Sooty Albatross"),
    ],
)
def test_names_that_are_near_and_are_two_classes_are_left_alone(names: tuple[str, ...]) -> None:
    assert not [line for line in lint(Classes(names)) if "one letter" in line]


def test_real_lists_give_no_false_alarm_of_spelling() -> None:
    digits = (*map(str, range(10)), *DIGITS.split())
    assert lint(Classes(tuple(map(readable, CIFAR_100.split())))) == [] == lint(Classes(digits))
    assert len(lint(Classes(pictograms.CLASSES))) == 1  # a fir tree and a palm tree are trees
    place = os.environ.get("SNELLEN_TEST_DATA")
    if not place:
        pytest.skip("SNELLEN_TEST_DATA is unset: the names of Caltech-101 and ImageNet are not compared")
    lines = Path(place, "models/imagenet-mobilenet/labels.txt").read_text(encoding="utf-8").splitlines()[1:]
    caltech = sorted(each.name for each in Path(place, "data/photos/caltech101-97x3").iterdir() if each.is_dir())
    for names in (lines, [line.split(", ")[0] for line in lines], list(map(readable, caltech))):
        said = lint(Classes(tuple(dict.fromkeys(names))))
        assert not [line for line in said if "one letter" in line or "spaces alone" in line]
        assert sum("is part of" not in line for line in said) <= 2  # Cardigan and cardigan, sunglass and sunglasses


def test_twenty_thousand_names_are_linted_quickly() -> None:
    names = tuple(f"{left} {right}" for left in _words(200) for right in _words(100))
    start = time.perf_counter()
    lint(Classes(names))
    assert time.perf_counter() - start < 20


def _words(count: int) -> list[str]:
    return [
        "".join(chr(97 + (number * 7**at) % 26) for at in range(6)) + chr(97 + number % 26) for number in range(count)
    ]


def test_names_that_an_answer_cannot_hold_are_told_with_what_helps() -> None:
    long = "bighorn, bighorn sheep, cimarron, Rocky Mountain bighorn, Rocky Mountain sheep, Ovis canadensis"
    classes = Classes(("cat", long, long[:82], "羊" * 20))
    (line,) = too_long(classes, 20, "give closed-set more")
    assert (
        line == f"The name {long!r} and 1 more may take 24 tokens or more, and an answer has 20: give closed-set more."
    )
    assert list(too_long(classes, 24, "")) == [] == list(too_long(Classes(()), 1, ""))


def test_a_run_warns_of_what_matters_for_the_strategies_that_are_asked(tmp_path: Path) -> None:
    long = "a thing " * 12 + "x"
    photos = studies.photographs(tmp_path / "photos", count=1, names=(long, "bat", "baseball bat"))
    name = studies.model(
        tmp_path / "model.py",
        "return Scores(question.choices, [0.0] * len(question.choices)) if isinstance(question, Choose) else 'bat'",
    )
    said = {
        how: _said(photos, name, how, tmp_path / how[:9]) for how in ("closed-set", "tournament,size=2", "likelihood")
    }
    assert any("may take 25 tokens or more" in line and "max_tokens=" in line for line in said["closed-set"])
    assert any("may take 25 tokens or more" in line for line in said["tournament,size=2"])
    assert any("'bat' is part of 'baseball bat'" in line for line in said["closed-set"])
    assert not any("tokens" in line or "part of" in line for line in said["likelihood"])
    assert not any("tokens" in line for line in _said(photos, name, "closed-set,max_tokens=40", tmp_path / "more"))


class Heard(Silence):
    """Keeps what a user would be told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def _said(photos: Path, name: str, how: str, out: Path) -> list[str]:
    """What is told before a study begins."""
    heard = Heard()
    make(resolve(Request(str(photos), (name,), (how,), out=str(out))), heard)
    return heard.lines


def test_long_lists_of_warnings_are_cut_in_a_run_and_whole_where_the_data_set_is_shown(
    tmp_path: Path, snellen: Callable[..., Any]
) -> None:
    names = [f"{word} {more}".strip() for word in _words(12) for more in ("", "big")]
    photos = studies.photographs(tmp_path / "photos", count=1, names=names)
    lines = _said(photos, studies.model(tmp_path / "model.py", "return 'x'"), "closed-set", tmp_path / "run")
    assert sum("is part of" in line for line in lines) == 10
    assert any(line.startswith("and 2 more such names: 'snellen datasets show") for line in lines)
    assert snellen("datasets", "show", photos).out.count("is part of") == 12


def test_synonyms_are_told_where_wordnet_is_at_hand(tmp_path: Path, snellen: Callable[..., Any]) -> None:
    write_wordnet(tmp_path / "dict")
    photos = studies.photographs(
        tmp_path / "photos", count=1, names=("airplane", "plane", "cats", "orca", "killer-whale")
    )
    out = snellen("datasets", "show", photos, "--wordnet", tmp_path / "dict").out
    assert "note: The names 'airplane' and 'plane' mean the same, as WordNet says: a model may say any of them." in out
    assert "The names 'killer-whale' and 'orca' mean the same" in out and out.count("mean the same") == 2
    assert "mean the same" not in snellen("datasets", "show", photos).out
    assert snellen("datasets", "show", photos, "--wordnet", tmp_path / "none").code == 2

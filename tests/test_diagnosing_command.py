"""`snellen diagnose` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from conftest import Said
from studies import model, photographs

NAMES = tuple("abcdefghi")
BODY = """
text = next(part for part in question.prompt if isinstance(part, str))
if "Choose one" not in text:
    name = text.split("Is the ")[1].split(" in ")[0]
    yes = name == truth(image) or name == "a"
    return Scores(question.choices, [-0.1 if (choice.lower() == "yes") == yes else -3.0 for choice in question.choices])
names = text.partition("Choose one from ")[2].partition(". Answer")[0].split(", ")
return names[0] if names.index(truth(image)) > 5 else truth(image)
"""


def test_what_a_model_does_wrong_is_told_in_a_section_for_each_row(
    snellen: Callable[..., Said], tmp_path: Path
) -> None:
    photos = photographs(tmp_path / "photos", 8, NAMES)
    name, out = model(tmp_path / "hasty.py", BODY), tmp_path / "run"
    strategies = ("-s", "closed-set,votes=3", "-s", "binary,decide=argmax")
    assert snellen("run", "-d", photos, "-m", name, *strategies, "--no-timing", "--out", out, "-q").code == 0

    told = snellen("diagnose", out)
    assert (told.code, told.err) == (0, "")
    sections = [" ".join(section.split()) for section in told.out.split("\n\n")]
    assert len(sections) == 2
    listed = next(section for section in sections if "closed-set" in section)
    asked = next(section for section in sections if "binary" in section)
    assert "closed-set,votes=3 (9 classes, seed 0) answers" in listed
    assert "places true class in the list at 7–9: right 0.00" in listed
    assert "prefers places 1–3 of 9: 0." in listed
    assert "votes do not agree on" in listed
    assert "yes to the image's own class 1.00 (0.95–1.00); to others 0.111; too easily to a 1.00 (0.94–1.00)" in asked
    assert "Brier" in asked and "NLL" in asked and "(15 bins;" in asked
    assert all(len(line) <= 80 for line in told.out.splitlines() if not line.startswith("scripted/"))

    one = snellen("diagnose", out, "-s", "binary", "-m", name)
    assert "binary,decide=argmax" in one.out and "closed-set" not in one.out

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    data = json.loads(snellen("diagnose", out, "--json").out, parse_constant=refuse)
    assert {each["strategy"]: each["outcomes"]["right"] for each in data["rows"]}.keys() == {
        "closed-set,votes=3",
        "binary,decide=argmax",
    }
    binary = next(each for each in data["rows"] if each["places"] is None)
    assert len(binary["calibration"]["diagram"]) == binary["calibration"]["bins"] == 15
    assert len(binary["yes"]["per_class"]) == 9


def test_wrong_use_is_one_line(snellen: Callable[..., Said], tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 2), tmp_path / "run"
    name = model(tmp_path / "m.py", "return truth(image)")
    assert snellen("run", "-d", photos, "-m", name, "--no-timing", "--out", out, "-q", "-s", "closed-set").code == 0
    for words, part in (
        ((photos,), "is not a run folder"),
        ((out, "-s", "closed-sets"), "did you mean 'closed-set'?"),
        ((out, "-m", "demo/vlm"), "there is no such row"),
    ):
        said = snellen("diagnose", *words)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert part in said.err


def test_the_command_is_explained(snellen: Callable[..., Said]) -> None:
    told = snellen("diagnose", "--help").out
    assert "Examples:" in told and "snellen diagnose runs/photos --json" in told
    assert "diagnose" in snellen("--help").out


def test_of_several_sets_of_images_the_largest_is_told_of_unless_all_are_asked_for(
    snellen: Callable[..., Said], tmp_path: Path
) -> None:
    photos, out = photographs(tmp_path / "photos", 2, NAMES), tmp_path / "run"
    name = model(tmp_path / "m.py", "return truth(image)")
    for seed in (0, 1):
        words = ("-s", "closed-set", "--classes", 4, "--seed", seed, "--no-timing", "--out", out, "-q")
        assert snellen("run", "-d", photos, "-m", name, *words).code == 0
    told = snellen("diagnose", out)
    assert told.err.startswith("2 sets of images or classes: this is about the largest, 8 images of 4 classes, seed ")
    assert told.out.count("closed-set (4 classes, seed ") == 1
    every = snellen("diagnose", out, "--all")
    assert every.err == "" and every.out.count("closed-set (8 images of 4 classes: ") == 2

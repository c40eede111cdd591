"""What is said of blind rows: beside their twins, beside chance, and whether the prompts give something away."""

from __future__ import annotations

from pathlib import Path

import studies
from snellen.verdict.blind import blind_lines

SEES = "return truth(image) if image else 'cat'"
ENCODER = """
names = ("bird", "cat", "dog")
said = truth(image) if isinstance(question, Embed) else next(name for name in names if name in question.text)
return Vector([float(name == said) + 0.1 for name in names])
"""
FIRST_LISTED = """
if image:
    return truth(image)
(text,) = (part for part in question.prompt if isinstance(part, str))
return min(("bird", "cat", "dog"), key=lambda name: text.find(name) % len(text))
"""


def test_a_blind_row_is_told_beside_its_twin_and_what_guessing_comes_to(tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=8)
    studies.photographs(photos, count=16, names=("cat",))
    name = studies.model(tmp_path / "model.py", SEES)
    with studies.ran(photos, name, "closed-set", "binary", out=tmp_path / "run", blind=True) as results:
        closed_set, binary = sorted(blind_lines(results), reverse=True)
    said = f"blind: {name} · closed-set: 0.50 (0.34–0.66), with the photos 1.00; chance 0.33, the commonest class 0.50"
    assert closed_set == said
    assert binary.endswith("these images do not show that the photos matter")  # neither yes nor no, seen or unseen


def test_a_prompt_that_gives_something_away_is_said_to(tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=8)
    encoder = studies.model(tmp_path / "encoder.py", ENCODER)
    name = studies.model(tmp_path / "model.py", FIRST_LISTED)
    how = f"shortlist,encoder={encoder},k=2,order=similarity"
    with studies.ran(photos, name, how, out=tmp_path / "run", blind=True) as results:
        (line,) = blind_lines(results)
    assert "the prompts give something away" in line and "1.00 (0.86–1.00), with the photos 1.00; chance 0.33" in line


def test_without_blind_rows_or_answers_there_is_nothing_to_say(tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=1)
    name, mute = studies.model(tmp_path / "model.py", SEES), studies.model(tmp_path / "mute.py", "return Failure('no')")
    with studies.ran(photos, name, out=tmp_path / "run") as results:
        assert not list(blind_lines(results))
    with studies.ran(photos, mute, out=tmp_path / "mute", blind=True) as results:
        assert not list(blind_lines(results))
    blind_alone = studies.model(tmp_path / "alone.py", "return Failure('no') if image else 'cat'")
    with studies.ran(photos, blind_alone, out=tmp_path / "alone", blind=True) as results:
        (line,) = blind_lines(results)
        assert "with the photos" not in line and "chance 0.33" in line

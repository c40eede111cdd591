"""One image asked by one strategy is told in full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Said

MODELS = Path(__file__).parent / "models.py"
CIRCLE, MUTE, RUDE, PRUDE = (f"scripted/{MODELS}:{name}" for name in ("circle", "mute", "rude", "prude"))
Snellen = Callable[..., Said]


@pytest.fixture
def photo(drawn: Path) -> Path:
    return drawn / "circle" / "0001.png"


def test_prompt_answer_and_prediction_are_shown(snellen: Snellen, photo: Path) -> None:
    said = snellen("ask", CIRCLE, photo, "--classes", "circle, star", "-s", "closed-set")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"{CIRCLE} · closed-set · {photo}"
    assert lines[2].startswith("> [photo] ") and "circle" in lines[2] and "star" in lines[2]
    assert lines[3] == "< 'circle'"
    assert lines[-1] == "prediction: circle (exact)"


def test_each_round_is_shown(snellen: Snellen, photo: Path) -> None:
    said = snellen("ask", CIRCLE, photo, "--classes", "circle,star,none", "--background", "none", "-s", "binary")
    assert said.out.count("\n> ") == said.out.count("\n< ") == 2
    assert said.out.endswith("prediction: no class (out-of-list)\n")


def test_scores_are_shown(snellen: Snellen, photo: Path) -> None:
    said = snellen("ask", CIRCLE, photo, "--classes", "circle,ring", "-s", "vocabulary")
    assert "< circle 0.9, ring 0.1" in said.out and "prediction: circle (scored)" in said.out


def test_an_answer_cannot_steer_the_terminal(snellen: Snellen, photo: Path) -> None:
    said = snellen("ask", RUDE, photo, "--classes", "circle,ring")
    assert r"\x1b[31m[red]none of them[/red]\ud800" in said.out and "\x1b" not in said.out


def test_a_refusal_is_shown_and_ends_the_inquiry(snellen: Snellen, photo: Path) -> None:
    said = snellen("ask", PRUDE, photo, "--classes", "circle,ring,star", "-s", "binary,answer=choose")
    assert said.code == 0
    assert said.out.count("\n> ") == 1
    assert said.out.endswith("< 'I cannot help with that.' (refused)\n\nprediction: no class (refused)\n")


def test_a_failure_ends_with_4(snellen: Snellen, photo: Path) -> None:
    said = snellen("ask", MUTE, photo, "--classes", "circle,ring")
    assert said.code == 4
    assert said.err == "error: no answer: [bold]no \\x1b[31mvoice[/bold] at all\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--classes", "circle"), "at least two different class names"),
        (("--classes", "circle,circle"), "at least two different class names"),
        (("--classes", "circle,,star"), "at least two different class names"),
        (("--classes", "a,b", "--background", "c"), "background 'c' is not among"),
        (("--classes", "a,b", "-s", "closedset"), "did you mean 'closed-set'"),
    ],
)
def test_wrong_words_are_told(snellen: Snellen, photo: Path, words: tuple[str, ...], message: str) -> None:
    said = snellen("ask", CIRCLE, photo, *words)
    assert said.code == 2 and message in said.err and said.err.count("\n") == 1


@pytest.mark.parametrize("content", [b"no picture", None])
def test_an_image_that_cannot_be_read_is_told_with_its_name(snellen: Snellen, content: bytes | None) -> None:
    if content:
        Path("it.png").write_bytes(content)
    said = snellen("ask", CIRCLE, "it.png", "--classes", "a,b")
    assert said.code == 2 and said.err.startswith("error: it.png: ")


def test_a_model_that_cannot_be_loaded_is_told(snellen: Snellen, photo: Path) -> None:
    Path("broken.py").write_text("raise RuntimeError('no good')\ndef f(question, image): return 'x'\n")
    said = snellen("ask", "scripted/broken.py:f", photo, "--classes", "a,b")
    assert said.code == 3
    assert said.err == "error: scripted/broken.py:f cannot be loaded: RuntimeError: no good\n"

"""What tests of strategies share: an inquiry or a preparation carried on with scripted answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from snellen.types import Answer, Choose, Generate, Question


def told(rounds: Any, answer: Callable[[Any], Answer]) -> tuple[Any, list[list[Any]]]:
    """What it concludes, and the questions of each round."""
    asked: list[list[Question]] = []
    try:
        questions: Sequence[Question] = next(rounds)
        while True:
            asked.append(list(questions))
            questions = rounds.send([answer(question) for question in questions])
    except StopIteration as stop:
        return stop.value, asked


def text_of(question: Question) -> str:
    """The last text of a prompt."""
    assert isinstance(question, Generate | Choose)
    return [part for part in question.prompt if isinstance(part, str)][-1]


def listed(question: Question) -> list[str]:
    """The names in the list of a closed-set question."""
    return text_of(question).partition("Choose one from ")[2].removesuffix(". Answer:").split(", ")

"""`binary-then-choose`: asks of every class whether it is in the photo, and lets the model choose among the yeses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

from snellen.class_list import CLOSED_SET, Side, beside, check_slot
from snellen.labels import read_yes_no
from snellen.list_question import lint_listed, list_question, read_listed
from snellen.templates import IS_THERE, NAME, filled
from snellen.types import PHOTO, Answer, Classes, Generate, Inquiry, Outcome, Prediction, Text

_TOKENS = 5  # room for "Answer: Yes."


@dataclass(frozen=True, slots=True)
class Strategy:
    """The words of its two questions; `prompt` holds `{name}`, `template` holds `{classes}`.

    After Liu and Hu 2025 (arXiv 2511.10983): the only candidate that is true wins, else a question with a list over
    those that remain. Several yeses remain, and only they. Where there is no yes the background class is predicted, as
    in `binary`; without one all classes remain. An answer that is neither yes nor no is not yes and is counted.
    """

    prompt: str = IS_THERE
    template: str = CLOSED_SET
    image: Side = "first"

    def __post_init__(self) -> None:
        check_slot(self.template)
        if NAME not in self.prompt:
            raise ValueError(f"the prompt {self.prompt!r} has no {NAME}, for which a class name stands")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate})

    def lint(self, classes: Classes) -> Iterator[str]:
        """Warns of names that an answer cannot hold."""
        return lint_listed(classes)

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """A round of all classes but the background, then one question where no single yes decides."""
        names = classes.foreground
        if not names:
            return Prediction(classes.background, Outcome.NONE_CONFIRMED)
        verdicts = _verdicts((yield [self._question(name) for name in names]))
        yeses = [name for name, (yes, _) in zip(names, verdicts, strict=True) if yes]
        unreadable = sum(yes is None for yes, _ in verdicts)
        details = {"asked": len(names), "unreadable": unreadable, "yeses": yeses}
        if unreadable == len(names):
            return Prediction(None, verdicts[0][1], details=details)
        if len(yeses) == 1:
            return Prediction(yeses[0], Outcome.CONFIRMED, details=details)
        if not yeses and classes.background is not None:
            return Prediction(classes.background, Outcome.NONE_CONFIRMED, details=details)
        remaining = yeses or names
        order = rng.sample(remaining, len(remaining))
        (answer,) = yield [list_question(order, self.template, self.image)]
        reading = read_listed(answer, order, classes)
        return Prediction(reading.label, reading.outcome, details=details)

    def _question(self, name: str) -> Generate:
        return Generate(beside(PHOTO, filled(self.prompt, name), self.image), _TOKENS)


def _verdicts(answers: Sequence[Answer]) -> list[tuple[bool | None, Outcome]]:
    texts = cast("Sequence[Text]", answers)
    return [read_yes_no(text.text, text.finish) for text in texts]

"""The first round of an inquiry, and whether there is another."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.images import Image
from snellen.placing import Placed, place
from snellen.rows import Row
from snellen.types import Answer, Choose, Generate, Question, Scores, Text


def first_round(row: Row, image: Image) -> list[Placed]:
    """What a row asks first about an image; nothing where it asks nothing."""
    rounds = row.inquire(image)
    try:
        return [place(question, image) for question in next(rounds)]
    except StopIteration:
        return []
    finally:
        rounds.close()


def asks_once(row: Row, image: Image) -> bool:
    """Whether a row asks no second round about the image, whatever is answered to the first.

    It is found by answers of several sorts. Where another one would lead to a second round, that stays to be asked:
    nothing is wrong with what the first one was answered. One that asks for more than texts and choices does not count.
    """
    for place_, said in _SORTS:
        rounds = row.inquire(image)
        try:
            questions = next(rounds)
            if not all(isinstance(question, Generate | Choose) for question in questions):
                return False
            rounds.send([_answer(question, place_, said, row.classes.names) for question in questions])
        except StopIteration:
            continue
        finally:
            rounds.close()
        return False
    return True


_SORTS = ((0, "yes"), (-1, "no"), (0, "A"), (0, None), (-1, None), (0, ""))  # a choice, and a text or a class


def _answer(question: Question, place_: int, said: str | None, names: Sequence[str]) -> Answer:
    """The choice in this place; or a text, which is the class in this place among those that its prompt names."""
    assert isinstance(question, Generate | Choose)
    if isinstance(question, Choose):
        chosen = question.choices[place_]
        values = tuple(-0.1 if choice == chosen else -9.0 for choice in question.choices)
        return Scores(question.choices, values, lengths=(1,) * len(values))
    if question.choices:
        return Text(question.choices[place_])
    if said is None:
        prompt = " ".join(part for part in question.prompt if isinstance(part, str))
        named = [name for name in names if name in prompt]
        said = named[place_] if named else ""
    return Text(said)

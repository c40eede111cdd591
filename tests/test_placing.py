"""Whose question it is, and about which image."""

from __future__ import annotations

import pytest

from snellen.images import Image
from snellen.placing import place
from snellen.types import PHOTO, Choose, Embed, EmbedText, Generate, Question, Recognise

PHOTOGRAPH, OTHER = Image(data=b"photo"), Image(data=b"other")


@pytest.mark.parametrize(
    ("question", "image"),
    [
        (Generate((PHOTO, "what?"), 5), PHOTOGRAPH),
        (Generate((OTHER, "is a cat.", PHOTO, "what?"), 5), PHOTOGRAPH),
        (Generate((OTHER, "what?"), 5), None),
        (Choose(("what?",), ("cat", "dog")), None),
        (Choose(("what?", PHOTO), ("cat", "dog")), PHOTOGRAPH),
        (Recognise(), PHOTOGRAPH),
        (Embed(), PHOTOGRAPH),
        (Embed(OTHER), OTHER),
        (EmbedText("cat"), None),
    ],
)
def test_a_question_is_about_the_image_on_which_its_answer_depends(question: Question, image: Image | None) -> None:
    assert place(question, PHOTOGRAPH).image == image


def test_an_image_is_embedded_once_whether_it_is_the_photo_or_an_example() -> None:
    assert place(Embed(OTHER), None) == place(Embed(), OTHER) == place(Embed(OTHER), PHOTOGRAPH)


def test_the_same_question_to_two_roles_is_two_questions() -> None:
    one, other = place(Embed(), PHOTOGRAPH), place(Embed(to="encoder"), PHOTOGRAPH)
    assert one.key != other.key
    assert one.key[1:] == other.key[1:]
    assert other.role == "encoder"


def test_a_question_about_the_photo_needs_one() -> None:
    with pytest.raises(ValueError, match="here is none"):
        place(Recognise(), None)

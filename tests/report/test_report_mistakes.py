"""The gallery of mistakes: which images it takes, what it shows of them, and that their texts stay texts."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from snellen.report.choosing import choose
from snellen.report.page import body
from snellen.report.reported import ReportedRun
from snellen.report.sections.mistakes import section
from snellen.report.spoken import Spoken
from snellen.results import Results
from studies import model, photographs, ran, write_photograph

EVIL = "\"><script>alert(1)</script>\u202e<img src=x onerror='alert(2)'>"
WRONG = 'return "dog" if truth(image) == "cat" and int(image.path.stem[-1]) < 2 else truth(image)'


class Cards(HTMLParser):
    """The attributes of what a browser would find in a page, by tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@contextmanager
def asked(place: Path, *bodies: str, strategy: str = "closed-set") -> Iterator[Results]:
    """Models with these bodies asked about four pictures each of a bird, a cat and a dog."""
    photos = photographs(place / "photos")
    models = [model(place / f"model{number}.py", text) for number, text in enumerate(bodies)]
    with ran(photos, models, strategy, out=place / "run") as results:
        yield results


def shown(results: Results, **options: Any) -> tuple[Any, Cards]:
    run = ReportedRun(results, **options)
    made = section(run)
    assert made is not None
    return made.context["cards"], Cards(body(run, [made]))


def test_mistakes_come_from_all_classes_before_a_second_of_one() -> None:
    labels = np.asarray([0] * 10 + [1] * 3 + [2] * 5, dtype=np.int32)
    said = np.asarray([1] * 6 + [2] * 4 + [0] * 3 + [2] * 5, dtype=np.int32)  # class 2 is always right
    assert choose(labels, said[None], 0, 4) == [0, 10, 6, 1]
    assert choose(labels, said[None], 0, 100) == [0, 10, 6, 1, 11, 7, 2, 12, 8, 3, 9, 4, 5]


def test_of_one_confusion_the_image_that_most_rows_get_wrong_comes_first() -> None:
    labels = np.zeros(4, dtype=np.int32)
    said = np.asarray([[1, 1, 1, 0], [0, 0, 1, 0], [0, 2, 1, 0]], dtype=np.int32)
    assert choose(labels, said, 0, 2) == [2, 1]


def test_then_come_images_on_which_rows_differ_most() -> None:
    labels = np.asarray([0, 0, 1, 1], dtype=np.int32)
    said = np.asarray([[0, 0, 1, 0], [0, 1, 1, 0], [0, 2, 2, 0]], dtype=np.int32)
    assert choose(labels, said, 0, 10) == [3, 1, 2]  # the third differ in two, the second in three; 0 is clear to all


def test_room_is_kept_for_what_rows_differ_on_and_given_back_where_they_do_not() -> None:
    labels = np.zeros(20, dtype=np.int32)
    best = np.asarray([1] * 12 + [0] * 8, dtype=np.int32)
    other = np.asarray([1] * 12 + [2] * 8, dtype=np.int32)
    chosen = choose(labels, np.stack([best, other]), 0, 8)
    assert chosen[:6] == [0, 1, 2, 3, 4, 5] and all(place >= 12 for place in chosen[6:]) and len(chosen) == 8
    assert choose(labels, np.stack([best, best]), 0, 8) == list(range(8))


def test_what_was_not_answered_is_no_mistake() -> None:
    labels = np.zeros(3, dtype=np.int32)
    said = np.asarray([[-1, 0, -1], [-1, -1, 0]], dtype=np.int32)
    assert choose(labels, said, 0, 8) == []


def test_a_card_shows_the_picture_its_label_and_what_was_said_in_which_words(tmp_path: Path) -> None:
    with asked(tmp_path, WRONG) as results:
        cards, page = shown(results)
        row = results.rows[0].number
    assert [card.example for card in cards] == ["cat/cat0.png", "cat/cat1.png"]
    (answer,) = cards[0].answers
    assert (answer.mark, answer.predicted, answer.said.texts) == ("wrong", "dog", (Spoken("dog", 1),))
    (first, _) = page.of("img")
    kind, _, data = str(first["src"]).partition(",")
    assert kind == "data:image/jpeg;base64" and first["alt"] == "an image labelled cat"
    with PIL.Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.format == "JPEG" and image.size == (6, 6)
    keys = [each for each in page.of("li") if "data-label" in each]
    assert [each["data-label"] for each in keys] == ["cat", "cat"]
    assert json.loads(str(keys[0]["data-predictions"])) == {str(row): "dog"}


def test_votes_are_told_with_their_number_and_an_answer_without_a_class_as_none(tmp_path: Path) -> None:
    bodies = ('return "no idea" if truth(image) == "cat" else truth(image)',)
    with asked(tmp_path, *bodies, strategy="closed-set,votes=3") as results:
        cards, page = shown(results)
        row = results.rows[0].number
    (answer,) = cards[0].answers
    assert answer.predicted is None and answer.said.texts == (Spoken("no idea", 3),)
    assert {str(each["data-predictions"]) for each in page.of("li") if "data-label" in each} == {f'{{"{row}": ""}}'}


def test_scores_are_told_of_the_two_best_classes(tmp_path: Path) -> None:
    liked = '{"dog": -0.1, "cat": -2.5}.get(each, -9.0)'
    scores = f"return Scores(question.choices, tuple({liked} for each in question.choices))"
    with asked(tmp_path, scores, strategy="likelihood") as results:
        cards, _ = shown(results)
    ((first, high), (second, low)) = cards[0].answers[0].said.scores
    assert (first, second) == ("dog", "cat") and high / low == pytest.approx(np.exp(2.4), rel=0.01)


def test_a_picture_that_has_changed_says_why_it_is_not_there(tmp_path: Path) -> None:
    with asked(tmp_path, WRONG) as results:
        write_photograph(tmp_path / "photos" / "cat" / "cat0.png", "another one")
        (tmp_path / "photos" / "cat" / "cat1.png").unlink()
        cards, page = shown(results)
    assert cards[0].picture.address is None and "changed since" in cards[0].picture.missing
    assert cards[1].picture.missing and not page.of("img")


def test_without_thumbnails_no_picture_is_read(tmp_path: Path) -> None:
    with asked(tmp_path, WRONG) as results:
        run = ReportedRun(results, thumbnails=0)
        del run.photographs  # whoever wants a picture has none to ask
        made = section(run)
    assert made is not None and [card.picture for card in made.context["cards"]] == [None, None]


def test_no_more_pictures_than_allowed(tmp_path: Path) -> None:
    with asked(tmp_path, 'return "dog"') as results:
        cards, page = shown(results, thumbnails=5)
    assert len(cards) + 1 == 5 == len(page.of("img")) + 1  # the others are those of suspect labels


def test_what_the_best_row_failed_at_is_none_of_its_mistakes(tmp_path: Path) -> None:
    fails = 'return Failure("broken") if truth(image) == "bird" else "dog" if truth(image) == "cat" else truth(image)'
    with asked(tmp_path, fails, 'return "cat" if truth(image) == "dog" else "bird"') as results:
        run = ReportedRun(results)
        made = section(run)
        assert made is not None and run.shown[0].failed == 4
        assert made.context["wrong"] == made.context["all_wrong"] == 4
        marks = {card.label: [each.mark for each in card.answers] for card in made.context["cards"]}
    assert marks == {"cat": ["wrong", "wrong"], "dog": ["right", "wrong"]}


def test_where_all_is_right_it_says_so(tmp_path: Path) -> None:
    with asked(tmp_path, "return truth(image)") as results:
        cards, page = shown(results)
        run = ReportedRun(results)
        made = section(run)
        assert made is not None and "there is no picture to show" in str(body(run, [made]))
    assert not cards and page.of("section")[0]["id"] == "mistakes"


def test_texts_of_models_and_classes_are_never_markup(tmp_path: Path) -> None:
    names = ("cat", "a\"onmouseover='alert(1)' <b>")
    photos = photographs(tmp_path / "photos", 2, names)
    evil = model(tmp_path / "evil.py", f"return {EVIL!r}")
    with ran(photos, evil, "closed-set", out=tmp_path / "run") as results:
        run = ReportedRun(results)
        made = section(run)
        assert made is not None
        text = str(body(run, [made]))
        page = Cards(text)
        labels = {card.label for card in made.context["cards"]}
    assert not page.of("script") and not page.of("b") and "\u202e" not in text and "\\u202e" in text
    assert all(str(each["src"]).startswith("data:image/jpeg") for each in page.of("img"))
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)
    assert {each["data-label"] for each in page.of("li") if "data-label" in each} == labels

"""A gallery of mistakes: the pictures that teach most, what they are, and what each model said of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from snellen.report.choosing import choose
from snellen.report.elements import Section
from snellen.report.pictures import Picture, picture
from snellen.report.reported import ReportedRun
from snellen.report.sections.suspects import pictured
from snellen.report.spoken import Said, said_by
from snellen.result_row import ResultRow
from snellen.sheets import NO_ANSWER, Sheet

_FIRST = 12  # cards that are seen at once
_WITHOUT_PICTURES = 24  # cards where the page holds no pictures


@dataclass(frozen=True, slots=True)
class Answered:
    """What a row made of an image: `mark` is right, wrong, or why it says nothing; `predicted` a class or None."""

    row: ResultRow
    mark: str
    predicted: str | None
    said: Said


@dataclass(frozen=True, slots=True)
class Card:
    """An image of the gallery; `key` and `predictions` are what the page's script filters by."""

    example: str
    label: str
    key: Markup
    predictions: str
    picture: Picture | None
    answers: tuple[Answered, ...]


def section(run: ReportedRun) -> Section | None:
    """None where nothing was answered; where nothing is wrong it says so, as other sections lead here."""
    room = run.thumbnails - pictured(run) if run.thumbnails else _WITHOUT_PICTURES
    if not run.shown or room < 1:
        return None
    sheets = [run.sheet(row) for row in run.shown]
    best = next(place for place, row in enumerate(run.shown) if row.number == run.answered[0].number)
    chosen = choose(sheets[0].labels, np.stack([sheet.predictions for sheet in sheets]), best, room)
    mistaken = sheets[best].answered & ~sheets[best].right
    context = {
        "cards": _cards(run, sheets, chosen),
        "first": _FIRST,
        "best": run.shown[best],
        "wrong": int(mistaken[chosen].sum()),
        "all_wrong": int(mistaken.sum()),
    }
    return Section("mistakes", "Mistakes", "mistakes.html", context)


def _cards(run: ReportedRun, sheets: Sequence[Sheet], chosen: Sequence[int]) -> list[Card]:
    said = [said_by(run, row, chosen) for row in run.shown]
    files = run.files()
    cards = []
    for place in chosen:
        example, path = files[place]
        names = (*sheets[0].classes, None)
        label = names[sheets[0].labels[place]] or ""
        answers, keys = [], {}
        for row, sheet, words in zip(run.shown, sheets, said, strict=True):
            prediction = int(sheet.predictions[place])
            if prediction == NO_ANSWER:
                answers.append(Answered(row, _unanswered(row), None, Said()))
                continue
            mark = "right" if prediction == sheet.labels[place] else "wrong"
            answers.append(Answered(row, mark, names[prediction], words.get(place, Said())))
            keys[str(row.number)] = names[prediction] or ""
        shown = picture(run, example, path, sheets[0].digests[place]) if run.thumbnails else None
        cards.append(Card(example, label, _attribute(label), _json(keys), shown, tuple(answers)))
    return cards


def _unanswered(row: ResultRow) -> str:
    """What stands for an example that a row has no answer to, as far as its counts tell."""
    return "failed" if not row.pending else "failed or pending" if row.failed else "pending"


def _attribute(text: str) -> Markup:
    """The text as it is told in addresses of the page."""
    return escape(text.encode("utf-8", "backslashreplace").decode())


def _json(values: dict[str, str]) -> str:
    """JSON without a character that would be shown as an escape of another kind."""
    known = {key: value.encode("utf-8", "backslashreplace").decode() for key, value in values.items()}
    return json.dumps(known).replace("\x7f", "\\u007f")

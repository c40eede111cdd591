"""What rows said of an image, in the words of their models where these wrote any."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.sheets import NO_ANSWER
from snellen.stored_rows import strategy_of
from snellen.types import Finish, Generate, Text
from snellen.verdict.replays import replayed

_TEXTS = 3  # different ones that are shown
_CLASSES = 2  # of which scores are shown


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that a model wrote, and how often; `cut` is why it ends where that is not of its own accord."""

    text: str
    times: int
    cut: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a row said of an image: texts, or the best classes with their scores; `more` texts are not shown."""

    texts: tuple[Spoken, ...] = ()
    more: int = 0
    scores: tuple[tuple[str, float], ...] = ()


def writes(run: ReportedRun, row: ResultRow) -> bool:
    """Whether the models of a row answer in words."""
    return Generate in strategy_of(run.results.spec(row)).asks


def said_by(run: ReportedRun, row: ResultRow, places: Iterable[int]) -> Mapping[int, Said]:
    """What a row said of the examples at these places of its sheet."""
    sheet = run.sheet(row)
    wanted = [place for place in places if sheet.predictions[place] != NO_ANSWER]
    found = {}
    if writes(run, row):
        found = {place: _texts(run, row, sheet.digests[place]) for place in wanted}
    rest = [place for place in wanted if place not in found or not found[place].texts]
    return found | _scores(run, row, rest)


def _texts(run: ReportedRun, row: ResultRow, digest: bytes) -> Said:
    answers = [each.answer for each in run.transcripts(row).of(digest) if each.about_photo]
    counted = Counter((each.text, each.finish) for each in answers if isinstance(each, Text))
    told = counted.most_common(_TEXTS)
    spoken = (Spoken(text, times, _cut(finish)) for (text, finish), times in told)
    return Said(tuple(spoken), more=len(counted) - len(told))


def _cut(finish: Finish) -> str | None:
    return {Finish.LENGTH: "cut off", Finish.REFUSED: "refused"}.get(finish)


def _scores(run: ReportedRun, row: ResultRow, places: Iterable[int]) -> dict[int, Said]:
    sheet, wanted = run.sheet(row), list(places)
    if not wanted:
        return {}
    predictions = np.full_like(sheet.predictions, NO_ANSWER)
    predictions[wanted] = sheet.predictions[wanted]
    place_of = {int(sheet.examples[place]): place for place in wanted}
    found = {}
    for number, prediction in replayed(run.results, row, dataclasses.replace(sheet, predictions=predictions)):
        ranked = sorted((prediction.scores or {}).items(), key=lambda item: -item[1])
        found[place_of[number]] = Said(scores=tuple(ranked[:_CLASSES]))
    return found

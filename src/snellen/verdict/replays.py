"""What a row concluded of each example, with all its scores: derived anew from the stored answers, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from snellen.images import Image
from snellen.recall import Recall, prepared
from snellen.result_row import Numbered, ResultRow
from snellen.results import Results
from snellen.rows import Row
from snellen.runner import replay
from snellen.sheets import Sheet
from snellen.stored_rows import row_of
from snellen.types import Prediction


def prepared_row(results: Results, row: Numbered) -> Row | None:
    """The row as it asked, prepared by stored answers; None where one of them is missing."""
    spec = results.spec(row)
    return prepared(row_of(spec), Recall(results.store, spec["models"], None))


def replayed(results: Results, row: ResultRow, sheet: Sheet | None = None) -> Iterator[tuple[int, Prediction]]:
    """Number and prediction of each example that was answered, readably or not, in the order of numbers.

    They are those of the row's sheet, or of a thinned one.

    Records keep the five best scores, these predictions have all. Left out is an example of which an answer is not
    stored any more; where that is one of the preparation, all are.
    """
    again = prepared_row(results, row)
    if again is None:
        return
    sheet, models = sheet or results.sheet(row), results.spec(row)["models"]
    for place in sheet.answered.nonzero()[0]:
        image = Image(Path(), digest=sheet.digests[place].hex())
        done = replay(again.inquire(image), image, Recall(results.store, models, image))
        if done is not None and isinstance(done[0], Prediction):
            yield int(sheet.examples[place]), done[0]

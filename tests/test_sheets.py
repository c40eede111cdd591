"""What a row predicted, as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from snellen.sheets import NO_ANSWER
from studies import model, photographs, ran


def test_a_sheet_tells_right_wrong_unreadable_and_unanswered_apart(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", count=4)
    name = model(
        tmp_path / "some.py",
        """
number = int(image.path.stem[-1])
if number == 3:
    return Failure("not this one")
return (truth(image), "dog", "no idea")[number]
""",
    )
    with ran(photos, name, "closed-set", out=tmp_path / "run") as results:
        (row,) = results.rows
        sheet = results.sheet(row)
        assert (sheet.classes, sheet.background) == (("bird", "cat", "dog"), None)
        assert len(set(sheet.digests)) == 12
        assert list(sheet.labels) == [0] * 4 + [1] * 4 + [2] * 4
        assert list(sheet.predictions) == [0, 2, 3, NO_ANSWER, 1, 2, 3, NO_ANSWER, 2, 2, 3, NO_ANSWER]
        assert sheet.answered.sum() == row.answered + row.unparsed == 9
        assert np.mean(sheet.right[sheet.answered]) == row.accuracy

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


def test_the_best_scores_and_the_files_stand_in_the_order_of_the_sheet(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", count=2)
    name = model(
        tmp_path / "some.py",
        """
if image.path.stem == "cat1":
    return Failure("not this one")
return Scores(("cat", "dog", "bird"), (0.3, 0.1, 0.6) if truth(image) == "bird" else (0.5, 0.4, 0.1))
""",
    )
    with ran(photos, name, "vocabulary", out=tmp_path / "run") as results:
        (row,) = results.rows
        ranked, scores = results.best_scored(row)
        assert results.sheet(row).classes == ("bird", "cat", "dog")
        assert ranked.tolist()[:4] == [[0, 1, 2, -1, -1]] * 2 + [[1, 2, 0, -1, -1], [-1] * 5]
        assert np.allclose(scores[0], [0.6, 0.3, 0.1, np.nan, np.nan], equal_nan=True) and np.isnan(scores[3]).all()
        found = results.files(row)
        assert [id for id, _ in found] == [
            f"{label}/{label}{n}.png" for label in ("bird", "cat", "dog") for n in (0, 1)
        ]
        assert all(path is not None and Path(path).is_file() for _, path in found)


def test_what_stands_beside_a_sheet_has_its_order(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", count=3)
    (photos / "cat" / "cat1.png").write_bytes(b"no image")
    body = """
if image.path.stem == "dog2":
    return Failure("not this one")
best = "dog" if image.path.stem == "bird0" else truth(image)
return Scores(question.choices, [0.0 if choice == best else -2.0 for choice in question.choices])
"""
    with ran(photos, model(tmp_path / "some.py", body), "likelihood", out=tmp_path / "run") as results:
        (row,) = results.rows
        sheet = results.sheet(row)
        told, few = list(results.conclusions(row, sheet)), list(results.conclusions(row, sheet.thinned(3)))
        confidences, pixels = results.confidences(row), results.pixels(row)
    places = [place for place, answered in enumerate(sheet.answered) if not answered]
    assert len(places) == 2
    assert np.flatnonzero(np.isnan(confidences)).tolist() == places == [4, 8]
    assert [place for place, _, _ in told] == [place for place in range(9) if place not in places]
    assert {(outcome, *details) for _, outcome, details in told} == {("scored", "place")}
    assert len(few) == 3 and all(each in told for each in few)
    assert np.flatnonzero(np.isnan(pixels)).tolist() == [4]
    assert set(pixels[~np.isnan(pixels)]) == {36}

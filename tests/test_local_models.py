"""Local models through whole studies: what comes out does not depend on the batch size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snellen
from conftest import draw_folder
from snellen.codec import read_answer, read_choices
from snellen.database import DATABASE, Database
from snellen.results import Results
from snellen.types import Answer, Scores, Text

STRATEGIES = ("closed-set", "closed-set,answer=choose", "binary,ahead=30", "binary,decide=argmax")
# every start of a worker costs seconds: one family here, all of them at all sizes in engines/test_hf_strategies.py
BATCH_SIZES = {"qwen2_vl": 7}
SAME = 1e-4  # between scores in float32


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Real photographs where they are at hand, drawn pictures elsewhere."""
    if os.environ.get("SNELLEN_TEST_DATA"):
        place: Path = request.getfixturevalue("real_data") / "data/photos/caltech101-31"
        return place
    return draw_folder(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def studies(
    checkpoint: Callable[[str], Path], photographs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Results, Results]]:
    """The same study twice: at batch size 1, and at each family's other size."""
    place = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # the workers inherit it
        alone, batched = (
            snellen.run(
                photographs,
                [
                    {"model": f"hf/{checkpoint(family)}", "dtype": "float32", "device": "cpu", "batch_size": size}
                    for family, size in sizes.items()
                ],
                STRATEGIES,
                classes=4,
                limit=12,
                out=place / name,
                timing=False,
            )
            for name, sizes in (("alone", dict.fromkeys(BATCH_SIZES, 1)), ("batched", BATCH_SIZES))
        )
    with closing(alone), closing(batched):
        yield alone, batched


def answers(results: Results, family: Path) -> Mapping[tuple[bytes, bytes], Answer]:
    """All stored answers of a model by image and question."""
    with closing(Database(results.path / DATABASE, read_only=True)) as database:
        found = database.execute(
            "SELECT image, question, a.body, t.body FROM answers a JOIN models m ON m.number = model "
            "LEFT JOIN texts t ON t.key = choices WHERE name LIKE ?",
            f"hf/{family},%",
        ).fetchall()
    return {
        (image, question): read_answer(body, read_choices(choices) if choices else ())
        for image, question, body, choices in found
    }


def records(results: Results, family: Path) -> list[dict[str, Any]]:
    found = [each for each in results.records() if each["model"].startswith(f"hf/{family},")]
    assert len(found) == 12 * len(STRATEGIES)
    return found


@pytest.mark.parametrize("family", BATCH_SIZES)
def test_batch_size_changes_neither_records_nor_answers(
    family: str, checkpoint: Callable[[str], Path], studies: tuple[Results, Results]
) -> None:
    folder = checkpoint(family)
    for one, other in zip(*(records(each, folder) for each in studies), strict=True):
        same = ("example", "label", "strategy", "state", "prediction", "outcome", "details", "failure", "questions")
        assert {key: one[key] for key in same} == {key: other[key] for key in same}
        assert one["state"] in ("answered", "unparsed")
        assert one["scores"] == pytest.approx(other["scores"], abs=SAME)
    alone, batched = (answers(each, folder) for each in studies)
    assert alone.keys() == batched.keys()
    for key, answer in alone.items():
        other = batched[key]
        if isinstance(answer, Text):
            assert isinstance(other, Text) and (answer.text, answer.finish) == (other.text, other.finish)
        else:
            assert isinstance(answer, Scores) and isinstance(other, Scores)
            np.testing.assert_allclose(answer.values, other.values, rtol=0, atol=SAME)


@pytest.mark.parametrize("family", BATCH_SIZES)
def test_answers_depend_on_the_photograph(
    family: str, checkpoint: Callable[[str], Path], studies: tuple[Results, Results]
) -> None:
    found = answers(studies[0], checkpoint(family))
    assert len({answer.text for answer in found.values() if isinstance(answer, Text)}) >= 5
    asked_of_all = max({question for _, question in found}, key=[question for _, question in found].count)
    said = [answer for (_, question), answer in found.items() if question == asked_of_all]
    assert len(said) == 12
    assert len({each.text if isinstance(each, Text) else each.values for each in said}) >= 5


def test_rows_tell_how_a_model_was_run(checkpoint: Callable[[str], Path], studies: tuple[Results, Results]) -> None:
    for results, sizes in zip(studies, (dict.fromkeys(BATCH_SIZES, 1), BATCH_SIZES), strict=True):
        assert len(results.rows) == len(BATCH_SIZES) * len(STRATEGIES)
        for family, size in sizes.items():
            for row in (row for row in results.rows if row.model.startswith(f"hf/{checkpoint(family)},")):
                assert (row.images, row.failed, row.pending, row.batch_size) == (12, 0, 0, size)
                assert (row.device, row.dtype, row.trouble) == ("cpu", "float32", None)
                assert row.parameters and row.peak_rss_gb and row.load_seconds

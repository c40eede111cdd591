"""Strategies on local models of every family: what they conclude does not depend on the batch size."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest
from local_models import load, varied

from snellen.images import Image
from snellen.runner import Answered, Ended, Runner
from snellen.specs import strategy_plan
from snellen.types import Answer, Classes, Prediction, Scores, Text

STRATEGIES = (
    "closed-set",
    "closed-set,answer=choose",
    "binary,ahead=30",
    "binary,decide=argmax",
    "likelihood,prompt=open,normalise=mean,calibrate=blank",
    "likelihood,calibrate=text",
)
CLASSES = Classes(("accordion", "bonsai", "background"), "background")
Concluded = tuple[Mapping[tuple[int, int], Prediction], Mapping[tuple[str, str], Answer]]


def photographs() -> list[Image]:
    """Real photographs where they are at hand, drawn pictures of many shapes elsewhere."""
    place = os.environ.get("SNELLEN_TEST_DATA")
    if not place:
        return varied(8)
    folders = sorted(Path(place, "data/photos/caltech101-31").iterdir())
    return [Image(min(folder.iterdir())) for folder in folders[::4]]


def concluded(folder: Path, batch_size: int) -> Concluded:
    """All predictions by image and strategy, and all answers by image and question."""
    engine = load(folder, dtype="float32", batch_size=batch_size)
    runner = Runner({"model": engine})
    for number, image in enumerate(photographs()):
        inquiries = {
            row: strategy_plan(spec).strategy.inquire(CLASSES, None, Random(f"0:{image.digest}"))
            for row, spec in enumerate(STRATEGIES)
        }
        runner.start(number, image, inquiries, {})
    predictions: dict[tuple[int, int], Prediction] = {}
    answers: dict[tuple[str, str], Answer] = {}
    while runner.busy:
        for event in runner.step(1.0):
            if isinstance(event, Answered):
                answers[event.asked.key[1], repr(event.asked.question)] = event.answer
            elif isinstance(event, Ended):
                assert isinstance(event.result, Prediction)
                predictions[event.task, event.row] = event.result
    engine.close()
    return predictions, answers


@pytest.mark.parametrize("family", ["idefics3", "llava_next", "mllama", "qwen2_vl"])
def test_strategies_conclude_the_same_at_every_batch_size(checkpoint: Callable[[str], Path], family: str) -> None:
    folder = checkpoint(family)
    alone, answers = concluded(folder, 1)
    assert len({answer.text for answer in answers.values() if isinstance(answer, Text)}) >= 5
    for batch_size in (7, 32):
        together, others = concluded(folder, batch_size)
        assert together.keys() == alone.keys()
        for key, one in alone.items():
            other = together[key]
            assert (one.label, one.outcome, one.details) == (other.label, other.outcome, other.details)
            assert one.scores == pytest.approx(other.scores, abs=1e-4)
        assert others.keys() == answers.keys()
        for question, answer in answers.items():
            same = others[question]
            if isinstance(answer, Scores):
                assert isinstance(same, Scores)
                assert answer.values == pytest.approx(same.values, abs=1e-4)
            else:
                assert isinstance(answer, Text)
                assert isinstance(same, Text)
                assert (answer.text, answer.finish) == (same.text, same.finish)

"""What a model can do is found by trying, and so is whether its answers depend on their company."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said
from onnx_models import write_classifier
from snellen.company import Difference, difference
from snellen.engines.scripted import Scripted
from snellen.metrics.intervals import wilson
from snellen.types import Answer, Failure, Scores, Text

MODELS = Path(__file__).parent / "models.py"
CIRCLE, MUTE, STAR = (f"scripted/{MODELS}:{name}" for name in ("circle", "mute", "star"))
FEW = ("--images", "5")
Snellen = Callable[..., Said]
Checkpoint = Callable[[str], Path]


def table(said: Said) -> dict[tuple[str, str], list[str]]:
    """The compared rows by setting and strategy: answers, flips, rate, interval, largest difference."""
    row = r"^((?:batch_size|prefix_sharing)=\w+(?:, ran \d+)?) +(\S+) +(\d+) +(\d+) +(\S+ %|–) +(\S+) +(\S+)$"
    return {(setting, strategy): cells for setting, strategy, *cells in re.findall(row, said.out, re.MULTILINE)}


# local models


def test_in_float32_no_answer_depends_on_its_company(snellen: Snellen, checkpoint: Checkpoint) -> None:
    said = snellen("doctor", f"hf/{checkpoint('qwen2_vl')},device=cpu,dtype=float32", *FEW)
    assert said.code == 0
    for label, value in (("dtype", "float32"), ("device", "cpu"), ("attention", "sdpa"), ("prefix sharing", "on")):
        assert re.search(rf"^{label} +{value}\b", said.out, re.MULTILINE)
    assert re.search(r"^loaded in +\d+\.\d s\npeak memory +\d+\.\d\d GB RAM$", said.out, re.MULTILINE)
    assert re.search(r"^Generate +'.*' \(", said.out, re.MULTILINE)
    assert re.search(r"^Choose +(yes|no) -.*, (yes|no) -", said.out, re.MULTILINE)
    assert re.search(r"^Recognise +not for this model$", said.out, re.MULTILINE)
    rows = table(said)
    settings = ["batch_size=5", "prefix_sharing=off"]
    strategies = ["closed-set", "binary", "binary,answer=choose"]
    assert list(rows) == [(setting, strategy) for setting in settings for strategy in strategies]
    assert {cells[1] for cells in rows.values()} == {"0"}
    assert all(float(cells[-1]) < 1e-3 for (_, strategy), cells in rows.items() if strategy.endswith("choose"))
    assert "No answer depended on its company, as float32 lets expect" in said.out
    assert "batch_size=1, prefix_sharing=off: 5/5" in said.err


def test_in_bfloat16_the_rate_is_told_with_its_interval(snellen: Snellen, checkpoint: Checkpoint) -> None:
    said = snellen("doctor", f"hf/{checkpoint('qwen2_vl')},device=cpu,dtype=bfloat16", *FEW, "-q", "--json")
    assert (said.code, said.err) == (0, "")
    told = json.loads(said.out)
    assert told["facts"]["dtype"] == "bfloat16" and told["facts"]["peak_gpu_gb"] is None
    assert told["images"] == {"dataset": "shapes", "images": 5, "unreadable": 0}
    assert [row["prefix_sharing"] for row in told["company"]] == ["on"] * 3 + ["off"] * 3
    for row in told["company"]:
        assert (row["answers"], row["not_answered"]) == (5, 0)
        assert (row["flip_rate_low"], row["flip_rate_high"]) == wilson(row["flips"], 5)
    assert max(row["largest_difference"] or 0 for row in told["company"]) > 1e-3
    assert "bfloat16" in told["meaning"]


def test_a_fault_that_shows_in_larger_company_alone_is_found(
    snellen: Snellen, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the check at loading, with its two pictures, cannot see."""
    import transformers

    family = transformers.LlavaModel
    forward = family.forward

    def faulty(self: Any, *args: Any, **given: Any) -> Any:
        out = forward(self, *args, **given)
        if out.last_hidden_state.shape[0] > 4:
            out.last_hidden_state = out.last_hidden_state.flip(-1)
        return out

    monkeypatch.setattr(family, "forward", faulty)
    model = f"hf/{checkpoint('llava')},device=cpu,prefix_sharing=off"
    said = snellen("doctor", model, *FEW)
    assert said.code == 0
    assert re.search(r"^prefix sharing +off: as asked$", said.out, re.MULTILINE)
    rows = table(said)
    assert {setting for setting, _ in rows} == {"batch_size=5"}
    assert int(rows["batch_size=5", "closed-set"][1]) > 0
    assert "In float32 answers should not depend on their company" in said.out
    assert "batch_size=1,prefix_sharing=off until" in said.out


# other models


def test_a_scripted_model(snellen: Snellen) -> None:
    said = snellen("doctor", CIRCLE)
    assert said.code == 0
    assert re.search(r"^Generate +'circle'$", said.out, re.MULTILINE)
    assert re.search(r"^Choose +failed: circle returned a text; Choose expects Scores$", said.out, re.MULTILINE)
    assert re.search(r"^Recognise +circle 0\.9, ring 0\.1$", said.out, re.MULTILINE)
    assert {strategy for _, strategy in table(said)} == {"closed-set", "binary", "vocabulary"}
    assert {setting for setting, _ in table(said)} == {"batch_size=7", "batch_size=32"}
    assert "with 96 answers a setting, up to 3.8 % of all answers may" in said.out


def test_a_model_whose_answers_depend_on_their_company(
    snellen: Snellen, monkeypatch: pytest.MonkeyPatch, drawn: Path
) -> None:
    step = Scripted.step

    def crowded(self: Scripted, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        done = step(self, timeout)
        return [(ticket, Text(f"one of {len(done)}")) for ticket, _ in done]

    monkeypatch.setattr(Scripted, "step", crowded)
    said = snellen("doctor", STAR, "-d", f"{drawn},classes=3", "--images", "7")
    assert "7 images of drawn" in said.out
    assert table(said)["batch_size=7", "closed-set"][:4] == ["7", "7", "100.0 %", "64.6–100.0"]
    assert "The company of a question changed 100.0 % of the answers" in said.out


def test_a_recogniser_is_compared_over_batch_sizes(snellen: Snellen, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    model = write_classifier(tmp_path / "m.onnx", np.eye(3))
    (tmp_path / "labels.txt").write_text("red\ngreen\nblue\n")
    rows = table(snellen("doctor", f"onnx/{model}", *FEW))
    assert [strategy for _, strategy in rows] == ["vocabulary"]
    assert [cells[:2] for cells in rows.values()] == [["5", "0"]]


def test_a_model_that_answers_nothing_ends_with_4(snellen: Snellen) -> None:
    said = snellen("doctor", MUTE, "-q")
    assert (said.code, said.err) == (4, "the model answered no question\n")
    assert said.out.count(r"failed: [bold]no \x1b[31mvoice[/bold] at all") == 5
    assert "not compared, no question was answered" in said.out


def test_a_model_that_is_not_batched_here_is_not_compared(snellen: Snellen, drawn: Path) -> None:
    Path("mine.csv").write_text("image,prediction\nstar/0001.png,star\n")
    said = snellen("doctor", "predictions/./mine.csv", "-d", drawn)
    assert "not compared, the model is not batched here" in said.out


# answers compared


def test_flips_are_counted_over_what_was_answered_both_times() -> None:
    def scores(*values: float) -> Scores:
        return Scores(("yes", "no"), values)

    lost = Failure("lost")
    ones = [Text("a"), Text("b"), lost, scores(-1, -2), scores(-1, -math.inf), scores(-1, -2)]
    others = [Text("a"), Text("B"), Text("c"), scores(-1.5, -1.25), scores(-1, -3), lost]
    found = difference(ones, others)
    assert found == Difference(compared=4, flips=2, missing=2, largest=0.75)
    assert found.rate == 0.5 and found.interval == wilson(2, 4)


def test_nothing_compared_has_no_rate() -> None:
    found = difference([Failure("lost")], [Text("a")])
    assert (found.rate, found.interval, found.largest) == (None, None, None)


# wrong use


@pytest.mark.parametrize(
    ("words", "part", "code"),
    [
        (("nothing",), "a model is written PROVIDER/NAME", 2),
        (("scriptd/x:f",), "did you mean 'scripted'", 2),
        (("scripted/none.py:f",), "no file none.py", 2),
        (("scripted/no_such_module:f",), "no module no_such_module", 3),
        ((f"{CIRCLE},batch_siz=2",), "did you mean 'batch_size'", 2),
        ((CIRCLE, "-d", "nowhere"), "no data set nowhere", 2),
        ((CIRCLE, "-d", "shapes,classes=99"), "got 99", 2),
        ((CIRCLE, "--images", "1"), "--images: expected at least 2", 2),
    ],
)
def test_wrong_words_are_told(snellen: Snellen, words: tuple[str, ...], part: str, code: int) -> None:
    said = snellen("doctor", *words)
    assert (said.code, said.out) == (code, "")
    assert part in said.err and said.err.startswith("error: ") and said.err.count("\n") == 1


def test_a_model_that_gives_up_is_told(snellen: Snellen, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Scripted, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        raise RuntimeError("device lost")

    monkeypatch.setattr(Scripted, "step", broken)
    said = snellen("doctor", CIRCLE, "-q")
    assert (said.code, said.out, said.err) == (4, "", f"error: {CIRCLE} gave up: RuntimeError: device lost\n")

"""The model card of a demo model: what it is, how it was trained, and figures with the commands that give them."""

from __future__ import annotations

import math
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from safetensors import safe_open

import snellen
from snellen.demo import models
from snellen.results import ResultRow

_DATA = "demo/pictograms,drawing_seed=1"
_TEXT = """\
---
license: apache-2.0
library_name: transformers
tags: [snellen, demo]
training_minutes: {minutes:.1f}
---

# demo/{name}

{about}

It comes with snellen, so that a benchmark can be shown without any download, and is good for nothing else: it knows
drawn pictograms of 138 objects, their background and handwritten digits, in English.

- **Architecture**: {architecture}, {parameters:,} parameters, {megabytes:.1f} MB in half precision.
- **Data**: drawn by `snellen.demo.pictograms` and `training/handwriting.py`, pictures number 0 to 999 of each
  of 149 classes{more}; the data set `demo/pictograms` begins at number 10,000,000. No photograph and no real digit was
  used; how people write digits was studied on scikit-learn's, which are therefore not quite unseen.
- **Training**: `python -m training {name}`: {training}, {minutes:.0f} minutes on one core of {machine}, torch {torch},
  transformers {transformers}; seeded.
- **Licence**: Apache-2.0, like snellen.

## Figures

On pictures of another drawing seed, which no training saw. The interval is Wilson's, 95 %.

| what | figure | 95 % | images | command |
| --- | --- | --- | --- | --- |
{figures}
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what it says, the run that gives it, and where in the results it stands."""

    what: str
    strategy: str
    classes: int | None = None
    dataset: str = _DATA
    value: Callable[[ResultRow], float | None] = field(default=lambda row: row.accuracy)
    interval: Callable[[ResultRow], tuple[float | None, float | None]] = field(
        default=lambda row: (row.accuracy_low, row.accuracy_high)
    )

    def command(self, name: str) -> str:
        """The command that prints it, or has it in its results.json."""
        classes = f" --classes {self.classes}" if self.classes else ""
        return f"snellen run -d {self.dataset} -m demo/{name} -s {self.strategy}{classes}"


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says of a model beside its figures."""

    about: str
    architecture: str
    training: str
    figures: tuple[Figure, ...]


def _outside(row: ResultRow) -> float | None:
    return row.outcomes.get("out-of-list", 0) / row.images


def _no_interval(row: ResultRow) -> tuple[None, None]:
    return None, None


_YES_NO = "binary,decide=argmax"
CARDS = {
    "classifier": Card(
        "A small ResNet that tells 149 classes apart, with labels of its own like any conventional classifier.",
        "ResNetForImageClassification with one basic block a stage (24, 48, 96, 160 channels) on 64 x 64 pixels",
        "{steps:,} steps of 64 pictures by AdamW, with cross-entropy",
        (
            Figure("accuracy, 139 classes", "vocabulary,background=background"),
            Figure("accuracy, 21 classes", "vocabulary,background=background", 21, f"{_DATA},pictures=50"),
            Figure("accuracy, digits", "vocabulary", dataset="digits"),
        ),
    ),
    "clip": Card(
        "A small CLIP: pictures and captions as vectors, near to each other where they belong together.",
        "CLIPModel, a vision tower of 4 layers of width 128 on 64 patches of 8 x 8 pixels and a text tower of 2 layers",
        "{steps:,} steps of 64 pictures by Muon and AdamW, taught by captions and by demo/classifier",
        (
            Figure("accuracy, 139 classes", "zero-shot"),
            Figure("accuracy, 100 classes", "zero-shot", 100),
            Figure("accuracy, 21 classes", "zero-shot", 21, f"{_DATA},pictures=50"),
        ),
    ),
    "vlm": Card(
        "A small vision-language model that answers questions: which of these, is there a …, what is this.",
        "LlavaForConditionalGeneration, demo/clip's vision tower and a Llama of 4 layers of width 128",
        "{steps:,} steps of 16 pictures with some 13 questions each by Muon and AdamW, vision tower included",
        (
            Figure("accuracy, 21 classes, closed set", "closed-set", 21, f"{_DATA},pictures=50"),
            Figure("accuracy, 100 classes, closed set", "closed-set", 100),
            Figure("answers outside the list, 100 classes", "closed-set", 100, _DATA, _outside, _no_interval),
            Figure("accuracy, 139 classes, closed set", "closed-set"),
            Figure("accuracy, 21 classes, most probable yes", _YES_NO, 21),
            Figure(
                "yes to the right class (true-positive rate), 21 classes",
                _YES_NO,
                21,
                value=lambda row: row.true_positive_rate,
                interval=lambda row: (row.true_positive_rate_low, row.true_positive_rate_high),
            ),
            Figure(
                "no to the other classes (true-negative rate), 21 classes",
                _YES_NO,
                21,
                value=lambda row: row.true_negative_rate,
                interval=_no_interval,
            ),
            Figure("accuracy, 21 classes, first yes", "binary", 21),
            Figure("accuracy, digits, closed set", "closed-set", dataset="digits"),
        ),
    ),
}


def minutes_of(name: str) -> float:
    """How long the training of the model in the package took, from its card."""
    text = (models.folder(name) / "README.md").read_text(encoding="utf-8")
    return float(text.partition("training_minutes: ")[2].partition("\n")[0])


def write_card(name: str, steps: int, minutes: float) -> None:
    """Measures the model in the package and writes its card."""
    folder, card = models.folder(name), CARDS[name]
    with safe_open(folder / "model.safetensors", "pt") as weights:
        parameters = sum(math.prod(weights.get_slice(key).get_shape()) for key in weights.keys())  # noqa: SIM118
    text = _TEXT.format(
        name=name,
        about=card.about,
        architecture=card.architecture,
        parameters=parameters,
        megabytes=sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 1e6,
        more=" and, for reading, 1,000 to 1,399" if name == "vlm" else "",
        training=card.training.format(steps=steps),
        minutes=minutes,
        machine=_processor(),
        torch=torch.__version__.partition("+")[0],
        transformers=transformers.__version__,
        figures="\n".join(_line(name, figure) for figure in card.figures),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _line(name: str, figure: Figure) -> str:
    row = measured(name, figure)
    value, (low, high) = figure.value(row), figure.interval(row)
    interval = "" if low is None or high is None else f"{low:.3f}–{high:.3f}"
    return f"| {figure.what} | {value:.3f} | {interval} | {row.images} | `{figure.command(name)}` |"


def measured(name: str, figure: Figure) -> ResultRow:
    """The row of the results of the figure's command."""
    with tempfile.TemporaryDirectory() as place:
        results = snellen.run(
            figure.dataset,
            [f"demo/{name}"],
            [figure.strategy],
            classes=figure.classes,
            out=Path(place, "run"),
            timing=False,
        )
        (row,) = results.rows
        results.close()
    return row


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    for line in about.read_text(encoding="utf-8").splitlines() if about.exists() else ():
        if line.startswith("model name"):
            return f"an {line.partition(':')[2].strip()}"
    return platform.processor() or platform.machine()

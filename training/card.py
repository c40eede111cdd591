"""The model card of a demo model: what it is, how it was trained, and figures with the commands that give them."""

from __future__ import annotations

import math
import platform
import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors import safe_open

import snellen
from snellen.demo import models
from snellen.metrics.intervals import wilson
from snellen.result_row import ResultRow
from training.wording import LISTS_UNSEEN, YES_NO_UNSEEN

_DATA = "demo/pictograms,drawing_seed=1"
_MORE = f"{_DATA},pictures=50"
_YES_NO = "binary,decide=argmax"
_VOCABULARY = "vocabulary,background=background"
_FACTS = ("steps", "minutes", "machine", "torch", "transformers")
_TEXT = """\
---
license: apache-2.0
library_name: transformers
tags: [snellen, demo]
training:
{facts}
---

# demo/{name}

{about}

It comes with snellen, so that a benchmark can be shown without any download, and is good for nothing else: it knows
drawn pictograms of 138 objects, their background and handwritten digits, in English.

- **Architecture**: {architecture}, {parameters:,} parameters, {megabytes:.1f} MB in half precision.
- **Data**: drawn by `snellen.demo.pictograms` and `training/handwriting.py`, pictures number 0 to 999 of each of 149
  classes{more}; the data set `demo/pictograms` begins at number 10,000,000. No photograph and no real digit was used,
  but how digits are drawn was tuned by looking at those of scikit-learn, which the figures on `digits` are about.
- **Training**: `python -m training {name}`: {training}, {minutes} minutes on one core of {machine}, torch {torch},
  transformers {transformers}; seeded.
- **Licence**: Apache-2.0, like snellen.

## Figures

On pictures that no training saw; the intervals are Wilson's, 95 %, over images. The commands on `digits` need
scikit-learn (`pip install 'snellen[data]'`). Rates are in the results.json of their run.

| what | figure | 95 % | images | command |
| --- | --- | --- | --- | --- |
{figures}
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what it says, the run that gives it, and how it is read out of the row of its results.

    `read` gives the value and how many images it is over; `interval` is false where these are not its unit.
    """

    what: str
    strategy: str
    classes: int | None = None
    dataset: str = _DATA
    read: Callable[[ResultRow], tuple[float | None, int]] = lambda row: (row.accuracy, row.answered + row.unparsed)
    interval: bool = True

    def command(self, name: str) -> str:
        """What to type."""
        classes = ["--classes", str(self.classes)] if self.classes else []
        return shlex.join(["snellen", "run", "-d", self.dataset, "-m", f"demo/{name}", "-s", self.strategy, *classes])


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says of a model beside its figures."""

    about: str
    architecture: str
    training: str
    figures: tuple[Figure, ...]


def _unparsed(row: ResultRow) -> tuple[float | None, int]:
    count = row.answered + row.unparsed
    return row.unparsed / count, count


def _with_object(row: ResultRow) -> int:
    """How many images show an object, which alone are asked about by yes or no."""
    return sum(each["support"] for each in row.per_class if each["name"] != "background")


CARDS = {
    "classifier": Card(
        "A small ResNet that tells 149 classes apart, with labels of its own like any conventional classifier.",
        "ResNetForImageClassification with one basic block a stage (24, 48, 96, 160 channels) on 64 x 64 pixels",
        "{steps} steps of 64 pictures by AdamW, with cross-entropy",
        (
            Figure("accuracy, 139 classes", _VOCABULARY),
            Figure("accuracy, 100 classes", _VOCABULARY, 100),
            Figure("accuracy, 21 classes", _VOCABULARY, 21, _MORE),
            Figure("accuracy, digits", "vocabulary", dataset="digits"),
        ),
    ),
    "clip": Card(
        "A small CLIP: pictures and captions as vectors, near to each other where they belong together.",
        "CLIPModel, a vision tower of 4 layers of width 128 on 64 patches of 8 x 8 pixels and a text tower of 2 layers",
        "{steps} steps of 64 pictures by Muon and AdamW, taught by captions and by demo/classifier",
        (
            Figure("accuracy, 139 classes", "zero-shot"),
            Figure("accuracy, 100 classes", "zero-shot", 100),
            Figure("accuracy, 21 classes", "zero-shot", 21, _MORE),
        ),
    ),
    "vlm": Card(
        "A small vision-language model that answers questions: which of these, is there a …, what is this.",
        "LlavaForConditionalGeneration, demo/clip's vision tower and a Llama of 4 layers of width 128",
        "{steps} steps of 16 pictures with some 12 questions each by Muon and AdamW, a seventh of them on mixed "
        "pictures, of which only one object is in the list; the vision tower stays as it is",
        (
            Figure("accuracy, 21 classes, closed set", "closed-set", 21, _MORE),
            Figure("answers without a class of the list, 21 classes", "closed-set", 21, _MORE, _unparsed),
            Figure("accuracy, 100 classes, closed set", "closed-set", 100),
            Figure("answers without a class of the list, 100 classes", "closed-set", 100, read=_unparsed),
            *(
                Figure(f"accuracy, 21 classes, unseen wording {number}", f"closed-set,template={template}", 21)
                for number, template in enumerate((LISTS_UNSEEN[0], LISTS_UNSEEN[2]), start=1)
            ),
            Figure("accuracy, 21 classes, most probable yes", _YES_NO, 21),
            Figure(
                "yes to the right class (true-positive rate), 21 classes",
                _YES_NO,
                21,
                read=lambda row: (row.true_positive_rate, _with_object(row)),
            ),
            Figure(
                "no to the other classes (true-negative rate), 21 classes",
                _YES_NO,
                21,
                read=lambda row: (row.true_negative_rate, row.answered + row.unparsed),
                interval=False,
            ),
            Figure(
                "accuracy, 21 classes, most probable yes, unseen wording", f"{_YES_NO},prompt={YES_NO_UNSEEN[0]}", 21
            ),
            Figure("accuracy, 21 classes, first yes", "binary", 21),
            Figure("accuracy, digits, closed set", "closed-set", dataset="digits"),
        ),
    ),
}


def training_facts(steps: int, minutes: float) -> Mapping[str, str]:
    """How and where a training that just ended was done."""
    return {
        "steps": f"{steps:,}",
        "minutes": f"{minutes:.0f}",
        "machine": _processor(),
        "torch": torch.__version__.partition("+")[0],
        "transformers": transformers.__version__,
    }


def facts_of(name: str) -> Mapping[str, str]:
    """The same from the model's present card."""
    text = (models.folder(name) / "README.md").read_text(encoding="utf-8")
    return {fact: text.partition(f"\n  {fact}: ")[2].partition("\n")[0].strip('"') for fact in _FACTS}


def write_card(name: str, facts: Mapping[str, str]) -> None:
    """Measures the model in the package and writes its card."""
    folder, card = models.folder(name), CARDS[name]
    with safe_open(folder / "model.safetensors", "pt") as weights:
        parameters = sum(math.prod(weights.get_slice(key).get_shape()) for key in weights.keys())  # noqa: SIM118
    text = _TEXT.format(
        **{**facts, "facts": "\n".join(f'  {fact}: "{facts[fact]}"' for fact in _FACTS)},
        name=name,
        about=card.about,
        architecture=card.architecture,
        parameters=parameters,
        megabytes=sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 1e6,
        more=" and, for reading, 1,000 to 1,499" if name == "vlm" else "",
        training=card.training.format(**facts),
        figures="\n".join(_lines(name, card)),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _lines(name: str, card: Card) -> list[str]:
    """The lines of the table; figures of one command are read from one run."""
    rows: dict[str, ResultRow] = {}
    lines = []
    for figure in card.figures:
        command = figure.command(name)
        if command not in rows:
            rows[command] = _measured(name, figure)
        value, images = figure.read(rows[command])
        assert value is not None
        low, high = wilson(round(value * images), images)
        interval = f"{low:.3f}–{high:.3f}" if figure.interval else ""
        lines.append(f"| {figure.what} | {value:.3f} | {interval} | {images} | `{command}` |")
    return lines


def _measured(name: str, figure: Figure) -> ResultRow:
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

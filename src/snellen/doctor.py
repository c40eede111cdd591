"""What a model can do, found by trying: loading it, asking it each kind of question, asking in other company.

A hosted model is not asked in other company, which is its server's own; its server is probed.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeAlias

from snellen.asking import ask_all, load_engine
from snellen.company import Difference, Setting, difference, first_question, strategies_for
from snellen.errors import UnreadableImage, WrongUse
from snellen.hosted import is_hosted, probe
from snellen.images import Image
from snellen.meters import peak_rss_gb
from snellen.plan import chosen, load_dataset
from snellen.progress import Progress
from snellen.remote.probing import Trial
from snellen.specs import ModelPlan, model_plan, name_and_options
from snellen.templates import IS_THERE, filled
from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Classes,
    Embed,
    EmbedText,
    Engine,
    Failure,
    Generate,
    Question,
    Recognise,
)

BATCH_SIZES = (1, 7, 32)  # or all images, where they are fewer


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model as it was loaded, options as given; the facts are those after the first answers."""

    model: ModelPlan
    load_seconds: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """A kind of question and what came of it; None where the engine does not declare it."""

    kind: type
    result: Answer | Failure | None


@dataclass(frozen=True, slots=True)
class Pictures:
    """The images to be asked about, and the classes to be asked for; files that cannot be read are only counted."""

    source: str
    classes: Classes
    images: tuple[Image, ...]
    unreadable: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Answers got under a setting against those of the first one, by strategy; of the first one itself there are none.

    `batch_size` is the one that ran, `prefix_sharing` the engine's word on it, None where it knows no such thing.
    """

    setting: Setting
    batch_size: int
    prefix_sharing: str | None
    differences: Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Why a question about company was not put."""

    reason: str


Finding: TypeAlias = Loaded | Tried | Pictures | Compared | NotCompared | Trial
_Answers: TypeAlias = dict[str, list[Answer | Failure]]


def examine(model: str, dataset: str | None, count: int, progress: Progress) -> Iterator[Finding]:
    """What is found, as it is found. Raises SnellenError where the model, the data set or `count` will not do."""
    if count < 2:
        raise WrongUse(f"--images: expected at least 2, for one image has no company; got {count}")
    planned = model_plan(model)
    pictures = _pictures(dataset, count, progress)
    progress.say(f"loading {planned.title}")
    start = time.perf_counter()
    with closing(load_engine(planned)) as engine:
        seconds = time.perf_counter() - start
        tried = _try(engine, planned)
        hosted = is_hosted(engine)
        yield Loaded(planned, seconds, {**engine.facts(), "peak_rss_gb": peak_rss_gb()})
        yield from tried
    answered = frozenset(
        each.kind for each in tried if each.result is not None and not isinstance(each.result, Failure)
    )
    if not hosted:
        yield from _in_company(planned, pictures, strategies_for(answered), progress)
    elif answered:
        progress.say("asking about some 30 questions to find out what the server honours")
        yield from probe(planned)


def _pictures(dataset: str | None, count: int, progress: Progress) -> Pictures:
    if dataset is None:
        drawn = load_dataset("shapes")[0].classes.names
        dataset = f"shapes,pictures={-(-count // len(drawn))}"
    path, given = name_and_options(dataset, "path")
    selection, _ = chosen({"path": path, "limit": count, **given}, progress)
    images = [example.image for example in selection]
    readable = tuple(filter(_is_readable, images))
    if len(readable) < 2:
        raise WrongUse(f"the data set {path}: expected at least 2 readable images, found {len(readable)}")
    return Pictures(selection.name, selection.classes, readable, len(images) - len(readable))


def _is_readable(image: Image) -> bool:
    try:
        image.pixels()
    except UnreadableImage:
        return False
    return True


# One question of each kind


def _try(engine: Engine, model: ModelPlan) -> list[Tried]:
    """Each kind of question put once, about a drawn picture."""
    example = next(iter(load_dataset("shapes,pictures=1")[0]))
    questions: Mapping[type, Question] = {
        Generate: Generate((PHOTO, "What is in this photo? Answer in one word."), 8),
        Choose: Choose((PHOTO, filled(IS_THERE, example.label)), ("yes", "no")),
        Recognise: Recognise(),
        Embed: Embed(),
        EmbedText: EmbedText(f"a photo of a {example.label}"),
    }
    declared = [question for kind, question in questions.items() if kind in model.answers]
    (results,) = ask_all(engine, model, [(example.image, declared)])
    found = {type(question): result for question, result in zip(declared, results, strict=True)}
    return [Tried(kind, found.get(kind)) for kind in questions]


# The same questions in other company


def _in_company(
    model: ModelPlan, pictures: Pictures, strategies: Sequence[str], progress: Progress
) -> Iterator[Finding]:
    known = {field.name for field in dataclasses.fields(model.options)}
    if "batch_size" not in known:
        yield NotCompared("the model is not batched here (it has no batch_size)")
        return
    if not strategies:
        yield NotCompared("no question was answered that a strategy asks")
        return
    yield pictures
    alone, *larger = dict.fromkeys(min(size, len(pictures.images)) for size in BATCH_SIZES)
    first, ran = _under(Setting(alone), model, pictures, strategies, progress)
    yield ran
    settings = [Setting(size) for size in larger]
    if ran.prefix_sharing == "on" and "prefix_sharing" in known:
        settings.append(Setting(alone, unshared=True))
    for setting in settings:
        answers, ran = _under(setting, model, pictures, strategies, progress)
        found = {spec: difference(first[spec], answers[spec]) for spec in strategies}
        yield dataclasses.replace(ran, differences=found)


def _under(
    setting: Setting, model: ModelPlan, pictures: Pictures, strategies: Sequence[str], progress: Progress
) -> tuple[_Answers, Compared]:
    """The answers of the model, loaded anew for the setting, and how it ran."""
    task = ", ".join(f"{name}={value}" for name, value in setting.options.items())
    progress.say(f"loading with {task}")
    planned = dataclasses.replace(model, options=dataclasses.replace(model.options, **setting.options))
    asked = [
        (image, [first_question(spec, pictures.classes, image) for spec in strategies]) for image in pictures.images
    ]
    answers: _Answers = {spec: [] for spec in strategies}
    with closing(load_engine(planned)) as engine:
        progress.begin(task, len(asked))
        for start in range(0, len(asked), setting.batch_size):
            together = ask_all(engine, planned, asked[start : start + setting.batch_size])
            for results in together:
                for spec, result in zip(strategies, results, strict=True):
                    answers[spec].append(result)
            failed = sum(any(isinstance(result, Failure) for result in results) for results in together)
            progress.advance(len(together), failed)
        progress.end()
        facts = engine.facts()
    ran = int(facts.get("batch_size") or setting.batch_size)
    return answers, Compared(setting, ran, facts.get("prefix_sharing"), {})

"""One image asked by one strategy, told in full: the prompts, the raw answers, the prediction."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from snellen import plugins
from snellen.errors import Missing, SnellenError, UnreadableImage, WrongUse
from snellen.images import Image
from snellen.plan import DEFAULT_STRATEGIES
from snellen.rows import Row
from snellen.runner import Answered, Ended, Runner
from snellen.specs import ModelPlan, StrategyPlan, model_plan, strategy_plan, with_roles
from snellen.types import (
    MODEL,
    PHOTO,
    Answer,
    Choose,
    Classes,
    Embed,
    EmbedText,
    Engine,
    Failure,
    Generate,
    Prediction,
    Preparation,
    Question,
    Text,
    Vector,
)

_MOST_SCORES = 10
_MOST_TOLD = 100  # questions


class NoAnswer(SnellenError):
    """The model could not answer."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Opening:
    """Who is asked how about which image, and the hosts that the image goes to."""

    model: str
    strategy: str
    image: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A question as it was put to the model in a role, and its answer."""

    role: str
    question: Question
    answer: Answer


Event: TypeAlias = Opening | Told | Prediction


def ask_once(
    model: str, path: Path, names: Sequence[str], background: str | None, strategy: str | None, seed: int
) -> Iterator[Event]:
    """The exchange as it goes, a prediction last. Raises SnellenError where it cannot take place."""
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        raise WrongUse(f"expected at least two different class names, as in --classes cat,dog; got {','.join(names)!r}")
    if background is not None and background not in names:
        raise WrongUse(f"the background {background!r} is not among the classes {', '.join(names)}")
    planned = model_plan(model)
    asked = _strategy(planned, strategy)
    classes = Classes(tuple(names), background)
    if check := getattr(asked.strategy, "check", None):
        check(classes)
    image = Image(path)
    try:
        image.pixels()  # an unreadable file is told before a model is loaded
    except UnreadableImage as error:
        raise WrongUse(f"{path}: {error}") from None
    if asked.shots:
        raise WrongUse(f"{asked.title} learns from labelled examples, and here is one image: use 'snellen run'")
    with ExitStack() as stack:
        models = {MODEL: planned, **with_roles(asked).roles}
        engines = {role: stack.enter_context(closing(load_engine(model))) for role, model in models.items()}
        hosts = sorted({host for engine in engines.values() if (host := engine.facts().get("sends_to"))})
        yield Opening(" + ".join(model.title for model in models.values()), asked.title, str(path), tuple(hosts))
        yield from _exchange(engines, Row(asked.strategy, classes, seed), image)


def load_engine(model: ModelPlan) -> Engine:
    """The model's engine. Raises SnellenError where it cannot be loaded, whatever the reason."""
    try:
        engine: Engine = plugins.load("engines", model.provider).load(model.name, model.options)
    except SnellenError:
        raise
    except Exception as error:  # what a checkpoint or a user's file may raise has no limits
        raise Missing(f"{model.title} cannot be loaded: {type(error).__name__}: {error}") from error
    return engine


def _strategy(model: ModelPlan, wanted: str | None) -> StrategyPlan:
    """The wanted strategy, or the first that fits the model."""
    for spec in [wanted] if wanted else DEFAULT_STRATEGIES:
        plan = strategy_plan(spec)
        if plan.strategy.asks <= model.answers:
            return plan
    raise WrongUse(f"{model.title} cannot answer what {wanted or 'any strategy'} asks")


def _exchange(engines: Mapping[str, Engine], row: Row, image: Image) -> Iterator[Event]:
    runner = Runner(engines)
    if row.prepares:
        known = yield from _told(runner, None, row.prepare())
        row = dataclasses.replace(row, known=known)
    yield (yield from _told(runner, image, row.inquire(image)))


def _told(runner: Runner, image: Image | None, rounds: Any) -> Generator[Event, None, Any]:
    """Tells the questions and answers as they come, and returns what they lead to."""
    runner.start(0, image, {0: rounds}, {})
    result: Any = None
    while runner.busy:
        for event in runner.step(1.0):
            if isinstance(event, Ended):
                result = event.result
            elif isinstance(event, Answered):
                yield Told(event.asked.role, event.asked.question, event.answer)
    if isinstance(result, Failure):
        raise NoAnswer(f"no answer: {result.reason}")
    return result


# In words, and as data


def lines(events: Iterable[Event]) -> Iterator[str]:
    """The exchange in lines; of very many questions the first."""
    told = 0
    for event in events:
        if isinstance(event, Opening):
            yield f"{event.model} · {event.strategy} · {event.image}"
            if event.hosts:
                yield f"the image goes to {' and '.join(event.hosts)}"
        elif isinstance(event, Told):
            told += 1
            if told <= _MOST_TOLD:
                yield f"\n> {'' if event.role == MODEL else f'({event.role}) '}{_prompt(event.question)}"
                yield f"< {answer_text(event.answer)}"
        else:
            if told > _MOST_TOLD:
                yield f"\n… and {told - _MOST_TOLD} more questions"
            yield f"\nprediction: {event.label or 'no class'} ({event.outcome})"
            if event.scores:
                yield f"scores: {_scores(event.scores.items())}"


def as_data(events: Iterable[Event]) -> dict[str, Any]:
    """The exchange as JSON can hold it, with every question."""
    data: dict[str, Any] = {}
    exchanges: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, Opening):
            data |= dataclasses.asdict(event)
        elif isinstance(event, Told):
            exchanges.append({"to": event.role, "question": _prompt(event.question), "answer": _answer(event.answer)})
        else:
            said = {"label": event.label, "outcome": event.outcome, "scores": event.scores and dict(event.scores)}
            data |= {"exchanges": exchanges, "prediction": said}
    return data


def _answer(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Text):
        return {"text": answer.text, "finish": answer.finish}
    if isinstance(answer, Vector):
        return {"values": len(answer.values)}
    return {"scores": {name: float(value) for name, value in zip(answer.choices, answer.values, strict=True)}}


def _prompt(question: Question) -> str:
    if isinstance(question, (Generate, Choose)):
        parts = (
            "[photo]" if part is PHOTO else part if isinstance(part, str) else "[image]" for part in question.prompt
        )
        choices = f"  [one of: {', '.join(question.choices)}]" if question.choices else ""
        return " ".join(parts) + choices
    if isinstance(question, EmbedText):
        return f"{question.text}  [embed]"
    return f"[photo]  [{'embed' if isinstance(question, Embed) else 'recognise'}]"


def answer_text(answer: Answer) -> str:
    if isinstance(answer, Text):
        return f"{answer.text!r}" + ("" if answer.finish == "stop" else f" ({answer.finish})")
    if isinstance(answer, Vector):
        return f"a vector of {len(answer.values)} values"
    return _scores(zip(answer.choices, answer.values, strict=True))


def _scores(scores: Iterable[tuple[str, float]]) -> str:
    ordered = sorted(scores, key=lambda item: -item[1])
    more = f" … {len(ordered) - _MOST_SCORES} more" if len(ordered) > _MOST_SCORES else ""
    return ", ".join(f"{name} {value:.4g}" for name, value in ordered[:_MOST_SCORES]) + more


# Questions put without a strategy


def ask_all(
    engine: Engine, model: ModelPlan, asked: Sequence[tuple[Image, Sequence[Question]]]
) -> list[list[Answer | Failure]]:
    """All the questions asked together: the answers by image, in the order of its questions."""
    runner = Runner({MODEL: engine})
    results: list[list[Any]] = [[None] * len(questions) for _, questions in asked]
    try:
        for number, (image, questions) in enumerate(asked):
            runner.start(number, image, {place: _alone(each) for place, each in enumerate(questions)}, {})
        while runner.busy:
            for event in runner.step(1.0):
                if isinstance(event, Ended):
                    refused = isinstance(event.result, Prediction)
                    results[event.task][event.row] = Failure("it refused to answer") if refused else event.result
    except Exception as error:  # what a checkpoint or a device may raise has no limits
        raise NoAnswer(f"{model.title} gave up: {type(error).__name__}: {error}") from error
    return results


def concluded(engine: Engine, model: ModelPlan, rounds: Preparation) -> Any:
    """What questions about no photo lead to. Raises NoAnswer where one of them is not answered."""
    runner = Runner({MODEL: engine})
    result: Any = None
    runner.start(0, None, {0: rounds}, {})
    while runner.busy:
        for event in runner.step(1.0):
            result = event.result if isinstance(event, Ended) else result
    if isinstance(result, Failure):
        raise NoAnswer(f"{model.title}: {result.reason}")
    return result


def _alone(question: Question) -> Generator[Sequence[Question], Sequence[Answer], Any]:
    """An inquiry of one question, whose answer is what it ends with."""
    (answer,) = yield [question]
    return answer

"""The contract that every strategy and engine keeps; a new one needs a line in the tables below."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answering import answers
from checkpoints.texts import static
from conftest import draw_folder
from onnx_models import write_classifier
from snellen import plugins
from snellen.codec import question_key
from snellen.engines.scripted import Scripted
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.placing import Key, Placed
from snellen.rows import Row
from snellen.runner import Ended, Runner, replay
from snellen.shots import first
from snellen.specs import Spec, name_and_options
from snellen.types import (
    MODEL,
    PHOTO,
    Answer,
    Choose,
    Classes,
    Embed,
    EmbedText,
    Engine,
    Example,
    Failure,
    Finish,
    Generate,
    Outcome,
    Prediction,
    Question,
    Recognise,
    Role,
    Scores,
    Strategy,
    Text,
    Vector,
)
from strategy_table import STRATEGIES

KINDS = {Generate: Text, Choose: Scores, Recognise: Scores, Embed: Vector, EmbedText: Vector}


def scripted(question: Question, image: Image | None) -> str | Answer:
    """A model for the contract: answers every kind of question, differently for every image."""
    if image is not None:
        image.pixels()
    rng = Random((image.digest if image else "") + question_key(question).hex())
    if isinstance(question, Generate):
        return rng.choice(question.choices or ("circle", "yes", "no", "neither"))
    if isinstance(question, Embed | EmbedText):
        return Vector((rng.random(), rng.random()))
    choices = ("circle", "star", "ring") if isinstance(question, Recognise) else question.choices
    lengths = None if isinstance(question, Recognise) else tuple(rng.randint(1, 4) for _ in choices)
    return Scores(choices, tuple(rng.random() for _ in choices), lengths=lengths)


def test_every_strategy_and_engine_is_in_the_tables() -> None:
    assert sorted({name for name, _ in STRATEGIES}) == plugins.names("strategies")
    assert sorted([*ENGINES, *STANDING]) == plugins.names("engines")
    assert not any(hasattr(plugins.load("engines", name), "stands_for") for name in ENGINES)


# Strategies

CLASS_LISTS = (
    Classes(("circle", "star", "ring", "background"), "background"),
    Classes(("circle", "star")),
    Classes(tuple(f"thing {number}" for number in range(40))),
)


def make_strategy(case: tuple[str, Mapping[str, Any]]) -> Strategy:
    name, options = case
    made: Strategy = plugins.configure(plugins.load("strategies", name).Strategy, options, name)
    return made


def answer_to(question: Question, texts: st.SearchStrategy[str], draw: Callable[[Any], Any]) -> Answer:
    numbers = st.floats(-50, 0, width=32)
    if isinstance(question, Generate):
        return Text(draw(texts), draw(st.sampled_from(list(Finish))))
    if isinstance(question, Choose):
        values = tuple(draw(st.just(-math.inf) | numbers) for _ in question.choices)
        return Scores(question.choices, values, lengths=tuple(len(choice) + 1 for choice in question.choices))
    if isinstance(question, Recognise):
        return Scores(("circle", "hoop", "star, asterisk"), tuple(draw(st.floats(0, 1, width=32)) for _ in range(3)))
    return Vector((draw(numbers), draw(numbers)))


def goes_with(strategy: Strategy, classes: Classes) -> bool:
    """Whether the strategy's own check lets it go with these classes."""
    try:
        getattr(strategy, "check", lambda classes: None)(classes)
    except WrongUse:
        return False
    return True


def asked_of(strategy: Strategy) -> Mapping[str, frozenset[type]]:
    """The kinds of question by the role that they are put to."""
    roles: Mapping[str, Role] = getattr(strategy, "roles", {})
    return {MODEL: strategy.asks, **{name: role.asks for name, role in roles.items()}}


def shots_for(strategy: Strategy, classes: Classes) -> list[Example]:
    count = range(getattr(strategy, "shots", 0))
    drawn = {name: [Image(data=b"%d %d" % (place, i)) for i in count] for place, name in enumerate(classes.names)}
    return [Example(image.digest, image, name) for name, images in drawn.items() for image in images]


@pytest.mark.parametrize("case", STRATEGIES, ids=str)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), classes=st.sampled_from(CLASS_LISTS), seed=st.integers(0, 3))
def test_a_strategy_concludes_from_any_answers_and_replays(
    case: tuple[str, Mapping[str, Any]], data: st.DataObject, classes: Classes, seed: int
) -> None:
    strategy = make_strategy(case)
    if not goes_with(strategy, classes):
        return
    said = [*classes.names, "yes", "No.", "It is a star.", "B.", "star<loc_1><loc_2><loc_3><loc_4>", ""]
    texts = st.one_of(st.sampled_from(said), st.text(max_size=30))
    known: dict[Key, Answer] = {}
    photo = Image(data=b"photo")
    row = Row(strategy, classes, seed, tuple(shots_for(strategy, classes)))

    def lookup(placed: Placed) -> Answer:
        assert type(placed.question) in asked_of(strategy)[placed.role]
        return known.setdefault(placed.key, answer_to(placed.question, texts, data.draw))

    if row.prepares:
        state, _ = replay(row.prepare(), None, lookup) or (None, 0)
        assert not isinstance(state, Failure)
        row = dataclasses.replace(row, known=pickle.loads(pickle.dumps(state)))
    prediction, _ = replay(row.inquire(photo), photo, lookup) or (None, 0)
    assert isinstance(prediction, Prediction)
    assert prediction.label in (None, *classes.names)
    json.dumps([prediction.details, prediction.scores], allow_nan=False)
    replayed = replay(row.inquire(photo), photo, lambda placed: known.get(placed.key))
    assert replayed is not None
    assert replayed[0] == prediction


@pytest.mark.parametrize("case", STRATEGIES, ids=str)
def test_a_strategy_is_a_frozen_value_that_travels(case: tuple[str, Mapping[str, Any]]) -> None:
    strategy = make_strategy(case)
    assert dataclasses.is_dataclass(strategy)
    assert pickle.loads(pickle.dumps(strategy)) == strategy
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(strategy, dataclasses.fields(strategy)[0].name, None)
    assert frozenset().union(*asked_of(strategy).values()) <= set(KINDS)


# Engines

ENGINES: Mapping[str, Callable[[pytest.FixtureRequest, Path], Spec]] = {
    "anthropic": lambda request, place: _native(request, "anthropic/claude-sonnet-4-6"),
    "clarifai": lambda request, place: _native(request, "clarifai/general-image-recognition"),
    "classifier": lambda request, place: str(request.getfixturevalue("encoder")("vit")),
    "clip": lambda request, place: str(request.getfixturevalue("encoder")("clip")),
    "google": lambda request, place: _native(request, "google/gemini-2.5-flash"),
    "hf": lambda request, place: str(request.getfixturevalue("checkpoint")("llava")),
    "onnx": lambda request, place: _onnx(place),
    "openai": lambda request, place: {**request.getfixturevalue("served"), "model": "openai/gpt-4o"},
    "openai-compatible": lambda request, place: request.getfixturevalue("served"),
    "predictions": lambda request, place: _predictions(place),
    "scripted": lambda request, place: "test_contracts:scripted",
    "text": lambda request, place: str(static(place / "static")),
}
SEEING = sorted(ENGINES.keys() - {"text"})
STANDING: Mapping[str, Sequence[str]] = {"demo": ("classifier", "clip", "vlm")}  # own names for models of others


def _onnx(place: Path) -> str:
    (place / "labels.txt").write_text("circle\nstar\nring")
    return str(write_classifier(place / "colours.onnx", np.eye(3), softmax=True))


def _predictions(place: Path) -> str:
    rows = [f"{path.relative_to(place)},{path.parent.name}" for path in sorted(place.glob("*/*/*"))]
    (place / "mine.csv").write_text("image,prediction\n" + "\n".join(rows))
    return str(place / "mine.csv")


def _native(request: pytest.FixtureRequest, model: str) -> Mapping[str, Any]:
    return {"model": model, "base_url": request.getfixturevalue("served_natively")}


@dataclasses.dataclass(frozen=True)
class Loaded:
    """An engine with all that the contract needs of it."""

    module: Any
    name: str
    options: Any
    engine: Engine
    images: Sequence[Image]


@pytest.fixture(params=ENGINES)
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    draw_folder(tmp_path / "drawn", pictures=3)
    images = [Image(path) for path in sorted(tmp_path.glob("drawn/*/*"))]
    module = plugins.load("engines", request.param)
    name, given = name_and_options(ENGINES[request.param](request, tmp_path), "model")
    name = name.removeprefix(f"{request.param}/")
    options = plugins.configure(module.Options, given, name)
    engine = module.load(name, options)
    yield Loaded(module, name, options, engine, images)
    engine.close()


def questions_for(loaded: Loaded) -> list[Question]:
    prompt = (PHOTO, "What is it?")
    candidates = [
        Generate(prompt, 4),
        Generate(prompt, 4, ("star", "ring")),
        Choose(prompt, ("star", "ring")),
        Recognise(),
        Embed(),
        EmbedText("a photo of a star"),
    ]
    module = loaded.module
    refused = module.refuses(loaded.name, loaded.options) if hasattr(module, "refuses") else {}
    return [question for question in candidates if type(question) in module.ANSWERS - refused.keys()]


def same(a: Answer | Failure, b: Answer | Failure) -> bool:
    """Equal but for what the answer cost, scores to a float32's precision."""
    if isinstance(a, Scores) and isinstance(b, Scores):
        return a.choices == b.choices and a.values == pytest.approx(b.values, abs=1e-4)
    if isinstance(a, Text) and isinstance(b, Text):
        return (a.text, a.finish) == (b.text, b.finish)
    if isinstance(a, Vector) and isinstance(b, Vector):
        return (a.scale, a.bias) == (b.scale, b.bias) and a.values == pytest.approx(b.values, abs=1e-4)
    return False


def test_an_engine_answers_each_question_once_and_alike_alone_or_together(loaded: Loaded) -> None:
    asked = [(image, question) for image in loaded.images for question in questions_for(loaded)]
    together = answers(loaded.engine, asked)
    for (_, question), answer in zip(asked, together, strict=True):
        assert isinstance(answer, KINDS[type(question)])
        if isinstance(question, Choose):
            assert isinstance(answer, Scores)
            assert answer.choices == question.choices
            assert answer.lengths is None or min(answer.lengths) >= 1
        if isinstance(question, Generate) and question.choices:
            assert isinstance(answer, Text)
            assert answer.text in question.choices
    alone = [answers(loaded.engine, [pair])[0] for pair in asked[:6]]
    assert all(same(a, b) for a, b in zip(alone, together, strict=False))


def test_an_engine_has_less_room_for_each_question_and_facts_that_can_be_written(loaded: Loaded) -> None:
    question = questions_for(loaded)[0]
    room = loaded.engine.room()
    assert room > 0
    loaded.engine.add(0, loaded.images[0], question)
    assert loaded.engine.room() < room
    while not loaded.engine.step(1.0):
        pass
    assert loaded.engine.room() == room
    json.dumps(dict(loaded.engine.facts()), allow_nan=False)


@pytest.mark.parametrize("loaded", SEEING, indirect=True)
def test_an_unreadable_image_is_a_failure_and_the_others_are_answered(loaded: Loaded) -> None:
    question = questions_for(loaded)[0]
    broken = Image(data=b"no image at all")
    good, bad = answers(loaded.engine, [(loaded.images[0], question), (broken, question)])
    assert isinstance(good, KINDS[type(question)])
    assert isinstance(bad, Failure)
    assert bad.reason


def test_a_model_has_an_identity_that_can_be_written_and_stays(loaded: Loaded) -> None:
    options = loaded.options
    identity = loaded.module.identity(loaded.name, options)
    assert identity == loaded.module.identity(loaded.name, options)
    json.dumps([identity, plugins.changes_answers(options)], allow_nan=False)
    assert "batch_size" not in plugins.changes_answers(options)


@pytest.mark.parametrize(("provider", "name"), [(each, name) for each in STANDING for name in STANDING[each]])
def test_a_name_that_stands_for_another_leads_to_an_engine(provider: str, name: str) -> None:
    module = plugins.load("engines", provider)
    other, there = module.stands_for(name)
    assert other in ENGINES and there
    with pytest.raises(WrongUse, match=name):  # the hint names the nearest
        module.stands_for(f"{name}x")


@pytest.mark.parametrize("case", STRATEGIES, ids=str)
def test_every_strategy_runs_on_an_engine(case: tuple[str, Mapping[str, Any]], tmp_path: Path) -> None:
    classes = CLASS_LISTS[0]
    strategy = make_strategy(case)
    runner = Runner({role: Scripted(scripted, batch_size=5) for role in asked_of(strategy)})
    draw_folder(tmp_path)
    images = [Image(path) for path in sorted(tmp_path.glob("*/*"))]
    shots = [Example(str(path), Image(path), path.parent.name) for path in sorted(tmp_path.glob("*/*"))]
    row = Row(strategy, classes, 0, first(shots, getattr(strategy, "shots", 0)))
    ends: list[Ended] = []
    if row.prepares:
        runner.start(-1, None, {0: row.prepare()}, {})
        while runner.busy:
            ends += [event for event in runner.step(0.1) if isinstance(event, Ended)]
        row = dataclasses.replace(row, known=ends.pop().result)
    for number, image in enumerate(images):
        runner.start(number, image, {0: row.inquire(image)}, {})
    while runner.busy:
        ends += [event for event in runner.step(0.1) if isinstance(event, Ended)]
    assert sorted(end.task for end in ends) == list(range(len(images)))
    assert all(isinstance(end.result, Prediction) for end in ends)
    assert {end.result.outcome for end in ends if isinstance(end.result, Prediction)} <= set(Outcome)

"""What a hosted model can do, found by asking: by what it answers, never by whether it takes a request.

Each probe asks a few questions through `Asking` and concludes from their answers; a capability that is taken with a
friendly status and ignored is absent.
"""

from __future__ import annotations

import io
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import PIL.Image

from snellen.images import Image
from snellen.remote.faults import one_line
from snellen.remote.served import announced, prefix_cache
from snellen.remote.wire import Fault, Reply
from snellen.types import PHOTO, Answer, Choose, Failure, Generate, Question, Recognise, Scores, Text

NONSENSE = ("brillig", "slithy", "mimsy")
SIDES = (256, 1024, 4096)
LARGE_SIDE = 1500  # of noise, which no format packs: 6.75 MB
AT_ONCE = 8
_COLOUR = "What colour is this picture? Answer with the name of the colour alone."
_ANY_NUMBER = "Write down any number between 1 and 1000000, and nothing else."
_SEEDS = (1, 2, 3)
_EMPTY = "cannot be told: its answers are empty"
_LONG = "Look at the picture closely, at its middle, at its corners, at its edges and at its colours. " * 8


class Asking(Protocol):
    """A hosted model that is asked, with the changes of its options that a probe wants."""

    name: str
    kinds: frozenset[type]
    options: frozenset[str]
    forcing: Mapping[str, Mapping[str, Any]]

    def ask(self, asked: Sequence[tuple[Image | None, Question]], **changes: Any) -> list[Answer | Failure]:
        """The answers to questions that are asked at the same time, equal ones each on its own."""
        ...

    def sends(self, option: str, one: Any, other: Any) -> bool:
        """Whether requests with one value of an option differ from those with another."""
        ...

    def models(self) -> Reply | Fault | None:
        """What the server tells of the models that it has; None where no place for it is known."""
        ...

    def metrics(self) -> Reply | None:
        """What the server tells of itself at /metrics."""
        ...

    def shrunk(self) -> int:
        """How many pictures were made smaller before they were sent."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried and what came of it; `found` is None where that cannot be told, or is no matter of yes and no."""

    what: str
    found: bool | None
    told: str
    numbers: Mapping[str, float] = field(default_factory=dict)


def trials(model: Asking, clock: Callable[[], float] = time.perf_counter) -> Iterator[Trial]:
    """All that is found, as it is found; where not even a picture is answered about, that alone."""
    first = _sees(model)
    yield first
    if first.found is False and first.told.startswith(_FAILED):
        return
    if Generate in model.kinds:
        for way, changes in model.forcing.items():
            yield _forced(model, way, changes)
    if "scores" in model.options and Choose in model.kinds:
        yield _logprobs(model)
    if Generate in model.kinds:
        yield _repeats(model)
        yield _seed(model)
    yield from _sizes(model)
    if Generate in model.kinds:
        yield _cached(model)
    yield _shutdown(model)
    yield _speed(model, clock)


# Pictures


_FAILED = "fails: "


def square(colour: tuple[int, int, int], side: int = SIDES[0]) -> Image:
    """A picture of one colour."""
    return _png(PIL.Image.new("RGB", (side, side), colour))


def _png(picture: PIL.Image.Image, **settings: Any) -> Image:
    stream = io.BytesIO()
    picture.save(stream, "PNG", **settings)
    return Image(data=stream.getvalue())


RED, BLUE = (255, 0, 0), (0, 0, 255)


def _about(model: Asking) -> Question:
    return Generate((PHOTO, _COLOUR), 8) if Generate in model.kinds else Recognise()


def _sees(model: Asking) -> Trial:
    """A red and a blue square are named rightly, and cost more tokens than the text alone where tokens are told."""
    what, question = "sees pictures", _about(model)
    red, blue = model.ask([(square(RED), question), (square(BLUE), question)])
    if failure := _failure((red, blue)):
        return Trial(what, False, f"{_FAILED}{failure.reason}")
    if _are_empty((red, blue)):
        return Trial(what, None, _EMPTY)
    if _content(red) == _content(blue):
        return Trial(what, False, f"no: a red and a blue square get the same answer, {_shown(red)}")
    told = f"red square: {_shown(red)}, blue square: {_shown(blue)}"
    if not isinstance(question, Generate):
        return Trial(what, True, told)
    (alone,) = model.ask([(None, Generate((_COLOUR,), 8))])
    with_, without = _tokens(red), _tokens(alone)
    named = _names(red) == {"red"} and _names(blue) == {"blue"}
    if with_ is None or without is None:
        return Trial(what, True if named else None, f"{told}; tokens of the prompt are not told")
    told = f"{told}; {with_} tokens with the picture, {without} without"
    paid = with_ > without
    found = named if named == paid else None
    told = told if found else f"no: {told}" if found is False else f"not sure: {told}"
    return Trial(what, found, told, {"tokens_with": with_, "tokens_without": without})


def _sizes(model: Asking) -> Iterator[Trial]:
    """Larger pictures are taken, and seen as the small one; what they cost in tokens."""
    question = _about(model)
    expected: Answer | None = None
    told, found, numbers = [], True, {}
    for side in SIDES:
        before = model.shrunk()
        (answer,) = model.ask([(square(RED, side), question)])
        if isinstance(answer, Failure):
            told.append(f"{side} x {side} fails: {answer.reason}")
            found = False
            break
        sent = ", made smaller before it is sent" if model.shrunk() > before else ""
        tokens = _tokens(answer)
        if tokens is not None:
            numbers[f"tokens_{side}"] = float(tokens)
        told.append(f"{side} x {side}{sent}" + ("" if tokens is None else f" ({tokens} tokens)"))
        expected = expected or answer
        if isinstance(answer, Text) and not _agree(answer, expected):
            told[-1] += f" answered otherwise, {_shown(answer)}"
            found = False
    yield Trial("large pictures", found, "; ".join(told), numbers)
    noise = PIL.Image.frombytes("RGB", (LARGE_SIDE, LARGE_SIDE), Random(0).randbytes(3 * LARGE_SIDE**2))
    before = model.shrunk()
    (answer,) = model.ask([(_png(noise, compress_level=0), question)])
    size = f"a file of {3 * LARGE_SIDE**2 / 1e6:.1f} MB"
    if isinstance(answer, Failure):
        yield Trial("large files", False, f"{size} fails: {answer.reason}")
    else:
        yield Trial("large files", True, size + (", made smaller before it is sent" if model.shrunk() > before else ""))


# What is said


def _forced(model: Asking, way: str, changes: Mapping[str, Any]) -> Trial:
    """Held to words that it would not say, it says one of them."""
    what = f"forced choice{f' ({way})' if way else ''}"
    (answer,) = model.ask([(square(RED), Generate((PHOTO, _COLOUR), 8, NONSENSE))], **changes)
    if isinstance(answer, Failure):
        return Trial(what, False, f"no: {answer.reason}")
    said = str(_content(answer)).strip()
    if said in NONSENSE:
        return Trial(what, True, f"asked for a colour and held to {', '.join(NONSENSE)} it says {said!r}")
    return Trial(what, False, f"ignored: held to {', '.join(NONSENSE)} it says {_shown(answer)}")


def _logprobs(model: Asking) -> Trial:
    """Log-probabilities come, are not all of one answer, and depend on the question."""
    what = "log-probabilities"
    texts = ("Is this picture red? Answer yes or no.", "Is this picture green? Answer yes or no.")
    asked = [(square(RED), Choose((PHOTO, text), ("yes", "no"))) for text in texts]
    answers = model.ask(asked, scores="logprobs")
    for answer in answers:
        if isinstance(answer, Failure):
            return Trial(what, False, f"no: {answer.reason}")
    one, other = (answer.values if isinstance(answer, Scores) else () for answer in answers)
    if not any(math.isfinite(value) and value < 0 for value in (*one, *other)):
        return Trial(what, False, "no: only what was answered is told, not how probable it was")
    told = "p(yes) " + " and ".join(f"{math.exp(values[0]):.3f}" for values in (one, other) if values)
    if one == other:
        return Trial(what, False, f"no: two questions get the very same ones ({told})")
    return Trial(what, True, f"{told} for a red square asked if it is red, and if it is green")


def _repeats(model: Asking) -> Trial:
    """The same question at temperature 0 gets the same answer."""
    what = "temperature 0"
    if not model.sends("temperature", 0.0, 1.0):
        return Trial(what, None, "cannot be set")
    answers = model.ask([(square(RED), Generate((PHOTO, _ANY_NUMBER), 12))] * 3, temperature=0.0)
    if failure := _failure(answers):
        return Trial(what, False, f"no: {failure.reason}; if it takes none, use temperature=none")
    if _are_empty(answers):
        return Trial(what, None, _EMPTY)
    said = list(dict.fromkeys(map(_shown, answers)))
    if len(said) == 1:
        return Trial(what, True, f"the same answer each time: {said[0]}")
    return Trial(what, False, f"no: three times the same question, answers {', '.join(said)}")


def _seed(model: Asking) -> Trial:
    """One seed gives one answer, and each of three another.

    Where a seed is ignored, three pairs of answers that are each equal and all different come about by chance in less
    than one case of a hundred, however many answers are likely.
    """
    what = "seed"
    if not (model.sends("seed", 1, 2) and model.sends("temperature", 0.0, 1.0)):
        return Trial(what, None, "cannot be set")
    question = (square(RED), Generate((PHOTO, _ANY_NUMBER), 12))
    pairs = [model.ask([question] * 2, temperature=1.0, seed=seed) for seed in _SEEDS]
    answers = [answer for pair in pairs for answer in pair]
    if failure := _failure(answers):
        return Trial(what, False, f"no: {failure.reason}")
    if _are_empty(answers):
        return Trial(what, None, _EMPTY)
    for one, other in pairs:
        if _content(one) != _content(other):
            return Trial(what, False, f"ignored: the same question and seed, answers {_shown(one)}, {_shown(other)}")
    said = list(dict.fromkeys(_shown(pair[0]) for pair in pairs))
    if len(said) == 1:
        return Trial(what, None, f"its answers do not vary at temperature 1 ({said[0]}): a seed shows nothing")
    told = f"{len(_SEEDS)} seeds asked twice each: {', '.join(said)}"
    if len(said) < len(pairs):
        return Trial(what, None, f"not sure: {told}, which may be by chance")
    return Trial(what, True, f"one seed, one answer; {told}")


# The server


def _cached(model: Asking) -> Trial:
    """Of a second question that begins as the first one, tokens are found in the cache."""
    what, picture = "prefix cache", _png(PIL.Image.effect_noise((SIDES[0],) * 2, 50))
    before = prefix_cache(model.metrics())
    if before is None:
        return Trial(what, None, "the server does not tell (no /metrics with prefix_cache_hits)")
    for end in ("How many corners has it?", "How many edges has it?"):
        model.ask([(picture, Generate((PHOTO, _LONG + end), 4))])
    after = prefix_cache(model.metrics())
    if after is None:
        return Trial(what, None, "the server does not tell any more")
    hits, queries = (late - early for late, early in zip(after, before, strict=True))
    told = f"{hits:.0f} of {queries:.0f} tokens of two prompts that begin alike were found in it"
    return Trial(what, hits > 0, told, {"hits": hits, "queries": queries})


def _shutdown(model: Asking) -> Trial:
    """Whether the list of models tells when this one ends."""
    return Trial("announced shutdown", *announced(model.models(), model.name))


def _speed(model: Asking, clock: Callable[[], float]) -> Trial:
    """Answers one after another, and eight at once, each about another picture."""
    question = _about(model)
    pictures = [square((40 * number % 256, 90, 200 - 20 * number)) for number in range(AT_ONCE + 3)]
    start = clock()
    one_by_one = [answer for picture in pictures[:3] for answer in model.ask([(picture, question)])]
    middle = clock()
    at_once = model.ask([(picture, question) for picture in pictures[3:]])
    end = clock()
    if failure := _failure([*one_by_one, *at_once]):
        return Trial("speed", None, f"not known: {failure.reason}")
    one, many = (middle - start) / 3, end - middle
    told = f"{one:.2f} s an answer; {AT_ONCE} at once in {many:.2f} s, {AT_ONCE / many:.1f} a second"
    return Trial("speed", None, told, {"seconds_one": one, "seconds_eight": many})


# Answers


def _failure(answers: Sequence[Answer | Failure]) -> Failure | None:
    return next((answer for answer in answers if isinstance(answer, Failure)), None)


def _content(answer: Answer | Failure) -> object:
    if isinstance(answer, Text):
        return re.sub(r"\s+", " ", answer.text.strip())
    return answer.values if isinstance(answer, Scores) else None


def _are_empty(answers: Sequence[Answer | Failure]) -> bool:
    """Whether nothing is said in some texts: all went into thinking, or nothing may be concluded from them."""
    return any(isinstance(answer, Text) and not answer.text.strip() for answer in answers)


def _names(answer: Answer | Failure) -> set[str]:
    """The two colours as far as an answer names them."""
    return set(re.findall(r"\b(?:red|blue)\b", str(_content(answer)).casefold()))


def _agree(one: Text, other: Answer) -> bool:
    """Whether two answers say the same of a colour, in whatever words."""
    return _names(one) == _names(other) if _names(other) else _content(one) == _content(other)


def _shown(answer: Answer | Failure) -> str:
    if isinstance(answer, Scores):
        return answer.best
    return repr(one_line(str(_content(answer)), 60))


def _tokens(answer: Answer | Failure) -> int | None:
    return None if isinstance(answer, Failure) else answer.usage.tokens_in

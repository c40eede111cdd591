"""The words of Snellen: examples, questions, answers, predictions, and the shapes of strategies and engines."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import lru_cache
from random import Random
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from snellen.images import Image


class Photo(Enum):
    """Stands in a prompt for the example's own image."""

    PHOTO = "photo"


PHOTO = Photo.PHOTO
Part: TypeAlias = str | Image | Photo


# Data


@dataclass(frozen=True, slots=True)
class Classes:
    """The class names a prediction may take, in the data set's order; `background` is one of them or None."""

    names: tuple[str, ...]
    background: str | None = None

    @property
    def foreground(self) -> tuple[str, ...]:
        """All names but the background's."""
        return tuple(name for name in self.names if name != self.background)


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled image; `id` is unique in its data set, `label` is one of the class names."""

    id: str
    image: Image
    label: str


class Dataset(Protocol):
    """Labelled images that can be read again and again, one at a time, always in the same order."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> Classes: ...
    @property
    def source(self) -> str:
        """What tells this data source from others, such as an absolute path."""
        ...

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Example]: ...


# Questions; `to` is the role that answers: the model itself, or another one that the strategy names

MODEL = "model"


@dataclass(frozen=True, slots=True)
class Generate:
    """Asks for free text of at most `max_tokens` tokens, or for one of the `choices` where they are given."""

    prompt: tuple[Part, ...]
    max_tokens: int
    choices: tuple[str, ...] = ()
    to: str = MODEL


@dataclass(frozen=True, slots=True)
class Choose:
    """Asks for the log-probability of each choice as the whole continuation of the prompt, its end included."""

    prompt: tuple[Part, ...]
    choices: tuple[str, ...]
    to: str = MODEL


@dataclass(frozen=True, slots=True)
class Recognise:
    """Asks for scores over the model's own vocabulary."""

    to: str = MODEL


@dataclass(frozen=True, slots=True)
class Embed:
    """Asks for the vector of the photo, or of another image."""

    image: Photo | Image = PHOTO
    to: str = MODEL


@dataclass(frozen=True, slots=True)
class EmbedText:
    """Asks for the vector of a text."""

    text: str
    to: str = MODEL


Question: TypeAlias = Generate | Choose | Recognise | Embed | EmbedText


# Answers


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. `seconds` is its share of the computing time; None is what was not measured.

    `tokens_cached` are those of `tokens_in` that a provider found in its cache and charges less for.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float | None = None
    attempts: int = 1
    tokens_cached: int | None = None


class Finish(StrEnum):
    """Why a text ended."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Text:
    """The answer to Generate, as the model wrote it; a refusal to answer (Finish.REFUSED) is one to any question."""

    text: str
    finish: Finish = Finish.STOP
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Scores:
    """The answer to Choose (natural log-probabilities) and to Recognise (probabilities), one value for each choice.

    Values are kept in float32 precision, so that an answer read back from the store is the answer that was given.
    `lengths` are the tokens of each choice, its end included; None where the engine does not tell.
    `by` is how a hosted model's were had: from the log-probabilities of its answer's tokens, or from the one choice it
    named, which has all probability (0, the others minus infinity), held to the choices or asked for one; else None.
    """

    choices: tuple[str, ...]
    values: tuple[float, ...]
    usage: Usage = Usage()
    lengths: tuple[int, ...] | None = None
    by: Literal["logprobs", "choice", "asked"] | None = None

    def __post_init__(self) -> None:
        if len(self.choices) != len(self.values):
            raise ValueError(f"{len(self.choices)} choices but {len(self.values)} values")
        if self.lengths is not None:
            if len(self.lengths) != len(self.choices):
                raise ValueError(f"{len(self.choices)} choices but {len(self.lengths)} lengths")
            if min(self.lengths, default=1) < 1:
                raise ValueError(f"a choice has at least one token, its end; got the lengths {self.lengths}")
            object.__setattr__(self, "lengths", tuple(map(int, self.lengths)))
        object.__setattr__(self, "values", tuple(np.asarray(self.values, dtype=np.float32).tolist()))

    def __reduce__(self) -> tuple[Any, ...]:
        """A vocabulary of thousands goes from process to process with every answer: as few objects, and known again."""
        values = np.asarray(self.values, dtype=np.float32).tobytes()
        return _scores, (_packed(self.choices), values, self.usage, self.lengths, self.by)

    @property
    def best(self) -> str:
        """The choice with the highest value, the first of equals."""
        return self.choices[max(range(len(self.values)), key=self.values.__getitem__)]


@lru_cache(maxsize=64)
def _packed(choices: tuple[str, ...]) -> bytes:
    return pickle.dumps(choices)


@lru_cache(maxsize=64)
def _unpacked(packed: bytes) -> tuple[str, ...]:
    choices: tuple[str, ...] = pickle.loads(packed)
    return choices


def _scores(packed: bytes, values: bytes, *rest: Any) -> Scores:
    scores = object.__new__(Scores)  # all of it was checked when it was made
    known = (_unpacked(packed), tuple(np.frombuffer(values, dtype=np.float32).tolist()), *rest)
    for name, value in zip(("choices", "values", "usage", "lengths", "by"), known, strict=True):
        object.__setattr__(scores, name, value)
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """The answer to Embed and EmbedText: a read-only float32 array; any sequence of numbers makes one.

    Two are equal where they are so bit by bit. A model that compares images with texts tells with the vector of a text
    how: their similarity is the cosine times `scale`, plus `bias`; a `bias` says that each text is judged apart
    (a sigmoid), None that texts compete (a softmax).
    """

    values: npt.NDArray[np.float32]
    usage: Usage = Usage()
    scale: float | None = None
    bias: float | None = None

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32)  # a copy: a row of a batch would keep the whole batch
        if values.ndim != 1:
            raise ValueError(f"expected a vector, got an array of the shape {list(values.shape)}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        for name in ("scale", "bias"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, float(value))

    def _key(self) -> tuple[object, ...]:
        return self.values.tobytes(), self.usage, self.scale, self.bias

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Vector) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[type[Vector], tuple[object, ...]]:  # an array from a pickle could be written to
        return Vector, (self.values, self.usage, self.scale, self.bias)


Answer: TypeAlias = Text | Scores | Vector


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a question got no answer. It is never scored as an answer and is asked again by the next run."""

    reason: str


# Predictions


class Outcome(StrEnum):
    """How a prediction came about; those of the second group name no class."""

    EXACT = "exact"
    NORMALISED = "normalised"
    MENTIONED = "mentioned"
    SCORED = "scored"
    CONFIRMED = "confirmed"
    NONE_CONFIRMED = "none-confirmed"
    MAPPED = "mapped"

    AMBIGUOUS = "ambiguous"
    OUT_OF_LIST = "out-of-list"
    EMPTY = "empty"
    REFUSED = "refused"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a strategy concludes: a class, or None with the outcome that says why none could be read."""

    label: str | None
    outcome: Outcome
    scores: Mapping[str, float] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class State(StrEnum):
    """The four states of an example in a row, kept apart everywhere."""

    ANSWERED = "answered"
    UNPARSED = "unparsed"
    FAILED = "failed"
    PENDING = "pending"


# Who asks and who answers

Inquiry: TypeAlias = Generator[Sequence[Question], Sequence[Answer], Prediction]
Preparation: TypeAlias = Generator[Sequence[Question], Sequence[Answer], Any]


@dataclass(frozen=True, slots=True)
class Role:
    """Another model that a strategy asks beside the model itself: how it is written, and the kinds of question."""

    model: str
    asks: frozenset[type]


class Strategy(Protocol):
    """A way of asking, as a frozen dataclass whose fields are its options.

    Optional: `roles`, the other models it asks, by the name that stands in a question's `to`; `shots`, how many
    labelled examples of each class it is given; `check(classes)`, which raises WrongUse where it cannot go with these,
    and `check_names(classes)`, the same of all classes of the data set, of which a run may take some; `lint(classes)`,
    sentences that warn of what will not go well with them;
    `orders(classes, rng)`, the orders in which class names stand in its lists, one for each vote, or are asked about
    one by one, which `inquire` takes from there, so that it can be told what their places do to the answers;
    `fullest`, the same strategy where it asks all that it may ask, if high scores can end it early;
    and `prepare(classes, shots)`, which asks what is asked once for a row, about no photo, and returns what `inquire`
    gets as `known`: class embeddings, a fitted probe. The answers are kept like all others, so it is replayable.
    """

    @property
    def asks(self) -> frozenset[type]:
        """The kinds of question it asks the model."""
        ...

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """Yields rounds of questions about one image, receives their answers, returns the prediction.

        `known` is what `prepare` returned (None where a strategy has none); `rng` depends on the study's seed and the
        image alone.
        """
        ...


class Engine(Protocol):
    """A loaded model that answers questions in the order that suits it.

    Optional: `notices()`, the lines that the user is to be told since it was last called, while questions are answered;
    `losses()`, by tickets the usage of attempts since then that gave no answer and may have been charged for, told at
    the latest when the answer or the failure is.
    """

    def room(self) -> int:
        """How many more questions it wants now; 0 or less when it has enough."""
        ...

    def add(self, ticket: int, image: Image | None, question: Question) -> None: ...

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        """Works for a while, at most about `timeout` seconds if it only waits, and returns what is answered."""
        ...

    def release(self, image: Image) -> None:
        """No more questions on this image will come; what is kept for it can go."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What was measured of the loaded model: `parameters`, `batch_size`, `device`, `dtype`, `peak_gpu_gb` …

        `notice` is a line that the user is told after loading; `sends_to` is the host that images are sent to, where
        they leave the machine.
        """
        ...

    def close(self) -> None: ...

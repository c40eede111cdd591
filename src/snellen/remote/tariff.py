"""What a question to one model takes, before it is put: tokens by estimate, tokens at most, and their price."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from snellen.images import Image
from snellen.remote.image_tokens import image_tokens, most_image_tokens
from snellen.remote.prices import Price, Tally
from snellen.types import Answer, Choose, EmbedText, Generate, Photo, Question, Text, Usage

Size = tuple[int, int]
_CHARACTERS = 4  # of a token of English, on average
_FRAME, _FRAME_MOST = 8, 64  # tokens of the message around the prompt's own
_CHOICE_MOST = 32  # tokens around a choice that a model has to write, such as those of a JSON object


@dataclass(frozen=True, slots=True)
class Demand:
    """What questions about one photo take: `photos` is how often it is shown, `tokens_in` are those of all else."""

    requests: int = 0
    photos: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Demand) -> Demand:
        return Demand(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Tariff:
    """A model's rules and its price, None where it is not known.

    Tokens of text are estimated as a quarter of its characters. At most they are as many as its UTF-8 bytes, as each
    token of a byte-level tokenizer stands for at least one. `most_tokens` tells the limit of an answer's tokens in the
    request that is really sent, None where there is no such request.
    """

    provider: str
    name: str
    detail: str
    price: Price | None
    most_tokens: Callable[[Question], int] | None = None

    def likely(self, question: Question, answer: Answer) -> Demand:
        """What the question takes if this is the answer, by estimate."""
        said = answer.text if isinstance(answer, Text) else max(_choices(question), key=len, default="")
        photos, others, texts = _parts(question)
        tokens = sum(ceil(len(text) / _CHARACTERS) for text in texts) + _FRAME
        tokens += sum(image_tokens(self.provider, self.name, *_size(image), self.detail) for image in others)
        return Demand(1, photos, tokens, min(self._out_most(question), ceil(len(said) / _CHARACTERS) + 1))

    def most(self, question: Question) -> Demand:
        """What the question takes at most."""
        photos, others, texts = _parts(question)
        choices = _choices(question)  # may be sent once more, as a schema
        tokens = sum(_bytes(text) for text in (*texts, *choices)) + 4 * len(choices) + _FRAME_MOST
        tokens += sum(most_image_tokens(self.provider, self.name, *_size(image), self.detail) for image in others)
        return Demand(1, photos, tokens, self._out_most(question))

    def _out_most(self, question: Question) -> int:
        if self.most_tokens:
            return self.most_tokens(question)
        if isinstance(question, Generate):  # forced choices get room for the longest
            room = max(map(_bytes, question.choices)) + _CHOICE_MOST if question.choices else 0
            return max(question.max_tokens, room)
        if isinstance(question, Choose):
            return max(map(_bytes, question.choices), default=0) + _CHOICE_MOST
        return 0

    def tally(self, demand: Demand, photo: Size | None, most: bool = False) -> Tally:
        """The demand as tokens, about a photo of this size."""
        rule = most_image_tokens if most else image_tokens
        each = rule(self.provider, self.name, *photo, self.detail) if photo and demand.photos else 0
        return Tally(demand.requests, demand.tokens_in + demand.photos * each, demand.tokens_out)

    def usd_most(self, demand: Demand, photo: Size | None) -> float:
        """The most that the demand may cost; 0 where there is no price."""
        return (self.price.usd(self.tally(demand, photo, most=True)) or 0.0) if self.price else 0.0


def tally_of(answer: Answer) -> Tally:
    """What an answer took, by its own count."""
    return tally_of_usage(answer.usage)


def is_batched(answer: Answer) -> bool:
    """Whether a priced answer came from a batch API, which tells no seconds; all that are asked live are timed."""
    return answer.usage.seconds is None


def tally_of_usage(usage: Usage) -> Tally:
    """What was told of an answer, or of an attempt that gave none; no more is cached than there is."""
    if usage.tokens_in is None or usage.tokens_out is None:
        return Tally(1, unmeasured=1)
    told_in, told_out = max(0, usage.tokens_in), max(0, usage.tokens_out)
    return Tally(1, told_in, told_out, min(max(0, usage.tokens_cached or 0), told_in))


def _parts(question: Question) -> tuple[int, list[Image], list[str]]:
    """How often the photo is shown, the other images and the texts."""
    if isinstance(question, EmbedText):
        return 0, [], [question.text]
    if not isinstance(question, (Generate, Choose)):
        image = getattr(question, "image", None)
        return (0, [image], []) if isinstance(image, Image) else (1, [], [])
    photos = sum(isinstance(part, Photo) for part in question.prompt)
    images = [part for part in question.prompt if isinstance(part, Image)]
    return photos, images, [part for part in question.prompt if isinstance(part, str)]


def _choices(question: Question) -> tuple[str, ...]:
    return question.choices if isinstance(question, (Generate, Choose)) else ()


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=4096)
def _size(image: Image) -> Size:
    return image.size()

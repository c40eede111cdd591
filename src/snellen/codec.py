"""How questions and answers are written down: JSON for the store, and a key that identifies a question."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Embed,
    EmbedText,
    Finish,
    Generate,
    Part,
    Photo,
    Question,
    Recognise,
    Scores,
    Text,
    Usage,
    Vector,
)

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _dump(value: Any) -> str:
    """Compact JSON that is valid UTF-8: half a surrogate pair, which a model may write, becomes its JSON escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def _part(part: Part) -> Any:
    """Texts stay strings; images are known by their digest."""
    if isinstance(part, str):
        return part
    return {"photo": True} if isinstance(part, Photo) else {"image": part.digest}


def write_question(question: Question) -> str:
    """The question as canonical JSON: equal questions give equal texts, whoever they are put to."""
    if isinstance(question, Generate):
        prompt = [_part(part) for part in question.prompt]
        return _dump(["generate", prompt, question.max_tokens, question.choices])
    if isinstance(question, Choose):
        return _dump(["choose", [_part(part) for part in question.prompt], question.choices])
    if isinstance(question, Recognise):
        return '["recognise"]'
    if isinstance(question, EmbedText):
        return _dump(["embed", question.text])
    return _dump(["embed", _part(question.image)])


def read_question(body: str, images: Callable[[str], Any] | None = None) -> Question:
    """The question back from its JSON; `images` finds an image by its digest where a prompt holds one."""

    def part(value: Any) -> Part:
        if isinstance(value, str):
            return value
        if "photo" in value:
            return PHOTO
        if images is None:
            raise ValueError(f"the prompt holds image {value['image']}, and no images are at hand")
        image: Part = images(value["image"])
        return image

    kind, *rest = json.loads(body)
    if kind == "generate":
        return Generate(tuple(map(part, rest[0])), rest[1], tuple(rest[2]))
    if kind == "choose":
        return Choose(tuple(map(part, rest[0])), tuple(rest[1]))
    if kind == "recognise":
        return Recognise()
    if kind == "embed":
        embedded = part(rest[0])
        return EmbedText(embedded) if isinstance(embedded, str) else Embed(embedded)
    raise ValueError(f"unknown kind of question: {kind!r}")


def key_of(text: str) -> bytes:
    """16 bytes that stand for a written question or another repeated text (BLAKE2b)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def question_key(question: Question) -> bytes:
    """16 bytes that identify the question."""
    return key_of(write_question(question))


def write_choices(choices: Sequence[str]) -> str:
    """A vocabulary as JSON; it is kept once, answers refer to its key."""
    return _written_choices(tuple(choices))


@lru_cache(maxsize=16)  # a recogniser's thousand labels come with each of its answers
def _written_choices(choices: tuple[str, ...]) -> str:
    return _dump(choices)


def read_choices(body: str) -> tuple[str, ...]:
    """The vocabulary back from its JSON."""
    return tuple(json.loads(body))


def write_answer(answer: Answer) -> tuple[str, tuple[str, ...]]:
    """The answer as JSON without its choices, and those choices (empty where it has none)."""
    usage = answer.usage
    cost = [usage.tokens_in, usage.tokens_out, usage.seconds, usage.attempts]
    cost += [] if usage.tokens_cached is None else [usage.tokens_cached]
    if isinstance(answer, Text):
        return _dump(["text", answer.text, str(answer.finish), cost]), ()
    packed = base64.b64encode(np.asarray(answer.values, dtype="<f4").tobytes()).decode("ascii")
    if isinstance(answer, Scores):
        told: list[Any] = [answer.lengths, answer.by]
        while told and told[-1] is None:
            told.pop()
        return _dump(["scores", packed, *told, cost]), answer.choices
    told = [] if answer.scale is None and answer.bias is None else [[answer.scale, answer.bias]]
    return _dump(["vector", packed, *told, cost]), ()


def read_answer(body: str, choices: Sequence[str] = ()) -> Answer:
    """The answer back from its JSON and its choices."""
    kind, *rest = json.loads(body)
    usage = Usage(*rest[-1])
    if kind == "text":
        return Text(rest[0], Finish(rest[1]), usage)
    values = np.frombuffer(base64.b64decode(rest[0]), dtype="<f4")
    if kind == "vector":
        return Vector(values, usage, *(rest[1] if len(rest) == 3 else ()))
    lengths, by = (*rest[1:-1], None, None)[:2]
    return Scores(tuple(choices), tuple(values.tolist()), usage, None if lengths is None else tuple(lengths), by)


def write_details(details: Mapping[str, Any]) -> str:
    """A prediction's details or scores as JSON."""
    return _dump(details) if details else ""

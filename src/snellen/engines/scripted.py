"""`scripted/FILE.py:function`, `scripted/module:function`: answers come from a Python `function(question, image)`.

It returns a text for Generate, `Scores` for Choose and Recognise, a `Vector` for Embed and EmbedText, or a `Failure`.
The image is None where a question does not show the photo.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Annotated, Any

from annotated_types import Ge

from snellen.errors import Missing, WrongUse, nearest
from snellen.images import Image
from snellen.types import (
    Answer,
    Choose,
    Embed,
    EmbedText,
    Failure,
    Finish,
    Generate,
    Question,
    Recognise,
    Scores,
    Text,
    Vector,
)

ANSWERS: frozenset[type] = frozenset({Generate, Choose, Recognise, Embed, EmbedText})
Answerer = Callable[[Question, Image | None], str | Answer | Failure]
_EXPECTED: Mapping[type, type[Answer]] = {
    Generate: Text,
    Choose: Scores,
    Recognise: Scores,
    Embed: Vector,
    EmbedText: Vector,
}


@dataclass(frozen=True, slots=True)
class Options:
    """`batch_size`: how many questions a step takes."""

    batch_size: Annotated[int, Ge(1)] = field(default=64, metadata={"answers": False, "title": False})


def identity(name: str, options: Options) -> dict[str, Any]:
    """The function's place; its code is not part of it, so a changed function wants a fresh run."""
    place, function = _split(name)
    if place.endswith(".py"):
        path = Path(place).expanduser()
        _check_function(name, path, function)
        place = str(path.resolve())
    elif importlib.util.find_spec(place.partition(".")[0]) is None:
        raise Missing(f"scripted/{name}: there is no module {place}")
    return {"function": f"{place}:{function}"}


def _split(name: str) -> tuple[str, str]:
    place, separator, function = name.rpartition(":")
    if not separator or not place or not function:
        raise WrongUse(f"scripted/{name}: expected scripted/FILE.py:function or scripted/module:function")
    if place.endswith(".py") and not Path(place).expanduser().is_file():
        raise WrongUse(f"scripted/{name}: there is no file {place}")
    return place, function


def _check_function(name: str, path: Path, function: str) -> None:
    """Raises WrongUse where the file is not Python or cannot define the function; none of it is run for that."""
    try:
        code = compile(path.read_bytes(), str(path), "exec")
    except (SyntaxError, ValueError) as error:
        raise WrongUse(f"scripted/{name}: {path} is not Python: {error}") from None
    if function not in code.co_names and ("*",) not in code.co_consts:  # a star import may bring it
        known = [each.co_name for each in code.co_consts if isinstance(each, CodeType)]
        raise WrongUse(f"scripted/{name}: {path} has no function {function!r}{nearest(function, known)}")


def _find(name: str) -> Answerer:
    place, function = _split(name)
    if place.endswith(".py"):
        path = Path(place).expanduser().resolve()
        # a name of its own, for the file may be called like another module; there under it for dataclasses and pickle
        private = f"snellen_scripted_{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"
        spec = importlib.util.spec_from_file_location(private, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[private] = module
        spec.loader.exec_module(module)
    else:
        try:
            module = importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise Missing(f"scripted/{name}: {error}") from None
    try:
        answerer: Answerer = getattr(module, function)
    except AttributeError:
        raise WrongUse(f"scripted/{name}: {place} has no function {function!r}") from None
    return answerer


class Scripted:
    """Answers questions in the order they came, `batch_size` a step."""

    def __init__(self, answerer: Answerer, batch_size: int = 64) -> None:
        self._answerer = answerer
        self._name = getattr(answerer, "__name__", None) or type(answerer).__name__
        self._batch_size = batch_size
        self._waiting: deque[tuple[int, Image | None, Question]] = deque()

    def room(self) -> int:
        return self._batch_size - len(self._waiting)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        self._waiting.append((ticket, image, question))

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        count = min(self._batch_size, len(self._waiting))
        done: list[tuple[int, Answer | Failure]] = []
        for _ in range(count):
            ticket, image, question = self._waiting.popleft()
            done.append((ticket, self._answer(question, image)))
        return done

    def _answer(self, question: Question, image: Image | None) -> Answer | Failure:
        try:
            answer = self._answerer(question, image)
        except Exception as error:  # the user's function may raise anything; that is a failure, never an answer
            return Failure(f"{type(error).__name__}: {error}")
        if isinstance(answer, str) and isinstance(question, Generate):
            return Text(answer)
        return answer if isinstance(answer, Failure) else self._checked(question, answer)

    def _checked(self, question: Question, answer: Any) -> Answer | Failure:
        """The answer, or a failure where it is none or of another kind than the question's."""
        expected = _EXPECTED[type(question)]
        if isinstance(answer, Text) and answer.finish is Finish.REFUSED:
            return answer
        if isinstance(answer, expected):
            if isinstance(question, Choose) and isinstance(answer, Scores) and answer.choices != question.choices:
                return Failure(f"{self._name} returned scores of other choices than the question has")
            return answer
        if isinstance(answer, str | Text | Scores | Vector):
            kinds = {Text: "a text", Scores: "Scores", Vector: "a Vector"}
            given = "a text" if isinstance(answer, str) else kinds[type(answer)]
            return Failure(f"{self._name} returned {given}; {type(question).__name__} expects {kinds[expected]}")
        shown = repr(answer)[:100]
        return Failure(f"{self._name} returned {shown}; expected a text, an answer or a failure")

    def release(self, image: Image) -> None:
        pass

    def facts(self) -> Mapping[str, Any]:
        return {"batch_size": self._batch_size}

    def close(self) -> None:
        self._waiting.clear()


def load(name: str, options: Options) -> Scripted:
    """The engine around the named function. Raises Missing or WrongUse where there is none."""
    return Scripted(_find(name), options.batch_size)

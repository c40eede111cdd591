"""A hosted model as it is probed: each probe may change its options, and equal questions are each asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any

from snellen import plugins
from snellen.asking import load_engine
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.remote.probing import Trial, trials
from snellen.remote.wire import Call, Fault, Reply
from snellen.specs import ModelPlan
from snellen.types import Answer, Engine, Failure, Generate, Question

_RETRIES = 2  # a probe that fails is a finding, not worth minutes


def is_hosted(engine: Engine) -> bool:
    """Whether a server stands behind the engine, of which something is to be found out."""
    return hasattr(engine, "fetch")


def probe(model: ModelPlan) -> Iterator[Trial]:
    """What is found out about a hosted model, and what that took."""
    with ExitStack() as stack:
        hosted = _Hosted(model, stack)
        yield from trials(hosted)
        told = f"{hosted.questions} questions, {hosted.tokens:,} tokens of prompts and answers"
        yield Trial("all this took", None, told, {"questions": hosted.questions, "tokens": hosted.tokens})


class _Hosted:
    """The model with the options that it was given; a change of them is another engine, closed after its answers."""

    def __init__(self, model: ModelPlan, stack: ExitStack) -> None:
        fields = {each.name for each in dataclasses.fields(model.options)}
        self._model = _changed(model, {"retries": min(_RETRIES, model.options.retries)} if "retries" in fields else {})
        self.name = model.name
        self.kinds = model.answers
        self.options = frozenset(fields)
        self._module = module = plugins.load("engines", model.provider)
        self.forcing: Mapping[str, Mapping[str, Any]] = {}
        if hasattr(module, "forcing"):
            self.forcing = module.forcing(model.name, model.options)
        elif "scores" in fields:
            self.forcing = {"": {"scores": "choice"}}
        self.questions = self.tokens = 0
        self._engine: Any = stack.enter_context(closing(load_engine(self._model)))

    def ask(self, asked: Sequence[tuple[Image | None, Question]], **changes: Any) -> list[Answer | Failure]:
        if not changes:
            return self._put(self._engine, asked)
        try:
            engine = load_engine(_changed(self._model, changes))
        except WrongUse as error:  # it is known to be in vain
            return [Failure(str(error))] * len(asked)
        with closing(engine):
            return self._put(engine, asked)

    def _put(self, engine: Engine, asked: Sequence[tuple[Image | None, Question]]) -> list[Answer | Failure]:
        got: dict[int, Answer | Failure] = {}
        for ticket, (image, question) in enumerate(asked):
            engine.add(ticket, image, question)
        while len(got) < len(asked):
            got |= dict(engine.step(1.0))
        for image in {image for image, _ in asked if image is not None}:
            engine.release(image)
        for answer in got.values():
            self.questions += 1
            if not isinstance(answer, Failure):
                self.tokens += (answer.usage.tokens_in or 0) + (answer.usage.tokens_out or 0)
        return [got[ticket] for ticket in range(len(asked))]

    def sends(self, option: str, one: Any, other: Any) -> bool:
        if option not in self.options:
            return False
        made = (
            self._module.provider(self.name, _changed(self._model, {option: each}).options) for each in (one, other)
        )
        bodies = [provider.call(Generate(("?",), 1), []).body for provider in made]
        return bool(bodies[0] != bodies[1])

    def models(self) -> Reply | Fault | None:
        found: Reply | Fault | None = self._engine.models()
        return found

    def metrics(self) -> Reply | None:
        reply = self._engine.fetch(Call("/metrics", {}, method="GET"), below=False)
        return reply if isinstance(reply, Reply) else None

    def shrunk(self) -> int:
        return int(self._engine.facts().get("pictures_shrunk") or 0)


def _changed(model: ModelPlan, changes: Mapping[str, Any]) -> ModelPlan:
    return dataclasses.replace(model, options=dataclasses.replace(model.options, **changes))

"""Answers by full prompts: every question, and every choice of it, pays for its image and the whole text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

from snellen.engines.hf.answers import chosen, refused, written
from snellen.engines.hf.continuations import Continuation, apart, continuations
from snellen.engines.hf.passes import Passes
from snellen.engines.hf.prompts import Prompts
from snellen.engines.hf.rows import Row
from snellen.engines.hf.waiting import Asked
from snellen.local.batching import Batches
from snellen.types import Answer, Failure, Generate


class Plain:
    """The way of asking that works for every model, and the one that the shared way has to equal."""

    def __init__(self, passes: Passes, prompts: Prompts, tokenizer: Any, batches: Batches) -> None:
        self._passes = passes
        self._prompts = prompts
        self._tokenizer = tokenizer
        self._batches = batches

    def answer(self, asked: Sequence[Asked]) -> dict[int, Answer | Failure]:
        """The answers by ticket; questions that can share a batch do."""
        kinds: dict[Hashable, list[Asked]] = defaultdict(list)
        for one in asked:
            kinds[one.kind].append(one)
        answers: dict[int, Answer | Failure] = {}
        for group in kinds.values():
            first = group[0].question
            free = isinstance(first, Generate) and not first.choices
            answers |= self._write(group, first.max_tokens) if free else self._score(group)  # type: ignore[union-attr]
        return answers

    def _write(self, asked: Sequence[Asked], max_tokens: int) -> dict[int, Answer | Failure]:
        answers: dict[int, Answer | Failure] = {}
        ready: list[tuple[Asked, Row]] = []
        for one in asked:
            try:
                ready.append((one, self._passes.rows.make(self._prompts.render(one.question.prompt, one.image))))
            except Exception as error:
                answers[one.ticket] = refused(error)
        said = self._batches.run([row for _, row in ready], lambda rows: self._passes.write(rows, max_tokens))
        for (one, row), result in zip(ready, said, strict=True):
            if isinstance(result, Failure):
                answers[one.ticket] = result
            else:
                answers[one.ticket] = written(self._tokenizer, len(row.tokens), *result)
        return answers

    def _score(self, asked: Sequence[Asked]) -> dict[int, Answer | Failure]:
        answers: dict[int, Answer | Failure] = {}
        ready: list[tuple[Asked, Row, list[Continuation]]] = []
        for one in asked:
            try:
                ready.append((one, *self._cut(one)))
            except Exception as error:
                answers[one.ticket] = refused(error)
        scored = iter(self._batches.run([each for *_, cut in ready for each in cut], self._passes.score))
        for one, row, cut in ready:
            values = [next(scored) for _ in cut]
            failed = next((value for value in values if isinstance(value, Failure)), None)
            lengths = [len(each.tokens) for each in cut]
            # one choice that failed fails them all
            answers[one.ticket] = failed or chosen(one.question, len(row.tokens), values, lengths)  # type: ignore[arg-type]
        return answers

    def _cut(self, asked: Asked) -> tuple[Row, list[Continuation]]:
        rendering = self._prompts.render(asked.question.prompt, asked.image)
        if self._passes.decodes_apart:
            return apart(self._passes.rows, rendering, asked.question.choices)
        return continuations(self._passes.rows, rendering, self._prompts.separator, asked.question.choices)

"""A model of transformers on this machine, as an engine: waiting questions are answered in batches of rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from snellen.engines.hf.batching import Batches, free_memory
from snellen.engines.hf.checking import first_rows, working_stacking
from snellen.engines.hf.continuations import Continuation, continuations
from snellen.engines.hf.device import name_of, peak_gpu_gb, synchronise
from snellen.engines.hf.options import Options
from snellen.engines.hf.passes import Passes
from snellen.engines.hf.pixels import Pictures
from snellen.engines.hf.prompts import Prompts
from snellen.engines.hf.quiet import quiet
from snellen.engines.hf.rows import Row, Rows
from snellen.engines.hf.waiting import Asked, Waiting
from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.types import Answer, Choose, Failure, Finish, Generate, Question, Scores, Text, Usage

_AUTO_ROWS = {"cpu": 32, "mps": 32, "cuda": 64}
_ROOM = 2  # batches that may wait: one to be taken while the next fills


class LocalModel:
    """Answers Generate and Choose; a Generate with choices is answered with the best-scored of them."""

    def __init__(self, model: Any, processor: Any, options: Options, owner: str) -> None:
        self._tokenizer = processor.tokenizer
        self._pictures = Pictures(processor.image_processor, options.max_pixels)
        processor.image_processor = self._pictures
        self._waiting = Waiting()
        self._device: torch.device = model.device
        size = _AUTO_ROWS.get(self._device.type, 32) if options.batch_size == "auto" else options.batch_size
        with quiet(), torch.inference_mode():
            self._prompts = Prompts(processor, options.system, owner)
            rows = Rows(processor, self._pictures)
            self._passes = Passes(model, rows, self._prompts.end, self._tokenizer, owner)
            first = first_rows(self._prompts, rows, owner)
            if size > 1 and working_stacking(self._passes, first, owner) == "single":
                size = 1
        self._pictures.clear()
        self._batches = Batches(size)
        self._known = {
            "parameters": int(model.num_parameters()),
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": str(self._device),
            "device_name": name_of(self._device),
            "attention": str(getattr(model.config, "_attn_implementation", None)),
            "stacking": self._passes.rows.stacking,
            "image_processor": type(processor.image_processor.inner).__name__,
        }

    def room(self) -> int:
        return _ROOM * self._batches.size - len(self._waiting)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        if not isinstance(question, Generate | Choose):
            raise TypeError(f"a local model answers Generate and Choose, not {type(question).__name__}")
        self._waiting.add(Asked(ticket, image, question))

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        """Answers one batch. Each answer's seconds are its share of the batch's, by its rows."""
        asked = self._waiting.take(self._batches.size)
        if not asked:
            return []
        start = time.perf_counter()
        with quiet(), torch.inference_mode():
            first = asked[0].question
            if isinstance(first, Generate) and not first.choices:
                answers = self._write(asked, first.max_tokens)
            else:
                answers = self._score(asked)
        synchronise(self._device)
        each = (time.perf_counter() - start) / sum(one.rows for one in asked)
        return [(one.ticket, _timed(answer, each * one.rows)) for one, answer in zip(asked, answers, strict=True)]

    def release(self, image: Image) -> None:
        self._pictures.release(image)

    def facts(self) -> Mapping[str, Any]:
        return {**self._known, "batch_size": self._batches.size, "peak_gpu_gb": peak_gpu_gb(self._device)}

    def close(self) -> None:
        self._waiting.clear()
        self._pictures.clear()
        self._passes.model = None
        free_memory()

    def _write(self, asked: Sequence[Asked], max_tokens: int) -> list[Answer | Failure]:
        rows = [self._row(one) for one in asked]
        ready = [row for row in rows if isinstance(row, Row)]
        written = iter(self._batches.run(ready, lambda batch: self._passes.write(batch, max_tokens)))
        return [row if isinstance(row, Failure) else self._text(row, next(written)) for row in rows]

    def _row(self, asked: Asked) -> Row | Failure:
        try:
            return self._passes.rows.make(self._prompts.render(asked.question.prompt, asked.image))
        except Exception as error:
            return _refused(error)

    def _text(self, row: Row, written: tuple[list[int], bool] | Failure) -> Text | Failure:
        if isinstance(written, Failure):
            return written
        tokens, ended = written
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        finish = Finish.STOP if ended else Finish.LENGTH
        return Text(text, finish, Usage(tokens_in=len(row.tokens), tokens_out=len(tokens)))

    def _score(self, asked: Sequence[Asked]) -> list[Answer | Failure]:
        cut = [self._cut(one) for one in asked]
        ready = [one for each in cut if not isinstance(each, Failure) for one in each[1]]
        scored = iter(self._batches.run(ready, self._passes.score))
        answers: list[Answer | Failure] = []
        for one, each in zip(asked, cut, strict=True):
            if isinstance(each, Failure):
                answers.append(each)
            else:
                prompt, choices = each
                answers.append(_chosen(one.question, prompt, choices, [next(scored) for _ in choices]))
        return answers

    def _cut(self, asked: Asked) -> tuple[Row, list[Continuation]] | Failure:
        if not self._passes.scores:
            return Failure("choices are not scored for a model of the encoder-decoder kind; ask it for text")
        try:
            rendering = self._prompts.render(asked.question.prompt, asked.image)
            return continuations(self._passes.rows, rendering, self._prompts.separator, asked.question.choices)
        except Exception as error:
            return _refused(error)


def _chosen(
    question: Generate | Choose, prompt: Row, choices: Sequence[Continuation], values: Sequence[float | Failure]
) -> Answer | Failure:
    """The scores as the kind of answer that was asked for; one choice that failed fails them all."""
    scores = []
    for value in values:
        if isinstance(value, Failure):
            return value
        scores.append(value)
    usage = Usage(tokens_in=len(prompt.tokens), tokens_out=0)
    lengths = tuple(len(choice.tokens) + 1 for choice in choices)  # the end is scored too
    answer = Scores(question.choices, tuple(scores), usage, lengths)
    return answer if isinstance(question, Choose) else Text(answer.best, usage=answer.usage)


def _refused(error: Exception) -> Failure:
    """Why a question never reached the model: its image, or what the family's processor says of it."""
    if isinstance(error, UnreadableImage):
        return Failure(str(error))
    return Failure(f"the question cannot be put to the model: {type(error).__name__}: {error}"[:500])


def _timed(answer: Answer | Failure, seconds: float) -> Answer | Failure:
    if isinstance(answer, Failure):
        return answer
    return replace(answer, usage=replace(answer.usage, seconds=seconds))

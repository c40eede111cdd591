"""Models behind a server of the tests, asked without a study."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any

import PIL.Image

from answering import answers
from snellen.engines import openai_compatible
from snellen.images import Image
from snellen.remote.chat import ChatCompletions
from snellen.remote.client import RemoteModel
from snellen.remote.keys import Key
from snellen.remote.retrying import Backoff
from snellen.types import PHOTO, Answer, Failure, Generate, Question

QUICK = Backoff(retries=4, first=0.01, longest=0.05, patience=5.0)
WHAT = Generate((PHOTO, "What is it?"), 8)


@contextmanager
def hosted(url: str, key: str | None = None, server: str = "any", **options: Any) -> Iterator[RemoteModel]:
    """A loaded model with short waits; closed at the end."""
    given = replace(openai_compatible.Options(), base_url=url, **{"retries": 4, **options})
    provider = ChatCompletions(url, "m", openai_compatible.PRESETS[server].dialect, scores=given.scores)
    model = RemoteModel(provider, Key(key) if key else None, given, replace(QUICK, retries=given.retries))
    try:
        yield model
    finally:
        model.close()


def drawn(seed: int = 0, size: tuple[int, int] = (6, 6), kind: str = "PNG", **settings: Any) -> Image:
    """A picture of its own for each seed."""
    stream = io.BytesIO()
    picture = PIL.Image.frombytes("RGB", size, Random(seed).randbytes(3 * size[0] * size[1]))
    picture.save(stream, kind, **settings)
    return Image(data=stream.getvalue())


def answer(model: RemoteModel, question: Question = WHAT, image: Image | None = None) -> Answer | Failure:
    """The answer to one question."""
    return answers(model, [(image or drawn(), question)])[0]

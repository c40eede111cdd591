"""Clarifai's vision-language models, by its endpoint in the shape of OpenAI's."""

from __future__ import annotations

from snellen.engines.clarifai.options import PAGES, Options
from snellen.engines.clarifai.recogniser import TAKES
from snellen.remote.chat import ChatCompletions, Dialect

PATH = "/v2/ext/openai/v1"


def chat(name: str, base_url: str, options: Options) -> ChatCompletions:
    """The translation for a model, which is named by its page."""
    return ChatCompletions(
        f"{base_url.rstrip('/')}{PATH}",
        f"{PAGES}{name.removeprefix(PAGES)}",
        Dialect("json_schema", batches=False, takes=TAKES),
        temperature=options.temperature,
        scores=options.scores,
    )

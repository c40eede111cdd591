"""The page about hosted models names models and options that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snellen import plugins
from snellen.specs import configured

PAGE = (Path(__file__).parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
MODELS = sorted({found for found in re.findall(r"-m ([^\s`]+)", PAGE) if "/" in found})
HOSTED = ("anthropic", "clarifai", "google", "openai", "openai-compatible")


def test_the_page_shows_every_hosted_provider() -> None:
    assert {model.partition("/")[0] for model in MODELS} == set(HOSTED)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_on_the_page_is_written_as_it_is_read(model: str) -> None:
    name, options = configured(model, None)
    module = plugins.load("engines", name.partition("/")[0])
    assert module.identity(name.partition("/")[2], options)["model"]


@pytest.mark.parametrize("provider", HOSTED)
def test_options_of_hosted_models_stand_on_the_page(provider: str) -> None:
    options = plugins.load("engines", provider).Options
    missing = {name for name in options.__dataclass_fields__ if not re.search(rf"`{name}\b|[,`(]{name}=", PAGE)}
    assert not missing

"""`text/NAME`: a model that makes vectors of texts, of model2vec or sentence-transformers, from a folder or the hub.

It sees no pictures: `open-set` asks it beside another model which class an answer means. Its libraries are imported by
`load` alone.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from snellen.errors import Missing, WrongUse
from snellen.local.options import Options
from snellen.local.source import Source, locate
from snellen.types import EmbedText

if TYPE_CHECKING:
    from snellen.local.encoding import Encoder

__all__ = ["ANSWERS", "Options", "identity", "load"]

ANSWERS: frozenset[type] = frozenset({EmbedText})
_MODULES = "modules.json"


def identity(name: str, options: Options) -> dict[str, Any]:
    """What the model is: the sha-256 of its files, or its repository and commit.

    Raises WrongUse for another kind of model, Missing where it cannot be had or its package is not there.
    """
    source = locate(name, options.revision, "text")
    package = _package(source)
    if importlib.util.find_spec(package) is None:
        raise Missing(f"text/{name} needs the package {package.replace('_', '-')}: pip install 'snellen[text]'")
    return source.identity()


def load(name: str, options: Options) -> Encoder:
    """The engine. Raises WrongUse or Missing, with what to do about it."""
    from snellen.engines.text.loading import load_engine

    source = locate(name, options.revision, "text")
    return load_engine(source, _package(source), options)


def _package(source: Source) -> str:
    """The library that the model is of, by what its own files say."""
    modules = source.settings(_MODULES)
    kinds = [str(module.get("type")) for module in modules.get("", []) if isinstance(module, dict)]
    if source.settings("config.json").get("model_type") == "model2vec" or any("Static" in kind for kind in kinds):
        return "model2vec"
    foreign = [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    if foreign:  # older versions of the library import a folder's code without being asked to
        raise WrongUse(
            f"text/{source.place}: its {_MODULES} names {foreign[0]}, which is code of its own; such code is not run: "
            "take a model whose parts are all of sentence-transformers"
        )
    if kinds:
        return "sentence_transformers"
    raise WrongUse(
        f"text/{source.place}: expected a model of model2vec or sentence-transformers, which has a {_MODULES}; "
        "a model that compares texts with pictures is named clip/…"
    )

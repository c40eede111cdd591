"""Loads a model of either library."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from snellen.images import Image
from snellen.local.encoding import Array, Encoder
from snellen.local.explaining import explained
from snellen.local.options import Options
from snellen.local.source import Source
from snellen.types import Embed, Recognise

_AUTO = 64  # texts in one pass


class Texts:
    """A network that reads texts and sees nothing."""

    labels: tuple[str, ...] = ()

    def __init__(self, encode: Callable[[Sequence[str]], Array], facts: Callable[[], Mapping[str, Any]]) -> None:
        self._encode = encode
        self.facts = facts

    def prepare(self, image: Image) -> Any:
        raise TypeError("a model of texts sees no pictures")

    def see(self, prepared: Sequence[Any], kinds: frozenset[type]) -> Mapping[type, Array]:
        raise TypeError("a model of texts sees no pictures")

    def read(self, texts: Sequence[str]) -> tuple[Array, float | None, float | None]:
        return np.asarray(self._encode(texts), dtype=np.float32), None, None

    def close(self) -> None:
        pass


def load_engine(source: Source, package: str, options: Options) -> Encoder:
    """The engine around the model. Raises WrongUse or Missing."""
    owner = f"text/{source.place}"
    with explained(owner, "model"):
        texts = _static(source) if package == "model2vec" else _transformer(source, options, owner)
        texts.read(["a cat"])
    batch_size = _AUTO if options.batch_size == "auto" else options.batch_size
    refuses = dict.fromkeys((Embed, Recognise), "it reads texts and sees no pictures")
    return Encoder(texts, batch_size, refuses)


def _static(source: Source) -> Texts:
    library: Any = importlib.import_module("model2vec")
    model = library.StaticModel.from_pretrained(str(source.folder(())), force_download=False)
    known = {"parameters": int(model.embedding.size), "device": "cpu", "dtype": str(model.embedding.dtype)}
    return Texts(lambda texts: model.encode(list(texts), use_multiprocessing=False), lambda: known)


def _transformer(source: Source, options: Options, owner: str) -> Texts:
    from snellen.local.device import pick_device
    from snellen.local.passes import facts_of
    from snellen.local.quiet import quiet

    with quiet():
        library: Any = importlib.import_module("sentence_transformers")
        device = pick_device(options.device, owner)
        kept = {"dtype": options.dtype}
        model = library.SentenceTransformer(
            str(source.folder(())), device=str(device), local_files_only=True, model_kwargs=kept
        ).eval()

    def encode(texts: Sequence[str]) -> Array:
        with quiet():
            rows: Array = model.encode(list(texts), batch_size=len(texts), show_progress_bar=False)
        return rows

    return Texts(encode, lambda: facts_of(model))

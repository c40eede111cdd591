"""Pictures and texts in one space, whichever library the model is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from snellen.images import Image
from snellen.local.encoding import Array
from snellen.local.passes import Prepared, Tensors, facts_of, in_passes
from snellen.local.transforms import Transform, pixels_of
from snellen.types import Embed


@dataclass(frozen=True, slots=True)
class Towers:
    """A model with what goes into it and what comes out: embeddings [picture or text, value], as the model gives them.

    `scale` is what a cosine is multiplied by, `bias` what is added; None where the model has none.
    """

    model: Any
    transform: Transform
    see: Callable[[Tensors], torch.Tensor]
    read: Callable[[Sequence[str]], torch.Tensor]
    scale: float | None
    bias: float | None
    facts: Mapping[str, Any] = field(default_factory=dict)


class ClipNetwork:
    """The network around two towers; it recognises nothing by itself."""

    labels: tuple[str, ...] = ()

    def __init__(self, towers: Towers) -> None:
        self.towers = towers

    def prepare(self, image: Image) -> Prepared:
        return self.towers.transform(pixels_of(image))

    def see(self, prepared: Sequence[Prepared], kinds: frozenset[type]) -> Mapping[type, Array]:
        return in_passes(prepared, self.towers.model, lambda inputs: {Embed: self.towers.see(inputs)})

    def read(self, texts: Sequence[str]) -> tuple[Array, float | None, float | None]:
        with torch.inference_mode():
            rows: Array = self.towers.read(texts).float().cpu().numpy()
        return rows, self.towers.scale, self.towers.bias

    def facts(self) -> Mapping[str, Any]:
        return {**facts_of(self.towers.model), **self.towers.facts}

    def close(self) -> None:
        pass

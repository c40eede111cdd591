"""A classifier of pictures, or a backbone, whichever library it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from snellen.images import Image
from snellen.local.encoding import Array
from snellen.local.passes import Prepared, Tensors, facts_of, in_passes
from snellen.local.transforms import Transform, pixels_of
from snellen.types import Embed, Recognise


@dataclass(frozen=True, slots=True)
class Parts:
    """A model with what goes into it and what comes out: logits [picture, label], of a backbone features.

    `several` says that a picture may be of several labels: a sigmoid each, instead of a softmax over all.
    """

    model: Any
    transform: Transform
    forward: Callable[[Tensors], torch.Tensor]
    has_head: bool
    several: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


class ClassifierNetwork:
    """The network around the parts; `head` is the layer whose input is the features, None where none is known."""

    def __init__(self, parts: Parts, labels: tuple[str, ...], notice: Mapping[str, str]) -> None:
        self.parts = parts
        self.labels = labels
        self.head: Any = None
        self._notice = notice
        self._features: torch.Tensor | None = None

    def find_head(self, prepared: Prepared) -> int:
        """Finds the head by a pass, and returns how many values that gives."""
        ran: list[Any] = []
        layers = [layer for layer in self.parts.model.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
        hooks = [layer.register_forward_hook(lambda layer, *_: ran.append(layer)) for layer in layers]
        rows = in_passes([prepared], self.parts.model, lambda inputs: {Recognise: self.parts.forward(inputs)})
        for hook in hooks:
            hook.remove()
        outputs = int(rows[Recognise].shape[1])
        if self.parts.has_head:
            self.head = next((layer for layer in reversed(ran) if _width(layer) == outputs), None)
        if self.head is not None:
            self.head.register_forward_pre_hook(self._keep)
        return outputs

    def _keep(self, layer: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        self._features = inputs[0]

    def prepare(self, image: Image) -> Prepared:
        return self.parts.transform(pixels_of(image))

    def see(self, prepared: Sequence[Prepared], kinds: frozenset[type]) -> Mapping[type, Array]:
        def forward(inputs: Tensors) -> Mapping[type, torch.Tensor]:
            rows = self.parts.forward(inputs).float()
            if not self.parts.has_head:
                return {Embed: rows}
            found: dict[type, torch.Tensor] = {Recognise: rows.sigmoid() if self.parts.several else rows.softmax(-1)}
            if Embed in kinds and self._features is not None:
                found[Embed] = _pooled(self.head, self._features)
            self._features = None
            return found

        return in_passes(prepared, self.parts.model, forward)

    def read(self, texts: Sequence[str]) -> tuple[Array, float | None, float | None]:
        raise NotImplementedError("an image classifier reads no texts")

    def facts(self) -> Mapping[str, Any]:
        return {**facts_of(self.parts.model), **self.parts.facts, **self._notice}

    def close(self) -> None:
        pass


def _width(layer: Any) -> int:
    return int(layer.out_features if isinstance(layer, torch.nn.Linear) else layer.out_channels)


def _pooled(head: Any, features: torch.Tensor) -> torch.Tensor:
    """One row for each picture: the mean over places where the head sees several, channels first before a Conv2d."""
    if isinstance(head, torch.nn.Conv2d):
        return features.flatten(2).mean(-1)
    return features if features.dim() == 2 else features.flatten(1, -2).mean(1)

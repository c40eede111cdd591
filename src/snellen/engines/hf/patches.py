"""Convolutions that cut an image into patches, run as the matrix products they are."""

from __future__ import annotations

from typing import Any

import torch


def as_products(model: torch.nn.Module) -> int:
    """Lets convolutions whose input is one patch each run as a product, which is faster on CPUs and GPUs alike.

    Families that hand patches over one by one (Qwen-VL) convolve each with a kernel of its own size: the sum over all
    its pixels. Returns how many layers do so from now on; inputs of other sizes are convolved as before.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d | torch.nn.Conv3d)]
    whole = [layer for layer in layers if layer.kernel_size == layer.stride and layer.groups == 1]
    whole = [layer for layer in whole if not hasattr(layer, "_hf_hook")]  # its weights may be elsewhere until it runs
    for layer in whole:
        layer.forward = _product(layer, layer.forward)
    return len(whole)


def _product(layer: Any, convolve: Any) -> Any:
    def forward(patches: torch.Tensor) -> torch.Tensor:
        if tuple(patches.shape[2:]) != tuple(layer.kernel_size) or any(layer.padding):
            result: torch.Tensor = convolve(patches)
            return result
        made = torch.nn.functional.linear(patches.flatten(1), layer.weight.flatten(1), layer.bias)
        return made.view(*made.shape, *(1 for _ in layer.kernel_size))

    return forward

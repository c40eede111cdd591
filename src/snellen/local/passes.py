"""Forward passes over prepared pictures: those of one shape together, whatever order they came in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from snellen.local.device import name_of, peak_gpu_gb
from snellen.local.encoding import Array

Prepared: TypeAlias = Mapping[str, Array]  # what a network takes of one picture, by the names of its inputs
Tensors: TypeAlias = Mapping[str, torch.Tensor]

_AUTO = {"cpu": 16, "mps": 32, "cuda": 64}


def in_passes(
    prepared: Sequence[Prepared], model: Any, forward: Callable[[Tensors], Mapping[type, torch.Tensor]]
) -> dict[type, Array]:
    """The rows that `forward` gives of each kind, in the order of the pictures, as float32."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for place, each in enumerate(prepared):
        groups[tuple((name, array.shape) for name, array in each.items())].append(place)
    parts: dict[type, list[Array]] = defaultdict(list)
    for places in groups.values():
        inputs = {name: np.stack([prepared[place][name] for place in places]) for name in prepared[places[0]]}
        with torch.inference_mode():
            outputs = forward({name: on_device(array, model) for name, array in inputs.items()})
            for kind, rows in outputs.items():
                parts[kind].append(rows.float().cpu().numpy())
    if len(groups) == 1:
        return {kind: rows for kind, (rows,) in parts.items()}
    back = np.argsort([place for places in groups.values() for place in places])
    return {kind: np.concatenate(rows)[back] for kind, rows in parts.items()}


def on_device(array: Array, model: Any) -> torch.Tensor:
    """The array where the model is; real numbers in the model's type."""
    first = next(model.parameters())
    tensor = torch.from_numpy(array)
    return tensor.to(first.device, first.dtype) if tensor.is_floating_point() else tensor.to(first.device)


def batch_size_for(wanted: int | str, device: torch.device) -> int:
    """The batch size asked for, or one that suits the device."""
    return _AUTO.get(device.type, 16) if isinstance(wanted, str) else wanted


def facts_of(model: Any) -> dict[str, Any]:
    """What is known of a loaded model, and the most memory it took so far."""
    first = next(model.parameters())
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "dtype": str(first.dtype).removeprefix("torch."),
        "device": str(first.device),
        "device_name": name_of(first.device),
        "peak_gpu_gb": peak_gpu_gb(first.device),
    }

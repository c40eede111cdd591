"""The options of a local model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge

from snellen.local.options import NOT_THE_MODEL, check_device


@dataclass(frozen=True, slots=True)
class Options:
    """How a checkpoint is loaded and asked.

    - `dtype`: "auto" is the checkpoint's own. Half precision is slow on most CPUs, and there answers may depend on
      the batch size; float32 is the choice for answers that must not.
    - `device`: "auto" takes CUDA, then MPS, then the CPU; `device_map` spreads the model over devices (accelerate).
    - `adapter`: the folder of a LoRA adapter (peft). `quantization` needs bitsandbytes.
    - `max_pixels`: larger images are scaled down to this many pixels before the model's processor sees them.
    - `batch_size`: images (or full prompts) in one forward pass; "auto" starts high. It is halved when memory runs out.
    - `prefix_sharing`: "auto" computes an image and what its prompts have in common once for all its questions, where a
      check at loading finds the same answers; "off" runs every question as a full prompt, for figures to compare.
    """

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = field(default="auto", metadata=NOT_THE_MODEL)
    device_map: str | None = field(default=None, metadata=NOT_THE_MODEL)
    revision: str | None = field(default=None, metadata={"answers": False})  # its commit is in the identity
    attn_implementation: str | None = None
    quantization: Literal["none", "8bit", "4bit"] = "none"
    adapter: str | None = field(default=None, metadata={"answers": False})  # so is the content of its files
    system: str | None = None
    max_pixels: Annotated[int, Ge(1)] | None = None
    trust_remote_code: bool = False
    prefix_sharing: Literal["auto", "off"] = "auto"
    batch_size: Annotated[int, Ge(1)] | Literal["auto"] = field(default="auto", metadata=NOT_THE_MODEL)

    def __post_init__(self) -> None:
        check_device(self.device)
        if self.device_map is not None and self.device != "auto":
            raise ValueError(f"device={self.device} and device_map={self.device_map} exclude each other: give one")

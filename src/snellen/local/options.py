"""The options of encoders that torch runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge

NOT_THE_MODEL = {"answers": False, "title": False}
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True, slots=True)
class Options:
    """How a checkpoint is loaded and run.

    - `dtype`: "auto" is the checkpoint's own. Half precision is slow on most CPUs.
    - `device`: "auto" takes CUDA, then MPS, then the CPU.
    - `batch_size`: pictures or texts in one pass; "auto" is 16, on a GPU 64. It is halved when memory runs out.
    """

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = field(default="auto", metadata=NOT_THE_MODEL)
    revision: str | None = field(default=None, metadata={"answers": False})  # its commit is in the identity
    batch_size: Annotated[int, Ge(1)] | Literal["auto"] = field(default="auto", metadata=NOT_THE_MODEL)

    def __post_init__(self) -> None:
        check_device(self.device)


def check_device(device: str) -> None:
    """Raises ValueError where that is no name of a device."""
    if not _DEVICE.fullmatch(device):
        raise ValueError(f"device={device!r}: expected auto, cpu, cuda, cuda:N or mps")

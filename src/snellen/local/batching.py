"""Batches that shrink until they fit, and lose nothing on the way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from snellen.types import Failure

T = TypeVar("T")
R = TypeVar("R")
_FULL = (
    "out of memory",
    "allocate memory",
    "not enough memory",
    "invalid buffer size",
    "bad_alloc",
    "alloc_failed",
    "bad allocation",
)


class Batches:
    """Runs work in batches of at most `size` items; if memory runs out, `size` is halved: for good if it `shrinks`."""

    def __init__(self, size: int, shrinks: bool = True) -> None:
        self.size = size
        self._shrinks = shrinks

    def run(self, items: Sequence[T], work: Callable[[Sequence[T]], Sequence[R]]) -> list[R | Failure]:
        """What `work` makes of each item, in their order.

        An item that fails alone is a Failure with the reason; one that fails in company is tried again in halves.
        """
        done: list[R | Failure] = []
        size = self.size
        while len(done) < len(items):
            batch = items[len(done) : len(done) + size]
            reason, full = "", False
            try:
                done += work(batch)
                continue
            except (RuntimeError, MemoryError, ValueError, IndexError, KeyError, TypeError) as error:
                if _is_fatal(error):
                    raise
                reason, full = _reason(error), is_out_of_memory(error)
            # outside of the except block, for the error holds on to everything the failed pass has allocated
            if full:
                free_memory()
            if len(batch) == 1:
                done.append(Failure(reason))
                size = self.size
            else:
                size = len(batch) // 2
                self.size = size if full and self._shrinks else self.size
        return done


def buckets(lengths: Sequence[int], least: int, most: int) -> list[range]:
    """Ranges of neighbours that are worth one pass together, of lengths in rising order.

    A pass holds at least `least` tokens and at most `most` (if it holds more than one row), its padding included; in
    between, a neighbour joins if it lengthens the others by no more than a sixteenth of the pass.
    """
    found: list[range] = []
    start = tokens = 0
    for number, length in enumerate(lengths):
        held = number - start
        padded = length * (held + 1)
        longer = held * (length - lengths[number - 1])
        if held and (padded > most or (tokens >= least and longer > padded / 16)):
            found.append(range(start, number))
            start, tokens = number, 0
        tokens += length
    return [*found, range(start, len(lengths))] if len(lengths) else []


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the host or on a device: libraries say so in many ways."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _FULL)


def free_memory() -> None:
    """Gives back what the failed pass has left behind."""
    gc.collect()
    torch = _torch()
    if torch is None:
        return
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _torch() -> Any:
    """torch where it is loaded: it is not for models that other libraries run."""
    return sys.modules.get("torch")


def _is_fatal(error: BaseException) -> bool:
    """A device error other than lack of memory: the device answers nothing more in this process."""
    broken = getattr(_torch(), "AcceleratorError", None)
    return broken is not None and isinstance(error, broken) and not is_out_of_memory(error)


def _reason(error: BaseException) -> str:
    if is_out_of_memory(error):
        return "out of memory with one row at a time; try a smaller dtype or model; with hf/… also max_pixels"
    lines = str(error).strip().splitlines()
    return f"the model failed: {type(error).__name__}" + (f": {lines[0][:300]}" if lines else "")

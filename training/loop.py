"""What the three trainings share: the order of pictures, small changes to them, and steps of a learning rate."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.nn import functional

from training.pictures import DIGITS, NAMES, Pictures

_MARGIN = 5  # pixels by which a picture is moved at most
_MIRRORED = torch.tensor([name not in DIGITS for name in NAMES])  # a mirrored digit is none
Batch = tuple[torch.Tensor, torch.Tensor]  # pixels: pictures x 3 x side x side, as networks take them; labels


def seeded(seed: int) -> None:
    """All that is drawn by chance follows from the seed; one thread, for which these networks are too small anyway."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Bytes as numbers from -1 to 1, as the processors of the models make them."""
    return pixels.float() / 127.5 - 1


def batches(pictures: Pictures, size: int, steps: int, seed: int) -> Iterator[Batch]:
    """Changed pictures, each as often as the others, in an order by the seed."""
    rng = np.random.default_rng(seed)
    order = np.empty(0, dtype=np.int64)
    for _ in range(steps):
        if len(order) < size:
            order = np.concatenate([order, rng.permutation(len(pictures.labels))])
        chosen, order = order[:size], order[size:]
        pixels = torch.from_numpy(pictures.pixels[np.sort(chosen)]).permute(0, 3, 1, 2)
        labels = torch.from_numpy(pictures.labels[np.sort(chosen)])
        yield _changed(normalised(pixels), labels), labels


def _changed(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Moved a little, one in two mirrored, in another contrast."""
    side = pixels.shape[-1]
    padded = functional.pad(pixels, (_MARGIN,) * 4, mode="replicate")
    left, top = (int(torch.randint(2 * _MARGIN + 1, ())) for _ in range(2))
    moved = padded[:, :, top : top + side, left : left + side]
    mirrored = (torch.rand(len(labels)) < 0.5) & _MIRRORED[labels]
    return torch.where(mirrored[:, None, None, None], moved.flip(3), moved) * (
        0.8 + 0.35 * torch.rand(len(labels), 1, 1, 1)
    )


class Steps:
    """Learning: Muon for the matrices of hidden layers (K. Jordan et al. 2024), AdamW for all the rest.

    Both rates rise over the first steps, stay, and fall to zero along a cosine.
    """

    def __init__(
        self,
        total: int,
        matrices: Sequence[torch.nn.Parameter],
        others: Sequence[torch.nn.Parameter],
        matrix_rate: float = 0.02,
        rate: float = 0.002,
    ) -> None:
        self._parameters = [*matrices, *others]
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
        ]
        if matrices:
            self._optimizers.append(torch.optim.Muon(matrices, lr=matrix_rate, weight_decay=0.02))
        share = _schedule(total)
        self._schedules = [torch.optim.lr_scheduler.LambdaLR(each, share) for each in self._optimizers]

    def take(self, loss: torch.Tensor) -> None:
        """One step down the loss."""
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for optimizer in self._optimizers:
            optimizer.step()
        for schedule in self._schedules:
            schedule.step()


def _schedule(total: int) -> Callable[[int], float]:
    def share(step: int) -> float:
        rising = min(1.0, (step + 1) / (0.05 * total))
        done = step / total
        return rising * (1.0 if done < 0.3 else 0.5 * (1 + math.cos(math.pi * (done - 0.3) / 0.7)))

    return share


class Log:
    """Tells about the training every so many steps."""

    def __init__(self, total: int, every: int) -> None:
        self._total, self._every, self._start, self._loss = total, every, time.monotonic(), 0.0

    def step(self, number: int, loss: torch.Tensor, watched: Callable[[], str]) -> None:
        """`watched` is asked when it is time for a line."""
        share = 0.02 if number else 1.0
        self._loss += share * (loss.item() - self._loss)
        if (number + 1) % self._every == 0 or number + 1 == self._total:
            minutes = (time.monotonic() - self._start) / 60
            line = f"step {number + 1:,} of {self._total:,} · {minutes:.1f} min · loss {self._loss:.3f} · {watched()}"
            print(line, file=sys.stderr, flush=True)

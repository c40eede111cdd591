"""What a choice may take at most and has to reach, and where a row falls short of that."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite

from snellen.errors import WrongUse
from snellen.summary import dollars, rate_text
from snellen.verdict.candidates import Measures


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One limit that is not kept: the reason in words, and by what share of the limit (inf: it is not known)."""

    reason: str
    share: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of memory, speed, money and accuracy; None where there is none. Raises WrongUse for what is no limit."""

    max_gpu_gb: float | None = None
    max_rss_gb: float | None = None
    min_images_per_second: float | None = None
    max_latency_ms: float | None = None
    max_cost_per_1000: float | None = None
    min_accuracy: float | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and not (isfinite(value) and value >= 0):
                flag = field.name.replace("_", "-")
                raise WrongUse(f"--{flag}: expected a number of at least 0, got {value!r}")
        if self.min_accuracy is not None and self.min_accuracy > 1:
            raise WrongUse(f"--min-accuracy: expected a share between 0 and 1, such as 0.9, got {self.min_accuracy!r}")

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(value is not None for value in dataclasses.astuple(self))

    @property
    def text(self) -> str:
        """All of them in words."""
        least = self.min_accuracy
        told = (
            (self.max_gpu_gb, "at most {:g} GB of GPU memory"),
            (self.max_rss_gb, "at most {:g} GB of memory"),
            (self.min_images_per_second, "at least {:g} images a second"),
            (self.max_latency_ms, "at most {:g} ms for an image"),
            (self.max_cost_per_1000, "at most {:g} USD for 1000 images"),
            (None if least is None else 100 * least, "right on at least {:g} %"),
        )
        return ", ".join(words.format(value) for value, words in told if value is not None)

    def shortfalls(self, accuracy: float, measures: Measures) -> list[Shortfall]:
        """All limits that are not kept."""
        return [*self._of_memory(measures), *self._of_time(measures), *self._of_worth(accuracy, measures)]

    def _of_memory(self, measures: Measures) -> Iterator[Shortfall]:
        for limit, value, what in (
            (self.max_gpu_gb, measures.gpu_gb, "GPU memory"),
            (self.max_rss_gb, measures.rss_gb, "memory"),
        ):
            if limit is not None and value is None:
                yield Shortfall(f"its {what} was not measured", inf)
            elif limit is not None and value is not None and value > limit:
                yield Shortfall(f"needs {value:.3g} GB of {what}, the limit is {limit:g}", _share(value, limit))

    def _of_time(self, measures: Measures) -> Iterator[Shortfall]:
        fewest, speed = self.min_images_per_second, measures.images_per_second
        if fewest is not None and speed is None:
            yield Shortfall("its speed was not measured (run without --no-timing)", inf)
        elif fewest is not None and speed is not None and speed < fewest:
            text = f"makes {rate_text(speed)} images a second, at least {fewest:g} are asked for"
            yield Shortfall(text, _share(fewest, speed))
        longest, seconds = self.max_latency_ms, measures.latency
        if longest is not None and seconds is None:
            yield Shortfall("its latency was not measured (run without --no-timing)", inf)
        elif longest is not None and seconds is not None and 1000 * seconds > longest:
            text = f"takes {1000 * seconds:.3g} ms for an image, the limit is {longest:g}"
            yield Shortfall(text, _share(1000 * seconds, longest))

    def _of_worth(self, accuracy: float, measures: Measures) -> Iterator[Shortfall]:
        most, cost = self.max_cost_per_1000, measures.cost_per_1000_usd
        if most is not None and cost is None:
            yield Shortfall("its price is not known (run with --prices FILE)", inf)
        elif most is not None and cost is not None and cost > most:
            yield Shortfall(f"costs {dollars(cost)} USD for 1000 images, the limit is {most:g}", _share(cost, most))
        least = self.min_accuracy
        if least is not None and accuracy < least:
            text = f"is right on {100 * accuracy:.1f} % of the images, at least {100 * least:g} % is asked for"
            yield Shortfall(text, _share(least, accuracy))

    def most_handed_over(self, first: Measures, second: Measures) -> float:
        """The share of images that a cascade may hand over within the limits of time and money; below 0 for none.

        What is not known sets no limit here.
        """
        shares = [1.0]
        if self.min_images_per_second and first.images_per_second and second.images_per_second:
            left = 1 / self.min_images_per_second - 1 / first.images_per_second
            shares.append(left * second.images_per_second)
        if self.max_latency_ms is not None and first.latency and second.latency:
            shares.append((self.max_latency_ms / 1000 - first.latency) / second.latency)
        if self.max_cost_per_1000 is not None and second.cost_per_1000_usd and first.cost_per_1000_usd is not None:
            shares.append((self.max_cost_per_1000 - first.cost_per_1000_usd) / second.cost_per_1000_usd)
        return min(shares)


def _share(larger: float, smaller: float) -> float:
    return larger / smaller - 1 if smaller else inf

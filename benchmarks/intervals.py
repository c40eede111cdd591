"""How often intervals hold the truth, and what they cost.

    python benchmarks/intervals.py [time] [wilson] [mcnemar] [shares] [averages] [paired] [calibration]
                                   [--simulations 2000] [--images 500]

`wilson` and `shares` are exact sums of probabilities. In the simulations the classes keep their sizes and the answers
are drawn anew from a model whose classes differ in how well they are told apart: of its misses 10 % are unparsed, 40 %
and 15 % go to two classes next to the true one, 25 % to classes in order of how popular they are with this model, 10 %
anywhere. There is a new model every 50 simulations. The truth is the figure of the expected counts.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, binomtest, multinomial

from snellen.metrics.bootstrap import bootstrap_intervals, bootstrap_statistic, paired_macro_f1
from snellen.metrics.bootstrap.cells import cells_of, resampled
from snellen.metrics.bootstrap.figures import F1, macro
from snellen.metrics.calibration import calibration_error
from snellen.metrics.classification import Confusion, classify
from snellen.metrics.comparison import mcnemar
from snellen.metrics.intervals import paired_difference, wilson

Array = NDArray[np.float64]
Places = NDArray[np.int64]
SETTINGS = list(product((5, 21, 50), (True, False), (0.5, 0.8, 0.95)))
PER_MODEL = 50


def class_sizes(classes: int, images: int, balanced: bool, rng: np.random.Generator) -> Places:
    """As even as can be, or falling as 1 / rank; at 500 images the smallest of 50 has 2."""
    shares = np.ones(classes) if balanced else 1 / np.arange(1, classes + 1)
    sizes = np.maximum(1, np.floor(images * shares / shares.sum())).astype(np.int64)
    sizes[0] += images - sizes.sum()
    return rng.permutation(sizes)


def answers_by_class(sizes: Places, accuracy: float, rng: np.random.Generator) -> Array:
    """How likely a model predicts each class for each, unparsed last, at this accuracy over all images."""
    classes = len(sizes)
    misses = rng.beta(6 * (1 - accuracy), 6 * accuracy, classes)
    misses = np.minimum(misses * (1 - accuracy) * sizes.sum() / (sizes @ misses), 0.98)
    popular = rng.permutation(1 / np.arange(1, classes + 1))
    table = np.zeros((classes, classes + 1))
    for true in range(classes):
        others = np.delete(np.arange(classes), true)
        wrong = np.zeros(classes + 1)
        wrong[others] = 0.25 * popular[others] / popular[others].sum() + 0.1 / len(others)
        wrong[(true + 1) % classes] += 0.4
        wrong[(true - 1) % classes] += 0.15
        wrong[classes] = 0.1
        table[true] = misses[true] * wrong
        table[true, true] = 1 - misses[true]
    return table


def drawn(labels: Places, table: Array, rng: np.random.Generator) -> Places:
    """An answer for each image."""
    return (rng.random((len(labels), 1)) > table.cumsum(axis=1)[labels]).sum(axis=1).clip(max=table.shape[1] - 1)


def expected(sizes: Places, table: Array) -> dict[str, float]:
    """The figures of the expected counts."""
    counts = sizes[:, None] * table
    names = tuple(map(str, range(len(sizes))))
    scale = 1e12  # classify counts whole images
    figures = classify(Confusion(names, np.rint(counts * scale).astype(np.int64)))
    return {name: getattr(figures, name) for name in ("macro_f1", "weighted_f1", "balanced_accuracy")}


def percentile(labels: Places, predictions: Places, classes: int, rng: np.random.Generator) -> tuple[float, float]:
    """The plain percentile interval of macro-F1, for comparison; from a quarter of the simulations."""
    cells = cells_of(labels, (predictions,), classes)
    support = cells.support[:, None]
    tallies = resampled(cells, rng, 2000)
    values = [macro(cells.support) @ F1.value(hits[0], predicted[0], support) for hits, predicted in tallies]
    low, high = np.quantile(np.concatenate(values), [0.025, 0.975])
    return float(low), float(high)


@dataclass
class Coverage:
    """How often intervals held the truth, and lay above it."""

    held: int = 0
    above: int = 0
    of: int = 0

    def add(self, truth: float, low: float, high: float) -> None:
        self.held += low - 1e-9 <= truth <= high + 1e-9
        self.above += low - 1e-9 > truth
        self.of += 1

    def __str__(self) -> str:
        below = self.of - self.held - self.above
        return f"{100 * self.held / self.of:.1f} ({100 * self.above / self.of:.1f}, {100 * below / self.of:.1f})"


def models(simulations: int, seed: int, *setting: float) -> Iterator[np.random.Generator]:
    """A generator for each new model of a setting."""
    for number in range(simulations // PER_MODEL):
        yield np.random.default_rng([seed, number, *(round(100 * value) for value in setting)])


def averages(simulations: int, images: int) -> None:
    """Coverage of the averages over classes."""
    names = ("macro_f1", "weighted_f1", "balanced_accuracy")
    print("\n| classes | sizes | accuracy | macro-F1 | weighted F1 | balanced accuracy | macro-F1, percentile |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for classes, balanced, accuracy in SETTINGS:
        covered = {name: Coverage() for name in (*names, "percentile")}
        for rng in models(simulations, 1, classes, balanced, accuracy):
            sizes = class_sizes(classes, images, balanced, rng)
            table, labels = answers_by_class(sizes, accuracy, rng), np.repeat(np.arange(classes), sizes)
            truth = expected(sizes, table)
            for number in range(PER_MODEL):
                predictions = drawn(labels, table, rng)
                bounds = bootstrap_intervals(labels, predictions, classes, rng)
                for name in names:
                    covered[name].add(truth[name], *bounds[name])
                if number % 4 == 0:
                    covered["percentile"].add(truth["macro_f1"], *percentile(labels, predictions, classes, rng))
        cells = " | ".join(map(str, covered.values()))
        print(f"| {classes} | {'even' if balanced else '1 / rank'} | {accuracy} | {cells} |", flush=True)


def paired(simulations: int, images: int) -> None:
    """Coverage of differences of macro-F1; the second model repeats half of the first one's answers."""
    print("\n| classes | sizes | accuracies | difference of macro-F1 |\n| ---: | --- | --- | ---: |")
    for classes, balanced, accuracy in SETTINGS:
        gap, covered = (0.0 if accuracy == 0.5 else 0.06 if accuracy == 0.8 else 0.02), Coverage()
        for rng in models(simulations, 2, classes, balanced, accuracy):
            sizes = class_sizes(classes, images, balanced, rng)
            labels = np.repeat(np.arange(classes), sizes)
            first, own = (answers_by_class(sizes, each, rng) for each in (accuracy, accuracy - 2 * gap))
            truth = expected(sizes, first)["macro_f1"] - expected(sizes, (first + own) / 2)["macro_f1"]
            for _ in range(PER_MODEL):
                a, b = drawn(labels, first, rng), drawn(labels, own, rng)
                _, low, high = paired_macro_f1(labels, a, np.where(rng.random(len(a)) < 0.5, a, b), classes, rng)
                covered.add(truth, low, high)
        sizes_name = "even" if balanced else "1 / rank"
        print(f"| {classes} | {sizes_name} | {accuracy}, {accuracy - gap:.2f} | {covered} |", flush=True)


def calibration(simulations: int, images: int) -> None:
    """Coverage of the expected calibration error (15 bins) of confidences that are too high by so much."""
    print("\n| too high by | images | its interval | mean estimate |\n| ---: | ---: | ---: | ---: |")
    for excess, size in product((0.0, 0.05, 0.2), (images, 4 * images)):
        rng, covered, found = np.random.default_rng([5, size, round(100 * excess)]), Coverage(), []
        for _ in range(simulations):
            confidences = 0.25 + 0.75 * rng.beta(4, 1.2, size)
            right = rng.random(size) < confidences - excess

            def error(places: Places, confidences: Array = confidences, right: NDArray[np.bool_] = right) -> float:
                return calibration_error(confidences[places], right[places])

            found.append(error(np.arange(size)))
            low, high = bootstrap_statistic(error, np.zeros(size, dtype=np.int64), rng, 500)
            covered.add(excess, max(0.0, low), high)
        print(f"| {excess} | {size:,} | {covered} | {np.mean(found):.3f} |", flush=True)


def shares() -> None:
    """Exact coverage of a paired difference of shares."""
    print("\n| n | mean % | least % | at | mean width |\n| ---: | ---: | ---: | --- | ---: |")
    for n in (20, 30, 40, 50, 70, 100, 200):
        counts = np.array([(b, c) for b in range(n + 1) for c in range(n + 1 - b) if b + c <= max(20, 0.85 * n)])
        bounds = np.array([paired_difference(int(b), int(c), n) for b, c in counts])
        found = []
        for share, of_first in product((0.02, 0.05, 0.1, 0.2, 0.3, 0.5), (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)):
            one, other = share * of_first, share * (1 - of_first)
            weights = multinomial.pmf(np.c_[counts, n - counts.sum(axis=1)], n, [one, other, 1 - share])
            held = (bounds[:, 0] <= one - other + 1e-12) & (one - other <= bounds[:, 1] + 1e-12)
            width = weights @ (bounds[:, 1] - bounds[:, 0])
            found.append((float(weights @ held), f"{share:.0%} disagree, {of_first:.0%} for one", float(width)))
        coverage, _, width = zip(*found, strict=True)
        least, where, _ = min(found)
        print(
            f"| {n} | {100 * np.mean(coverage):.1f} | {100 * least:.1f} | {where} | {np.mean(width):.3f} |", flush=True
        )


def wilson_coverage() -> None:
    """Exact coverage of Wilson's interval, over whole percents and over thousandths."""
    print("\n| n | mean % | least % | at | least of thousandths % | at | of them below 92 % |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    shown = (20, 30, 50, 100, 200, 500, 1000, 2000)
    means, lows = [], []
    for n in (*range(20, 200), *range(200, 2001, 50)):
        low, high = np.array([wilson(k, n) for k in range(n + 1)]).T
        found = []
        for accuracies in (np.arange(20, 981, 10) / 1000, np.arange(20, 981) / 1000):
            at = accuracies[:, None]
            held = (binom.pmf(np.arange(n + 1), n, at) * ((low <= at) & (at <= high))).sum(axis=1)
            found.append((held, accuracies[held.argmin()]))
        (percents, at), (fine, fine_at) = found
        means.append((percents.mean(), n))
        lows.append((percents.min(), n, at))
        if n in shown:
            print(
                f"| {n} | {100 * percents.mean():.2f} | {100 * percents.min():.1f} | {at:.2f} | "
                f"{100 * fine.min():.1f} | {fine_at:.3f} | {np.mean(fine < 0.92):.1%} |"
            )
    print(f"\nAll n from 20 to 199, and every 50th to 2,000 ({len(means)} of them), over whole percents:")
    print(f"mean {100 * min(means)[0]:.2f} (n = {min(means)[1]}) to {100 * max(means)[0]:.2f} % (n = {max(means)[1]})")
    under = [(n, float(at), round(100 * float(low), 1)) for low, n, at in sorted(lows) if low < 0.92]
    print(f"least {100 * min(lows)[0]:.1f} % (n = {min(lows)[1]}, accuracy {min(lows)[2]:.2f}); below 92 %: {under}")


def mcnemar_equality() -> None:
    """The largest relative difference from scipy's binomial test."""
    rng = np.random.default_rng(3)
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, 3000, (2000, 2))] + [(k, 40 - k) for k in range(41)]
    expected_p = [binomtest(a, a + b, 0.5).pvalue if a + b else 1.0 for a, b in pairs]
    differences = [abs(mcnemar(a, b) - p) / p for (a, b), p in zip(pairs, expected_p, strict=True) if p > 1e-300]
    print(
        f"\nMcNemar beside scipy's binomtest, {len(differences)} tables: differ by at most {max(differences):.0e} of p"
    )


def times() -> None:
    """Processor seconds of 10 rows and of their 45 pairs."""
    print("\n| images | classes | cells a row | 10 rows s | 45 pairs s | MiB more |\n|" + " ---: |" * 6)
    for images, classes in ((500, 21), (5_000, 21), (100_000, 21), (100_000, 100), (100_000, 1000)):
        rng = np.random.default_rng(4)
        sizes = class_sizes(classes, images, True, rng)
        labels = np.repeat(np.arange(classes), sizes)
        rows = [drawn_by_class(sizes, answers_by_class(sizes, a, rng), rng) for a in np.linspace(0.6, 0.9, 10)]
        cells = np.mean([len(cells_of(labels, (row,), classes).counts) for row in rows])
        before, started = peak(), time.process_time()
        for row in rows:
            bootstrap_intervals(labels, row, classes, rng)
        of_rows, started = time.process_time() - started, time.process_time()
        for one, other in combinations(rows, 2):
            paired_macro_f1(labels, one, other, classes, rng)
        of_pairs = time.process_time() - started
        print(
            f"| {images:,} | {classes} | {cells:,.0f} | {of_rows:.2f} | {of_pairs:.1f} | {peak() - before:.0f} |",
            flush=True,
        )


def drawn_by_class(sizes: Places, table: Array, rng: np.random.Generator) -> Places:
    """An answer for each image, the images ordered by class."""
    counts = [rng.multinomial(size, chances) for size, chances in zip(sizes, table, strict=True)]
    return np.concatenate([rng.permutation(np.repeat(np.arange(table.shape[1]), count)) for count in counts])


def peak() -> float:
    """The largest resident set so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["time", "wilson", "mcnemar", "shares", "averages", "paired", "calibration"]
    parser.add_argument("parts", nargs="*", default=parts)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--images", type=int, default=500)
    given = parser.parse_args()
    exact = {"time": times, "wilson": wilson_coverage, "mcnemar": mcnemar_equality, "shares": shares}
    simulated = {"averages": averages, "paired": paired, "calibration": calibration}
    for part in given.parts:
        if part in exact:
            exact[part]()
        else:
            simulated[part](given.simulations, given.images)


if __name__ == "__main__":
    main()

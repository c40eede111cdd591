"""One row of the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Numbered(Protocol):
    """A row of a run folder by its number."""

    @property
    def number(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of the results: a model asked by a strategy. What was not measured is None, never 0.

    Rows with the same `selection` are about the same images. The `interval` of the accuracy is a `wilson` one; where
    answers had a say in when to stop it is `anytime`, one that holds at all times together, and no other figure has
    bounds. `accuracy_covered` is over the images of the classes that the model's own vocabulary covers,
    `classes_covered_by` their number by the rule that found them. `accuracy_raw` is that of what was said, where an
    answer that named no class was mapped to the nearest. `accuracy_substring` counts an answer as right if the class
    occurs anywhere in it, as one paper does: to be compared with that paper's figures and no others, for it flatters.
    `ceiling` is the share of images whose class stood in the shortlist that the strategy chose from.
    `true_positive_rate` is how often a yes-or-no question about the image's class got a yes, `true_negative_rate` how
    often one about another class got none, where every class was asked about. `scores_by` is how a hosted model's
    scores were had: `logprobs`, `choice` (held to the choices) or `asked`; None of local models and of texts.
    `attempts_per_question` is how often a hosted model was asked on average for each answer that came. A `superseded`
    row belongs to another model or setting that went by the same name before, such as a predictions file changed since.
    A `blind` row is a control: its prompts showed a grey picture in the photo's place.
    `cost_usd` is the price of all answers that the row rests on (with their tokens), `spent_usd` what the folder has
    paid its models for whatever row, attempts without an answer included; both are None where there is no price or a
    count of tokens is missing.
    """

    number: int
    selection: int
    superseded: bool
    blind: bool
    dataset: str
    model: str
    parameters: int | None
    strategy: str
    classes: int
    seed: int
    images: int
    answered: int
    unparsed: int
    failed: int
    pending: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    interval: str
    macro_precision: float | None
    macro_recall: float | None
    macro_f1: float | None
    macro_f1_low: float | None
    macro_f1_high: float | None
    weighted_precision: float | None
    weighted_recall: float | None
    weighted_f1: float | None
    weighted_f1_low: float | None
    weighted_f1_high: float | None
    balanced_accuracy: float | None
    balanced_accuracy_low: float | None
    balanced_accuracy_high: float | None
    outcomes: Mapping[str, int]
    per_class: tuple[Mapping[str, Any], ...]
    classes_covered: int | None
    classes_covered_by: Mapping[str, int] | None
    classes_uncovered: tuple[str, ...] | None
    concepts_unknown: tuple[str, ...] | None
    accuracy_covered: float | None
    accuracy_covered_low: float | None
    accuracy_covered_high: float | None
    top5_accuracy: float | None
    top5_accuracy_low: float | None
    top5_accuracy_high: float | None
    accuracy_raw: float | None
    accuracy_raw_low: float | None
    accuracy_raw_high: float | None
    accuracy_substring: float | None
    accuracy_substring_low: float | None
    accuracy_substring_high: float | None
    ceiling: float | None
    ceiling_low: float | None
    ceiling_high: float | None
    true_positive_rate: float | None
    true_positive_rate_low: float | None
    true_positive_rate_high: float | None
    true_negative_rate: float | None
    scores_by: str | None
    questions_per_image: float | None
    images_per_second: float | None
    timed_images: int | None
    latency_p50: float | None
    latency_p90: float | None
    latency_p99: float | None
    attempts_per_question: float | None
    batch_size: int | None
    peak_gpu_gb: float | None
    peak_rss_gb: float | None
    load_seconds: float | None
    device: str | None
    dtype: str | None
    prefix_sharing: str | None
    cost_usd: float | None
    spent_usd: float | None
    cost_per_1000_usd: float | None
    tokens_in: int | None
    tokens_out: int | None
    trouble: str | None

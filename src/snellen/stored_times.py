"""How fast a hosted model is, by the times of its stored answers: what it is asked costs money, so it is not timed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from snellen.images import Image
from snellen.meters import Timing
from snellen.placing import Lookup, place
from snellen.runner import refusal
from snellen.types import Inquiry


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of one image: from first question to prediction, and of all its answers together.

    `answers` are these, `attempts` what they took: more where some were asked for again.
    """

    latency: float
    work: float
    answers: int = 0
    attempts: int = 0


def times(inquiry: Inquiry, photo: Image, lookup: Lookup) -> Times | None:
    """The times of an inquiry whose answers are known; None where one is not, or was not timed.

    The questions of a round are asked at once, so a round takes as long as its longest answer. What is not about the
    image is asked once for all and does not count.
    """
    latency = work = 0.0
    tries: list[int] = []
    try:
        questions = next(inquiry)
        while True:
            placed = [place(question, photo) for question in questions]
            answers = [lookup(each) for each in placed]
            about_it = [answer for each, answer in zip(placed, answers, strict=True) if each.image is not None]
            seconds = [answer.usage.seconds if answer else None for answer in about_it]
            known = [value for value in seconds if value is not None]
            if len(known) < len(seconds) or None in answers:
                inquiry.close()
                return None
            latency += max(known, default=0.0)
            work += sum(known)
            tries += [answer.usage.attempts for answer in about_it if answer]
            given = [answer for answer in answers if answer is not None]
            if refusal(placed, given, photo):
                inquiry.close()
                return Times(latency, work, len(tries), sum(tries))
            questions = inquiry.send(given)
    except StopIteration:
        return Times(latency, work, len(tries), sum(tries))


def attempts(found: Sequence[Times]) -> float | None:
    """How often a question was asked on average until it was answered; None where nothing is known."""
    answers = sum(each.answers for each in found)
    return sum(each.attempts for each in found) / answers if answers else None


def timing(found: Iterable[Times], in_flight: float | None) -> Timing:
    """The timing of a row: percentiles of the latencies, and the speed at so many answers in flight on average."""
    known = list(found)
    latencies, work = [each.latency for each in known], sum(each.work for each in known)
    p50, p90, p99 = (float(value) for value in np.percentile(latencies, (50, 90, 99))) if latencies else (None,) * 3
    speed = in_flight * len(known) / work if in_flight and work else None
    return Timing(speed, len(known) if speed else 0, p50, p90, p99, len(latencies))

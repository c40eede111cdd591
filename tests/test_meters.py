"""Speed, latency and memory are what was measured, or None."""

from __future__ import annotations

import time
from random import Random

import pytest

from snellen import meters
from snellen.engines.scripted import Scripted
from snellen.images import Image
from snellen.meters import Timing, environment, peak_rss_gb, time_row
from snellen.types import PHOTO, Failure, Generate, Inquiry, Outcome, Prediction, Question

IMAGES = [Image(data=bytes([number])) for number in range(12)]


def one_question(image: Image) -> Inquiry:
    yield [Generate((PHOTO, "what?"), 5)]
    return Prediction("cat", Outcome.EXACT)


def slow(question: Question, image: Image | None) -> str:
    time.sleep(0.02)
    return "cat"


def test_a_row_is_timed_at_the_batch_size_and_alone() -> None:
    timing = time_row({"model": Scripted(slow, batch_size=4)}, IMAGES, one_question)
    assert timing.timed_images == timing.latency_images == 12
    assert timing.images_per_second is not None and 20 < timing.images_per_second < 51
    assert timing.latency_p50 is not None and timing.latency_p99 is not None and timing.latency_p90 is not None
    assert 0.02 <= timing.latency_p50 <= timing.latency_p90 <= timing.latency_p99 < 0.5


def test_images_that_fail_are_not_counted() -> None:
    def answer(question: Question, image: Image | None) -> str | Failure:
        return Failure("ill") if image in IMAGES[:3] else "cat"

    timing = time_row({"model": Scripted(answer)}, IMAGES, one_question)
    assert (timing.timed_images, timing.latency_images) == (9, 9)
    assert time_row({"model": Scripted(answer)}, IMAGES[:3], one_question) == Timing(None, 0, None, None, None, 0)
    assert time_row({"model": Scripted(answer)}, [], one_question) == Timing(None, 0, None, None, None, 0)


def test_a_slow_model_is_timed_on_fewer_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "PASS_SECONDS", 0.05)
    start = time.perf_counter()
    timing = time_row({"model": Scripted(slow, batch_size=1)}, IMAGES, one_question)
    assert time.perf_counter() - start < 0.5
    assert 1 <= timing.timed_images < 12
    assert 1 <= timing.latency_images < 12


def test_the_peak_is_that_of_this_process() -> None:
    before = peak_rss_gb()
    ballast = Random(0).randbytes(200 * 2**20)
    after = peak_rss_gb()
    assert before is not None and after is not None
    assert len(ballast) == 200 * 2**20
    assert after >= before
    assert 0.2 < after < 20


def test_the_environment_names_no_host() -> None:
    found = environment()
    assert found["cores"] >= 1 and found["ram_gb"] > 0 and {"snellen", "scikit-learn"} <= {*found["packages"]}
    assert set(found) == {"python", "platform", "cpu", "cores", "ram_gb", "packages"}

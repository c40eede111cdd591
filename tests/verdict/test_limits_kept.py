"""What keeps a limit, what does not, and what is not known."""

from __future__ import annotations

from math import inf, nan

import pytest

from snellen.errors import WrongUse
from snellen.verdict.candidates import Measures
from snellen.verdict.limits import Limits

FAST = Measures(100.0, 0.01, 0.0, 0.5, 0.0)
DEAR = Measures(10.0, 0.2, 29.0, 4.0, 2.5)


@pytest.mark.parametrize(
    ("limits", "reason", "share"),
    [
        (Limits(max_gpu_gb=10), "needs 29 GB of GPU memory, the limit is 10", 1.9),
        (Limits(max_rss_gb=2), "needs 4 GB of memory, the limit is 2", 1.0),
        (Limits(min_images_per_second=50), "makes 10 images a second, at least 50 are asked for", 4.0),
        (Limits(max_latency_ms=50), "takes 200 ms for an image, the limit is 50", 3.0),
        (Limits(max_cost_per_1000=1), "costs 2.50 USD for 1000 images, the limit is 1", 1.5),
        (Limits(min_accuracy=0.99), "is right on 90.0 % of the images, at least 99 % is asked for", 0.1),
        (Limits(max_gpu_gb=0), "needs 29 GB of GPU memory, the limit is 0", inf),
    ],
)
def test_each_limit_tells_what_breaks_it_and_by_how_much(limits: Limits, reason: str, share: float) -> None:
    (found,) = limits.shortfalls(0.9, DEAR)
    assert (found.reason, found.share) == (reason, pytest.approx(share))
    assert limits.shortfalls(0.99, FAST) == []
    assert limits.count == 1


def test_what_just_keeps_a_limit_keeps_it() -> None:
    assert Limits(29, 4, 10, 200, 2.5, 0.9).shortfalls(0.9, DEAR) == []
    assert Limits().shortfalls(0.0, Measures()) == []


def test_what_is_not_known_keeps_no_limit() -> None:
    found = Limits(1, 1, 1, 1, 1, 0.5).shortfalls(0.9, Measures())
    assert [each.reason for each in found] == [
        "its GPU memory was not measured",
        "its memory was not measured",
        "its speed was not measured (run without --no-timing)",
        "its latency was not measured (run without --no-timing)",
        "its price is not known (run with --prices FILE)",
    ]
    assert {each.share for each in found} == {inf}


def test_a_cascade_may_hand_over_what_time_and_money_allow() -> None:
    assert Limits().most_handed_over(FAST, DEAR) == 1
    assert Limits(min_images_per_second=50).most_handed_over(FAST, DEAR) == pytest.approx(0.1)  # 10 of 20 ms are left
    assert Limits(max_latency_ms=110).most_handed_over(FAST, DEAR) == pytest.approx(0.5)
    assert Limits(max_cost_per_1000=1).most_handed_over(FAST, DEAR) == pytest.approx(0.4)
    assert Limits(max_cost_per_1000=1).most_handed_over(FAST, FAST) == 1  # nobody is paid
    assert Limits(min_images_per_second=200).most_handed_over(FAST, DEAR) < 0
    assert Limits(min_images_per_second=50, max_cost_per_1000=0.1).most_handed_over(FAST, DEAR) == pytest.approx(0.04)
    assert Limits(min_images_per_second=5).most_handed_over(Measures(), DEAR) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_gpu_gb": -1.0}, r"--max-gpu-gb: expected a number of at least 0, got -1\.0"),
        ({"max_latency_ms": nan}, "--max-latency-ms: expected a number of at least 0, got nan"),
        ({"max_cost_per_1000": inf}, "--max-cost-per-1000: .* got inf"),
        ({"min_accuracy": 95.0}, r"--min-accuracy: expected a share between 0 and 1, such as 0.9, got 95\.0"),
    ],
)
def test_what_is_no_limit_is_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        Limits(**given)

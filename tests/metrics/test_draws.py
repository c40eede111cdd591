"""The mean over draws that share images: its interval holds the truth as often as it says, however much is shared."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from snellen.metrics.draws import mean_share
from snellen.metrics.intervals import wilson

Draw = tuple[NDArray[np.int64], NDArray[np.bool_]]


def draw(first: int, right: list[int]) -> Draw:
    """A draw of images with consecutive numbers."""
    return np.arange(first, first + len(right)), np.array(right, dtype=bool)


def test_one_draw_is_a_proportion() -> None:
    found = mean_share([draw(0, [1, 1, 0, 1, 0])])
    assert found.share == pytest.approx(0.6)
    assert found.images == pytest.approx(5)


def test_the_same_images_again_tell_nothing_new() -> None:
    one = draw(0, [1, 0, 0, 1, 1, 1, 0])
    found = mean_share([one, one, one])
    assert (found.share, found.images) == pytest.approx((4 / 7, 7))


def test_other_images_count_as_their_number() -> None:
    found = mean_share([draw(0, [1, 0, 0, 1]), draw(4, [1, 0, 1, 0])])
    assert (found.share, found.images) == pytest.approx((0.5, 8))


def test_the_variance_is_the_sum_of_squares_of_what_each_image_moves_the_mean_by() -> None:
    draws = [draw(0, [1, 0, 1]), draw(1, [1, 1, 0, 0])]
    found = mean_share(draws)
    moves: dict[int, float] = {}
    for images, right in draws:
        for image, one in zip(images.tolist(), right.tolist(), strict=True):
            moves[image] = moves.get(image, 0.0) + (one - right.mean()) / (2 * len(right))
    share = (2 / 3 + 1 / 2) / 2
    assert found.share == pytest.approx(share)
    assert found.images == pytest.approx(
        min(share * (1 - share) / sum(u * u for u in moves.values()), 4 / (1 / 3 + 1 / 4))
    )


@pytest.mark.parametrize("value", [0, 1])
def test_where_all_or_none_are_right_the_interval_has_the_width_of_as_many_images(value: int) -> None:
    one = draw(0, [value] * 20)
    assert mean_share([one]).images == mean_share([one, one]).images == pytest.approx(20)
    assert mean_share([one, draw(20, [value] * 20)]).images == pytest.approx(40)


def test_what_cannot_be_a_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one draw"):
        mean_share([])
    with pytest.raises(ValueError, match="with an image"):
        mean_share([draw(0, [])])
    with pytest.raises(ValueError, match="once"):
        mean_share([(np.array([1, 1]), np.array([True, False]))])


def sets_of(classes: int, of: int, draws: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    return [rng.permutation(of)[:classes] for _ in range(draws)]


@pytest.mark.parametrize(
    ("of", "classes", "spread", "persistence"),
    [(12, 10, 0.0, 1.0), (12, 10, 0.3, 0.8), (40, 10, 0.3, 0.8), (12, 10, 0.0, 0.0)],
)
def test_the_interval_covers_the_truth(of: int, classes: int, spread: float, persistence: float) -> None:
    """`persistence` is how often an image that is in two draws is answered alike because it is the same image.

    Classes of a spread of difficulties make it cover more: images are drawn class by class, which varies less.
    """
    rng = np.random.default_rng(5)
    per_class, runs = 10, 1500
    ease = np.clip(0.75 + spread * rng.uniform(-1, 1, of), 0.05, 0.97)
    sets = sets_of(classes, of, 3, rng)
    truth = np.mean([ease[names].mean() for names in sets])
    images = [(names[:, None] * per_class + np.arange(per_class)).ravel() for names in sets]
    covered = apart = 0
    for _ in range(runs):
        own = rng.random(of * per_class)
        draws = []
        for numbers in images:
            luck = np.where(rng.random(len(numbers)) < persistence, own[numbers], rng.random(len(numbers)))
            draws.append((numbers, luck < ease[numbers // per_class]))
        mean = mean_share(draws)
        low, high = wilson(mean.share * mean.images, mean.images)
        covered += low <= truth <= high
        many = sum(map(len, images))
        low, high = wilson(mean.share * many, many)
        apart += low <= truth <= high
    assert 0.935 <= covered / runs <= (0.965 if not spread else 0.99)
    if persistence == 1.0:  # what taking each answer for an image of its own comes to
        assert apart / runs < 0.85

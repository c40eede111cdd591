"""The mean of the accuracies of several draws that share images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MeanShare:
    """A mean of shares, and the number of images that, each in one draw alone, would tell it as exactly."""

    share: float
    images: float


def mean_share(draws: Sequence[tuple[NDArray[np.int64], NDArray[np.bool_]]]) -> MeanShare:
    """The mean over draws of the share that is right; each draw has the numbers of its images and which are right.

    An image that is in several draws is one image. With D draws of n_d images and the shares a_d, image i moves the
    mean by u_i = sum over its draws of (right_id - a_d) / (D n_d), and the variance of the mean is the sum of u_i^2
    (the linearised variance of ratios, of which Cochran 1977, Sampling Techniques, chapter 6, with images as clusters,
    as in Miller 2024, arXiv 2411.00640). The effective number of images is a (1 - a) / variance: n
    for one draw, or for the same images over and over. It is never more than answers independent of each other would
    count for, D^2 / sum(1 / n_d); where all or none are right it is that of answers which depend on the image alone,
    1 / sum of w_i^2 with w_i = sum over its draws of 1 / (D n_d).
    Raises ValueError where there is no draw, or one without images or with one twice.
    """
    if not draws or any(not len(images) for images, _ in draws):
        raise ValueError("expected at least one draw, and each with an image")
    if any(len(images) != len(right) or len(np.unique(images)) < len(images) for images, right in draws):
        raise ValueError("expected each image of a draw once, and whether it is right")
    shares = [right.mean() for _, right in draws]
    share = float(np.mean(shares))
    _, places = np.unique(np.concatenate([images for images, _ in draws]), return_inverse=True)
    moves = [(right - a) / (len(draws) * len(right)) for (_, right), a in zip(draws, shares, strict=True)]
    weights = [np.full(len(right), 1 / (len(draws) * len(right))) for _, right in draws]
    u, w = (np.bincount(places, weights=np.concatenate(parts)) for parts in (moves, weights))
    variance = float(u @ u)
    if variance == 0.0:
        return MeanShare(share, float(1 / (w @ w)))
    most = len(draws) ** 2 / sum(1 / len(right) for _, right in draws)
    return MeanShare(share, min(share * (1 - share) / variance, most))

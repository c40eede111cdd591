"""The log-probabilities of choices, read from those of the tokens that a server tells beside its answer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_UNTOLD = 0.01  # of what is attributed: so much may belong to several choices without being told apart


@dataclass(slots=True)
class _Shares:
    """Probability by choice, and what several choices share beyond the tokens that were told."""

    choices: Sequence[str]
    of: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    untold: float = 0.0

    def add(self, said: str, share: float) -> None:
        """Attributes the probability of a beginning to the one choice that begins so, or to none."""
        owners = [choice for choice in self.choices if choice.startswith(said)]
        if len(owners) == 1:
            self.of[owners[0]] += share
        elif owners:
            self.untold += share


def read_choices(choices: Sequence[str], tokens: Sequence[Mapping[str, Any]]) -> tuple[float, ...] | None:
    """The log-probability of each choice by the tokens of one answer and, at each, the likeliest in its place.

    Each alternative counts for the one choice that begins as the answer would with it: log p(choice) is the logarithm
    of the sum of what leads to it alone. The end of a choice is not counted in, as servers do not tell it; where one
    choice is the beginning of another, what goes on to the other is taken off. A choice that no alternative leads to
    has -inf: it is less probable than all that were told.

    None where over 1 % of the probability leads to several choices that the tokens do not tell apart.
    """
    shares = _Shares(choices)
    said, reached = "", 1.0  # the answer so far, and its probability
    for token in tokens:
        goes_on, left = False, reached
        for text, log in _alternatives(token):
            longer = (said + text).lstrip()
            if not longer or not any(choice.startswith(longer) for choice in choices):
                continue
            share = reached * math.exp(min(log, 0.0))
            left -= share
            if text == token["token"]:
                goes_on, taken = True, share
            else:
                shares.add(longer, share)
        if said in choices:  # what goes on to no longer choice ends here
            shares.of[said] += max(left, 0.0)
        if not goes_on:
            blank = not (said + token["token"]).strip()
            if not blank:
                return _logs(shares)
            reached *= math.exp(min(token["logprob"], 0.0))
            continue
        said, reached = (said + token["token"]).lstrip(), taken
    if said in choices:
        shares.of[said] += reached
    elif said:
        shares.add(said, reached)
    return _logs(shares)


def _alternatives(token: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The token that was taken and the others in its place, each text once with the logarithm of its probability."""
    told = {each["token"]: float(each["logprob"]) for each in token.get("top_logprobs") or ()}
    return list((told | {token["token"]: float(token["logprob"])}).items())


def _logs(shares: _Shares) -> tuple[float, ...] | None:
    total = math.fsum(shares.of.values())
    if shares.untold > _UNTOLD * (total + shares.untold):
        return None
    return tuple(math.log(shares.of[choice]) if shares.of[choice] > 0 else -math.inf for choice in shares.choices)

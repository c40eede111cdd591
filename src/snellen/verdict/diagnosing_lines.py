"""A diagnosis as lines to read: what says something, and what was looked at without finding anything."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from snellen.console import one_line
from snellen.types import Outcome, State
from snellen.verdict.diagnosing import RIGHT, WRONG_CLASS, Confused, Diagnosis
from snellen.verdict.image_groups import ImageGroup, differ, size_matters, too_alike
from snellen.verdict.places import Places, Span
from snellen.verdict.proportions import Proportion
from snellen.verdict.reliability import NO_SCORES, Calibration
from snellen.verdict.yes_rates import YesRates

_WIDTH, _LABEL = 80, 13
_PAIRS, _CLASSES = 5, 3
_NAMES = 3  # class names that tell sets of images apart
WORDS = {
    WRONG_CLASS: "another class",
    Outcome.OUT_OF_LIST: "outside the list",
    Outcome.AMBIGUOUS: "ambiguous",
    Outcome.EMPTY: "empty",
    Outcome.REFUSED: "refused",
    Outcome.TRUNCATED: "cut off",
    Outcome.NONE_CONFIRMED: "no class confirmed",
}


def lines(found: Diagnosis, names: Sequence[str] = ()) -> Iterator[str]:
    """The diagnosis of a row in lines of at most 80 letters, longer only where a name is.

    The class names are given where its set of images is to be told from others.
    """
    about = f"{len(found.classes)} classes"
    if names:
        about = f"{found.images} images of {about}: {', '.join(names[:_NAMES])}{', …' if len(names) > _NAMES else ''}"
    yield one_line(f"{found.model} · {found.strategy} ({about}, seed {found.seed})")
    for label, text in _parts(found):
        first = f"  {label:{_LABEL}}"
        yield from textwrap.wrap(
            one_line(text), _WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False
        )


def _parts(found: Diagnosis) -> Iterator[tuple[str, str]]:
    yield "answers", _answers(found)
    if found.accuracy.share is None:
        return
    if found.interval == "anytime":
        yield "stopped", "for what was answered: other intervals than that of the accuracy do not hold to 95 %"
    if found.blind and found.blind.share is not None:
        yield "blind", _blind(found, found.blind)
    if found.confused:
        yield "taken for", _pairs(found.confused)
    worst = [each for each in found.classes if each.recall.share is not None and each.recall.share < 1]
    if worst and len([each for each in found.classes if each.recall.of]) > 1:
        named = [f"{each.name} {each.recall}" for each in worst[:_CLASSES]]
        yield "hardest", ", ".join(named) + _more(len(worst) - _CLASSES, "class", "classes")
    if found.background:
        yield "background", _background(found)
    if found.yes:
        yield "yes", _yes(found.yes)
    if found.places:
        yield from _places(found.places)
    if differ(found.by_pixels):
        yield "image size", _groups(found.by_pixels, "pixels")
    if size_matters(found.by_class_size):
        yield "class size", _groups(found.by_class_size, "images in the class")
    if found.calibration:
        yield from _calibration(found.calibration)
    elif found.no_calibration not in (None, NO_SCORES):
        yield "confidence", f"says nothing: {found.no_calibration}"
    yield from _nothing(found)


def _answers(found: Diagnosis) -> str:
    """How many are right, and what became of the others."""
    left = [f"{found.outcomes[state]} {state}" for state in (State.FAILED, State.PENDING) if found.outcomes[state]]
    if found.accuracy.share is None:
        return f"none: {' and '.join(left) or 'the row is about no images'}"
    right, answered = found.accuracy.count, found.accuracy.of
    kinds = [kind for kind in found.outcomes if kind not in (RIGHT, State.FAILED, State.PENDING)]
    wrong = [f"{found.outcomes[kind]} {WORDS.get(kind, kind)}" for kind in kinds if found.outcomes[kind]]
    text = f"{right} of {answered} right, {found.accuracy}"
    if wrong:
        text += f"; {answered - right} wrong: {wrong[0].partition(' ')[2] if len(wrong) == 1 else ', '.join(wrong)}"
    if left:
        text += f"; {' and '.join(left)} besides"
    naive = _naive(found)
    if found.accuracy.low is not None and found.accuracy.low <= naive < 1:
        shown = "no more than" if found.accuracy.share <= naive else "not surely more than"
        text += f"; {shown} always naming one class would give ({naive:.2f})"
    return text


def _naive(found: Diagnosis) -> float:
    """What is reached without a look at any image."""
    return max(found.majority or 0.0, found.chance)


def _blind(found: Diagnosis, blind: Proportion) -> str:
    """What the prompts give away without the photo."""
    more = blind.low is not None and blind.low > _naive(found)
    said = "the prompts give something away" if more else "the prompts give nothing away that it shows"
    return f"{blind} with a grey picture, {_naive(found):.2f} by naming one class: {said}"


def _pairs(found: Sequence[Confused]) -> str:
    """The most frequent pairs; those that occur once, only where none occurs more often."""
    shown = [pair for pair in found[:_PAIRS] if pair.count > 1] or found[:_PAIRS]
    named = [
        f"{pair.true} → {pair.predicted} {pair.count} of {round(pair.count / pair.share)}"
        + (f" ({pair.back} the other way round)" if pair.back else "")
        for pair in shown
    ]
    return "; ".join(named) + _more(len(found) - len(shown), "pair")


def _background(found: Diagnosis) -> str:
    assert found.background
    detected, false = found.background.detected, found.background.false
    parts = [f"found on {detected.count} of {detected.of} images of it, {detected}"] if detected.of else []
    if false.of:
        parts.append(f"seen in {false.count} of {false.of} others, {false}")
    return "; ".join(parts)


def _yes(found: YesRates) -> str:
    parts = [f"to the image's own class {found.true}"] if found.true.of else []
    if found.false_rate is not None:
        parts.append(f"to others {found.false_rate:.3f}")
        if eager := found.eager:
            named = ", ".join(f"{each.name} {each.false}" for each in eager[:_CLASSES])
            parts.append(f"too easily to {named}" + _more(len(eager) - _CLASSES, "class", "classes"))
    if found.unreadable:
        parts.append(f"neither yes nor no {found.unreadable} of {found.questions}")
    if found.first_yes:
        parts.append("of the questions up to the first yes")
    return "; ".join(parts) or "nothing was asked"


def _places(found: Places) -> Iterator[tuple[str, str]]:
    if found.sways:
        known = [span for span in found.spans if span.right.share is not None]
        best, worst = (pick(known, key=lambda span: span.right.share or 0.0) for pick in (max, min))
        where = "true class asked about" if found.one_by_one else "true class in the list"
        yield "places", f"{where} at {_span(worst)}: right {worst.right}; at {_span(best)}: {best.right}"
    if found.preferred:
        most = max(found.spans, key=lambda span: (span.chosen.share or 0.0) - span.expected)
        yield (
            "prefers",
            f"places {_span(most)} of {found.length}: {most.chosen} of its answers, where {most.expected:.2f} is "
            f"expected without a preference (p = {found.chosen_p:.2g})",
        )
    if found.votes_differ and found.votes_differ.of:
        each = found.votes_differ
        yield "votes", f"do not agree on {each.count} of {each.of} images, {each}"


def _span(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first}–{span.last}"


def _groups(groups: Sequence[ImageGroup], unit: str) -> str:
    named = [
        f"{each.low:,}{'' if each.low == each.high else f'–{each.high:,}'} {unit if not place else ''}".strip()
        + f": {each.right}"
        for place, each in enumerate(groups)
    ]
    return "; ".join(named)


def _calibration(found: Calibration) -> Iterator[tuple[str, str]]:
    if found.ece is not None:
        where = "more than chance gives" if found.off else "no more than chance gives"
        ends = "" if found.ece_low is None else f"; {found.ece_low:.3f}–{found.ece_high:.3f}"
        text = (
            f"{found.confidence:.2f} on average, where {found.accuracy:.2f} are right; ECE {found.ece:.3f} "
            f"({found.bins} bins{ends}), {where} (up to {found.ece_by_chance:.3f})"
        )
        if found.brier is not None:
            text += f"; Brier {found.brier:.3f}, NLL {found.nll:.3f}"
            text += f" (of {found.clipped} images with probability 0 clipped)" if found.clipped else ""
        yield "confidence", text
    if found.auroc is not None:
        everything = f"all {found.images} that have a score" if found.unscored else "all"
        shares = ", ".join(f"{value:.2f} of {share.replace('%', ' %')}" for share, value in found.accuracy_at.items())
        yield "surest first", f"right are {shares}, {found.accuracy:.2f} of {everything}; AUROC {found.auroc:.2f}"


def _nothing(found: Diagnosis) -> Iterator[tuple[str, str]]:
    """What was looked at and shows nothing, and what there is one group of only."""
    looked, single = [], []
    if found.places and not found.places.fixed and not (found.places.sways or found.places.preferred):
        looked.append("place in the order" if found.places.one_by_one else "place in the list")
    alike = too_alike(found.by_class_size) if len(found.by_class_size) > 1 else None
    for label, groups in (("image size", found.by_pixels), ("class size", found.by_class_size)):
        if len(groups) == 1:
            single.append(label)
        elif groups and not differ(groups) and not (alike and label == "class size"):
            looked.append(label)
    if looked:
        yield "no effect", f"of {', '.join(looked)} is to be seen"
    if single:
        yield "all alike", f"{', '.join(single)}: whether it matters is not to be seen"
    if alike:
        yield "class size", f"whether it matters is not to be seen: {alike}"


def _more(count: int, one: str, many: str | None = None) -> str:
    return f" and {count} more {one if count == 1 else many or f'{one}s'}" if count > 0 else ""

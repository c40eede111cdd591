"""What the places of class names do to the answers of models whose preference is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from snellen.metrics.intervals import wilson
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.verdict.places import Places, places_of
from studies import model, photographs, ran

NAMES = tuple("abcdefghi")
LISTED = """
text = next(part for part in question.prompt if isinstance(part, str))
names = text.partition("Choose one from ")[2].partition(". Answer")[0].split(", ")
place = names.index(truth(image))
"""


HASTY = LISTED + "return names[0] if place > 5 else truth(image)"
FAIR = """
right = int(image.digest, 16) % 3 > 0
said = truth(image) if right else sorted(set("abcdefghi") - {truth(image)})[int(image.digest, 16) % 8]
if isinstance(question, Choose) and question.choices[0] == "A":
    lines = question.prompt[1].splitlines()
    said = next(line[0] for line in lines if line[1:3] == ". " and line[3:] == said)
if isinstance(question, Choose):
    return Scores(question.choices, tuple(-3.0 * (choice != said) for choice in question.choices))
return said
"""
FICKLE = LISTED + 'return names[0] if int(image.digest, 16) % 3 == 0 else "" if place < 5 else truth(image)'
EAGER = """
name = question.prompt[1].split("Is the ")[1].split(" in ")[0]
number = int(image.digest, 16) // (ord(name) * 7) % 1009
return "yes" if name == truth(image) or number % 4 == 0 else "no"
"""
FAIR_STRATEGIES = ("closed-set", "closed-set,votes=3", "likelihood", "letters,debias=none", "tournament")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Results]]:
    """The results of a model with this body by these strategies, asked once."""
    place = tmp_path_factory.mktemp("places")
    photos = photographs(place / "photos", 12, NAMES)
    with ExitStack() as stack:

        @cache
        def get(body: str, *strategies: str) -> Results:
            file = place / f"model{len(list(place.glob('*.py')))}.py"
            return stack.enter_context(ran(photos, model(file, body), *strategies, out=place / file.stem))

        yield get


def found(results: Results, strategy: str) -> tuple[ResultRow, Places]:
    row = next(each for each in results.rows if each.strategy == strategy)
    places = places_of(results, row, results.sheet(row))
    assert places is not None
    return row, places


HASTY_STRATEGIES = ("closed-set", "closed-set,votes=5", "closed-set,order=given")


def test_a_model_that_overlooks_the_end_of_the_list_is_found_out(run: Callable[..., Results]) -> None:
    row, places = found(run(HASTY, *HASTY_STRATEGIES), "closed-set")
    first, middle, last = places.spans
    assert [(span.first, span.last) for span in places.spans] == [(1, 3), (4, 6), (7, 9)]
    assert (first.right.share, middle.right.share, last.right.share) == (1, 1, 0)
    assert sum(span.right.of for span in places.spans) == row.answered == 108
    assert sum(span.right.count for span in places.spans) == round(108 * (row.accuracy or 0))
    assert first.chosen.count == first.right.of + last.right.of  # those it overlooks it takes for the first
    assert (first.chosen.low, first.chosen.high) == pytest.approx(wilson(first.chosen.count, 108))
    assert (places.sways, places.preferred) == (True, True)
    assert places.votes_differ is None
    assert sum(each.images for each in places.places[6:]) == last.right.of
    assert sum(each.chosen for each in places.places) == 108


def test_it_is_the_first_vote_that_counts_and_not_the_majority(run: Callable[..., Results]) -> None:
    row, places = found(run(HASTY, *HASTY_STRATEGIES), "closed-set,votes=5")
    assert (row.accuracy or 0) > 0.8
    assert [span.right.share for span in places.spans] == [1, 1, 0]


def test_a_list_in_a_given_order_says_nothing_of_places(run: Callable[..., Results]) -> None:
    _, places = found(run(HASTY, *HASTY_STRATEGIES), "closed-set,order=given")
    assert (places.fixed, places.sways, places.preferred) == (True, False, False)
    assert [span.right.share for span in places.spans] == [1, 1, 0]


@pytest.mark.parametrize("strategy", FAIR_STRATEGIES[:-1])
def test_a_model_without_a_preference_is_not_accused(run: Callable[..., Results], strategy: str) -> None:
    _, places = found(run(FAIR, *FAIR_STRATEGIES), strategy)
    assert (places.sways, places.preferred, places.fixed, places.one_by_one) == (False, False, False, False)
    assert sum(span.chosen.count for span in places.spans) == 108
    assert places.chosen_p is not None
    if places.votes > 1:
        assert places.votes_differ is not None
        assert (places.votes_differ.count, places.votes_differ.of) == (0, 108)


def test_strategies_without_an_order_have_no_places(run: Callable[..., Results]) -> None:
    results = run(FAIR, *FAIR_STRATEGIES)
    row = next(each for each in results.rows if each.strategy == "tournament")
    assert places_of(results, row, results.sheet(row)) is None


def test_votes_that_do_not_agree_are_counted_by_images(run: Callable[..., Results]) -> None:
    results = run(FICKLE, "closed-set,votes=3")
    differ = found(results, "closed-set,votes=3")[1].votes_differ
    said = [[vote["label"] for vote in record["details"]["votes"] if vote["label"]] for record in results.records()]
    several = [votes for votes in said if len(votes) > 1]
    assert differ is not None
    assert (differ.count, differ.of) == (sum(len(set(votes)) > 1 for votes in several), len(several))
    assert 0 < differ.count < differ.of < 108


def test_classes_asked_about_late_suffer_from_an_early_false_yes(run: Callable[..., Results]) -> None:
    _, places = found(run(EAGER, "binary"), "binary")
    first, *_, last = places.spans
    assert (first.right.share or 0) > (last.right.share or 0)
    assert (places.one_by_one, places.sways, places.preferred) == (True, True, True)

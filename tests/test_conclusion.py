"""The sentence under a run names the best model, those that are not told apart from it, and what asking changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Said
from snellen.conclusion import conclusion
from snellen.metrics.intervals import wilson
from studies import model, photographs, ran

YES_OR_NO = "isinstance(question, Generate) and 'yes' in str(question.prompt).lower()"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Thirty-six photographs, twelve each of cat, dog and bird."""
    return photographs(tmp_path / "photos", count=12)


def test_it_tells_the_best_from_some_and_not_from_others_and_how_asking_matters(photos: Path, tmp_path: Path) -> None:
    right = model(tmp_path / "right.py", f"return 'No' if {YES_OR_NO} else truth(image)")
    near = model(tmp_path / "near.py", f"return 'bird' if {YES_OR_NO} or image.path.stem == 'cat0' else truth(image)")
    cat = model(tmp_path / "cat.py", "return 'cat'")
    with ran(photos, [cat, near, right], "binary", "closed-set", out=tmp_path / "run") as results:
        low, high = wilson(36, 36)
        assert conclusion(results) == (
            f"Right most often is {right} by closed-set: 100.0 % of 36 images "
            f"(95 % interval {100 * low:.1f} % to {100 * high:.1f} %); "
            f"it is ahead of {cat} by closed-set with 33.3 %, more than chance explains; "
            f"these images do not tell it from {near} by closed-set with 97.2 %; "
            f"how one asks matters too: {right} has 100.0 % by closed-set and 0.0 % by binary."
        )
        assert conclusion(results) == conclusion(results)


def test_p_values_are_corrected_for_the_number_of_models(photos: Path, tmp_path: Path) -> None:
    """Six wrong ones against none: p = 0.031 alone, three times that among three others."""
    right = model(tmp_path / "right.py", "return truth(image)")
    others = [
        model(
            tmp_path / f"wrong{shift}.py",
            f"return 'dog' if image.path.stem in {[f'cat{shift + number}' for number in range(6)]} else truth(image)",
        )
        for shift in range(3)
    ]
    with ran(photos, [right, others[0]], out=tmp_path / "run") as results:
        sentence = conclusion(results)
        assert sentence is not None
        assert f"it is ahead of {others[0]} by closed-set with 83.3 %, more than chance explains" in sentence
        assert "do not tell" not in sentence and "how one asks" not in sentence
    with ran(photos, [right, *others], out=tmp_path / "run") as results:
        sentence = conclusion(results)
        assert sentence is not None and "ahead of" not in sentence
        told = re.search("these images do not tell it from (.*)[.]$", sentence)
        assert told and sorted(told[1].split(" or ")) == [f"{each} by closed-set with 83.3 %" for each in others]


def test_a_model_alone_is_compared_with_none(photos: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "some.py", "return 'dog'")
    with ran(photos, name, "closed-set", "binary", out=tmp_path / "run") as results:
        sentence = conclusion(results)
    assert sentence is not None and "ahead of" not in sentence and "tell it from" not in sentence
    assert sentence.startswith(f"Right most often is {name} by closed-set: 33.3 % of 36 images (95 % interval ")
    assert sentence.endswith(f"; how one asks matters too: {name} has 33.3 % by closed-set and 0.0 % by binary.")


def test_without_an_answer_there_is_nothing_to_say(photos: Path, tmp_path: Path) -> None:
    mute = model(tmp_path / "mute.py", "return Failure('no voice')")
    with ran(photos, mute, out=tmp_path / "run", per_class=1) as results:
        assert conclusion(results) is None


def test_the_images_counted_are_those_that_the_share_is_of(photos: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "some.py", "return Failure('no cat') if truth(image) == 'cat' else truth(image)")
    with ran(photos, name, out=tmp_path / "run") as results:
        assert "100.0 % of 24 images" in str(conclusion(results))


def test_a_model_is_not_called_ahead_of_one_that_was_right_more_often_on_the_same_images(
    photos: Path, tmp_path: Path
) -> None:
    """One fails for birds and has 18 of the other 24, which is 75 %; the other has these 24 and no bird, 67 % of 36."""
    picky = model(
        tmp_path / "picky.py",
        """
if truth(image) == "bird":
    return Failure("no bird")
return "cat" if image.path.stem in ("dog0", "dog1", "dog2", "dog3", "dog4", "dog5") else truth(image)
""",
    )
    steady = model(tmp_path / "steady.py", "return truth(image) if truth(image) != 'bird' else 'cat'")
    with ran(photos, [picky, steady], out=tmp_path / "run") as results:
        assert [row.accuracy for row in results.rows] == [0.75, pytest.approx(2 / 3)]
        assert results.comparisons[0]["mcnemar_p"] < 0.05
        sentence = str(conclusion(results))
        assert sentence.startswith(f"Right most often is {picky} by closed-set: 75.0 % of 24 images")
        assert sentence.endswith(f"on the images that both answered it is behind {steady} by closed-set with 66.7 %.")


def test_an_earlier_row_about_fewer_images_is_not_the_best(photos: Path, tmp_path: Path) -> None:
    near = model(tmp_path / "near.py", "return 'bird' if image.path.stem == 'cat0' else truth(image)")
    with ran(photos, near, out=tmp_path / "run", per_class=1, seed=3) as results:
        assert "100.0 % of 3 images" in str(conclusion(results))
    with ran(photos, near, out=tmp_path / "run") as results:
        assert "97.2 % of 36 images" in str(conclusion(results))


def test_a_later_run_of_one_model_is_seen_beside_what_others_answered_about_the_same_images(
    photos: Path, tmp_path: Path
) -> None:
    right, cat = model(tmp_path / "right.py", "return truth(image)"), model(tmp_path / "cat.py", "return 'cat'")
    with ran(photos, right, out=tmp_path / "run"):
        pass
    with ran(photos, cat, out=tmp_path / "run") as results:
        assert str(conclusion(results)).startswith(f"Right most often is {right} by closed-set: 100.0 % of 36 images")


def test_run_ends_with_it_where_there_are_several_rows(
    snellen: Callable[..., Said], photos: Path, tmp_path: Path
) -> None:
    words = ("run", "-d", photos, "-s", "closed-set", "--no-timing", "-q", "--out", tmp_path / "run")
    right, cat = model(tmp_path / "right.py", "return truth(image)"), model(tmp_path / "cat.py", "return 'cat'")
    assert "Right most often" not in snellen(*words, "-m", cat).out
    said = snellen(*words, "-m", cat, "-m", right)
    assert said.code == 0
    assert said.out.splitlines()[-1].startswith(f"Right most often is {right} by closed-set")
    assert "Right most often" not in snellen(*words, "-m", cat, "-m", right, "--json").out

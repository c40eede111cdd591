"""What sets rows apart beside their models is named, with the rows of each value, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from snellen.results import Results
from snellen.verdict.settings import settings
from snellen.verdict.sittings import sittings
from studies import model, photographs, ran

PROMPT = "What is in this photo? Choose one of {classes}."


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Results]]:
    """A run with two strategies, and one with another prompt, another seed, other packages and a copy of the model."""
    place = tmp_path_factory.mktemp("settings")
    photos = photographs(place / "photos", count=2)
    name = model(place / "some.py", "return truth(image)")
    other = model(place / "other.py", "return 'dog'")
    with ran(photos, [name, other], "closed-set", "binary", out=place / "first"):
        pass
    with ran(photos, name, f"closed-set,template={PROMPT}", out=place / "second", seed=7):
        pass
    path = place / "second" / "environment.json"
    (environment,) = json.loads(path.read_text())
    older = {**environment, "packages": {**environment["packages"], "numpy": "1.0"}}
    path.write_text(json.dumps([older, environment]))
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Results(place / each))) for each in ("first", "second")]


def told(runs: Sequence[Results], **named: Sequence[str]) -> dict[str, dict[str, list[tuple[int, str, str]]]]:
    """By setting and value: run, file of the model and strategy of the rows that have it."""
    (sitting,) = sittings(runs, **named)
    rows = [
        (each.run, each.row.model.split("/")[-1].split(".")[0], each.row.strategy[:10]) for each in sitting.entrants
    ]
    return {
        each.name: {value: sorted(rows[place] for place in places) for value, places in each.values}
        for each in settings(sitting, runs)
    }


def test_what_differs_is_named_with_its_rows(runs: Sequence[Results]) -> None:
    first = [(0, "other", "binary"), (0, "other", "closed-set"), (0, "some", "binary"), (0, "some", "closed-set")]
    second = [(1, "some", "closed-set")]
    found = told(runs)
    assert found["seed"] == {"0": first, "7": second}
    templates = found["closed-set, template"]
    assert templates.pop(PROMPT) == second
    assert list(templates.values()) == [[(0, "other", "closed-set"), (0, "some", "closed-set")]]
    numpy = found["numpy"]
    assert numpy.pop("1.0") == second
    assert list(numpy.values()) == [first + second]  # answers of the second run came from both
    assert set(found) == {"seed", "closed-set, template", "numpy"}


def test_within_a_run_of_one_setting_nothing_differs(runs: Sequence[Results]) -> None:
    assert told(runs[:1]) == {}
    assert told(runs, strategies=["binary"]) == {}


def test_a_model_that_changed_under_its_name_is_pointed_out(tmp_path: Path) -> None:
    photos, file = photographs(tmp_path / "photos", count=2), tmp_path / "mine.csv"
    paths = sorted(path.relative_to(photos) for path in photos.glob("*/*.png"))
    for number in (0, 1):
        file.write_text(
            "\n".join(["image,prediction", *(f"{path},{'dog' if number else path.parent}" for path in paths)])
        )
        with ran(photos, f"predictions/{file}", "vocabulary", out=tmp_path / str(number)):
            pass
    with closing(Results(tmp_path / "0")) as first, closing(Results(tmp_path / "1")) as second:
        (sitting,) = sittings([first, second])
        (weights,) = settings(sitting, [first, second])
    assert weights.name == f"predictions/{file}, weights"
    assert [places for _, places in weights.values] == [(0,), (1,)]
    assert [each["places"] for each in weights.as_data()["values"]] == [[1], [2]]

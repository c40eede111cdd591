"""Search in raw answers part by part."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from snellen.database import DATABASE, Database
from snellen.folder import RunFolder
from snellen.types import Embed, Generate, Text, Vector
from snellen.viewer.search import START, Found, Key, read_key, search, written_key

TEXTS = (
    'a "quoted" word',
    "100 % sure_ly",
    "line\nbreak",
    "\u212aelvin and Stra\u00dfe, dal\u0131",
    "\u043f\u0435\u0441",
    "x" * 500 + "needle" + "y" * 500,
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models that gave each text to 300 images, and vectors, which are not searched."""
    place = tmp_path_factory.mktemp("search")
    with RunFolder(place) as folder, folder.database.commit():
        for name in ("a", "b"):
            number = folder.store.model({"name": name}, name)
            for image in range(300):
                digest = f"{image * 7919:064x}"[::-1]
                for place_, text in enumerate(TEXTS):
                    folder.store.add_answer(number, digest, Generate((f"q{place_}",), 5), Text(text))
                folder.store.add_answer(number, digest, Embed(), Vector((1.0, 2.0)))
    return place


def all_of(path: Path, words: str, seconds: float = 0.0, most: int = 100) -> list[Found]:
    """The parts of a search up to its end."""
    parts = []
    with closing(Database(path / DATABASE, read_only=True)) as database:
        after: Key | None = START
        while after is not None:
            parts.append(search(database, words, read_key(written_key(after)), seconds, most))
            after = parts[-1].after
    return parts


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ('"QUOTED"', '"quoted"'),
        ("% sure_", "% sure_"),
        ("e\nb", "e\nb"),
        ("kelvin", "\u212aelvin"),
        ("DALI", "dal\u0131"),
        ("\u041f\u0415\u0421", "\u043f\u0435\u0441"),
        ("needle", "needle"),
    ],
)
def test_words_are_found_in_what_was_said_whatever_the_case(database: Path, words: str, marked: str) -> None:
    parts = all_of(database, words)
    hits = [hit for part in parts for hit in part.hits]
    assert len(hits) == 600 and {hit.model for hit in hits} == {1, 2} and len({hit.image for hit in hits}) == 300
    assert all((marked, True) in hit.pieces for hit in hits)
    assert all(sum(len(text) for text, _ in hit.pieces) < 420 for hit in hits)


@pytest.mark.parametrize("words", ["text", "stop", "\\n", "\\u", "nu%ll", "quoted\\", "[1", "vector"])
def test_what_is_written_around_texts_is_not_found(database: Path, words: str) -> None:
    assert not [hit for part in all_of(database, words) for hit in part.hits]


def test_a_search_stops_in_time_and_goes_on_where_it_was(database: Path) -> None:
    parts = all_of(database, "sure", seconds=0.0)
    assert len(parts) > 3
    shares = [part.share for part in parts]
    assert shares == sorted(shares) and shares[0] < 0.3 and shares[-1] == 1.0
    few = all_of(database, "sure", seconds=9.0, most=7)
    assert {len(part.hits) for part in few[:-1]} == {7}
    assert sum(len(part.hits) for part in few) == 600


@pytest.mark.parametrize(
    "text", ["", "1", "1.2.3.4", "-1..", "1.zz.", "1.aa.b", "1" * 20 + "..", "1." + "a" * 200 + "."]
)
def test_places_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_key(text)

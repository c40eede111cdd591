"""WordNet's files: what a concept means there, and which class it is a kind of."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen.errors import WrongUse
from snellen.types import Classes
from snellen.wordnet import Kinds, WordNet, kinds_of
from wordnet_files import NOUNS, write_wordnet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wordnet")
    write_wordnet(place)
    return place


@pytest.fixture(scope="module")
def net(folder: Path) -> WordNet:
    return WordNet(folder)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return write_wordnet(tmp_path_factory.mktemp("again"))


def kinds(net: WordNet, classes: str, *vocabulary: str, ids: list[str | None] | None = None) -> Kinds:
    names = tuple(classes.split(", "))
    return kinds_of(vocabulary, Classes(names, "background" if "background" in names else None), net, ids)


def test_every_synset_is_read_back(net: WordNet, at: dict[str, int]) -> None:
    for name, (words, up, _) in NOUNS.items():
        synset = net.synset(at[name])
        assert len(synset.names) == len(words.split(", "))
        assert synset.hypernyms == tuple(at[each.lstrip("*")] for each in up.split(", ") if each)
    assert net.synset(at["plane"]).names == {"plane", "carpenter plane"}


def test_senses_come_in_the_order_of_the_index(net: WordNet, at: dict[str, int]) -> None:
    assert net.senses("cat") == (at["cat"], at["big_cat"])
    assert net.senses("dolphin") == (at["dolphinfish"], at["dolphin"])
    assert net.senses("panthera pardus") == (at["leopard"],)
    assert net.senses("unicorn") == ()


@pytest.mark.parametrize(
    ("concept", "meant"),
    [
        ("tabby, tabby cat", ["tabby"]),
        ("Tabby", ["tabby"]),
        ("crane", ["crane_machine", "crane_bird"]),
        ("dolphin", ["dolphin"]),  # of two senses the one that has no other word
        ("plane, carpenter's plane, thing with no entry", ["plane"]),
        ("cat, big cat", ["big_cat"]),
        ("dog, cat", []),  # no sense has both
        ("unicorn", []),
    ],
)
def test_the_names_of_a_concept_say_what_it_means(
    net: WordNet, at: dict[str, int], concept: str, meant: list[str]
) -> None:
    assert net.meanings(concept) == tuple(at[each] for each in meant)


def test_an_id_says_what_a_concept_means_unless_it_is_of_another_wordnet(net: WordNet, at: dict[str, int]) -> None:
    assert net.meanings("crane", f"n{at['crane_bird']:08d}") == (at["crane_bird"],)
    assert net.meanings("dalmatian", f"n{at['crane_bird']:08d}") == (at["dalmatian"],)
    assert net.meanings("dalmatian", "n99999999") == (at["dalmatian"],)


@pytest.mark.parametrize(
    ("classes", "concept", "name"),
    [
        ("animal", "dalmatian, coach dog, carriage dog", "animal"),
        ("animal, dog", "dalmatian", "dog"),
        ("animal, dog, dalmatian", "dalmatian", "dalmatian"),
        ("airplanes, thing", "airliner", "airplanes"),
        ("aeroplane", "airplane", "aeroplane"),  # a synonym
        ("dolphin", "killer whale, killer, orca", "dolphin"),
        ("Domestic Dogs", "dalmatian", "Domestic Dogs"),
        ("crab, crustacean", "hermit crab", "crustacean"),
        ("crab", "hermit crab", ""),
        ("crab", "rock crab, Cancer irroratus", "crab"),
        ("dog", "Rex", "dog"),
        ("entity, background", "artifact", "entity"),
        ("animal, background", "artifact", ""),
    ],
)
def test_the_nearest_class_wins(net: WordNet, classes: str, concept: str, name: str) -> None:
    assert kinds(net, classes, concept) == Kinds({concept: name}, (), {})


def test_what_may_be_of_several_classes_is_told_and_not_mapped(net: WordNet, at: dict[str, int]) -> None:
    assert kinds(net, "bird, artifact", "crane", "airliner").ambiguous == ("crane",)
    assert kinds(net, "bird", "crane").ambiguous == ("crane",)  # or of none
    assert kinds(net, "entity", "crane").classes == {"crane": "entity"}
    assert kinds(net, "dog, pet", "lapdog").ambiguous == ("lapdog",)  # both are as near
    crane = [f"n{at['crane_bird']:08d}", f"n{at['crane_machine']:08d}"]
    assert kinds(net, "bird", "crane", ids=crane[:1]).classes == {"crane": "bird"}
    assert kinds(net, "bird", "crane", "crane", ids=crane).ambiguous == ("crane",)  # one name of two concepts
    assert kinds(net, "zebra", "unicorn") == Kinds({}, (), {})


def test_a_class_is_meant_in_one_sense(net: WordNet) -> None:
    both = kinds(net, "cat", "tabby, tabby cat", "leopard")
    assert both.classes == {"tabby, tabby cat": "cat", "leopard": ""} and both.other == {"leopard": "cat"}
    assert kinds(net, "cat", "leopard").classes == {"leopard": "cat"}
    # no name tells which of the senses is meant
    assert kinds(net, "cat", "tabby", "leopard").other == {"tabby": "cat", "leopard": "cat"}


def test_the_sense_that_names_tell_goes_before_the_more_frequent(net: WordNet) -> None:
    found = kinds(net, "lamps", "candle", "table lamp")
    assert found.classes == {"candle": "", "table lamp": "lamps"} and found.other == {"candle": "lamps"}
    assert kinds(net, "lamps", "candle").classes == {"candle": "lamps"}


def test_what_is_no_wordnet_is_told(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(WrongUse, match=r"expected WordNet's files index\.noun and data\.noun"):
        WordNet(tmp_path)
    index, data = ((folder / name).read_text() for name in ("index.noun", "data.noun"))
    (tmp_path / "data.noun").write_text(data)
    (tmp_path / "index.noun").write_text("tabby\n")
    with pytest.raises(WrongUse, match="no line of WordNet's index: 'tabby'"):
        WordNet(tmp_path)
    (tmp_path / "index.noun").write_text(index)
    (tmp_path / "data.noun").write_text(" " + data)
    with pytest.raises(WrongUse, match=r"has no synset at .*both files must be of one version"):
        kinds(WordNet(tmp_path), "dog", "dalmatian")
    (tmp_path / "data.noun").write_text(data[:300])
    with pytest.raises(WrongUse, match="has no synset at"):
        kinds(WordNet(tmp_path), "dog", "dalmatian")

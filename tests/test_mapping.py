"""Which concept stands for which class: each rule, their order, and what none of them may do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.mapping import Coverage, coverage_of, map_concepts
from snellen.types import Classes

ALL = ("exact", "head")


def covered(
    names: tuple[str, ...],
    vocabulary: tuple[str, ...],
    mapping: Mapping[str, str] | None = None,
    rules: tuple[str, ...] = ALL,
    hypernyms: Mapping[str, str] | None = None,
) -> Coverage:
    classes = Classes(names, "background" if "background" in names else None)
    mapped = map_concepts(vocabulary, classes, tuple((mapping or {}).items()), rules, {"hypernym": hypernyms or {}})
    return coverage_of(vocabulary, classes, mapped)


# exact


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("water_lilly", "Water Lilly"),
        ("airplanes", "airplane"),
        ("Leopards", "leopard, Panthera pardus"),
        ("wolf", "wolves"),
        ("sea horse", "seahorse"),
        ("speed-boat", "speedboat"),
        ("cat", "tabby, cat"),
        ("tabby, cat", "tabby, cat"),
        ("Café", "cafe"),
    ],
)
def test_a_name_fits_but_for_case_number_and_spelling(name: str, concept: str) -> None:
    assert covered((name, "zebra"), (concept,), rules=("exact",)).concepts == {name: (concept,)}


@pytest.mark.parametrize(
    ("name", "concept"), [("cup", "tea cup"), ("cup", "cup holder"), ("ant", "elephant"), ("chair", "wheelchair")]
)
def test_a_part_of_a_name_is_no_exact_name(name: str, concept: str) -> None:
    assert covered((name, "zebra"), (concept,), rules=("exact",)).concepts == {}


@pytest.mark.parametrize(
    ("names", "vocabulary"),
    [
        # the whole concept goes before a synonym, an earlier synonym before a later
        (("maillot", "maillot, tank suit"), ("maillot", "maillot, tank suit")),
        (("projectile", "missile"), ("projectile, missile", "missile")),
    ],
)
def test_a_concept_stands_for_what_it_is_mostly_called(names: tuple[str, ...], vocabulary: tuple[str, ...]) -> None:
    assert covered(names, vocabulary).concepts == {n: (c,) for n, c in zip(names, vocabulary, strict=True)}


def test_concepts_called_alike_share_a_class() -> None:
    assert covered(("crane",), ("crane", "crane")).concepts == {"crane": ("crane", "crane")}
    pandas = ("red panda, panda", "giant panda, panda")
    assert covered(("panda",), pandas).concepts == {"panda": pandas}


@pytest.mark.parametrize(
    ("name", "plainly", "also"),
    [
        ("harp", "harp", "harmonica, mouth organ, harp, mouth harp"),
        ("cardigan", "cardigan", "Cardigan, Cardigan Welsh corgi"),
        ("crayfish", "crayfish, crawfish", "spiny lobster, crayfish"),
    ],
)
def test_who_is_called_so_plainly_goes_before_who_is_also_called_so(name: str, plainly: str, also: str) -> None:
    found = covered((name,), (also, plainly))
    assert found.concepts == {name: (plainly,)} and found.weaker == {also: name}
    assert covered((name,), (also,)).concepts == {name: (also,)}


def test_what_fits_two_classes_alike_stands_for_neither() -> None:
    found = covered(("Cup", "cup"), ("cup", "CUP"))
    assert found.concepts == {"cup": ("cup",)} and found.ambiguous == ("CUP",)
    for name in ("Cup", ""):
        assert covered(("Cup", "cup"), ("CUP",), {"CUP": name}).ambiguous == ()
    assert covered(("a", "b"), ("CUP",), {"Cup": "a", "cup": "b"}).ambiguous == ("CUP",)


def test_a_line_of_a_mapping_is_about_a_concept_or_else_about_all_of_that_name() -> None:
    vocabulary = ("harp", "harmonica, harp", "Jew's harp, harp")
    assert covered(("music",), vocabulary, {"harp": "music"}).concepts == {"music": ("harp",)}
    assert covered(("music",), vocabulary[1:], {"Harp": "music"}).concepts == {"music": vocabulary[1:]}
    assert covered(("music",), vocabulary, {"lyre": "music", "HARP": "music"}).unknown == ("lyre",)


# head


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("camera", "reflex camera"),
        ("camera", "Polaroid camera, Polaroid Land camera"),
        ("chair", "rocking chair, rocker"),
        ("crab", "rock crab, Cancer irroratus"),
        ("crab", "king crab, Alaska crab, Alaskan king crab"),
        ("frog", "tree frog, tree-frog"),
        ("tables", "pool table, billiard table, snooker table"),
        ("killer whale", "pygmy killer whale"),
        ("elephant", "Indian Elephant"),
    ],
)
def test_a_compound_is_what_its_last_word_says(name: str, concept: str) -> None:
    found = covered((name, "whale", "zebra"), (concept,))
    assert found.concepts == {name: (concept,)} and found.by == {concept: "head"}


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("chair", "chair lift"),
        ("dog", "hotdog, hot dog, red hot"),
        ("dog", "hot dog, hotdog"),
        ("bear", "koala, koala bear, kangaroo bear"),
        ("bear", "teddy, teddy bear"),
        ("stick", "walking stick, walkingstick, stick insect"),
        ("dragon", "Komodo dragon, Komodo lizard, dragon lizard, giant lizard"),
        ("cat", "Madagascar cat, ring-tailed lemur, Lemur catta"),
        ("horse", "hippopotamus, hippo, river horse"),
        ("hen", "hen of the woods, Grifola frondosa"),
        ("ear", "ear of corn"),
        ("slipper", "yellow lady's slipper, yellow lady-slipper"),
        ("poster", "four-poster"),
        ("ant", "giant elephant"),
        ("potato", "ocarina, sweet potato"),
        ("star", "starfish, sea star"),
        ("chicken", "prairie chicken, prairie grouse"),
    ],
)
def test_a_last_word_that_is_doubtful_says_nothing(name: str, concept: str) -> None:
    assert covered((name, "zebra"), (concept,)).concepts == {}


@pytest.mark.parametrize("vocabulary", [("sea lion", "lion, king of beasts"), ("guinea pig", "hog, pig")])
def test_a_vocabulary_with_a_word_of_its_own_means_another_thing_by_the_compound(vocabulary: tuple[str, ...]) -> None:
    name = vocabulary[0].split()[-1]
    assert covered((name,), vocabulary).concepts == {name: (vocabulary[1],)}
    assert covered((name,), vocabulary, rules=("head",)).concepts == {}
    assert covered((name,), vocabulary, {vocabulary[1]: ""}).concepts == {}


def test_names_in_capitals_count_where_other_concepts_end_so() -> None:
    terriers = ("Boston bull, Boston terrier", "Border terrier", "elephant bull, Elephas maximus")
    assert covered(("bull",), terriers).concepts == {"bull": (terriers[2],)}


# together


def test_rules_have_their_order() -> None:
    vocabulary = ("reflex camera", "camera", "box", "webcam", "pinhole camera")
    names = ("camera", "thing", "background")
    exact = covered(names, vocabulary)
    assert exact.by == {"camera": "exact"}
    mapped = covered(names, vocabulary, {"camera": "thing", "box": "background"}, hypernyms={"webcam": "camera"})
    assert mapped.by == {"camera": "mapping", "box": "mapping", "webcam": "hypernym"}
    assert mapped.classes_by == {"mapping": 2, "hypernym": 1}
    assert mapped.uncovered == ()


def test_what_wordnet_knows_goes_before_the_head() -> None:
    crabs = ("hermit crab", "rock crab")
    found = covered(("crab", "crustacean"), crabs, hypernyms={"hermit crab": "crustacean"})
    assert found.by == {"hermit crab": "hypernym", "rock crab": "head"}
    assert covered(("crab", "crustacean"), crabs, hypernyms={"hermit crab": ""}).concepts == {"crab": ("rock crab",)}


def test_the_background_is_found_by_no_rule() -> None:
    vocabulary = ("background", "blurred background", "Background, clutter")
    assert covered(("cat", "background"), vocabulary).concepts == {}
    told = covered(("cat", "background"), vocabulary, {"background": "background"})
    assert told.concepts == {"background": ("background",)}


NAMES = st.sampled_from(
    ("cat", "cats", "Cat", "tabby cat", "sea lion", "lion", "sealion", "dog", "hot dog", "hotdog", "camera", "")
)
CONCEPTS = st.lists(NAMES, min_size=1, max_size=3).map(", ".join)


@given(
    classes=st.lists(NAMES.filter(bool), min_size=1, max_size=6, unique=True),
    vocabulary=st.lists(CONCEPTS, max_size=8, unique=True),
    data=st.data(),
)
def test_no_concept_feeds_two_classes_and_a_mapping_always_wins(
    classes: list[str], vocabulary: list[str], data: st.DataObject
) -> None:
    chosen = (
        st.dictionaries(st.sampled_from(vocabulary), st.sampled_from(["", *classes])) if vocabulary else st.just({})
    )
    mapping: dict[str, str] = data.draw(chosen)
    names, concepts = tuple(classes), tuple(vocabulary)
    found = covered(names, concepts, mapping)
    fed = [concept for each in found.concepts.values() for concept in each]
    assert len(fed) == len(set(fed)) and set(fed) == set(found.by)
    assert not {*fed} & {*found.ambiguous} and not {*fed} & {*found.weaker}
    assert {*found.concepts} | {*found.uncovered} == {*names}
    for concept, name in mapping.items():
        assert [each for each, those in found.concepts.items() if concept in those] == ([name] if name else [])
    # what a mapping says of one concept changes no other, so a mapping of all that was found finds it again
    whole = {concept: name for name, those in found.concepts.items() for concept in those}
    assert covered(names, concepts, {**mapping, **whole}, rules=("exact",)).concepts == found.concepts

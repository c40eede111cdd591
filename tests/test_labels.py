"""Class names read out of answers: tables of what models really write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snellen.labels import Reading, contained, normalise, read_label, read_yes_no, readable
from snellen.types import Classes, Finish, Outcome

EXACT, NORMALISED, MENTIONED = Outcome.EXACT, Outcome.NORMALISED, Outcome.MENTIONED
AMBIGUOUS, OUT_OF_LIST, EMPTY = Outcome.AMBIGUOUS, Outcome.OUT_OF_LIST, Outcome.EMPTY
REFUSED, TRUNCATED = Outcome.REFUSED, Outcome.TRUNCATED
ANIMALS = Classes(
    (
        *("ant", "bat", "baseball bat", "bat wing", "cat", "dog", "chair", "elephant", "flamingo", "flamingo head"),
        *("sea horse", "cellphone", "water_lilly", "person", "wolf", "mouse", "cup of tea", "background google"),
    )
)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("001.ak47", "ak47"),
        ("257.clutter", "clutter"),
        ("105.iris", "iris"),
        ("224.touring-bike", "touring-bike"),
        ("251.airplanes-101", "airplanes"),
        ("BACKGROUND_Google", "background google"),
        ("car_side", "car side"),
        ("water_lilly", "water lilly"),
        ("Faces_easy", "Faces easy"),
        ("baseball-bat", "baseball-bat"),
        ("n01440764", "n01440764"),
        ("101", "101"),
        ("001.", "001."),
        ("1.5 litres", "1.5 litres"),
        ("ice-101", "ice-101"),
        ("  two  words ", "two words"),
        ("_", "_"),
    ],
)
def test_folder_names_become_readable(folder: str, name: str) -> None:
    assert readable(folder) == name


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("The  Baseball-Bat!", "baseball bat"),
        ("água_viva", "agua viva"),
        ("ＣＡＴ", "cat"),
        ("salt & pepper", "salt and pepper"),
        ("C++", "c + +"),
        ("a", "a"),
        ("Straße", "strasse"),
        ("ёж", "еж"),
        ("мой", "мой"),  # й is a letter of its own
        ("がき", "が き"),  # and so is が; scripts without spaces are taken character by character
        ("❤️", "❤"),
        ("dog’s life", "dog life"),
        ("...", ""),
    ],
)
def test_normalise_folds_what_does_not_tell_names_apart(text: str, same: str) -> None:
    assert normalise(text) == same


@given(st.text())
def test_normalise_changes_nothing_twice(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "label", "outcome"),
    [
        ("cat", "cat", EXACT),
        (" cat\n", "cat", EXACT),
        ("Cat.", "cat", NORMALISED),
        ("**Cat**", "cat", NORMALISED),
        ('"cat"', "cat", NORMALISED),
        ("`cat`", "cat", NORMALISED),
        ("# cat", "cat", NORMALISED),
        ("<cat>", "cat", NORMALISED),
        ("A cat.", "cat", NORMALISED),
        ("Answer: cat.", "cat", NORMALISED),
        ("Final answer: a cat", "cat", NORMALISED),
        ("Cats", "cat", NORMALISED),
        ("water lilly", "water_lilly", NORMALISED),
        ("Baseball-Bat", "baseball bat", NORMALISED),
        ("baseball_bats", "baseball bat", NORMALISED),
        ("Seahorse", "sea horse", NORMALISED),
        ("sea horses", "sea horse", NORMALISED),
        ("cell phone", "cellphone", NORMALISED),
        ("people", "person", NORMALISED),
        ("wolves", "wolf", NORMALISED),
        ("Mice", "mouse", NORMALISED),
        ("cups of tea", "cup of tea", NORMALISED),
        ("It is a cat.", "cat", MENTIONED),
        ("The object in this photo is an elephant, a large mammal.", "elephant", MENTIONED),
        ("It is a baseball bat.", "baseball bat", MENTIONED),
        ("This is the head: flamingo head", "flamingo head", MENTIONED),
        ("The cat's tail is long. It is a cat.", "cat", MENTIONED),
        ('{"answer": "cat"}', "cat", NORMALISED),
        ('{"label": "cat"}', "cat", MENTIONED),
        (r"\boxed{cat}", "cat", MENTIONED),
        ("<think>A dog? No, a cat.</think>\n\ncat", "cat", EXACT),
        ("cat\ncat", "cat", MENTIONED),
        ("cat, dog", None, AMBIGUOUS),
        ("cat or dog", None, AMBIGUOUS),
        ("It is not a cat, but a dog.", None, AMBIGUOUS),
        ("A flamingo with a flamingo head", None, AMBIGUOUS),
        ("baseball bat wing", None, AMBIGUOUS),  # two names overlap
        ("bat, wing", "bat", MENTIONED),  # no name goes across a comma
        ("It isn't a cat.", None, OUT_OF_LIST),
        ("not a cat", None, OUT_OF_LIST),
        ("wheelchair", None, OUT_OF_LIST),
        ("elephantine", None, OUT_OF_LIST),
        ("catalogue of antics", None, OUT_OF_LIST),
        ("giraffe", None, OUT_OF_LIST),
        ("I do not know.", None, OUT_OF_LIST),
        ("", None, EMPTY),
        (" \n", None, EMPTY),
        ("...", None, EMPTY),
        ("I'm sorry, but I can't help with that.", None, REFUSED),
        ("I’m sorry, I can’t identify this.", None, REFUSED),
        ("Sorry, no.", None, REFUSED),
        ("I cannot assist with this request.", None, REFUSED),
        ("As an AI language model, I have no eyes.", None, REFUSED),
        ("I am unable to view images.", None, REFUSED),
        ("I'm sorry for the delay: it is a cat.", "cat", MENTIONED),
    ],
)
def test_answers_as_models_write_them(text: str, label: str | None, outcome: Outcome) -> None:
    assert read_label(text, ANIMALS) == Reading(label, outcome)


@pytest.mark.parametrize(
    ("text", "label", "outcome"),
    [
        ("cat", "cat", EXACT),
        ("It is a cat with", "cat", MENTIONED),
        ("bat", None, TRUNCATED),  # of "bat wing"
        ("It is a bat", None, TRUNCATED),
        ("It is a bat ", None, TRUNCATED),
        ("It is a bat.", "bat", MENTIONED),
        ("It is a bat wi", None, TRUNCATED),
        ("It is a dog with bat wing", None, TRUNCATED),
        ("The object in this", None, TRUNCATED),
        ("cat or dog or", None, TRUNCATED),
        ("", None, TRUNCATED),
        ("<think>It may be a cat", None, TRUNCATED),
        ("I'm sorry, but I can't", None, REFUSED),
    ],
)
def test_texts_cut_off_by_the_token_limit(text: str, label: str | None, outcome: Outcome) -> None:
    assert read_label(text, ANIMALS, Finish.LENGTH) == Reading(label, outcome)


def test_what_a_filter_refused_is_refused() -> None:
    assert read_label("cat", ANIMALS, Finish.REFUSED) == Reading(None, REFUSED)
    assert read_yes_no("yes", Finish.REFUSED) == (None, REFUSED)


@pytest.mark.parametrize(
    ("labels", "text", "label"),
    [
        (("cup", "cups"), "The cups.", "cups"),
        (("cup", "cups"), "It is a CUP", "cup"),
        (("glass", "glasses"), "glasses", "glasses"),
        (("cup-holder", "cup holder"), "cup holder", "cup holder"),
        (("cup-holder", "cup holder"), "It is a cup holder", None),
        (("Cardigan", "cardigan"), "Cardigan.", "Cardigan"),
        (("Cardigan", "cardigan"), "CARDIGAN", None),
        (("cat.", "cat"), "cat..", None),
        (("the who", "who"), "who", "who"),
        (("the who", "who"), "It is the who", None),
        (("C", "C++", "C#"), "It is C++.", "C++"),
        (("C", "C++", "C#"), "c#", "C#"),
        (("+", "-", "?"), "It is a +", "+"),
        (("+", "-", "?"), "-", "-"),
        (("101", "10"), "It is a 101.", "101"),
        (("1", "2", "7"), "7 (score 0.12)", "7"),
        (("A", "B", "I"), "I think it is a B.", "B"),
        (("A", "B", "I"), "It is an A.", "A"),
        (("A", "B", "I"), "a, b, i", None),
        (("猫", "熊猫", "いぬ"), "これは猫です。", "猫"),
        (("猫", "熊猫", "いぬ"), "熊猫です", "熊猫"),
        (("고양이", "개"), "고양이입니다.", "고양이"),
        (("बिल्ली", "कुत्ता"), "यह बिल्ली है।", "बिल्ली"),
        (("🐈", "🐕"), "It is a 🐈!", "🐈"),
        (("кот", "ёлка"), "Это елка.", "ёлка"),
        (("jack-o'-lantern", "lantern"), "a jack o’ lantern", "jack-o'-lantern"),
        (("tench, Tinca tinca", "goldfish"), "It is a tench, Tinca Tinca.", "tench, Tinca tinca"),
        (("tench, Tinca tinca", "goldfish"), "tench tinca tinca", "tench, Tinca tinca"),
        (("knife", "hoof", "glove"), "knives", "knife"),
        (("octopus", "goose", "ox"), "two octopi", "octopus"),
        (("butterfly", "butter", "fly"), "It is a butter fly", "butterfly"),
        ((" cat ", "dog"), "cat", " cat "),
        (("acorn", "corn"), "It is a corn", "corn"),
    ],
)
def test_names_that_are_hard_to_tell_apart(labels: tuple[str, ...], text: str, label: str | None) -> None:
    assert read_label(text, Classes(labels)).label == label


@pytest.mark.parametrize(
    ("text", "yes", "outcome"),
    [
        ("yes", True, EXACT),
        ("no", False, EXACT),
        ("Yes", True, NORMALISED),
        ("yes.", True, NORMALISED),
        ("**No**", False, NORMALISED),
        ("Answer: No", False, NORMALISED),
        ("Yes, the cat is in this photo.", True, MENTIONED),
        ("No, there is no cat.", False, MENTIONED),
        ("Yes, there is no doubt about it.", True, MENTIONED),
        ("There is no cat.", False, MENTIONED),
        ("The answer is yes.", True, MENTIONED),
        ("Nope", False, NORMALISED),
        ("<think>yes or no</think>no", False, EXACT),
        ("yes or no", None, AMBIGUOUS),
        ("Yes/No", None, AMBIGUOUS),
        ("The answer is yes or no.", None, AMBIGUOUS),
        ("cat", None, OUT_OF_LIST),
        ("nothing", None, OUT_OF_LIST),
        ("I cannot determine that.", None, REFUSED),
        ("", None, EMPTY),
        ("!", None, EMPTY),
    ],
)
def test_yes_and_no(text: str, yes: bool | None, outcome: Outcome) -> None:
    assert read_yes_no(text) == (yes, outcome)


@pytest.mark.parametrize(
    ("text", "yes", "outcome"),
    [
        ("Yes", True, NORMALISED),
        ("No, there is no", False, MENTIONED),
        ("There is no", None, TRUNCATED),  # "… nothing"
        ("The photo shows", None, TRUNCATED),
        ("", None, TRUNCATED),
        ("<think>yes", None, TRUNCATED),
        ("I'm sorry, but I", None, REFUSED),
    ],
)
def test_yes_and_no_cut_off(text: str, yes: bool | None, outcome: Outcome) -> None:
    assert read_yes_no(text, Finish.LENGTH) == (yes, outcome)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(), max_size=200), st.sampled_from(Finish))
def test_no_text_is_too_odd_to_read(text: str, finish: Finish) -> None:
    read = read_label(text, ANIMALS, finish)
    assert (read.label is None) == (read.outcome in (AMBIGUOUS, OUT_OF_LIST, EMPTY, REFUSED, TRUNCATED))
    yes, outcome = read_yes_no(text, finish)
    assert (yes is None) == (outcome in (AMBIGUOUS, OUT_OF_LIST, EMPTY, REFUSED, TRUNCATED))


@pytest.mark.parametrize("piece", ["cat ", "\ud800", "é́", "(", "a ", "the bat wing, ", "<think>", "9.9"])
def test_long_answers_are_read_in_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = time.perf_counter()
    for finish in Finish:
        read_label(text, ANIMALS, finish)
        read_yes_no(text, finish)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ELEPHANT", ["ant", "elephant"]),
        ("wheelchair", ["chair"]),
        ("The photo shows a flamingo head.", ["flamingo", "flamingo head"]),
        ("sea-horse", []),
        ("", []),
        (", ".join(ANIMALS.names), list(ANIMALS.names)),
    ],
)
def test_what_a_text_contains_is_no_reading_of_it(text: str, names: list[str]) -> None:
    assert contained(text, ANIMALS) == names


def test_what_a_text_contains_is_the_paper_s_own_rule() -> None:
    """`item["label"].lower() in item["pred"].lower()`: the evaluation of arXiv 2405.18415."""
    classes = Classes(("Öl", "İzmir", "ß", "yo-yo"))
    for text in ("ÖLBILD", "öl", "i̇zmir", "STRASSE", "Straße", "a Yo-Yo"):
        assert contained(text, classes) == [name for name in classes.names if name.lower() in text.lower()]

"""The vocabulary strategy: which concepts stand for which class, and what is predicted from their scores."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

import pytest

from snellen import plugins
from snellen.errors import WrongUse
from snellen.mapping import Coverage
from snellen.specs import strategy_plan
from snellen.strategies.vocabulary import Strategy
from snellen.types import Classes, Outcome, Prediction, Recognise, Scores

CONCEPTS = (
    "background",
    "Egyptian cat",
    "tabby, tabby cat",
    "dog",
    "lesser panda, panda",
    "giant panda, panda",
    "sofa",
)
CLASSES = Classes(("cat", "Dog", "panda", "water_lilly", "background"), "background")


def ask(strategy: Strategy, values: dict[str, float] | Scores, classes: Classes = CLASSES) -> Prediction:
    inquiry = strategy.inquire(classes, None, Random(0))
    assert list(next(inquiry)) == [Recognise()]
    with pytest.raises(StopIteration) as stop:
        inquiry.send([values if isinstance(values, Scores) else Scores(tuple(values), tuple(values.values()))])
    prediction: Prediction = stop.value.value
    return prediction


def scores(**values: float) -> dict[str, float]:
    """Scores of all concepts, given by their first words."""
    return {concept: values.get(concept.split()[0].strip(","), 0.0) for concept in CONCEPTS}


def test_exact_names_and_synonyms_are_mapped_and_nothing_is_guessed() -> None:
    exact = {"Dog": ("dog",), "panda": ("lesser panda, panda", "giant panda, panda")}
    found = Strategy().coverage(CLASSES, CONCEPTS)
    assert (found.concepts, found.uncovered) == (exact, ("cat", "water_lilly", "background"))
    assert found == Coverage(exact, found.uncovered, by={each: "exact" for names in exact.values() for each in names})
    assert Strategy(rules="exact,head").coverage(CLASSES, CONCEPTS).concepts == {"cat": ("Egyptian cat",), **exact}
    assert Strategy(rules="none").coverage(CLASSES, CONCEPTS).concepts == {}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("head, exact", "exact,head"), (["head"], "head"), (("exact", "head"), "exact,head"), ("none", "none")],
)
def test_rules_are_kept_in_their_order(given: str | list[str], kept: str) -> None:
    assert plugins.configure(Strategy, {"rules": given}, "vocabulary").rules == kept


@pytest.mark.parametrize("given", ["exakt", "", "exact,none", "mapping"])
def test_unknown_rules_are_wrong_use(given: str) -> None:
    with pytest.raises(WrongUse, match=r"vocabulary.*expected exact,head, some of them, or none"):
        plugins.configure(Strategy, {"rules": given}, "vocabulary")


def test_the_title_tells_the_rules() -> None:
    assert strategy_plan("vocabulary").title == "vocabulary"
    assert strategy_plan("vocabulary,rules=exact,head,among=covered").title == (
        "vocabulary,rules=exact,head,among=covered"
    )


def test_concepts_of_a_class_add_up() -> None:
    prediction = ask(Strategy(), scores(dog=0.4, lesser=0.25, giant=0.25, sofa=0.1))
    assert (prediction.label, prediction.outcome) == ("panda", Outcome.SCORED)
    assert prediction.scores == pytest.approx({"Dog": 0.4, "panda": 0.5})
    assert prediction.details == {"concept": "dog", "score": pytest.approx(0.4)}


def test_a_concept_without_a_class_competes() -> None:
    values = scores(dog=0.4, sofa=0.6)
    prediction = ask(Strategy(), values)
    assert (prediction.label, prediction.outcome) == (None, Outcome.OUT_OF_LIST)
    assert prediction.details["concept"] == "sofa"
    assert ask(Strategy(among="covered"), values).label == "Dog"
    assert ask(Strategy(), scores(dog=0.5, sofa=0.5)).label == "Dog"  # the earlier of equals
    assert ask(Strategy(), scores(background=0.5, dog=0.5)).label is None


def test_where_no_class_has_a_score_none_is_predicted() -> None:
    for among in ("vocabulary", "covered"):
        prediction = ask(Strategy(among=among), scores(sofa=1.0))
        assert prediction == Prediction(None, Outcome.OUT_OF_LIST, None, {"concept": "sofa", "score": 1.0})
        uncovered = ask(Strategy(among=among), scores(sofa=1.0), Classes(("cow",)))
        assert (uncovered.label, uncovered.outcome) == (None, Outcome.OUT_OF_LIST)
    assert ask(Strategy(), {}).outcome is Outcome.OUT_OF_LIST


def test_predictions_made_elsewhere_are_read_by_name() -> None:
    assert ask(Strategy(), {"dog": 0.0, "cow": 0.0, "panda": 1.0}).label == "panda"
    assert ask(Strategy(), {"dog": 0.0, "cow": 1.0, "panda": 0.0}).label is None


MAPPING = {"Egyptian cat": "cat", "tabby": "cat", "sofa": "background"}


def test_a_mapping_wins_and_reaches_the_background() -> None:
    strategy = Strategy(mapping=MAPPING, rules="none")
    strategy.check(CLASSES)
    found = strategy.coverage(CLASSES, CONCEPTS)
    assert found.concepts == {"cat": ("Egyptian cat", "tabby, tabby cat"), "background": ("sofa",)}
    assert (found.uncovered, set(found.by.values())) == (("Dog", "panda", "water_lilly"), {"mapping"})
    assert ask(strategy, scores(Egyptian=0.3, tabby=0.3, sofa=0.4)).label == "cat"
    assert ask(strategy, scores(sofa=0.4, dog=0.3)).label == "background"
    assert ask(strategy, scores(background=0.9, sofa=0.1)).label is None
    assert ask(strategy, scores(dog=0.9, sofa=0.1)).label is None
    assert ask(Strategy(mapping=MAPPING), scores(dog=0.9, sofa=0.1)).label == "Dog"


def test_a_concept_that_is_mapped_to_no_class_has_none() -> None:
    strategy = Strategy(mapping={"dog": None, "giant panda, panda": ""})
    strategy.check(CLASSES)
    assert strategy.coverage(CLASSES, CONCEPTS).concepts == {"panda": ("lesser panda, panda",)}
    assert ask(strategy, scores(dog=0.9, sofa=0.1)).label is None


def test_what_a_mapping_names_in_vain_is_told() -> None:
    strategy = Strategy(mapping={"lynx": "cat", "sofa": "Dog"})
    assert strategy.coverage(CLASSES, CONCEPTS).unknown == ("lynx",)
    with pytest.raises(WrongUse, match=r"'sofa' is mapped to 'dog', no class.*did you mean 'Dog'"):
        Strategy(mapping={"sofa": "dog"}).check_names(CLASSES)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("map.csv", "\ufeffconcept,class\nEgyptian cat,cat\ntabby,cat\n\nsofa,background\ndog,\n"),
        ("map.yaml", "Egyptian cat: cat\ntabby: cat\nsofa: background\ndog:\n"),
        ("map.json", json.dumps({**MAPPING, "dog": None})),
        ("map.csv", "concept,class,by\nEgyptian cat,cat,head\ntabby,cat,\nsofa,background,by eye\ndog,,\n"),
    ],
)
def test_the_content_of_a_mapping_file_is_the_option(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / file
    path.write_text(text, encoding="utf-8")
    strategy = plugins.configure(Strategy, {"mapping": str(path)}, "vocabulary")
    path.unlink()
    content = {**MAPPING, "dog": ""}
    assert strategy.mapping == content
    assert strategy == Strategy(mapping=dict(reversed(content.items()))) != Strategy()
    assert hash(strategy) == hash(Strategy(mapping=content))
    assert plugins.configure(Strategy, {"mapping": {**MAPPING, "dog": None}}, "vocabulary") == strategy
    assert ask(strategy, scores(tabby=1.0)).label == "cat"


def test_words_in_yaml_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "map.yml"
    path.write_text("no: yes\n101: 007\n", encoding="utf-8")
    assert Strategy(mapping=str(path)).mapping == {"no": "yes", "101": "007"}


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("map.csv", "name,label\na,b\n", "expected the columns concept,class, found name,label"),
        ("map.csv", "", "found none"),
        ("map.csv", "concept,class\ntench, Tinca tinca,fish\n", "line 2: expected concept,class, found 3 values"),
        ("map.csv", "concept,class\na,b\na,c\n", "'a' is mapped to 'b' and to 'c'"),
        ("map.csv", "concept,class\na,b\na,\n", "'a' is mapped to 'b' and to no class"),
        ("map.csv", "concept,class,by\na,b,c,d\n", "line 2: expected concept,class,by, found 4 values"),
        ("map.csv", "concept,class\n,b\n", "without a name"),
        ("map.yaml", "- a\n- b\n", "expected lines such as"),
        ("map.yaml", "a: [b, c]\n", "must be a name"),
        ("map.yaml", "a: b: c\n", "cannot be read"),
        ("map.yaml", "a: b\na: c\n", "cannot be read"),
        ("map.json", "{", "cannot be read"),
    ],
)
def test_bad_mapping_files_are_wrong_use(tmp_path: Path, file: str, text: str, message: str) -> None:
    path = tmp_path / file
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUse, match=message):
        plugins.configure(Strategy, {"mapping": str(path)}, "vocabulary")


def test_a_missing_mapping_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_text("concept,class\ntabby,Cat\n")
    assert Strategy(mapping="~/mine.csv").mapping == {"tabby": "Cat"}
    with pytest.raises(WrongUse, match="no mapping file"):
        Strategy(mapping=str(tmp_path / "none.csv"))
    (tmp_path / "latin.csv").write_bytes(b"concept,class\n\xe9,b\n")
    with pytest.raises(WrongUse, match="cannot read"):
        Strategy(mapping=str(tmp_path / "latin.csv"))


def test_a_thousand_concepts_cost_less_than_a_millisecond() -> None:
    vocabulary = {f"concept {number}, synonym {number}": number / 1e6 for number in range(1001)}
    classes = Classes(tuple(f"synonym {number}" for number in range(0, 1000, 2)))
    ask(Strategy(), vocabulary, classes)
    start = time.perf_counter()
    for _ in range(20):
        ask(Strategy(), vocabulary, classes)
    assert (time.perf_counter() - start) / 20 < 0.01  # some 0.3 ms; ten times that on a busy machine


def test_the_same_concepts_in_another_order_are_not_mapped_anew() -> None:
    names = [f"concept {number}, synonym {number}" for number in range(1001)]
    classes = Classes(tuple(f"synonym {number}" for number in range(0, 1000, 2)))
    ask(Strategy(), dict.fromkeys(names, 0.001), classes)
    start = time.perf_counter()
    for turn in range(1, 61):  # more orders than are remembered
        best = names[turn * 2]
        order = [best, *(name for name in names if name != best)]
        assert ask(Strategy(), {**dict.fromkeys(order, 0.0), best: 1.0}, classes).label == f"synonym {turn * 2}"
    assert (time.perf_counter() - start) / 60 < 0.02  # some 1 ms; mapping anew takes twenty times that


def test_the_background_is_predicted_only_for_the_concept_that_is_named_for_it() -> None:
    assert ask(Strategy(), scores(background=0.9)).label is None
    named = Strategy(background="background")
    assert ask(named, scores(background=0.9)).label == "background"
    assert ask(named, scores(dog=0.9)).label == "Dog"
    assert named.coverage(CLASSES, CONCEPTS).concepts["background"] == ("background",)
    with pytest.raises(WrongUse, match="needs a background class"):
        named.check(Classes(("cat", "dog")))

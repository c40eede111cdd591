"""How a recogniser's vocabulary meets the classes of a data set, told for review: `snellen map`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen import plugins
from snellen.asking import NoAnswer, ask_all, concluded, load_engine
from snellen.errors import WrongUse
from snellen.mapping import Coverage, names_of, rules_text
from snellen.plan import chosen, load_dataset
from snellen.progress import Progress
from snellen.specs import ModelPlan, Spec, model_plan, strategy_plan
from snellen.types import Classes, EmbedText, Recognise, Scores
from snellen.vectors import embedded_classes
from snellen.wordnet import Kinds, WordNet, kinds_of
from snellen.words import ARTICLES, in_other_number, words

_SUGGESTED = 3
_SAY_NOTHING = ARTICLES | {"of", "in", "on", "and", "for", "with"}
_WIDEST = 20


@dataclass(frozen=True, slots=True)
class Review:
    """A vocabulary mapped to classes, and what a reviewer wants to know of the rest.

    `suggestions`: for each class without a concept, concepts that share words with it, used for nothing.
    `other_senses`: concepts that are of a class's kind in another sense of its name than the others.
    """

    model: str
    dataset: str
    vocabulary: tuple[str, ...]
    classes: Classes
    coverage: Coverage
    suggestions: Mapping[str, tuple[str, ...]]
    other_senses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a vocabulary is to be mapped: the strategy's options, and what else may find a class for a concept.

    `wordnet` is a folder of WordNet's files; `encoder` a model of texts, whose word counts from `threshold` on.
    """

    rules: str = "exact"
    mapping: str | None = None
    wordnet: Path | None = None
    encoder: str | None = None
    threshold: float = 0.8


def review(model: str, dataset: Spec, asked: Asked, progress: Progress | None = None) -> Review:
    """Maps the model's vocabulary to the data set's classes. Raises SnellenError where one of them will not do."""
    if not 0 < asked.threshold <= 1:
        raise WrongUse(f"--threshold: expected a cosine above 0 and up to 1, got {asked.threshold:g}")
    options: dict[str, Any] = {"strategy": "vocabulary", "rules": asked.rules}
    strategy: Any = strategy_plan(options | ({"mapping": asked.mapping} if asked.mapping else {})).strategy
    net = WordNet(asked.wordnet.expanduser()) if asked.wordnet else None
    planned, encoder = model_plan(model), model_plan(asked.encoder) if asked.encoder else None
    selection, _ = chosen(dataset, progress)
    classes = selection.classes
    strategy.check_names(selection.dataset.classes)
    vocabulary = vocabulary_of(planned)
    kinds = kinds_of(vocabulary, classes, net, _synsets(planned)) if net else Kinds({}, (), {})
    near = _nearest(encoder, asked.threshold, vocabulary, classes) if encoder else {}
    coverage = strategy.coverage(classes, vocabulary, {"hypernym": kinds.classes, "embedding": near})
    ambiguous = dict.fromkeys((*coverage.ambiguous, *(each for each in kinds.ambiguous if each not in coverage.by)))
    coverage = dataclasses.replace(coverage, ambiguous=tuple(ambiguous))
    other = {concept: name for concept, name in kinds.other.items() if concept not in coverage.by}
    suggested = _suggestions([name for name in coverage.uncovered if name != classes.background], vocabulary)
    return Review(planned.title, selection.name, vocabulary, classes, coverage, suggested, other)


def vocabulary_of(model: ModelPlan) -> tuple[str, ...]:
    """What a model recognises: read from its files where its engine can, else asked for about a drawn picture."""
    if Recognise not in model.answers:
        raise WrongUse(f"{model.title} has no vocabulary of its own to map: it does not answer Recognise")
    module = plugins.load("engines", model.provider)
    if hasattr(module, "vocabulary"):
        return tuple(module.vocabulary(model.name, model.options))
    example = next(iter(load_dataset("shapes,pictures=1")[0]))
    with closing(load_engine(model)) as engine:
        ((answer,),) = ask_all(engine, model, [(example.image, [Recognise()])])
    if not isinstance(answer, Scores):
        raise NoAnswer(f"{model.title} did not say what it recognises: {answer}")
    return answer.choices


def _synsets(model: ModelPlan) -> Sequence[str | None] | None:
    module = plugins.load("engines", model.provider)
    return module.synsets(model.name, model.options) if hasattr(module, "synsets") else None


def _nearest(encoder: ModelPlan, threshold: float, vocabulary: Sequence[str], classes: Classes) -> dict[str, str]:
    """The class whose name is nearest to each concept, by the mean vector of its names, if it is near enough."""
    if EmbedText not in encoder.answers:
        raise WrongUse(f"--encoder: {encoder.title} makes no vectors of texts; expected text/… or clip/…")
    with closing(load_engine(encoder)) as engine:
        named = concluded(engine, encoder, embedded_classes({name: [name] for name in classes.foreground}))
        texts = {concept: names_of(concept) or [concept] for concept in dict.fromkeys(vocabulary)}
        concepts = concluded(engine, encoder, embedded_classes(texts))
    cosines = concepts.matrix @ named.matrix.T
    best = cosines.argmax(axis=1)
    return {
        concept: named.names[place]
        for concept, place, row in zip(concepts.names, best, cosines, strict=True)
        if row[place] >= threshold
    }


def _suggestions(names: Sequence[str], vocabulary: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each class a few concepts that share words with its name, those first that end in its last word."""
    concepts = [(concept, [words(name) for name in names_of(concept)]) for concept in dict.fromkeys(vocabulary)]
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        said = [word for word in words(name) if word not in _SAY_NOTHING and len(word) > 2]
        if not said:
            continue
        forms = {word: {word, *in_other_number(word)} for word in said}
        ranked = []
        for place, (concept, others) in enumerate(concepts):
            spoken = {word for each in others for word in each}
            shared = sum(not spoken.isdisjoint(each) for each in forms.values())
            if shared:
                ends = any(each[-1] in forms[said[-1]] for each in others if each)
                ranked.append((-ends, -shared, place, concept))
        found[name] = tuple(concept for *_, concept in sorted(ranked)[:_SUGGESTED])
    return {name: concepts for name, concepts in found.items() if concepts}


# As lines, as data, as a mapping


def lines(review: Review) -> Iterator[str]:
    """The mapping as lines to review: each class with its concepts and the rule, then what is left, then one line."""
    coverage = review.coverage
    width = min(max(map(len, review.classes.names)), _WIDEST)
    yield f"{review.model}: {len(review.vocabulary)} concepts"
    yield f"{review.dataset}: {len(review.classes.names)} classes"
    yield ""
    for name, concepts in coverage.concepts.items():
        for place, concept in enumerate(concepts):
            yield f"{'' if place else name:{width}}  {coverage.by[concept]:8}  {concept}"
    if coverage.uncovered:
        yield "\nnot covered (in brackets what shares a word, used for nothing):"
    for name in coverage.uncovered:
        suggested = "; ".join(review.suggestions.get(name, ()))
        hint = "(no rule maps the background)" if name == review.classes.background else f"({suggested})"
        yield f"{name:{width}}  {hint}" if hint != "()" else name
    yield from _left("may mean several things, and stands for none", dict.fromkeys(coverage.ambiguous, ""))
    yield from _left("also called so, but others are called so more plainly", coverage.weaker)
    yield from _left("of its kind in another sense of the word, and left out", review.other_senses)
    yield from _left("in the mapping, but not in the vocabulary", dict.fromkeys(coverage.unknown, ""))
    yield ""
    by = rules_text(coverage.classes_by)
    yield f"coverage: {len(coverage.concepts)} of {len(review.classes.names)} classes{f' ({by})' if by else ''}"


def _left(reason: str, concepts: Mapping[str, str]) -> Iterator[str]:
    if concepts:
        yield f"\n{reason}:"
        yield from (f"  {concept}{f' ({name})' if name else ''}" for concept, name in concepts.items())


def mapping_lines(review: Review) -> Iterator[tuple[str, str, str]]:
    """Concept, class and rule of each concept that has a class, by class, as `concepts.write_mapping` takes them."""
    for name, concepts in review.coverage.concepts.items():
        yield from ((concept, name, review.coverage.by[concept]) for concept in dict.fromkeys(concepts))


def as_data(review: Review) -> dict[str, Any]:
    """All of it for other programs."""
    coverage = review.coverage
    return {
        "model": review.model,
        "dataset": review.dataset,
        "concepts": len(review.vocabulary),
        "classes": len(review.classes.names),
        "classes_covered": len(coverage.concepts),
        "classes_covered_by": coverage.classes_by,
        "mapping": [{"concept": concept, "class": name, "by": by} for concept, name, by in mapping_lines(review)],
        "uncovered": [
            {"class": name, "suggestions": list(review.suggestions.get(name, ()))} for name in coverage.uncovered
        ],
        "ambiguous": list(coverage.ambiguous),
        "weaker": dict(coverage.weaker),
        "other_senses": dict(review.other_senses),
        "unknown": list(coverage.unknown),
    }

"""Which strategies each model is asked by: those whose questions it answers, and why others are not applicable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from snellen import plugins
from snellen.errors import SnellenError, WrongUse
from snellen.rows import asks_with_prompts
from snellen.specs import ModelPlan, StrategyPlan, strategy_plan
from snellen.types import Classes, EmbedText, Generate


def pair(
    models: Sequence[ModelPlan], strategies: Sequence[StrategyPlan], told: bool
) -> tuple[tuple[tuple[ModelPlan, StrategyPlan], ...], tuple[str, ...]]:
    """The pairs in which the model answers what the strategy asks, and lines about those that were asked for in vain.

    `told` says that the strategies were named. Raises WrongUse where there is no pair.
    """
    pairs: list[tuple[ModelPlan, StrategyPlan]] = []
    not_applicable: list[str] = []
    in_vain: list[tuple[ModelPlan, StrategyPlan]] = []
    for model in models:
        candidates = [each for each in strategies if told or not _beyond(model.answers, each.strategy.asks)]
        fitting = [strategy for strategy in candidates if strategy.strategy.asks <= model.answers]
        pairs += [(model, strategy) for strategy in fitting]
        if told:
            in_vain += [(model, each) for each in strategies if each not in fitting]
        elif not fitting:
            not_applicable.append(f"not asked: {model.title}: {_instead(model)}")
    not_applicable += _not_applicable(in_vain)
    if not pairs:
        hints = [f"{model.title}: {_instead(model)}" for model in models] if told else []
        raise WrongUse("; ".join([*not_applicable, *hints]))
    return tuple(pairs), tuple(not_applicable)


def with_twins(
    pairs: Sequence[tuple[ModelPlan, StrategyPlan]], blind: bool
) -> tuple[tuple[tuple[ModelPlan, StrategyPlan], ...], tuple[str, ...]]:
    """Each pair, if wanted followed by its blind twin where it asks with prompts; and a line on those that do not."""
    if not blind:
        return tuple(pairs), ()
    found: list[tuple[ModelPlan, StrategyPlan]] = []
    promptless: dict[str, None] = {}
    for model, strategy in pairs:
        found.append((model, strategy))
        if asks_with_prompts(strategy.strategy):
            found.append((model, dataclasses.replace(strategy, title=f"{strategy.title} (blind)", blind=True)))
        else:
            promptless[strategy.title] = None
    return tuple(found), (f"not asked blind: {', '.join(promptless)}, without a prompt",) if promptless else ()


def check_classes(strategies: Iterable[StrategyPlan], everything: Classes, lists: Sequence[Classes]) -> None:
    """Raises WrongUse where a strategy does not go with the classes of the data set, or with a list of some of them."""
    for strategy in strategies:
        for method, of in (("check_names", everything), *(("check", classes) for classes in lists)):
            if check := getattr(strategy.strategy, method, None):
                check(of)


def _not_applicable(in_vain: Sequence[tuple[ModelPlan, StrategyPlan]]) -> Iterator[str]:
    """A line for each reason; the models and the strategies that it is alike for stand in one."""
    asked: dict[tuple[str, str, str], list[str]] = {}
    for model, strategy in in_vain:
        lacking = sorted(strategy.strategy.asks - model.answers, key=lambda kind: kind.__name__)
        why = "".join(f" ({model.refuses[kind]})" for kind in lacking if kind in model.refuses)
        key = (model.title, ", ".join(kind.__name__ for kind in lacking), why)
        asked.setdefault(key, []).append(strategy.title)
    models: dict[tuple[tuple[str, ...], str, str], list[str]] = {}
    for (title, kinds, why), strategies in asked.items():
        models.setdefault((tuple(strategies), kinds, why), []).append(title)
    for (strategies_alike, kinds, why), titles in models.items():
        verb = "asks" if len(strategies_alike) == 1 else "ask"
        yield (
            f"not applicable: {_listed(titles)} cannot answer {kinds}, which {_listed(strategies_alike)} {verb}{why}"
        )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _instead(model: ModelPlan) -> str:
    """Why a model is not asked without being told how, and which strategies fit it."""
    why = "".join(f"{reason}; " for reason in dict.fromkeys(model.refuses.values()))
    if fitting := _fitting(model):
        return f"{why}strategies that fit it: {', '.join(fitting)} (name one with -s)"
    if model.answers == {EmbedText}:
        return "it makes vectors of texts alone, for an encoder= of open-set or of 'snellen map'"
    return f"{why}no strategy of snellen's fits it" + ("" if why else "; is it named by the right provider?")


def _beyond(answers: frozenset[type], asks: frozenset[type]) -> bool:
    """Whether a strategy has to be named: it asks for vectors of texts, and the model also answers in words.

    Such a model is a function that may answer anything; few make vectors, and the others would only fail.
    """
    return EmbedText in asks and Generate in answers


def _fitting(model: ModelPlan) -> list[str]:
    """The names of the built-in strategies whose questions the model answers."""
    found = []
    for name in plugins.names("strategies"):
        try:
            strategy = strategy_plan(name).strategy
        except SnellenError:  # it needs an option, or a package that is not here
            continue
        if strategy.asks <= model.answers:
            found.append(name)
    return found

"""What a run asks: data set, models, strategies, resolved and checked before anything is computed."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from snellen import plugins
from snellen.costs import host_of
from snellen.database import DATABASE
from snellen.errors import Missing, SnellenError, WrongUse, nearest
from snellen.naming import slug
from snellen.progress import Progress, Silence
from snellen.readers import find_reader
from snellen.remote.prices import Prices, load_prices
from snellen.selection import Selection, select
from snellen.shots import hold_out
from snellen.specs import (
    ModelPlan,
    Spec,
    StrategyPlan,
    configured,
    identified_if_there,
    name_and_options,
    short_digest,
    strategy_plan,
    with_roles,
)
from snellen.types import Classes, Dataset, EmbedText, Generate, Strategy

DEFAULT_STRATEGIES = ("closed-set", "binary", "vocabulary", "zero-shot")
SUBSET = ("classes", "per_class", "limit", "seed")  # keys of a data set that choose a part of it
_WRITTEN = ("study.yaml", "manifest.csv", "records.csv", "results.json", "environment.json")


@dataclass(frozen=True, slots=True)
class Request:
    """A run as it was written down: the keys of a study file."""

    dataset: Spec
    models: tuple[Spec, ...]
    strategies: tuple[Spec, ...] = ()
    name: str | None = None
    out: str | None = None
    timing: bool = True
    stall_seconds: float = 900.0
    max_cost: float | None = None
    prices: str | None = None


P = TypeVar("P", ModelPlan, StrategyPlan)


@dataclass(frozen=True, slots=True)
class Plan:
    """A request resolved: every default, every class, every pair of a model and a strategy that fit each other.

    `max_cost` is what the run folder may pay in all, in USD; `prices_file` goes before the package's own prices.
    """

    name: str
    out: Path
    dataset: Mapping[str, Any]
    source: str
    selection: Selection
    seed: int
    pairs: tuple[tuple[ModelPlan, StrategyPlan], ...]
    not_applicable: tuple[str, ...]
    warnings: tuple[str, ...]
    timing: bool
    stall_seconds: float
    max_cost: float | None
    prices: Prices
    prices_file: str | None

    @property
    def models(self) -> tuple[ModelPlan, ...]:
        """All models, those of roles included, each once."""
        asked = (each for model, strategy in self.pairs for each in (model, *strategy.roles.values()))
        return tuple({each.title: each for each in asked}.values())

    def is_charged(self, model: ModelPlan) -> bool:
        """Whether a model may cost money, its price known or not: others than this machine answer for it."""
        return self.prices.is_paid(model.provider) or host_of(model) is not None

    @property
    def classes(self) -> Classes:
        return self.selection.classes


def load_dataset(
    spec: Spec, also: Sequence[str] = (), progress: Progress | None = None
) -> tuple[Dataset, Mapping[str, Any]]:
    """The data set of a spec and the spec in full: a folder, a file, or `reader/rest` such as `shapes`.

    `also` are keys known to the caller, for the hint on an unknown one; `progress` is told how fetching goes on. Raises
    WrongUse for one without classes, and what the data set's own `load` raises.
    """
    path, given = name_and_options(spec, "path")
    reader, name = find_reader(path)
    module = plugins.load("datasets", reader)
    known = [*(field.name for field in dataclasses.fields(module.Options)), *also]
    for key in given:
        if key not in known:
            raise WrongUse(f"the data set {path} has no option {key!r}{nearest(key, known)}")
    options = plugins.configure(module.Options, given, f"the data set {path}")
    if hasattr(module, "obtain"):
        module.obtain(name, options, progress or Silence())
    dataset: Dataset = module.load(name, options)
    if not dataset.classes.names:
        raise WrongUse(f"the data set {path} has no classes: there is no labelled image in it")
    return dataset, {"path": path, **dataclasses.asdict(options)}


def _count(given: Any, key: str) -> int | None:
    """A whole number from a study file or a flag; its range is checked where it is used."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    try:
        return int(str(given))
    except ValueError:
        raise WrongUse(f"{key} must be a whole number, not {given!r}") from None


def _classes(given: Any) -> int | list[str] | None:
    """A number, or names as a list or with commas between them."""
    if isinstance(given, str) and not given.strip().lstrip("+-").isdigit():
        names = [name.strip() for name in given.split(",")]
        if not all(names):
            raise WrongUse(f"classes: expected a number or names such as cat,dog, got {given!r}")
        return names
    if isinstance(given, (list, tuple)):
        return [str(name) for name in given]
    return _count(given, "classes")


def resolve(request: Request, batch_size: str | None = None, progress: Progress | None = None) -> Plan:
    """Everything that can be checked before models are loaded, what is quick to check first.

    `progress` is told how a data set is fetched. Raises WrongUse or Missing.
    """
    if not request.models:
        raise WrongUse(
            "no model is given; name one with -m, such as -m hf/FOLDER, or under 'models' in the study file "
            "('snellen ls models' lists the providers)"
        )
    prices = load_prices(request.prices)
    written = [configured(model, batch_size) for model in request.models]
    planned = [strategy_plan(strategy) for strategy in request.strategies or DEFAULT_STRATEGIES]
    strategies = _unique((_written(each.name, _options(each.strategy)), each) for each in planned)
    if request.out:
        _check_out(Path(request.out).expanduser())
    selection, spec = chosen(request.dataset, progress)
    name = request.name or selection.name
    out = Path(request.out).expanduser() if request.out else Path("runs", slug(name))
    _check_out(out)
    _check_apart(out, spec["path"], selection.dataset)
    models = _unique((_written(each.identity), each) for each in (identified_if_there(*model) for model in written))
    if all(model.missing for model in models):
        raise Missing("; ".join(dict.fromkeys(str(model.missing) for model in models)))
    pairs, not_applicable = _pair(models, strategies, selection, told=bool(request.strategies))
    roles = {plan.title: with_roles(plan) for _, plan in pairs}
    pairs = tuple((model, roles[plan.title]) for model, plan in pairs)
    if shots := max(plan.shots for _, plan in pairs):
        selection = hold_out(selection, shots)
    plan = Plan(
        name,
        out,
        spec,
        selection.source,
        selection,
        selection.seed,
        pairs,
        not_applicable,
        tuple(getattr(selection.dataset, "warnings", ())),
        request.timing,
        request.stall_seconds,
        request.max_cost,
        prices,
        request.prices,
    )
    if plan.max_cost is not None:
        _check_prices(plan)
    return plan


def _check_prices(plan: Plan) -> None:
    """Raises WrongUse where a limit could not be kept because a paid model has no price."""
    for model in plan.models:
        if plan.is_charged(model) and not plan.prices.of(model.provider, model.name):
            raise WrongUse(
                f"max_cost={plan.max_cost:g} cannot be kept: no price is known for {model.provider}/{model.name}; "
                "give it in a file with --prices (0 for what costs nothing)"
            )


def chosen(dataset: Spec, progress: Progress | None = None) -> tuple[Selection, Mapping[str, Any]]:
    """The wanted part of a data set, and its spec in full."""
    path, given = name_and_options(dataset, "path")
    classes = _classes(given.pop("classes", None))
    per_class, limit, seed = (_count(given.pop(key, None), key) for key in ("per_class", "limit", "seed"))
    loaded, spec = load_dataset({"path": path, **given}, SUBSET, progress)
    selection = select(loaded, classes, per_class, limit, seed or 0)
    return selection, {**spec, "classes": classes, "per_class": per_class, "limit": limit, "seed": selection.seed}


def _check_out(out: Path) -> None:
    """Raises WrongUse where a run into this folder could not be, or would overwrite what is no run's."""
    if out.exists() and not out.is_dir():
        raise WrongUse(f"expected a folder for the run, but {out} is a file; choose another --out")
    taken = [name for name in _WRITTEN if (out / name).exists()]
    if taken and not (out / DATABASE).exists():
        raise WrongUse(f"{out} is no run folder, and the run would overwrite its {taken[0]}; choose another --out")


def _check_apart(out: Path, data: str, dataset: Dataset) -> None:
    """Raises WrongUse where the run's files would come to lie among the images, and the run would be data next time."""
    place = Path(data).expanduser()
    if not place.exists():  # a data set that is no folder or file
        return
    root = (place if place.is_dir() else place.parent).resolve()
    if not out.resolve().is_relative_to(root):
        return
    inside = out.resolve().relative_to(root).parts
    if not inside:
        raise WrongUse(f"the run folder {out} is the data set's own folder; choose another --out")
    if place.is_dir() and any(example.id.split("/")[0] == inside[0] for example in dataset):
        raise WrongUse(f"the run folder {out} lies among the images of the data set {data}; choose another --out")


def _options(strategy: Strategy) -> dict[str, Any]:
    return {field.name: getattr(strategy, field.name) for field in dataclasses.fields(strategy)}  # type: ignore[arg-type]


def _written(*parts: Any) -> str:
    """What tells one plan from another, as text."""
    return json.dumps(parts, sort_keys=True, default=str)


def _unique(plans: Iterable[tuple[str, P]]) -> list[P]:
    """The first plan of each key; where several have one title, a digest of the key tells them apart."""
    firsts: dict[str, P] = {}
    for key, plan in plans:
        firsts.setdefault(key, plan)
    shown = Counter(plan.title for plan in firsts.values())
    return [
        plan if shown[plan.title] == 1 else dataclasses.replace(plan, title=f"{plan.title} #{short_digest({'': key})}")
        for key, plan in firsts.items()
    ]


def _pair(
    models: Sequence[ModelPlan], strategies: Sequence[StrategyPlan], selection: Selection, told: bool
) -> tuple[tuple[tuple[ModelPlan, StrategyPlan], ...], tuple[str, ...]]:
    """The pairs in which the model answers what the strategy asks, and a line for each that was asked for in vain."""
    classes, everything = selection.classes, selection.dataset.classes
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
    for strategy in dict.fromkeys(strategy for _, strategy in pairs):
        for method, of in (("check_names", everything), ("check", classes)):
            if check := getattr(strategy.strategy, method, None):
                check(of)
    if not pairs:
        hints = [f"{model.title}: {_instead(model)}" for model in models] if told else []
        raise WrongUse("; ".join([*not_applicable, *hints]))
    return tuple(pairs), tuple(not_applicable)


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

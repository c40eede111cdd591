"""What a run asks: data set, models, strategies, resolved and checked before anything is computed."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from snellen import plugins
from snellen.costs import host_of
from snellen.database import DATABASE
from snellen.errors import Missing, WrongUse, nearest
from snellen.naming import slug
from snellen.pairing import check_classes, pair, with_twins
from snellen.progress import Progress, Silence
from snellen.readers import find_reader
from snellen.remote.prices import Prices, load_prices
from snellen.selection import Selection, part_of, select
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
from snellen.types import Classes, Dataset, Strategy

DEFAULT_STRATEGIES = ("closed-set", "binary", "vocabulary", "zero-shot")
SUBSET = ("classes", "per_class", "limit", "seed")  # keys of a data set that choose a part of it
_WRITTEN = ("study.yaml", "manifest.csv", "records.csv", "results.json", "environment.json", "report.html")


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
    blind: bool = False
    sweep: Mapping[str, Any] | None = None  # of 'snellen sweep' alone
    until_decided: float | None = None
    margin: float | None = None


P = TypeVar("P", ModelPlan, StrategyPlan)


@dataclass(frozen=True, slots=True)
class Plan:
    """A request resolved: every default, every class, every pair of a model and a strategy that fit each other.

    Each pair is asked about each of the `class_lists`, with the images that the selection has of its classes. Where it
    is to be asked blind too, a pair that asks with prompts is followed by its blind twin.
    `max_cost` is what the run folder may pay in all, in USD; `prices_file` goes before the package's own prices.
    `until_decided` is the confidence with which the best row is to be known, within the `margin`, for a run to stop by
    itself; None asks all rows about all images.
    """

    name: str
    out: Path
    dataset: Mapping[str, Any]
    source: str
    selection: Selection
    class_lists: tuple[Classes, ...]
    seed: int
    pairs: tuple[tuple[ModelPlan, StrategyPlan], ...]
    not_applicable: tuple[str, ...]
    warnings: tuple[str, ...]
    timing: bool
    stall_seconds: float
    max_cost: float | None
    prices: Prices
    prices_file: str | None
    sweep: Mapping[str, Any] | None
    until_decided: float | None = None
    margin: float = 0.0

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
        """Those of all class lists."""
        return self.selection.classes

    def part(self, *class_lists: Classes) -> Plan:
        """The plan for some of its class lists, or for others of its classes."""
        names = {name for classes in class_lists for name in classes.names}
        return dataclasses.replace(self, selection=part_of(self.selection, names), class_lists=class_lists)


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


def _all_classes(selection: Selection, out: Path) -> tuple[Classes, ...]:
    return (selection.classes,)


def resolve(
    request: Request,
    batch_size: str | None = None,
    class_lists: Callable[[Selection, Path], tuple[Classes, ...]] = _all_classes,
    progress: Progress | None = None,
) -> Plan:
    """Everything that can be checked before models are loaded, what is quick to check first.

    `class_lists` makes of the part of the data that is chosen, and the run folder, the lists of classes that are asked
    about; by itself it is the one of all. `progress` is told how a data set is fetched. Raises WrongUse or Missing.
    """
    if not request.models:
        raise WrongUse(
            "no model is given; name one with -m, such as -m hf/FOLDER, or under 'models' in the study file "
            "('snellen ls models' lists the providers)"
        )
    _check_until_decided(request)
    prices = load_prices(request.prices)
    written = [configured(model, batch_size) for model in request.models]
    strategies = _strategies(request)
    if request.out:
        _check_out(Path(request.out).expanduser())
    selection, spec = chosen(request.dataset, progress)
    name = request.name or selection.name
    out = Path(request.out).expanduser() if request.out else Path("runs", slug(name))
    _check_out(out)
    _check_apart(out, spec["path"], selection.dataset)
    lists = class_lists(selection, out)
    selection = part_of(selection, {name for classes in lists for name in classes.names})
    pairs, not_applicable = _pairs(request, written, strategies, lists, selection.dataset.classes)
    if shots := max(plan.shots for _, plan in pairs):
        selection = hold_out(selection, shots)
    plan = Plan(
        name,
        out,
        spec,
        selection.source,
        selection,
        lists,
        selection.seed,
        pairs,
        not_applicable,
        tuple(getattr(selection.dataset, "warnings", ())),
        request.timing,
        request.stall_seconds,
        request.max_cost,
        prices,
        request.prices,
        request.sweep,
        request.until_decided,
        request.margin or 0.0,
    )
    _check_deciding(plan)
    if plan.max_cost is not None:
        _check_prices(plan)
    return plan


def _strategies(request: Request) -> list[StrategyPlan]:
    planned = [strategy_plan(strategy) for strategy in request.strategies or DEFAULT_STRATEGIES]
    return _unique((_written(each.name, _options(each.strategy)), each) for each in planned)


def _pairs(
    request: Request,
    written: Sequence[tuple[str, Any]],
    strategies: Sequence[StrategyPlan],
    lists: Sequence[Classes],
    everything: Classes,
) -> tuple[tuple[tuple[ModelPlan, StrategyPlan], ...], tuple[str, ...]]:
    """Which models are asked by which strategies, and a line for each pair that is not applicable.

    Raises WrongUse, and Missing where none of the models is there, such as for want of a key.
    """
    models = _unique((_written(each.identity), each) for each in (identified_if_there(*model) for model in written))
    if all(model.missing for model in models):
        raise Missing("; ".join(dict.fromkeys(str(model.missing) for model in models)))
    pairs, not_applicable = pair(models, strategies, told=bool(request.strategies))
    check_classes(dict.fromkeys(strategy for _, strategy in pairs), everything, lists)
    roles = {plan.title: with_roles(plan) for _, plan in pairs}
    pairs, promptless = with_twins([(model, roles[plan.title]) for model, plan in pairs], request.blind)
    return pairs, (*not_applicable, *promptless)


def _check_until_decided(request: Request) -> None:
    """Raises WrongUse for a confidence or a margin that cannot be, or with blind rows, which are not to be decided."""
    confidence, margin = request.until_decided, request.margin
    if confidence is not None and not 0.5 < confidence < 1:
        raise WrongUse(f"until_decided: expected a confidence above 0.5 and below 1, such as 0.95, got {confidence:g}")
    if margin is not None and not 0 <= margin < 1:
        raise WrongUse(f"margin: expected a difference of accuracies from 0 to below 1, such as 0.01, got {margin:g}")
    if margin is not None and confidence is None:
        raise WrongUse("margin: it says how much better another row may be for a run to stop; give until_decided too")
    if confidence is not None and request.blind:
        raise WrongUse("blind: no run stops by blind rows; ask them in a run of their own, without until_decided")


def _check_deciding(plan: Plan) -> None:
    """Raises WrongUse where there is nothing to decide between."""
    if plan.until_decided is None:
        return
    if len(plan.pairs) == 1:
        model, strategy = plan.pairs[0]
        raise WrongUse(
            f"until_decided: there is only one row, {model.title} · {strategy.title}, and none that it could be better "
            "than; add a model or a strategy, or leave until_decided out"
        )
    if len(plan.class_lists) > 1:
        raise WrongUse("until_decided: rows about several class lists are not compared; leave it out")


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

"""What a run asks: data set, models, strategies, resolved and checked before anything is computed."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from snellen import plugins
from snellen.database import DATABASE
from snellen.errors import Missing, WrongUse, nearest
from snellen.naming import slug
from snellen.readers import find_reader
from snellen.selection import Selection, select
from snellen.types import Classes, Dataset, Strategy

DEFAULT_STRATEGIES = ("closed-set", "binary", "vocabulary")
SUBSET = ("classes", "per_class", "limit", "seed")  # keys of a data set that choose a part of it
_WRITTEN = ("study.yaml", "manifest.csv", "records.csv", "results.json", "environment.json")
Spec = str | Mapping[str, Any]


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


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model that is known to be there, not loaded yet; `title` is how it is shown."""

    title: str
    provider: str
    name: str
    options: Any
    answers: frozenset[type]
    identity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """A strategy with its options; `title` is how it is shown."""

    title: str
    name: str
    strategy: Strategy


P = TypeVar("P", ModelPlan, StrategyPlan)


@dataclass(frozen=True, slots=True)
class Plan:
    """A request resolved: every default, every class, every pair of a model and a strategy that fit each other."""

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

    @property
    def classes(self) -> Classes:
        return self.selection.classes


def split_spec(text: str) -> tuple[str, dict[str, str]]:
    """`name,key=value,…` as name and options; a comma inside a value stays in it, as no `=` follows."""
    name, *parts = text.split(",")
    options: dict[str, str] = {}
    for part in parts:
        key, separator, value = part.partition("=")
        if separator and key.strip().isidentifier():
            last = key.strip()
            options[last] = value
        elif options:
            options[last] += f",{part}"
        else:
            raise WrongUse(f"{text!r}: expected key=value behind the comma, found {part!r}")
    return name.strip(), options


def name_and_options(spec: Spec, kind: str) -> tuple[str, dict[str, Any]]:
    """A spec in either form; `kind` is the key that holds the name in the longer one."""
    if isinstance(spec, str):
        if kind == "path" and Path(spec).expanduser().exists():
            return spec, {}  # a path may hold commas
        name, options = split_spec(spec)
        return name, dict(options)
    options = dict(spec)
    if kind not in options:
        hint = nearest(str(next(iter(options), "")), [kind])
        raise WrongUse(
            f"expected the key {kind!r} with the name; found only {', '.join(map(str, options)) or 'none'}{hint}"
        )
    return str(options.pop(kind)), options


def model_plan(spec: Spec, batch_size: str | None = None) -> ModelPlan:
    """The model of a spec such as `hf/NAME,dtype=float32`. Raises WrongUse or Missing where there is none."""
    return _identified(*_configured(spec, batch_size))


def _configured(spec: Spec, batch_size: str | None) -> tuple[str, Any]:
    """A model's name with its provider, and its options; no file is read for it."""
    text, given = name_and_options(spec, "model")
    provider, _, name = text.partition("/")
    if not name or provider in ("", ".", "..", "~"):
        known = ", ".join(plugins.names("engines"))
        raise WrongUse(f"a model is written PROVIDER/NAME, not {text!r}; the providers are {known}")
    module = plugins.load("engines", provider)
    if batch_size not in (None, "auto") and "batch_size" in {each.name for each in dataclasses.fields(module.Options)}:
        given.setdefault("batch_size", batch_size)
    return text, plugins.configure(module.Options, given, text)


def _identified(text: str, options: Any) -> ModelPlan:
    """The model behind a name. Raises WrongUse where there is none, Missing where a package it needs is not there."""
    provider, _, name = text.partition("/")
    module = plugins.load("engines", provider)
    for package in getattr(module, "NEEDS", ()):
        if not _is_installed(package):
            raise Missing(f"{text} needs the package {package}: pip install 'snellen[{provider}]'")
    identity = {
        "provider": provider,
        "weights": module.identity(name, options),
        "options": plugins.changes_answers(options),
    }
    title = _title(text, options)
    return ModelPlan(title, provider, name, options, module.ANSWERS, identity)


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def strategy_plan(spec: Spec) -> StrategyPlan:
    """The strategy of a spec such as `closed-set,votes=5`. Raises WrongUse."""
    name, given = name_and_options(spec, "strategy")
    strategy = plugins.configure(plugins.load("strategies", name).Strategy, given, name)
    return StrategyPlan(_title(name, strategy), name, strategy)


def _title(name: str, options: Any) -> str:
    """The name with the options that differ from their defaults, but for those that never tell two models apart."""
    shown = [name]
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if field.metadata.get("title", True) and value != field.default:
            shown.append(f"{field.name}={_digest(value) if isinstance(value, Mapping) else value}")
    return ",".join(shown)


def _digest(mapping: Mapping[str, Any]) -> str:
    """A few digits that tell one mapping from another."""
    return hashlib.sha256(json.dumps(dict(mapping), sort_keys=True).encode()).hexdigest()[:6]


def load_dataset(spec: Spec, also: Sequence[str] = ()) -> tuple[Dataset, Mapping[str, Any]]:
    """The data set of a spec and the spec in full: a folder, a file, or `reader/rest` such as `shapes`.

    `also` are keys known to the caller, for the hint on an unknown one.
    """
    path, given = name_and_options(spec, "path")
    reader, name = find_reader(path)
    module = plugins.load("datasets", reader)
    known = [*(field.name for field in dataclasses.fields(module.Options)), *also]
    for key in given:
        if key not in known:
            raise WrongUse(f"the data set {path} has no option {key!r}{nearest(key, known)}")
    options = plugins.configure(module.Options, given, f"the data set {path}")
    dataset: Dataset = module.load(name, options)
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


def resolve(request: Request, batch_size: str | None = None) -> Plan:
    """Everything that can be checked before models are loaded, what is quick to check first.

    Raises WrongUse or Missing.
    """
    if not request.models:
        raise WrongUse(
            "no model is given; name one with -m, such as -m hf/FOLDER, or under 'models' in the study file "
            "('snellen ls models' lists the providers)"
        )
    configured = [_configured(model, batch_size) for model in request.models]
    planned = [strategy_plan(strategy) for strategy in request.strategies or DEFAULT_STRATEGIES]
    strategies = _unique((_written(each.name, _options(each.strategy)), each) for each in planned)
    if request.out:
        _check_out(Path(request.out).expanduser())
    selection, spec = chosen(request.dataset)
    name = request.name or selection.name
    out = Path(request.out).expanduser() if request.out else Path("runs", slug(name))
    _check_out(out)
    _check_apart(out, spec["path"], selection.dataset)
    models = _unique((_written(each.identity), each) for each in (_identified(*model) for model in configured))
    pairs, not_applicable = _pair(models, strategies, selection.classes, told=bool(request.strategies))
    return Plan(
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
    )


def chosen(dataset: Spec) -> tuple[Selection, Mapping[str, Any]]:
    """The wanted part of a data set, and its spec in full."""
    path, given = name_and_options(dataset, "path")
    classes = _classes(given.pop("classes", None))
    per_class, limit, seed = (_count(given.pop(key, None), key) for key in ("per_class", "limit", "seed"))
    loaded, spec = load_dataset({"path": path, **given}, SUBSET)
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
        plan if shown[plan.title] == 1 else dataclasses.replace(plan, title=f"{plan.title} #{_digest({'': key})}")
        for key, plan in firsts.items()
    ]


def _pair(
    models: Sequence[ModelPlan], strategies: Sequence[StrategyPlan], classes: Classes, told: bool
) -> tuple[tuple[tuple[ModelPlan, StrategyPlan], ...], tuple[str, ...]]:
    """The pairs in which the model answers what the strategy asks, and a line for each that was asked for in vain."""
    pairs, not_applicable = [], []
    for model in models:
        for strategy in strategies:
            if strategy.strategy.asks <= model.answers:
                pairs.append((model, strategy))
            elif told:
                asked = ", ".join(sorted(kind.__name__ for kind in strategy.strategy.asks - model.answers))
                not_applicable.append(
                    f"not applicable: {model.title} cannot answer {asked}, which {strategy.title} asks"
                )
    for strategy in dict.fromkeys(strategy for _, strategy in pairs):
        if check := getattr(strategy.strategy, "check", None):
            check(classes)
    if not pairs:
        fitting = [f"strategies that fit {model.title}: {', '.join(_fitting(model))}" for model in models]
        hints = fitting if told and any(map(_fitting, models)) else []
        raise WrongUse("; ".join([*not_applicable, *hints]) or "no strategy fits these models; name one with -s")
    return tuple(pairs), tuple(not_applicable)


def _fitting(model: ModelPlan) -> list[str]:
    """The names of the built-in strategies whose questions the model answers."""
    return [name for name in DEFAULT_STRATEGIES if strategy_plan(name).strategy.asks <= model.answers]

"""What a run asks: data set, models, strategies, resolved and checked before anything is computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen import plugins
from snellen.errors import WrongUse, nearest
from snellen.selection import Selection, select
from snellen.types import Classes, Dataset, Strategy

DEFAULT_STRATEGIES = ("closed-set", "binary", "vocabulary")
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
    stall_seconds: float = 600.0


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
        hint = nearest(next(iter(options), ""), [kind])
        raise WrongUse(
            f"a {kind} given as a mapping needs the key {kind!r}; found {', '.join(options) or 'none'}{hint}"
        )
    return str(options.pop(kind)), options


def model_plan(spec: Spec, batch_size: str | None = None) -> ModelPlan:
    """The model of a spec such as `hf/NAME,dtype=float32`. Raises WrongUse or Missing where there is none."""
    text, given = name_and_options(spec, "model")
    provider, _, name = text.partition("/")
    module = plugins.load("engines", provider)
    if batch_size is not None and "batch_size" in {field.name for field in dataclasses.fields(module.Options)}:
        given.setdefault("batch_size", batch_size)
    options = plugins.configure(module.Options, given, text)
    identity = {
        "provider": provider,
        "weights": module.identity(name, options),
        "options": plugins.changes_answers(options),
    }
    return ModelPlan(_title(text, options), provider, name, options, module.ANSWERS, identity)


def strategy_plan(spec: Spec) -> StrategyPlan:
    """The strategy of a spec such as `closed-set,votes=5`. Raises WrongUse."""
    name, given = name_and_options(spec, "strategy")
    strategy = plugins.configure(plugins.load("strategies", name).Strategy, given, name)
    return StrategyPlan(_title(name, strategy), name, strategy)


def _title(name: str, options: Any) -> str:
    """The name with those options that change answers and differ from their defaults."""
    shown = [name]
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if field.metadata.get("answers", True) and value != field.default:
            shown.append(f"{field.name}={'…' if isinstance(value, Mapping) else value}")
    return ",".join(shown)


def load_dataset(spec: Spec) -> tuple[Dataset, Mapping[str, Any]]:
    """The data set of a spec and the spec in full: a folder, a manifest, or `reader/rest` such as `shapes`."""
    path, given = name_and_options(spec, "path")
    reader, name = _reader(path)
    module = plugins.load("datasets", reader)
    options = plugins.configure(module.Options, given, f"the data set {path}")
    dataset: Dataset = module.load(name, options)
    return dataset, {"path": path, **dataclasses.asdict(options)}


def _reader(path: str) -> tuple[str, str]:
    place = Path(path).expanduser()
    if place.is_dir():
        return "folder", path
    if place.is_file():
        if place.suffix.lower() in (".csv", ".tsv", ".jsonl"):
            return "manifest", path
        raise WrongUse(f"the data set {path} is a file; expected a folder of class folders, or a .csv, .tsv or .jsonl")
    reader, _, rest = path.partition("/")
    if reader in plugins.names("datasets"):
        return reader, rest
    raise WrongUse(
        f"there is no data set {path}: expected a folder of class folders, a .csv, .tsv or .jsonl file, "
        f"or one of {', '.join(plugins.names('datasets'))}"
    )


def _count(given: Any, key: str) -> int | None:
    """A whole number from a study file or a flag; its range is checked where it is used."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    try:
        return int(str(given))
    except ValueError:
        raise WrongUse(f"{key} must be a whole number, not {given!r}") from None


def _classes(given: Any) -> int | list[str] | None:
    if isinstance(given, str) and not given.strip().lstrip("+-").isdigit():
        return [name.strip() for name in given.split(",")]
    if isinstance(given, (list, tuple)):
        return [str(name) for name in given]
    return _count(given, "classes")


def resolve(request: Request, batch_size: str | None = None) -> Plan:
    """Everything that can be checked before models are loaded. Raises WrongUse or Missing."""
    path, given = name_and_options(request.dataset, "path")
    subset = {key: given.pop(key, None) for key in ("classes", "per_class", "limit", "seed")}
    seed = _count(subset["seed"], "seed") or 0
    dataset, spec = load_dataset({"path": path, **given})
    classes, per_class, limit = (
        _classes(subset["classes"]),
        _count(subset["per_class"], "per_class"),
        _count(subset["limit"], "limit"),
    )
    selection = select(dataset, classes, per_class, limit, seed)
    if not request.models:
        raise WrongUse(
            "no model is given; name one with -m, such as -m hf/FOLDER ('snellen ls models' lists providers)"
        )
    models = _unique([model_plan(model, batch_size) for model in request.models])
    strategies = _unique([strategy_plan(strategy) for strategy in request.strategies or DEFAULT_STRATEGIES])
    pairs, not_applicable = _pair(models, strategies, selection.classes, told=bool(request.strategies))
    name = request.name or selection.name
    return Plan(
        name,
        Path(request.out).expanduser() if request.out else Path("runs", name),
        {**spec, "classes": classes, "per_class": per_class, "limit": limit, "seed": seed},
        selection.source,
        selection,
        seed,
        pairs,
        not_applicable,
        tuple(getattr(dataset, "warnings", ())),
        request.timing,
        request.stall_seconds,
    )


def _unique(plans: Sequence[Any]) -> list[Any]:
    return list({plan.title: plan for plan in plans}.values())


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
        raise WrongUse("; ".join(not_applicable) or "no strategy fits these models; name one with -s")
    return tuple(pairs), tuple(not_applicable)

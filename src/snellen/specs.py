"""Models and strategies as they were written down, found and configured; nothing is loaded yet."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from snellen import plugins
from snellen.errors import Missing, WrongUse, nearest
from snellen.remote.keys import key_of
from snellen.types import Strategy

Spec = str | Mapping[str, Any]
MISSING = "missing"  # in the place of weights in the identity of a model that cannot be had


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model that is known to be there, not loaded yet.

    `title` is how it is shown, `written` its name as it was given, `provider` and `name` what that stands for.
    `refuses` says why it does not answer what other models of its provider do. `missing` is why it cannot be had now:
    then its identity is not known, and its rows wait.
    """

    title: str
    provider: str
    name: str
    options: Any
    answers: frozenset[type]
    identity: Mapping[str, Any]
    refuses: Mapping[type, str] = field(default_factory=dict, hash=False)
    written: str = ""
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """A strategy with its options; `title` is how it is shown, `roles` are the other models that it asks.

    A `blind` one asks the same of a grey picture.
    """

    title: str
    name: str
    strategy: Strategy
    roles: Mapping[str, ModelPlan] = field(default_factory=dict, hash=False)
    blind: bool = False

    @property
    def shots(self) -> int:
        """How many labelled examples of each class it is given."""
        return int(getattr(self.strategy, "shots", 0))

    @property
    def options(self) -> dict[str, Any]:
        """All options that hold something, as JSON can hold them."""
        values = {each.name: getattr(self.strategy, each.name) for each in dataclasses.fields(self.strategy)}  # type: ignore[arg-type]
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not None
        }


def split_spec(text: str) -> tuple[str, dict[str, str]]:
    """`name,key=value,…` as name and options; all of it may stand in parentheses.

    A comma inside a value stays in it: no `=` follows, or the value is a spec of its own in parentheses.
    """
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    name, *parts = _parts(text)
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


def _parts(text: str) -> list[str]:
    """The text cut at its commas, but for those of a value in parentheses."""
    parts, depth = [""], 0
    for letter in text:
        if letter == "(" and (depth or parts[-1].endswith("=")):
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return text.split(",") if depth else parts  # one that is never closed is only a sign


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
    return identified(*configured(spec, batch_size))


def kinds_of(spec: Spec) -> frozenset[type]:
    """The kinds of question that a model of this name may answer; no file is read for it.

    What a local model refuses is found in its files, so it is not known yet. Raises WrongUse for a wrong name.
    """
    text, options = configured(spec, None)
    provider, name = _place_of(text)
    module = plugins.load("engines", provider)
    kinds: frozenset[type] = module.ANSWERS
    hosted = hasattr(module, "provider")
    return kinds - module.refuses(name, options).keys() if hosted and hasattr(module, "refuses") else kinds


def configured(spec: Spec, batch_size: str | None) -> tuple[str, Any]:
    """A model's name with its provider, and its options; no file is read for it."""
    text, given = name_and_options(spec, "model")
    provider, _ = _place_of(text)
    module = plugins.load("engines", provider)
    if batch_size not in (None, "auto") and "batch_size" in {each.name for each in dataclasses.fields(module.Options)}:
        given.setdefault("batch_size", batch_size)
    return text, plugins.configure(module.Options, given, text)


def identified(text: str, options: Any) -> ModelPlan:
    """The model behind a name. Raises WrongUse where there is none, Missing where a package or key is not there."""
    provider, name = _place_of(text)
    module = plugins.load("engines", provider)
    own = plugins.load("engines", text.partition("/")[0])
    _check_packages(module, text, getattr(own, "EXTRA", None))
    key_of(getattr(options, "api_key_env", None), text)  # before its name is written down, which might be the key
    identity = {
        "provider": provider,
        "weights": module.identity(name, options),
        "options": plugins.changes_answers(options),
    }
    title = _title(text, options)
    refuses = module.refuses(name, options) if hasattr(module, "refuses") else {}
    return ModelPlan(title, provider, name, options, module.ANSWERS - refuses.keys(), identity, refuses, text)


def identified_if_there(text: str, options: Any) -> ModelPlan:
    """As `identified`; a model that cannot be had now is a plan that says why it is `missing`. Raises WrongUse."""
    try:
        return identified(text, options)
    except Missing as error:
        key_of(getattr(options, "api_key_env", None), text)  # Missing still: its name might be the key, see above
        provider, name = _place_of(text)
        module = plugins.load("engines", provider)
        identity = {"provider": provider, "weights": {MISSING: name}, "options": plugins.changes_answers(options)}
        title = _title(text, options)
        return ModelPlan(title, provider, name, options, module.ANSWERS, identity, written=text, missing=str(error))


def check_there(model: ModelPlan) -> None:
    """Raises Missing where a model cannot be had now, or the key for it is not set."""
    if model.missing:
        raise Missing(model.missing)
    module = plugins.load("engines", model.provider)
    if hasattr(module, "key"):
        module.key(model.name, model.options)


def _place_of(text: str) -> tuple[str, str]:
    """A model's provider and its name there, which for a model with a name of its own are those it stands for."""
    provider, _, name = text.partition("/")
    if not name or provider in ("", ".", "..", "~"):
        known = ", ".join(plugins.names("engines"))
        raise WrongUse(f"a model is written PROVIDER/NAME, not {text!r}; the providers are {known}")
    while stands_for := getattr(plugins.load("engines", provider), "stands_for", None):
        provider, name = stands_for(name)
    return provider, name


def _check_packages(module: ModuleType, owner: str, extra: str | None = None) -> None:
    """Raises Missing where a package is not there that a plug-in needs.

    A built-in's extra is named as the plug-in is unless it or `extra` says otherwise; a third party has none of
    Snellen's.
    """
    place, _, own = module.__name__.rpartition(".")
    for package in getattr(module, "NEEDS", ()):
        if not _is_installed(package):
            if place.partition(".")[0] == "snellen":
                wanted = f"'snellen[{extra or getattr(module, 'EXTRA', own.replace('_', '-'))}]'"
            else:
                wanted = f"'{getattr(module, 'EXTRA', package)}'"
            raise Missing(f"{owner} needs the package {package}: pip install {wanted}")


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def strategy_plan(spec: Spec) -> StrategyPlan:
    """The strategy of a spec such as `closed-set,votes=5`. Raises WrongUse, Missing where a package is not there.

    The models of its roles are not looked for yet.
    """
    name, given = name_and_options(spec, "strategy")
    module = plugins.load("strategies", name)
    _check_packages(module, name)
    strategy = plugins.configure(module.Strategy, given, name)
    return StrategyPlan(_title(name, strategy), name, strategy)


def with_roles(plan: StrategyPlan) -> StrategyPlan:
    """The plan with the models of its strategy's roles. Raises WrongUse or Missing where one cannot be had."""
    roles: dict[str, ModelPlan] = {}
    for name, role in getattr(plan.strategy, "roles", {}).items():
        model = roles[name] = model_plan(role.model)
        if not role.asks <= model.answers:
            asked = ", ".join(sorted(kind.__name__ for kind in role.asks - model.answers))
            raise WrongUse(f"{plan.title}: {model.title} cannot answer {asked}, which its {name} is asked")
    return dataclasses.replace(plan, roles=roles)


def _title(name: str, options: Any) -> str:
    """The name with the options that differ from their defaults, but for those that never tell two models apart.

    An option that is itself a strategy (`metadata={"strategy": True}`) is shown as one.
    """
    shown = [name]
    for each in dataclasses.fields(options):
        value = getattr(options, each.name)
        if each.metadata.get("strategy"):
            title = strategy_plan(value).title
            value = f"({title})" if "," in title else title
        if each.metadata.get("title", True) and value != each.default:
            shown.append(f"{each.name}={_shown(value)}")
    return ",".join(shown)


def _shown(value: Any) -> Any:
    """An option's value, or a few digits in place of one that is too long to show."""
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return value[0] if len(value) == 1 else short_digest({"": value})
    return short_digest(value) if isinstance(value, Mapping) else value


def short_digest(mapping: Mapping[str, Any]) -> str:
    """A few digits that tell one mapping from another."""
    return hashlib.sha256(json.dumps(dict(mapping), sort_keys=True).encode()).hexdigest()[:6]

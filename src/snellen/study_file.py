"""Study files: YAML in, a request out; and the sections that a run folder keeps of what was asked."""

from __future__ import annotations

import dataclasses
import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from snellen import plugins
from snellen.class_sets import Sweep
from snellen.errors import WrongUse, nearest
from snellen.exports import whole_file
from snellen.naming import slug
from snellen.plan import Plan, Request, load_dataset
from snellen.progress import Progress
from snellen.specs import ModelPlan, Spec

KEYS = tuple(field.name for field in dataclasses.fields(Request))
_KINDS: Mapping[str, tuple[Any, str]] = {
    "name": (str, "a text"),
    "out": (str, "a folder"),
    "timing": (bool, "true or false"),
    "stall_seconds": ((int, float), "a number of seconds"),
    "max_cost": ((int, float), "a number of USD"),
    "prices": (str, "a file of prices"),
    "blind": (bool, "true or false"),
    "sweep": (Mapping, "a mapping"),
    "until_decided": ((int, float), "a confidence such as 0.95"),
    "margin": ((int, float), "a difference of accuracies such as 0.01"),
}


def read_study(path: Path) -> dict[str, Any]:
    """The keys of a study file; of a run folder's `study.yaml` its last section.

    Raises WrongUse: no such file, not YAML, an unknown key (the nearest known one is named), a value of the wrong kind.
    """
    sections = _sections(path)
    study = sections[-1] if sections else None
    if not isinstance(study, dict):
        found = "nothing" if study is None else "a list" if isinstance(study, list) else repr(study)
        raise WrongUse(f"{path}: expected a mapping with the keys {', '.join(KEYS)}, found {found}")
    return check_keys(study, str(path))


def models_of(path: Path) -> list[Spec]:
    """The models of all sections of a run folder's `study.yaml`, each once. Raises WrongUse as read_study."""
    models: list[Spec] = []
    for section in _sections(path):
        named = section.get("models") if isinstance(section, dict) else None
        models += [each for each in named or () if isinstance(each, (str, Mapping)) and each not in models]
    return models


def datasets_of(path: Path) -> list[Spec]:
    """The data sets of all sections of a run folder's `study.yaml`, the last first. Raises WrongUse as read_study."""
    found = [section.get("dataset") for section in _sections(path) if isinstance(section, dict)]
    return [each for each in reversed(found) if isinstance(each, (str, Mapping))]


def _sections(path: Path) -> list[Any]:
    try:
        return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise WrongUse(f"there is no study file {path}; 'snellen init' writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)
        raise WrongUse(f"cannot read the study file {path}: {reason}") from None
    except ReaderError as error:  # characters that no text has
        raise WrongUse(f"cannot read the study file {path}: it is no text ({error.reason})") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        raise WrongUse(f"{where}: not valid YAML: {_line(error.problem or error.context or error)}") from None
    except (YAMLError, ValueError) as error:  # ValueError: a date that is none
        raise WrongUse(f"{path}: not valid YAML: {_line(error)}") from None


def _line(error: object) -> str:
    return " ".join(str(error).split())


def check_keys(study: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The study with lists as tuples. Raises WrongUse for unknown keys and values of the wrong kind."""
    for key in study:
        if key not in KEYS:
            raise WrongUse(f"{owner}: unknown key {key!r}{nearest(str(key), KEYS)}")
    checked = dict(study)
    for key in ("models", "strategies"):
        value = checked.get(key)
        if value is None:
            checked.pop(key, None)
        elif isinstance(value, (str, Mapping)):  # one needs no list
            checked[key] = (_spec(value, f"{owner}: {key}"),)
        elif not isinstance(value, (list, tuple)):
            raise WrongUse(f"{owner}: {key} must be a list, not {value!r}")
        else:
            checked[key] = tuple(_spec(each, f"{owner}: {key}") for each in value)
    if checked.get("dataset") is not None:
        checked["dataset"] = _spec(checked["dataset"], f"{owner}: dataset")
    for key, (kinds, meaning) in _KINDS.items():
        value = checked.get(key)
        if value is None:
            checked.pop(key, None)
        elif not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool) or value == "":
            raise WrongUse(f"{owner}: {key}: expected {meaning}, found {value!r}")
    if not checked.get("stall_seconds", 1) > 0:
        raise WrongUse(f"{owner}: stall_seconds: expected a number above 0, found {checked['stall_seconds']!r}")
    if not 0 <= checked.get("max_cost", 0) < float("inf"):
        raise WrongUse(f"{owner}: max_cost: expected a number of at least 0, found {checked['max_cost']!r}")
    if "sweep" in checked:
        plugins.configure(Sweep, checked["sweep"], f"{owner}: sweep")
    return checked


def _spec(value: Any, owner: str) -> Any:
    if not isinstance(value, (str, Mapping)):
        raise WrongUse(f"{owner}: expected a name or a mapping, found {value!r}")
    return value


def add_section(plan: Plan, path: Path) -> None:
    """Adds what was asked, in full, to a run folder's `study.yaml`, unless its last section says the same.

    A section is itself a study file: `snellen run` on this file asks the last one again.
    """
    section = _section(plan)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text and read_study(path) == check_keys(section, str(path)):
        return
    body = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    yaml.dump(section, body)
    with whole_file(path) as file:
        file.write(f"{text}--- # asked on {time.strftime('%Y-%m-%d %H:%M:%S %z')}\n{body.getvalue()}")


def _section(plan: Plan) -> dict[str, Any]:
    models = {model.title: model for model, _ in plan.pairs}.values()
    strategies = {strategy.title: strategy for _, strategy in plan.pairs if not strategy.blind}.values()
    return {
        "name": plan.name,
        "dataset": _plain(plan.dataset if plan.sweep else {**plan.dataset, "classes": plan.classes.names}),
        "models": [
            {"model": model.written, **_plain({**_fields(model.options), **_revision(model)})} for model in models
        ],
        "strategies": [{"strategy": strategy.name, **_plain(_fields(strategy.strategy))} for strategy in strategies],
        "out": str(plan.out),
        "timing": plan.timing,
        "stall_seconds": plan.stall_seconds,
        **({} if plan.max_cost is None else {"max_cost": plan.max_cost}),
        **({} if plan.prices_file is None else {"prices": plan.prices_file}),
        **({"blind": True} if any(strategy.blind for _, strategy in plan.pairs) else {}),
        **({} if plan.sweep is None else {"sweep": _plain(plan.sweep)}),
        **({} if plan.until_decided is None else {"until_decided": plan.until_decided, "margin": plan.margin}),
    }


def _fields(options: Any) -> dict[str, Any]:
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def _revision(model: ModelPlan) -> dict[str, str]:
    """The commit of a hub's model, so that asking again means the same one whatever has been published since."""
    commit = model.identity["weights"].get("commit")
    return {"revision": commit} if commit and hasattr(model.options, "revision") else {}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What YAML can write: tuples as lists, without keys that hold nothing."""
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in plain.items() if value is not None
    }


_TEMPLATE = """\
# A study of snellen: which model classifies these images best? Run it with: snellen run {file}
name: {name}

dataset:
  path: {path}          # {images} images of {count} classes{background}
  # classes: 21           # only so many classes, chosen by seed (the background class counts and is always in)
  # per_class: 50         # only so many images of each class
  # limit: 500            # only so many images in all, spread over the classes
  seed: 0                 # chooses classes and images, and the order of the class names in prompts

models:                   # 'snellen ls models' lists the providers and their options
  # - hf/Qwen/Qwen2-VL-7B-Instruct
  # - {{model: hf/./my-vlm, dtype: bfloat16, batch_size: 8}}
  # - onnx/./mobilenet.onnx

strategies:               # 'snellen ls strategies' lists them; without any, each model gets those that fit it
  # - closed-set
  # - {{strategy: closed-set, votes: 5}}
  # - {{strategy: binary, decide: first-yes}}
  # - {{strategy: likelihood, calibrate: blank}}

# out: runs/{slug}        # the run folder
# timing: false           # do not measure speed
# max_cost: 5             # USD that the run folder may pay in all; the run stops before
# prices: prices.json     # prices that go before those that snellen knows
# blind: true             # ask a grey picture too: what the prompts alone give away
# until_decided: 0.95     # stop as soon as the best row is known with 95 % confidence
# margin: 0.01            # and then also where no other can be better than the one named by more than that
# stall_seconds: 900      # a model process that gives no answer for so long is started anew
"""


def write_template(dataset: str, path: Path, progress: Progress | None = None) -> None:
    """Writes a commented study file for a data set. Raises WrongUse where the file exists or the data set is wrong."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise WrongUse(f"expected a file name that ends in .yaml, got {path}")
    if path.exists():
        raise WrongUse(f"{path} exists already; write to another file with -o")
    loaded, _ = load_dataset(dataset, progress=progress)
    background = loaded.classes.background
    text = _TEMPLATE.format(
        file=path,
        name=json.dumps(loaded.name, ensure_ascii=False),
        slug=slug(loaded.name),
        path=json.dumps(dataset, ensure_ascii=False),
        images=len(loaded),
        count=len(loaded.classes.names),
        background=f", {background} for none of the others" if background else "",
    )
    with whole_file(path) as file:
        file.write(text)

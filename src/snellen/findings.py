"""What was found of a model, kept with a run, so that it is not asked and paid for again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.folder import RunFolder
from snellen.results import Results
from snellen.specs import ModelPlan, model_plan
from snellen.store import Store


@dataclass(frozen=True, slots=True)
class Findings:
    """The lines that were told, the same as data, and the day."""

    lines: Sequence[str]
    data: Mapping[str, Any]
    day: str


def _name(model: ModelPlan) -> str:
    return f"doctor {Store.identity_text(model.identity)}"


def kept(run: Path, model: str) -> Findings | None:
    """What a run keeps of a model; None where it keeps nothing. Raises WrongUse where there is no run."""
    Results(run).close()
    planned = model_plan(model)
    with RunFolder(run) as folder:
        text = folder.database.fact(_name(planned))
    return Findings(**json.loads(text)) if text else None


def keep(run: Path, model: str, lines: Sequence[str], data: Mapping[str, Any]) -> None:
    """Keeps what was found of a model with a run, in place of what was there."""
    found = {"lines": list(lines), "data": data, "day": time.strftime("%Y-%m-%d")}
    with RunFolder(run) as folder, folder.database.commit():
        folder.database.set_fact(_name(model_plan(model)), json.dumps(found))

"""Plug-ins of third parties that cannot be used, told and not in the way of others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Said
from snellen.specs import model_plan

Snellen = Callable[..., Said]
STRATEGY = """
from dataclasses import dataclass

NEEDS = ("no_such_package",)

@dataclass(frozen=True)
class Strategy:
    asks = frozenset()
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs a distribution whose one strategy and one provider, both `odd`, are a module of this code."""
    place = tmp_path / "site"
    (place / "odd-1.0.dist-info").mkdir(parents=True)
    (place / "odd-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    groups = ("strategies", "engines")
    points = "".join(f"[snellen.{group}]\nodd = odd_{group}\n" for group in groups)
    (place / "odd-1.0.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(place))
    for group in groups:
        monkeypatch.delitem(sys.modules, f"odd_{group}", raising=False)

    def write(code: str) -> None:
        for group in groups:
            (place / f"odd_{group}.py").write_text(code)

    return write


def run_odd(snellen: Snellen) -> Said:
    return snellen("run", "-d", "shapes", "-m", "scripted/x:y", "-s", "odd")


def test_one_that_cannot_be_imported_is_told_and_hides_no_other(
    third_party: Callable[[str], None], snellen: Snellen
) -> None:
    third_party("import no_such_package")
    expected = (
        "the strategy 'odd' (odd_strategies of odd) cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_package'"
    )
    said = run_odd(snellen)
    assert (said.code, said.err) == (3, f"error: {expected}\n")
    listed = snellen("ls", "strategies")
    assert listed.code == 0
    assert f"odd: {expected}" in listed.out.splitlines()
    assert "zero-shot: " in listed.out


def test_one_that_is_no_plug_in_is_told(third_party: Callable[[str], None], snellen: Snellen) -> None:
    third_party("strategy = 1")
    said = run_odd(snellen)
    assert said.code == 2
    assert "'odd' (odd_strategies of odd) has no Strategy: its entry point must name a module" in said.err


@pytest.mark.parametrize(
    ("extra", "wanted"), [("", "no_such_package"), ("EXTRA = 'odd[fast]'", "odd[fast]")], ids=["package", "extra"]
)
def test_what_it_needs_is_no_extra_of_snellen(
    third_party: Callable[[str], None], snellen: Snellen, extra: str, wanted: str
) -> None:
    third_party(STRATEGY + extra)
    said = run_odd(snellen)
    assert said.code == 3
    assert said.err == f"error: odd needs the package no_such_package: pip install '{wanted}'\n"


def test_one_may_give_names_of_its_own_to_models_of_others(
    third_party: Callable[[str], None], snellen: Snellen
) -> None:
    circle = f"scripted/{Path(__file__).parent / 'models.py'}:circle"
    third_party(f"def stands_for(name):\n    return {tuple(circle.split('/', 1))}\n")
    plan, same = model_plan("odd/any"), model_plan(circle)
    assert (plan.title, plan.provider, plan.name, plan.identity) == ("odd/any", "scripted", same.name, same.identity)
    said = snellen("run", "-d", "shapes,pictures=1", "-m", "odd/any", "-s", "closed-set", "--no-timing", "-q")
    assert said.code == 0, said.err
    assert "odd/any" in said.out

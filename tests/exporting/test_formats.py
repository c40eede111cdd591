"""The table of formats is what the command line says, and each of them can be loaded without a package of its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Said
from snellen import exporting
from snellen.database import DATABASE
from snellen.exporting import FORMATS
from studies import model, photographs, ran

Snellen = Callable[..., Said]


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_has_a_module_that_writes(format: str) -> None:
    assert callable(importlib.import_module(f"snellen.exporting.{format.replace('-', '_')}").write)


def test_a_module_with_a_writer_is_a_format() -> None:
    files = Path(exporting.__file__).parent.glob("*.py")
    writers = {file.stem.replace("_", "-") for file in files if "\ndef write(results" in file.read_text()}
    assert writers - {"--init--"} == set(FORMATS)


def test_help_tells_each_format(snellen: Snellen) -> None:
    said = " ".join(snellen("export", "--help").out.split())
    for name, each in FORMATS.items():
        assert f"{name}: {each.meaning.split(',')[0][:40]}" in said


def test_an_unknown_format_names_the_nearest(snellen: Snellen) -> None:
    said = snellen("export", "mlfow", "nowhere")
    assert said.code == 2 and "did you mean 'mlflow'?" in said.err


@pytest.mark.parametrize("name", [DATABASE, "study.yaml"])
def test_the_run_itself_is_not_written_over(snellen: Snellen, tmp_path: Path, name: str) -> None:
    answer = model(tmp_path / "m.py", "return truth(image)")
    with ran(photographs(tmp_path / "photos", 1), answer, out=tmp_path / "run"):
        pass
    before = (tmp_path / "run" / name).read_bytes()
    said = snellen("export", "csv", tmp_path / "run", "-o", tmp_path / "run" / name)
    assert said.code == 2 and "is a part of the run itself" in said.err
    assert (tmp_path / "run" / name).read_bytes() == before
    assert snellen("export", "csv", tmp_path / "run", "-o", tmp_path).code == 2

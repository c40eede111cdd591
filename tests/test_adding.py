"""docs/adding.md: its files are installed as a distribution, and do what the page says and shows."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Said, draw_folder

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = {name: text for language, name, text in BLOCKS if language == "python"}
PYPROJECT = tomllib.loads("\n".join(text for language, _, text in BLOCKS if language == "toml"))
MODULES = PYPROJECT["tool"]["setuptools"]["py-modules"]
COMMANDS = [
    command
    for language, _, text in BLOCKS
    if language == "console"
    for command in re.findall(r"^\$ snellen (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
]
Snellen = Callable[..., Said]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's modules with what an installer writes of them, found by this process and its children."""
    place = tmp_path / "site"
    told = place / "snellen_additions-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: snellen-additions\nVersion: 1.0\n")
    points = PYPROJECT["project"]["entry-points"]
    lines = {group: "\n".join(f"{name} = {value}" for name, value in of.items()) for group, of in points.items()}
    (told / "entry_points.txt").write_text("\n\n".join(f"[{group}]\n{named}" for group, named in lines.items()))
    for name in MODULES:
        (place / f"{name}.py").write_text(FILES[f"{name}.py"], encoding="utf-8")
    monkeypatch.syspath_prepend(str(place))
    yield place
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def here(installed: Path, snellen: Snellen, tmp_path: Path) -> Path:
    """The folder in which the page's commands are given, with all that they name."""
    place = tmp_path / "here"
    (place / "train.py").write_text(FILES["train.py"], encoding="utf-8")
    runpy.run_path(str(place / "train.py"))
    shutil.copy(ROOT / "examples" / "shape_rules.py", place)
    draw_folder(tmp_path / "drawn", pictures=1)
    shutil.copy(next((tmp_path / "drawn" / "star").iterdir()), place / "star.png")
    return place


def told(line: str, place: Path) -> str:
    """A line without what differs from run to run: places, speeds, and how well a model fits."""
    line = re.sub(r"[\d.]+/s\b", "N/s", line.replace(f"{place}/", "…/"))
    if line.startswith("Right most often"):
        return re.sub(r" by \S+:|\d+\.\d %", "N", line)
    return re.sub(r"0\.\d\d\d(?: 0\.\d\d–\S+)?|\d+$", "N", line) if line.startswith("linear/") else line


def test_the_commands_say_what_the_page_shows(here: Path, snellen: Snellen) -> None:
    assert len(COMMANDS) == 6
    for command, shown in COMMANDS:
        said = snellen(*shlex.split(command))
        lines = {told(line, here) for line in (said.out + said.err).splitlines()}
        expected = {told(line, here) for line in shown.splitlines()}
        assert expected <= lines, command
        assert {told(line, here) for line in said.out.splitlines()} <= expected, command
        assert said.code == (2 if shown.startswith("error") else 0), command
    before = (here / "runs/written/records.csv").read_text()
    rows = json.loads((here / "runs/written/results.json").read_text())["rows"]
    assert {row["strategy"]: row["failed"] for row in rows} == {
        "vocabulary": 0,
        "nearest-examples": 0,
        "linear-probe": 0,
    }
    shown = dict(re.findall(r"^linear/digits.npz (\S+) +(0\.\d\d\d)", PAGE, re.MULTILINE))
    for row in rows:
        assert row["accuracy"] == pytest.approx(float(shown[row["strategy"]]), abs=0.03)
    (here / "digits.npz").unlink()
    assert snellen("score", "runs/written").code == 0
    assert (here / "runs/written/records.csv").read_text() == before


def test_the_checks_at_its_end_pass(here: Path) -> None:
    (here / "check_mine.py").write_text(FILES["check_mine.py"], encoding="utf-8")
    runpy.run_path(str(here / "check_mine.py"))


def test_what_is_installed_is_listed_with_its_meaning_and_its_options(installed: Path, snellen: Snellen) -> None:
    for kind, name, options in (
        ("datasets", "lettered", "separator='_'"),
        ("strategies", "nearest-examples", "shots=5, k=3"),
        ("models", "linear", "batch_size=64"),
    ):
        lines = snellen("ls", kind).out.splitlines()
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name}: "))
        assert lines[place + 1] == f"    {options}"


def test_an_option_that_a_strategy_does_not_have_is_told(installed: Path, snellen: Snellen) -> None:
    said = snellen("run", "-d", "shapes", "-m", "scripted/x:y", "-s", "describe-then-choose,maxtokens=9")
    assert said.code == 2
    assert said.err == "error: describe-then-choose has no option 'maxtokens' (did you mean 'max_tokens'?)\n"


def test_files_without_labels_are_told(installed: Path, snellen: Snellen, tmp_path: Path) -> None:
    folder = next(draw_folder(tmp_path / "drawn", names=("ring",)).iterdir())
    said = snellen("datasets", "show", f"lettered/{folder},separator=-")
    assert said.code == 2
    assert said.err == f"error: {folder}/0001.png: expected LABEL-anything; rename the file, or take it out\n"

    (tmp_path / "empty").mkdir()
    said = snellen("datasets", "show", f"lettered/{tmp_path}/empty")
    assert said.code == 2
    assert said.err.endswith("/empty has no classes: there is no labelled image in it\n")


def test_each_file_is_about_thirty_lines() -> None:
    assert {name: text.count("\n") for name, text in FILES.items() if text.count("\n") > 46} == {}


# A family: a checkpoint with code of its own, whose prompts are read in both directions as PaliGemma's are

CONFIGURATION = """
from transformers import PaliGemmaConfig

class NoveltyConfig(PaliGemmaConfig):
    model_type = "novelty"
"""
MODEL = """
from transformers import PaliGemmaForConditionalGeneration
from .configuration_novelty import NoveltyConfig

class Novelty(PaliGemmaForConditionalGeneration):
    config_class = NoveltyConfig
"""


@pytest.fixture
def novelty(
    checkpoint: Callable[[str], Path], installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    """Loads the checkpoint; its code is copied below the test's own folder."""
    folder = tmp_path / "novelty"
    shutil.copytree(checkpoint("paligemma"), folder)
    from safetensors.torch import save_file
    from transformers import PaliGemmaForConditionalGeneration, dynamic_module_utils

    from snellen import plugins
    from snellen.engines import hf

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("sys.path", list(sys.path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "transformers_modules"]:
        monkeypatch.delitem(sys.modules, name)
    own = {"AutoConfig": "configuration_novelty.NoveltyConfig", "AutoModelForImageTextToText": "model_novelty.Novelty"}
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "novelty", "auto_map": own}))
    (folder / "configuration_novelty.py").write_text(CONFIGURATION)
    (folder / "model_novelty.py").write_text(MODEL)
    # what transformers renames while it loads PaliGemma's weights, it does not for an architecture it does not know
    weights = PaliGemmaForConditionalGeneration.from_pretrained(checkpoint("paligemma")).state_dict()
    save_file({name: value.clone() for name, value in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    options = plugins.configure(hf.Options, {"device": "cpu", "trust_remote_code": True}, "hf")
    return lambda: hf.load(str(folder), options)


def test_the_line_of_a_family_lets_it_share_prefixes(
    novelty: Callable[[], Any], installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = novelty().facts()
    assert facts["prefix_sharing"] == "on"
    assert "notice" not in facts
    (installed / "snellen_additions-1.0.dist-info" / "entry_points.txt").write_text("")
    (shown,) = (text.strip() for _, name, text in BLOCKS if name == "notice")
    facts = novelty().facts()
    assert re.sub(r"by [\d.]+", "by N", facts["notice"]) == re.sub(r"by [\d.]+", "by N", shown)


def test_a_family_that_is_none_is_told(novelty: Callable[[], Any], installed: Path) -> None:
    from snellen.errors import Missing, WrongUse

    (installed / "snellen_novelty.py").write_text("NOVELTY = 'prompt'")
    with pytest.raises(WrongUse, match="expected snellen_novelty:NOVELTY to be a Family, not 'prompt'"):
        novelty()
    sys.modules.pop("snellen_novelty")
    (installed / "snellen_novelty.py").write_text("from a_package_that_is_not_there import NOVELTY")
    with pytest.raises(Missing, match=r"'novelty' .* cannot be imported: ModuleNotFoundError"):
        novelty()

"""The metadata of a model card is read back by the hub's own library as what was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import snellen as package
from conftest import Said, draw_folder
from snellen.exporting.model_index import write
from snellen.progress import Silence
from snellen.results import Results

HALF, CIRCLE = (f"scripted/{Path(__file__).parents[1] / 'models.py'}:{name}" for name in ("half", "circle"))
Snellen = Callable[..., Said]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    place = tmp_path_factory.mktemp("cards")
    drawn = draw_folder(place / "no", 3)  # to YAML 1.1 this name is False
    results = package.run(drawn, [HALF, CIRCLE], ["closed-set", "vocabulary"], out=place / "run", timing=False)
    yield results
    results.close()


def read(file: Path) -> Any:
    """As people's own tools read it, which know YAML 1.1."""
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_a_card_for_each_model_has_every_row(snellen: Snellen, run: Results) -> None:
    said = snellen("export", "model-index", run.path)
    files = [Path(line) for line in said.out.splitlines()]
    assert said.code == 0 and {file.parent for file in files} == {run.path / "model-index"}
    rows = {(row.model, row.strategy): row for row in run.rows if row.accuracy is not None}
    seen = set()
    for file in files:
        (model,) = YAML(typ="safe").load(file)["model-index"]
        for result in model["results"]:
            first = result["metrics"][0]
            row = rows[model["name"], first["args"]["strategy"]]
            assert first["type"] == "accuracy" and first["value"] == pytest.approx(row.accuracy, abs=1e-6)
            assert first["args"]["low_95"] == pytest.approx(row.accuracy_low, abs=1e-6) and first["verified"] is False
            assert result["dataset"]["args"] == {"classes": 4, "images": row.answered + row.unparsed, "seed": 0}
            seen.add((row.model, row.strategy))
    assert seen == set(rows)


def test_the_hubs_library_reads_it(snellen: Snellen, run: Results) -> None:
    hub = pytest.importorskip("huggingface_hub")
    said = snellen("export", "model-index", run.path, "-o", "cards")
    for line in said.out.splitlines():
        text = Path(line).read_text(encoding="utf-8")
        card = hub.ModelCard(f"---\n{text}---\n# A model\n")  # as the note says to use it
        rows = [row for row in run.rows if row.model == card.data.model_name and row.accuracy is not None]
        found = {each.metric_name: each for each in card.data.eval_results}
        assert len(found) == len(card.data.eval_results)  # none replaces another when cards are updated
        for row in rows:
            metric = found[f"Macro F1, {row.strategy}"]
            assert metric.metric_type == "f1" and metric.metric_value == pytest.approx(row.macro_f1, abs=1e-6)
            assert metric.task_type == "image-classification" and metric.dataset_type == "no"


def test_one_file_is_for_one_model(snellen: Snellen, run: Results) -> None:
    said = snellen("export", "model-index", run.path, "-o", "card.yaml")
    assert said.code == 2 and "this run has 2" in said.err and not Path("card.yaml").exists()


def test_a_file_of_another_kind_is_not_written_over(snellen: Snellen, run: Results) -> None:
    Path("card.md").write_text("mine")
    said = snellen("export", "model-index", run.path, "-o", "card.md")
    assert said.code == 2 and said.err.startswith("error: -o card.md: expected a folder, or ")
    assert Path("card.md").read_text() == "mine"


def test_the_file_of_the_only_model(snellen: Snellen, drawn: Path) -> None:
    package.run(drawn, [CIRCLE], ["closed-set"], out="run", timing=False).close()
    said = snellen("export", "model-index", "run", "-o", "card.yaml")
    assert said.out == "card.yaml\n" and len(read(Path("card.yaml"))["model-index"]) == 1


def test_without_an_answer_there_is_no_card(snellen: Snellen, drawn: Path) -> None:
    snellen("run", "-d", drawn, "-m", CIRCLE, "-s", "closed-set", "--out", "run", "--plan-only")
    said = snellen("export", "model-index", "run")
    assert said.code == 2 and "no row of run has an answer yet" in said.err


HOSTILE = (
    "../../etc/passwd",
    "yes",
    'a"\n---\nb: c',
    "x\u202ey\x00\ud800",
    "A",
    "a",
    "/",
    "ünï 環",
    "{{x}}",
    "&a *a !!b",
)


def test_names_stay_names(run: Results, tmp_path: Path) -> None:
    row = next(row for row in run.rows if row.accuracy is not None)

    class Hostile(Results):
        rows = tuple(dataclasses.replace(row, model=name, strategy=name, dataset=name) for name in HOSTILE)

    hostile = Hostile(run.path)
    files = [Path(place) for place in write(hostile, tmp_path / "cards", Silence()).places]
    hostile.close()
    assert sorted(files) == sorted((tmp_path / "cards").iterdir()) and len(set(files)) == len(HOSTILE)
    for name, file in zip(HOSTILE, files, strict=True):
        data = read(file)
        assert list(data) == ["model-index"]
        (model,) = data["model-index"]
        assert isinstance(model["name"], str) and model["results"][0]["dataset"]["type"] == model["name"]
        if name.isprintable():
            assert model["name"] == name

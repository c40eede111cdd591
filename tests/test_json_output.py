"""`--json` prints JSON and nothing else, whatever the names hold; what is no number is null."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import snellen as package
from conftest import Said, draw_folder
from snellen.cli.output import tell_json

CIRCLE, HALF = (f"scripted/{Path(__file__).parent / 'models.py'}:{name}" for name in ("circle", "half"))
HOSTILE = "x\u202e\x9b5m<script> 環"
Snellen = Callable[..., Said]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("json")
    drawn = draw_folder(place / "drawn", 3)
    (drawn / "ring").rename(drawn / HOSTILE)
    package.run(drawn, [HALF, CIRCLE], ["closed-set", "vocabulary"], out=place / "runs" / "run").close()
    return place / "runs" / "run"


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("command", ["score", "compare", "diagnose", "suspects", "recommend", "published"])
def test_of_a_run(snellen: Snellen, run: Path, command: str) -> None:
    said = snellen(command, run, "--json")
    assert said.code == 0 and strict(said.out) is not None
    assert said.out.isascii()  # so that no name can steer a terminal


def test_of_what_is_asked(snellen: Snellen, run: Path) -> None:
    said = snellen("run", "-d", "shapes,pictures=1", "-m", CIRCLE, "-s", "closed-set", "--json")
    assert said.code == 0 and len(strict(said.out)["rows"]) == 1
    said = snellen("sweep", "-d", "shapes,pictures=1", "-m", CIRCLE, "--class-counts", "2,3", "--json", "--out", "s")
    assert said.code == 0 and strict(said.out)["sweep"]["curves"]


@pytest.mark.parametrize("kind", ["models", "strategies", "datasets", "studies"])
def test_of_what_there_is(snellen: Snellen, kind: str) -> None:
    listed = strict(snellen("ls", kind, "--json").out)
    plain = snellen("ls", kind).out
    assert len(listed) > 1 and all(plain.count(f"{each['name']}: {each['meaning']}") == 1 for each in listed)
    name = listed[0]["name"]
    assert strict(snellen("ls", kind, name, "--json").out)["name"] == name


def test_of_one_image(snellen: Snellen, run: Path) -> None:
    image = next((run.parent.parent / "drawn" / "circle").iterdir())
    told = strict(snellen("ask", CIRCLE, image, "--classes", "circle,ring", "-s", "closed-set", "--json").out)
    assert told["model"] == CIRCLE and told["strategy"] == "closed-set" and told["image"] == str(image)
    (exchange,) = told["exchanges"]
    assert "circle" in exchange["question"] and exchange["answer"] == {"text": "circle", "finish": "stop"}
    assert told["prediction"]["label"] == "circle" and told["prediction"]["outcome"] == "exact"
    scored = strict(snellen("ask", CIRCLE, image, "--classes", "circle,ring", "-s", "vocabulary", "--json").out)
    assert scored["exchanges"][0]["answer"]["scores"]["circle"] == pytest.approx(0.9)


def test_of_one_name(snellen: Snellen) -> None:
    told = strict(snellen("ls", "strategies", "closed-set", "--json").out)
    assert told["options"]["votes"] == "1" and told["meaning"] in told["about"]
    said = snellen("ls", "strategies", "closd-set", "--json")
    assert said.code == 2 and not said.out


def test_of_runs(snellen: Snellen, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert strict(snellen("ls", "runs", "--json").out) == []
    monkeypatch.chdir(run.parent.parent)
    (listed,) = strict(snellen("ls", "runs", "--json").out)
    assert listed["path"] == "runs/run" and listed["rows"] == 4 and listed["failed_or_pending"] > 0
    assert 0 < listed["best"]["accuracy"] < 1


def test_of_a_broken_run(snellen: Snellen) -> None:
    Path("runs/broken").mkdir(parents=True)
    Path("runs/broken/answers.sqlite").write_text("no database, but long enough to be taken for one" * 30)
    (listed,) = strict(snellen("ls", "runs", "--json").out)
    assert listed["path"] == "runs/broken" and listed["error"]


def test_of_a_data_set(snellen: Snellen, run: Path) -> None:
    told = strict(snellen("datasets", "show", run.parent.parent / "drawn", "--json").out)
    assert told["images"] == 12 and [each["images"] for each in told["classes"]] == [3, 3, 3, 3]
    assert [each["name"] for each in told["classes"] if each["background"]] == ["background"]
    picture = snellen("datasets", "show", "shapes,pictures=1", "-o", "sheet.png", "--json")
    assert strict(picture.out) == {"picture": "sheet.png"} and Path("sheet.png").is_file()


def test_what_is_no_number_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    tell_json({"a": [math.nan, math.inf, 0.5], "b": ({"c": -math.inf},), "d": None, "e": True})
    assert strict(capsys.readouterr().out) == {"a": [None, None, 0.5], "b": [{"c": None}], "d": None, "e": True}

"""How a run was measured: settings and prompts in full, machines, and how to do it again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest

from snellen.images import Image
from snellen.report.page import body
from snellen.report.prompts import Asked, asked
from snellen.report.reported import ReportedRun
from snellen.report.sections.method import section
from snellen.results import Results
from snellen.types import PHOTO, Choose, Embed, EmbedText, Generate, Recognise
from studies import model, photographs, ran

ANSWERS = """
if isinstance(question, Choose):
    return Scores(question.choices, tuple(-float(place) for place in range(len(question.choices))))
return truth(image)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    place = tmp_path_factory.mktemp("method")
    named = model(place / "model.py", ANSWERS)
    strategies = ("closed-set,votes=2", "binary,decide=argmax")
    with ran(photographs(place / "photos", 2), named, *strategies, out=place / "my run", seed=5) as found:
        yield found


def test_a_question_is_told_in_full_with_marks_for_pictures() -> None:
    grey, choice = Image(data=b"another picture"), ("cat", "dog")
    assert asked(Generate((PHOTO, "What is it?"), 7)) == Asked("[photo]\nWhat is it?", "a text of at most 7 tokens")
    assert asked(Generate(("a", PHOTO), 7, choice)).wants == "one of: cat, dog"
    assert asked(Choose((grey, "cat", PHOTO, "?"), choice, to="judge")) == Asked(
        "[picture of an example]\ncat\n[photo]\n?", "how likely each of these comes next: cat, dog", "judge"
    )
    assert asked(EmbedText("a photo")) == Asked("a photo", "its vector")
    assert [asked(each).text for each in (Embed(), Recognise())] == ["[photo]", "[photo]"]


def test_each_row_tells_its_settings_and_the_prompts_of_an_image(results: Results) -> None:
    run = ReportedRun(results)
    made = section(run)
    assert made is not None
    setups = {each.row.strategy: each for each in made.context["setups"]}
    votes = setups["closed-set,votes=2"]
    assert dict(votes.options)["votes"] == "2" and votes.preparing.first == ()
    prompts = [each.text for each in votes.asking.first]
    assert len(prompts) == 2 and all("[photo]\n" in each or each.endswith("[photo]") for each in prompts)
    assert all(name in prompt for prompt in prompts for name in ("bird", "cat", "dog"))
    assert ("[photo]\nAnswer the question in one word: yes or no. Is the bird in this photo?") in [
        each.text for each in setups["binary,decide=argmax"].asking.first
    ]
    text = unescape(str(body(run, [made])))
    assert all(prompt in text for prompt in prompts)


def test_the_command_names_the_run_and_the_study_is_its_last_section(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "my run"
    shutil.copytree(results.path, folder)
    study = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(f"--- # asked on an earlier day\nname: earlier\n{study}", encoding="utf-8")
    with closing(Results(folder)) as found:
        made = section(ReportedRun(found))
    assert made is not None
    assert "snellen run 'runs/my run/study.yaml'" in made.context["commands"]
    assert "snellen score 'runs/my run'" in made.context["commands"]
    told = made.context["study"]
    assert told == study.partition("\n")[2].strip() and "earlier" not in told and "seed: 5" in told


def test_other_versions_later_in_a_run_are_told(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(results.path, folder)
    (first,) = json.loads((folder / "environment.json").read_text())
    later = {**first, "cores": 99, "packages": {**first["packages"], "numpy": "0.0"}}
    (folder / "environment.json").write_text(json.dumps([first, later]))
    with closing(Results(folder)) as found:
        run = ReportedRun(found)
        made = section(run)
        assert made is not None
        text = str(body(run, [made]))
    one, two = made.context["machines"]
    assert one.differs == [] and two.differs == ["cores", "packages"]
    assert one.packages["numpy"] == first["packages"]["numpy"] and two.packages["numpy"] == "0.0"
    assert "continued under other versions" in text


def test_a_folder_without_notes_of_its_making_still_has_a_method(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(results.path, folder)
    for name in ("environment.json", "study.yaml"):
        (folder / name).unlink()
    with closing(Results(folder)) as found:
        run = ReportedRun(found)
        made = section(run)
        assert made is not None and made.context["machines"] == [] and made.context["study"] is None
        assert "snellen score" in str(body(run, [made]))

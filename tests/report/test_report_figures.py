"""Figures as files: all of them, on paper, under names that nobody else chose."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import PIL.Image
import pytest

from predicted import Model, predicted, right_but
from snellen.errors import WrongUse
from snellen.report import write_figures
from snellen.report.page import sections_of
from snellen.report.reported import ReportedRun
from snellen.results import Results
from studies import model, photographs, ran


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = {
        "a": Model(right_but(0), lambda label, number: 0.9, speed=10.0),
        "b": Model(right_but(*range(9)), lambda label, number: 0.6, speed=90.0),
    }
    return predicted(tmp_path_factory.mktemp("figures"), models, count=20)


@pytest.fixture(scope="module")
def written(folder: Path) -> list[Path]:
    return write_figures([folder], folder.parent / "figures")


def test_every_chart_of_the_report_is_there_twice(folder: Path, written: list[Path]) -> None:
    with closing(Results(folder)) as results:
        figures = [figure for section in sections_of(ReportedRun(results)) for figure in section.figures]
    charts = sum(len(figure.variants) for figure in figures)
    assert len(written) == 2 * charts == len({path.name.casefold() for path in written}) > 4
    assert sorted(path.suffix for path in written) == [".png"] * charts + [".svg"] * charts
    assert sorted(written[0].parent.iterdir()) == sorted(written)
    names = {path.stem for path in written}
    assert {"accuracy-speed", "risk-coverage", "agreement-of-rows-Same-answer"} <= names


def test_pictures_have_300_dots_an_inch_on_white(written: list[Path]) -> None:
    for path in written:
        if path.suffix == ".png":
            with PIL.Image.open(path) as image:
                assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
                assert 1500 <= image.width < 2600  # a plot of five inches with its axes and names
                assert image.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_drawings_have_text_and_no_links(written: list[Path]) -> None:
    for path in written:
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            root = ElementTree.fromstring(text)
            assert any(each.text for each in root.iter("{http://www.w3.org/2000/svg}text"))
            assert not list(root.iter("{http://www.w3.org/2000/svg}a"))
            assert set(re.findall('font-family="([^"]*)"', text)) == {"Liberation Sans, Arial, Helvetica, sans-serif"}


def test_letters_are_drawn(written: list[Path]) -> None:
    (path,) = [path for path in written if path.name == "accuracy-speed.png"]
    with PIL.Image.open(path) as image:
        below = image.convert("L").crop((image.width // 4, image.height - 60, image.width, image.height))
        dark = sum(below.histogram()[:120])
    assert dark > 300  # the title of the axis


def test_names_of_others_lead_nowhere(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 3, ("cat", "dog"))
    scores = "return Scores(question.choices, tuple(-float(place) for place in range(len(question.choices))))"
    places = tmp_path / "..%2e" / "a b'\"<x>"
    places.mkdir(parents=True)
    models = [model(places / name, scores) for name in ("..é.py", "..É.py")]
    with ran(photos, models, "likelihood", "likelihood,normalise=mean", out=tmp_path / "run"):
        pass
    written = write_figures([tmp_path / "run"], tmp_path / "figures")
    assert all(path.parent == tmp_path / "figures" and re.fullmatch(r"[\w.-]+", path.name) for path in written)
    assert len({path.name.casefold() for path in written}) == len(written)


def test_a_second_time_replaces_the_first_and_leaves_other_files(folder: Path, written: list[Path]) -> None:
    place = written[0].parent
    (place / "mine.svg").write_text("mine")
    written[0].write_text("broken")
    again = write_figures([folder], place)
    (place / "mine.svg").unlink()
    assert again == written and written[0].read_text(encoding="utf-8").startswith("<svg")


def test_a_file_is_no_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("")
    with pytest.raises(WrongUse, match="is a file; name another"):
        write_figures([folder], tmp_path / "figures")


def test_figures_of_several_runs_are_told_apart(folder: Path, tmp_path: Path) -> None:
    other = predicted(tmp_path, {"a": Model(right_but(0), speed=1.0), "b": Model(speed=2.0)}, count=5)
    written = write_figures([folder, other], tmp_path / "figures")
    assert len({path.name for path in written}) == len(written)
    assert all(path.name.startswith("run-") for path in written)

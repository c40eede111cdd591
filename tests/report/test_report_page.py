"""The page as a whole: what it holds, what it must not, and when it is written."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import snellen as package
import studies
from snellen.errors import WrongUse
from snellen.report import write_report

GOOD = "return Text(truth(image))"
BAD = "return Text('cat')"


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the texts of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.ids: set[str] = set()
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found.append((tag, values))
        self.ids.add(values.get("id") or "")
        self._in_script = tag == "script" and "type" not in values
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on nine pictures, one of which always says the same."""
    place = tmp_path_factory.mktemp("page")
    folder = studies.photographs(place / "photos", 3)
    models = [studies.model(place / "good.py", GOOD), studies.model(place / "bad.py", BAD)]
    with studies.ran(folder, models, out=place / "run"):
        return place / "run"


def test_it_needs_nothing_else_and_lets_nothing_else_run(run: Path, tmp_path: Path) -> None:
    page = write_report([run], tmp_path / "page.html").read_text(encoding="utf-8")
    elements = Elements(page)
    for tag, attributes in elements.found:
        assert not attributes.keys() & {"onclick", "onload", "onerror", "action", "background"}
        for name in ("src", "href", "srcset", "data"):
            address = attributes.get(name)
            assert address is None or address.startswith(("#", "data:")), (tag, address)
    policy = next(
        each["content"] for tag, each in elements.found if each.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None and "default-src 'none'" in policy and "unsafe-eval" not in policy
    for script in elements.scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert len(elements.scripts) >= 1


def test_all_links_inside_the_page_lead_somewhere(run: Path, tmp_path: Path) -> None:
    elements = Elements(write_report([run], tmp_path / "page.html").read_text(encoding="utf-8"))
    links = {each["href"] for tag, each in elements.found if tag == "a" and each.get("href", "#")}
    assert links and {str(link).partition("?")[0].removeprefix("#") for link in links} <= elements.ids


def test_it_says_what_was_asked_and_what_came_of_it(run: Path, tmp_path: Path) -> None:
    page = write_report([run], tmp_path / "page.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]*>", "", page.partition("<main")[2]).split())
    assert "2 models" in text and "9 labelled images of 3 classes" in text and "No image left the machine." in text
    assert "100.0 %" in text and "33.3 %" in text


def test_several_runs_make_one_page(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with studies.ran(run.parent / "photos", studies.model(tmp_path / "m.py", GOOD), out=other):
        page = write_report([run, other], tmp_path / "both.html").read_text(encoding="utf-8")
    ids = Elements(page).ids
    assert {"together", "run1-leaderboard", "run2-leaderboard"} <= ids and "leaderboard" not in ids
    table = page.partition('id="together"')[2].partition("</table>")[0]
    assert table.count("<tr>") == 4  # the head and three rows: the good model is another file in the second run


def test_a_run_without_any_answer_has_a_page(run: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "m.py", "return Failure('no luck')")
    with studies.ran(run.parent / "photos", name, out=tmp_path / "none") as results:
        assert results.rows[0].failed == 9
    page = write_report([tmp_path / "none"], tmp_path / "page.html").read_text(encoding="utf-8")
    assert "There is no answer yet." in page


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is not a run folder"):
        write_report([tmp_path], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_run_writes_it_at_its_end(snellen: Callable[..., Any], run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = f"scripted/{run.parent / 'good.py'}:answer"
    asked = ("run", "-d", run.parent / "photos", "-m", model, "-s", "closed-set", "--no-timing", "-q", "--out", "r")
    assert "report" not in snellen(*asked).err and not Path("r/report.html").exists()
    monkeypatch.delenv("SNELLEN_NO_REPORT")
    assert snellen(*asked).err.endswith("the report: r/report.html\n")
    assert Path("r/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    Path("r/report.html").unlink()
    assert snellen("report", "r", "-o", "page.html").out == "page.html\n"
    assert Path("page.html").is_file() and not Path("r/report.html").exists()


def test_without_the_packages_a_run_says_how_to_get_it(
    snellen: Callable[..., Any], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SNELLEN_NO_REPORT")
    monkeypatch.setattr("snellen.report._NEEDED", {"no_such_package_here": "no-such-package"})
    line = "the report needs no-such-package; install it with: pip install 'snellen[report]'\n"
    said = snellen("score", run, "-q")
    assert said.code == 0 and said.err.endswith(line)
    assert snellen("report", run).err == f"error: {line}"


def test_from_python_too(run: Path, tmp_path: Path) -> None:
    name = f"scripted/{run.parent / 'good.py'}:answer"
    for report in (False, True):
        package.run(
            run.parent / "photos", [name], ["closed-set"], out=tmp_path / "run", timing=False, report=report
        ).close()
        assert (tmp_path / "run" / "report.html").exists() == report


def test_no_two_parts_have_the_same_id(run: Path, tmp_path: Path) -> None:
    elements = Elements(write_report([run], tmp_path / "page.html").read_text(encoding="utf-8"))
    ids = [each["id"] for _, each in elements.found if "id" in each]
    assert len(ids) > 20 and len(set(ids)) == len(ids)

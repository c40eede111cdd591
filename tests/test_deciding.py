"""Studies that stop by themselves: rows behind are asked no more, the best is named, and nothing is asked twice."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import snellen
import studies
from formats import as_tar
from snellen.database import DATABASE, Database
from snellen.decisions import Decision
from snellen.errors import WrongUse
from snellen.metrics.intervals import wilson
from snellen.metrics.sequential import accuracy_bounds, looks
from snellen.plan import Request, resolve
from snellen.progress import Silence
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.study import rescore, run
from snellen.worker import Worker

IMAGES, SURE = 150, 0.95
OFTEN_WRONG = "return 'no idea' if int(image.digest[-6:], 16) % 100 < {percent} else truth(image)"
PRICED = (
    "return Text('no idea' if int(image.digest[-6:], 16) % 100 < {percent} else truth(image), usage=Usage(1000, 0))"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return studies.photographs(tmp_path_factory.mktemp("data") / "photos", count=IMAGES // 3)


@dataclass(frozen=True)
class Undisturbed:
    """A run of two models that ended by itself: its place, the names of its models, and what it came to."""

    place: Path
    names: list[str]
    decision: Decision

    @property
    def out(self) -> Path:
        return self.place / "run"


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    place = tmp_path_factory.mktemp("undisturbed")
    names = models(place, 10, 18)
    with studies.ran(folder, names, out=place / "run", until_decided=SURE) as results:
        (decision,) = results.decisions
    assert 108 <= decision.images < IMAGES
    return Undisturbed(place, names, decision)


def models(place: Path, *percents: int, body: str = OFTEN_WRONG) -> list[str]:
    """Models that are wrong on so many of a hundred images; where one is right, a better one is too."""
    return [studies.model(place / f"wrong{percent}.py", body.format(percent=percent)) for percent in percents]


def by_model(results: Results) -> dict[str, ResultRow]:
    return {Path(row.model.split(":")[0]).stem: row for row in results.rows}


def seen(row: ResultRow) -> int:
    return row.answered + row.unparsed


def asked(place: Path, percent: int) -> list[studies.Asked]:
    return studies.asked(place / f"wrong{percent}.py")


def test_rows_behind_are_asked_no_more_and_the_best_is_named(folder: Path, tmp_path: Path) -> None:
    names = models(tmp_path, 5, 16, 80)
    with studies.ran(folder, names, out=tmp_path / "run", until_decided=0.95) as results:
        (decision,) = results.decisions
        rows = by_model(results)
        best, second, third = rows["wrong5"], rows["wrong16"], rows["wrong80"]
        assert decision.best == best.number and (decision.of, decision.open) == (IMAGES, False)
        stopped = [decision.stopped[row.number] for row in (best, second, third)]
        assert stopped[0] is None and stopped[2] == 48
        assert stopped[1] == decision.images and decision.images in looks(IMAGES)[1:-1]
        assert [seen(row) for row in (best, second, third)] == [decision.images, decision.images, 48]
        assert [row.pending + seen(row) for row in rows.values()] == [IMAGES] * 3
        assert best.trouble == f"stopped after {decision.images} images: the best (95 %)"
        assert third.trouble == "stopped after 48 images: not among the best (95 %)"
        for row in rows.values():
            right = round((row.accuracy or 0) * seen(row))
            assert (row.accuracy_low, row.accuracy_high) == accuracy_bounds(right, seen(row))
            assert row.interval == "anytime"
    everywhere = sorted(image for image, _ in studies.stored(tmp_path / "run"))
    assert len(asked(tmp_path, 80)) == 48
    assert {each.image for each in asked(tmp_path, 80)} <= {each.image for each in asked(tmp_path, 5)}
    assert max(each.image for each in asked(tmp_path, 80)) < max(everywhere)  # the first in the order of digests
    data = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    (told,) = data["decisions"]
    assert told["best"] == {"row": best.number, "model": best.model, "strategy": "closed-set"}
    assert [each["stopped_after"] for each in told["rows"]] == stopped


def test_the_same_command_takes_the_same_decisions_and_asks_nothing(folder: Path, undisturbed: Undisturbed) -> None:
    out = undisturbed.out
    with closing(snellen.open_run(out)) as first:
        decisions, rows = first.decisions, first.rows
    before = [len(asked(undisturbed.place, percent)) for percent in (10, 18)]
    with studies.ran(folder, undisturbed.names, out=out, until_decided=SURE) as again:
        assert (again.decisions, again.rows) == (decisions, rows)
    rescore(out).close()
    with closing(snellen.open_run(out)) as scored:
        assert (scored.decisions, scored.rows) == (decisions, rows)
    assert [len(asked(undisturbed.place, percent)) for percent in (10, 18)] == before == [decisions[0].images] * 2


def test_rows_alike_are_asked_everything_and_none_is_named(folder: Path, tmp_path: Path) -> None:
    half = "return truth(image) if int(image.digest[-6:], 16) % 2 == {even} else 'no idea'"
    names = [studies.model(tmp_path / f"{even}.py", half.format(even=even)) for even in (0, 1)]
    with studies.ran(folder, names, out=tmp_path / "run", limit=60, until_decided=0.95) as results:
        (decision,) = results.decisions
        assert (decision.best, decision.images, decision.open) == (None, 60, False)
        assert [(row.pending, row.trouble, row.interval) for row in results.rows] == [(0, None, "anytime")] * 2


def test_within_a_margin_a_row_is_named_that_no_other_beats_by_more(folder: Path, tmp_path: Path) -> None:
    names = models(tmp_path, 20, 21)
    with studies.ran(folder, names, out=tmp_path / "run", until_decided=0.95, margin=0.15) as results:
        (decision,) = results.decisions
        assert decision.best is not None and 0 < decision.images < IMAGES
        assert set(decision.stopped.values()) == {None}
        troubles = {row.number: str(row.trouble) for row in results.rows}
        assert "no row is better by more than 15 points (95 %)" in troubles.pop(decision.best)
        assert all("closed-set by more than 15 points (95 %)" in trouble for trouble in troubles.values())


def test_a_run_without_it_asks_the_rest_and_its_intervals_are_as_ever(folder: Path, tmp_path: Path) -> None:
    names, out = models(tmp_path, 5, 60), tmp_path / "run"
    with studies.ran(folder, names, out=out, until_decided=0.95) as results:
        assert results.decisions
    with studies.ran(folder, names[:1], out=out) as results:
        rows = by_model(results)
        assert [rows[name].interval for name in ("wrong5", "wrong60")] == ["wilson", "anytime"]
        assert results.decisions
    with studies.ran(folder, names, out=out) as results:
        assert not results.decisions
        for row in results.rows:
            right = round((row.accuracy or 0) * IMAGES)
            assert (row.accuracy_low, row.accuracy_high) == wilson(right, IMAGES)
            assert (row.pending, row.trouble, row.interval) == (0, None, "wilson")
    assert len(asked(tmp_path, 60)) == len({each.image for each in asked(tmp_path, 60)}) == IMAGES


def answers_kept(out: Path) -> int:
    with closing(Database(out / DATABASE, read_only=True)) as database:
        return int(database.value("SELECT count(*) FROM answers"))


class Interrupting(Silence):
    """Is interrupted once, in the middle of the third round of a model."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self, task: str, total: int) -> None:
        self.begun += "wrong" in task

    def advance(self, done: int, failed: int = 0) -> None:
        if self.begun == 5 and done:
            raise KeyboardInterrupt


def test_an_interruption_in_mid_round_loses_nothing(folder: Path, tmp_path: Path, undisturbed: Undisturbed) -> None:
    names, out = models(tmp_path, 10, 18), tmp_path / "run"
    request = Request(str(folder), tuple(names), ("closed-set",), out=str(out), timing=False, until_decided=SURE)
    with pytest.raises(KeyboardInterrupt):
        run(resolve(request), Interrupting())
    with closing(snellen.open_run(out)) as interrupted:
        assert interrupted.decisions[0].open and interrupted.decisions[0].images == 72
        assert {row.interval for row in interrupted.rows} == {"anytime"}
    kept, before = answers_kept(out), sum(len(asked(tmp_path, percent)) for percent in (10, 18))
    assert kept > 2 * 72
    with studies.ran(folder, names, out=out, until_decided=SURE) as results:
        assert results.decisions == (undisturbed.decision,)
    for percent in (10, 18):
        assert len({each.image for each in asked(tmp_path, percent)}) == undisturbed.decision.images
    after = sum(len(asked(tmp_path, percent)) for percent in (10, 18))
    assert after - before == 2 * undisturbed.decision.images - kept


def test_a_killed_run_goes_on_as_if_it_had_not_been(folder: Path, tmp_path: Path, undisturbed: Undisturbed) -> None:
    names, out = models(tmp_path, 10, 18, body="time.sleep(0.004)\n" + OFTEN_WRONG), tmp_path / "run"
    command = [sys.executable, "-c", "from snellen.cli import main; main()", "run", "-d", str(folder), "--no-timing"]
    command += ["-m", names[0], "-m", names[1], "-s", "closed-set", "--until-decided", str(SURE), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    while len(asked(tmp_path, 10)) < 90 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ((kept,),) = studies.sql(out, "SELECT count(*) FROM answers")
    assert 48 < kept < 2 * undisturbed.decision.images
    before = sum(len(asked(tmp_path, percent)) for percent in (10, 18))
    with studies.ran(folder, names, out=out, until_decided=SURE) as results:
        assert results.decisions == (undisturbed.decision,)
        answered = sum(map(seen, results.rows))
    assert sum(len(asked(tmp_path, percent)) for percent in (10, 18)) - before == answered - kept


def test_the_limit_of_money_ends_it_undecided_and_a_higher_one_goes_on(folder: Path, tmp_path: Path) -> None:
    names, out = models(tmp_path, 5, 16, body=PRICED), tmp_path / "run"
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"prices": [{"model": "scripted/*", "input": 1, "output": 0}]}))  # 0.001 an answer
    options = {"until_decided": 0.95, "prices": str(prices)}
    with studies.ran(folder, names, out=out, max_cost=0.12, **options) as results:
        (decision,) = results.decisions
        assert decision.open and decision.images == 48
        assert sum(row.spent_usd or 0 for row in results.rows) <= 0.12
        assert all("max_cost" in str(row.trouble) for row in results.rows if seen(row) < 72)
    with studies.ran(folder, names, out=out, max_cost=5, **options) as results:
        (decision,) = results.decisions
        assert decision.best == by_model(results)["wrong5"].number
    for percent in (5, 16):
        assert len(asked(tmp_path, percent)) == decision.images


def test_beside_a_model_that_cannot_be_asked_others_are_told_apart_but_none_is_named(
    folder: Path, tmp_path: Path
) -> None:
    names, out = models(tmp_path, 5, 20, 70), tmp_path / "run"
    (tmp_path / "wrong20.py").write_text("raise ValueError('torn')\ndef answer(question, image): ...\n")
    with studies.ran(folder, names, out=out, until_decided=0.95) as results:
        (decision,) = results.decisions
        rows = by_model(results)
        assert decision.best is None and decision.stopped[rows["wrong70"].number] is not None
        assert "torn" in str(rows["wrong20"].trouble) and rows["wrong5"].trouble is None
        first = decision.images
    models(tmp_path, 20)
    with studies.ran(folder, names, out=out, until_decided=0.95) as results:
        (decision,) = results.decisions
        assert decision.best == by_model(results)["wrong5"].number
        assert decision.images >= first


def test_images_without_files_of_their_own_are_asked_in_the_same_order(folder: Path, tmp_path: Path) -> None:
    archive = as_tar(folder, tmp_path / "photos.tar")
    names = models(tmp_path, 10, 18, body=OFTEN_WRONG.replace("truth(image)", "'cat'"))
    with studies.ran(archive, names, out=tmp_path / "run", until_decided=0.6, margin=0.2) as results:
        (decision,) = results.decisions
        assert decision.of == IMAGES and 48 <= decision.images < IMAGES
    stored = sorted(bytes.fromhex(image) for image, _ in studies.stored(tmp_path / "run"))
    with (tmp_path / "run" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        digests = sorted(row["digest"] for row in csv.DictReader(file))
    assert [each.hex() for each in dict.fromkeys(stored)] == digests[: decision.images]


def test_copies_of_an_image_count_once(folder: Path, tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=10)
    for path in list(photos.rglob("*.png")):
        for copy in range(3):
            shutil.copy(path, path.with_name(f"{path.stem}-{copy}.png"))
    with studies.ran(photos, models(tmp_path, 10, 18), out=tmp_path / "run", until_decided=0.95) as results:
        (decision,) = results.decisions
        assert (decision.images, decision.of) == (30, 30)
        assert list(map(seen, results.rows)) == [120, 120]


def test_a_model_that_is_asked_alone_is_loaded_once_and_others_in_each_round(folder: Path, tmp_path: Path) -> None:
    names = models(tmp_path, 10, 90)
    binary = "if 'yes or no' in question.prompt[1]: return 'yes' if truth(image) in question.prompt[1] else 'no'\n"
    studies.model(tmp_path / "wrong10.py", binary + OFTEN_WRONG.format(percent=8))
    for percent in (10, 90):
        with (tmp_path / f"wrong{percent}.py").open("a") as file:
            file.write(f"\nopen({str(tmp_path / f'loads{percent}')!r}, 'a').write('.')\n")
    with studies.ran(folder, names, "closed-set", "binary", out=tmp_path / "run", until_decided=0.95) as results:
        (decision,) = results.decisions
        assert decision.images > 72
        assert {after for row, after in decision.stopped.items() if row in wrong90(results)} == {48}
    assert [len((tmp_path / f"loads{percent}").read_text()) for percent in (90, 10)] == [1, 2]


def test_what_only_speaks_to_servers_stays_from_round_to_round(
    folder: Path, tmp_path: Path, served: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, before = [], set(studies.children_of(os.getpid()))

    class Counted(Worker):
        def _begin(self) -> None:
            begun.append(self)
            super()._begin()

    monkeypatch.setattr("snellen.interview.Worker", Counted)
    named = [f"{served['model']}{number},base_url={served['base_url']}" for number in (1, 2)]
    with studies.ran(folder, named, out=tmp_path / "run", until_decided=0.95, limit=72) as results:
        assert results.decisions[0].images == 72
    assert len(begun) == 2
    assert set(studies.children_of(os.getpid())) <= before


def wrong90(results: Results) -> set[int]:
    return {row.number for row in results.rows if "wrong90" in row.model}


def test_only_rows_that_remain_are_timed(folder: Path, tmp_path: Path) -> None:
    with studies.ran(folder, models(tmp_path, 0, 90), out=tmp_path / "run", until_decided=0.95, timing=True) as results:
        rows = by_model(results)
        assert rows["wrong0"].images_per_second is not None and rows["wrong90"].images_per_second is None
        assert rows["wrong0"].trouble == "stopped after 48 images: the best (95 %)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"until_decided": 95}, "until_decided: expected a confidence above 0.5 and below 1, such as 0.95, got 95"),
        ({"until_decided": 0.5}, "until_decided: expected"),
        ({"until_decided": 1.0}, "until_decided: expected"),
        ({"until_decided": 0.95, "margin": 1.0}, "margin: expected a difference of accuracies"),
        ({"until_decided": 0.95, "margin": -0.1}, "margin: expected"),
        ({"margin": 0.01}, "give until_decided too"),
        ({"until_decided": 0.95}, "there is only one row"),
    ],
)
def test_what_cannot_be_decided_is_refused(folder: Path, tmp_path: Path, options: dict[str, float], said: str) -> None:
    name = studies.model(tmp_path / "model.py", "return truth(image)")
    with pytest.raises(WrongUse, match=said):
        studies.ran(folder, name, out=tmp_path / "run", **options).__enter__()
    assert not (tmp_path / "run").exists()

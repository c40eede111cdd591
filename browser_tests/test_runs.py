"""The runs that pages are tested with have in them what pages must bear."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import studies
from hostile import ANSWERS, IDS, SECRET, TEXTS
from runs import Running
from runs import running as going
from snellen.results import Results


def states(run: Path) -> Counter[str]:
    with closing(Results(run)) as results:
        return Counter(
            {name: sum(getattr(row, name) for row in results.rows) for name in ("answered", "unparsed", "failed")}
        )


def test_the_demo_has_every_state_speed_and_money(demo_run: Path) -> None:
    assert all(states(demo_run).values())
    with closing(Results(demo_run)) as results:
        rows = {(Path(row.model).stem, row.strategy): row for row in results.rows}
        assert len(rows) == 26 and any(row.failed == row.images for row in rows.values())
        assert rows["clip", "zero-shot"].images_per_second and rows["careful", "closed-set"].cost_usd
        outcomes = {record["outcome"] for record in results.records()}
    assert {"exact", "mentioned", "scored", "confirmed", "out-of-list", "refused", "truncated"} <= outcomes


def test_hostile_texts_come_through_as_they_are(hostile_folder: Path, hostile_table: Path) -> None:
    with closing(Results(hostile_table)) as results:
        found = list(results.records())
        models = {row.model for row in results.rows}
    assert {record["label"] for record in found} == set(TEXTS)
    assert set(IDS) <= {record["example"] for record in found}
    assert any(TEXTS[1] in model for model in models) and any(TEXTS[3] in model for model in models)
    for run in (hostile_folder, hostile_table):
        stored = [json.loads(body) for (body,) in studies.sql(run, "SELECT body FROM answers")]
        answers = {text for kind, text, *_ in stored if kind == "text"}
        assert set(ANSWERS) <= answers
        assert all(states(run).values())


def test_what_lies_outside_is_not_read(hostile_folder: Path, hostile_table: Path) -> None:
    for run in (hostile_folder, hostile_table):
        texts = [path.read_bytes() for path in run.iterdir() if path.is_file()]
        assert not any(SECRET.encode() in text or b"root:x:0:0" in text for text in texts)
        assert len(studies.sql(run, "SELECT 1 FROM examples WHERE unreadable IS NOT NULL"))


def test_a_sweep_has_both_orders(sweep_run: Path) -> None:
    points = json.loads((sweep_run / "results.json").read_text())["sweep"]["points"]
    assert {(point["order"], point["count"]) for point in points} == {
        (order, count) for order in ("random", "hard") for count in (2, 4, 8)
    }


def test_a_running_study_goes_on_and_ends(running: Running, own: Callable[[Path], Path]) -> None:
    first = studies.sql(running.folder, "SELECT count(*) FROM answers")[0][0]
    assert 3 <= first < 150 and running.process.poll() is None
    running.end()
    assert studies.sql(running.folder, "SELECT count(*) FROM answers") == [(150,)]
    copy = own(running.folder)
    assert studies.table(copy) == studies.table(running.folder)


def test_a_killed_run_leaves_no_process(tmp_path: Path) -> None:
    with going(tmp_path) as going_on:
        assert studies.running(str(tmp_path))
    assert going_on.process.poll() is not None
    assert not studies.running(str(tmp_path))

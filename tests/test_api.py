"""`import snellen`: the same words as on the command line, results as values."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import snellen
from snellen.errors import WrongUse

CIRCLE, STAR = (f"scripted/{Path(__file__).parent / 'models.py'}:{name}" for name in ("circle", "star"))


def test_run_returns_rows_records_and_comparisons(drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    results = snellen.run(drawn, [CIRCLE, {"model": STAR}], ["closed-set"], limit=8, out=out, timing=False)
    try:
        assert [(row.model, row.images, row.accuracy) for row in results.rows] == [(CIRCLE, 8, 0.25), (STAR, 8, 0.25)]
        found = list(results.records())
        assert len(found) == 16 and {record["prediction"] for record in found} == {"circle", "star"}
        (pair,) = results.comparisons
        assert (pair["only_a_right"], pair["only_b_right"], pair["mcnemar_p"]) == (2, 2, 1.0)
        assert json.loads(json.dumps(results.as_data())) == json.loads((out / "results.json").read_text())
        pytest.importorskip("pandas")
        assert list(results.to_pandas()["accuracy"]) == [0.25, 0.25]
    finally:
        results.close()
    again = snellen.open_run(out)
    assert again.rows == results.rows
    again.close()


def test_a_data_set_is_named_as_on_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "run"
    results = snellen.run(
        "shapes,pictures=2", [CIRCLE], ["closed-set"], classes=["star", "circle"], out=out, timing=False
    )
    assert [(row.images, row.accuracy) for row in results.rows] == [(4, 0.5)]
    results.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"dataset": "shapes", "models": 3}, "models must be a list"),
        ({"dataset": "shapes", "models": []}, "no model is given"),
        ({"dataset": "nowhere", "models": [CIRCLE]}, "no data set nowhere"),
        ({"dataset": "shapes", "models": [CIRCLE], "limit": 0}, "at least 1"),
    ],
)
def test_what_is_wrong_is_raised(words: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=message):
        snellen.run(**words, out=tmp_path / "run")  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_open_run_raises_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="not a run folder"):
        snellen.open_run(tmp_path)


def test_a_plain_script_needs_no_guard_for_its_main_part(drawn: Path, tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    script.write_text(
        "import snellen\n"
        "print('begun', flush=True)\n"
        f"results = snellen.run({str(drawn)!r}, [{CIRCLE!r}], ['closed-set'], out='run', timing=False)\n"
        "print(results.rows[0].accuracy)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\n0.25\n", "")

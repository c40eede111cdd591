"""What is recommended within limits, why the rest is not, and what is said where there is little to go by."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Said
from predicted import Model, predicted, right_but
from snellen.results import Results
from snellen.verdict.limits import Limits
from snellen.verdict.recommending import Recommendation, recommend
from studies import model, photographs, ran

Snellen = Callable[..., Said]
CPU, GPU = {"device": "cpu", "peak_rss_gb": 0.5}, {"device": "cuda", "peak_rss_gb": 2.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cheap model that knows what it does not know, a dear one, one that is slower for nothing, and a poor one."""
    models = {
        "cheap": Model(right_but(*range(8)), lambda label, number: 0.3 + number / 60, 100.0, CPU),
        "dear": Model(right_but(30), speed=10.0, facts={**GPU, "peak_gpu_gb": 12.0}),
        "slow": Model(right_but(31), speed=5.0, facts={**GPU, "peak_gpu_gb": 29.0}),
        "poor": Model(right_but(*range(20)), speed=20.0, facts=CPU),
    }
    return predicted(tmp_path_factory.mktemp("pets"), models)


@pytest.fixture
def results(run: Path) -> Iterator[Results]:
    with closing(Results(run)) as opened:
        yield opened


def named(found: Recommendation) -> list[str]:
    return [Path(each.row.model).stem for each in found.front]


def why(found: Recommendation) -> dict[str, str]:
    return {Path(row.model).stem: re.sub(r"predictions/\S*/(\w+)\.csv", r"\1", reason) for row, reason in found.dropped}


def test_the_front_is_what_nothing_else_makes_needless(results: Results) -> None:
    found = recommend(results, Limits())
    assert named(found) == ["dear", "cheap"]
    assert found.choice is found.front[0]
    assert found.sentence.startswith(
        f"Take {found.choice.name}: right on 97.5 % of 120 images (95 % interval 92.9 % to"
    )
    assert "10 images a second, 12 GB of GPU memory, 2 GB of memory; these images do not tell" in found.sentence
    assert found.sentence.endswith("slow.csv by vocabulary (97.5 %).")
    assert why(found) == {
        "slow": "not told apart in accuracy from dear by vocabulary (97.5 % against 97.5 %), but slower "
        "(5 against 10 images a second); needs more GPU memory (29 against 12 GB)",
        "poor": "less accurate than cheap by vocabulary (50.0 % against 80.0 %), slower "
        "(20 against 100 images a second)",
    }
    assert found.notes == ()


def test_limits_leave_out_what_breaks_them(results: Results) -> None:
    found = recommend(results, Limits(max_gpu_gb=10, min_images_per_second=5))
    assert named(found) == ["cheap"] and "it is ahead of every other row within the limits" in found.sentence
    assert why(found)["dear"] == "needs 12 GB of GPU memory, the limit is 10"
    assert why(found)["slow"] == "needs 29 GB of GPU memory, the limit is 10"
    found = recommend(results, Limits(max_gpu_gb=10, min_images_per_second=50))
    assert "no other row is within the limits" in found.sentence
    assert why(found)["slow"] == (
        "needs 29 GB of GPU memory, the limit is 10; makes 5 images a second, at least 50 are asked for"
    )
    found = recommend(results, Limits(min_accuracy=0.95))
    assert named(found) == ["dear"]
    assert "its interval reaches below the 95 % asked for" in found.sentence


def test_limits_that_nothing_keeps_name_the_nearest(results: Results) -> None:
    found = recommend(results, Limits(min_accuracy=0.9, min_images_per_second=12))
    assert found.choice is None and named(found) == []
    nearest = re.sub(r"predictions/\S*/(\w+)\.csv", r"\1", found.sentence)
    assert nearest == (
        "No row keeps the limits; cheap by vocabulary comes nearest: is right on 80.0 % of the images, at least "
        "90 % is asked for. Two rows as a cascade keep them, see there."
    )
    assert [Path(each.second.row.model).stem for each in found.planned.cascades] == ["dear"]
    assert "see there" not in recommend(results, Limits(min_accuracy=1, max_gpu_gb=1)).sentence
    assert len(found.dropped) == 4


def test_a_price_that_is_not_known_keeps_no_limit_of_money(results: Results) -> None:
    found = recommend(results, Limits(max_cost_per_1000=1))
    assert set(why(found).values()) == {"its price is not known (run with --prices FILE)"}  # of a table, made elsewhere
    assert found.sentence.startswith("No row keeps the limits")


def test_the_command_prints_it_at_80_columns_and_as_json(
    run: Path, snellen: Snellen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = snellen("recommend", str(run), "--max-gpu-gb", "20")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("Take predictions/") and "Worth having:" in lines and "Left out:" in lines
    table = lines[lines.index("Worth having:") + 1 :][:3]
    assert table[0].split() == ["Model", "Strategy", "Accuracy", "95", "%", "img/s", "RAM", "GB", "GPU", "GB"]
    assert all(len(line) <= 80 for line in table)
    assert any(line.startswith("- predictions/") and "the limit is 20" in line for line in lines)
    data = json.loads(snellen("recommend", str(run), "--max-gpu-gb", "20", "--json").out)
    assert data["limits"]["max_gpu_gb"] == 20 and data["choice"] == data["front"][0]["row"]
    assert [each["images_per_second"] for each in data["front"]] == [10.0, 100.0]
    assert [each["gpu_gb"] for each in data["front"]] == [12.0, 0.0]
    assert {each["row"] for each in (*data["front"], *data["dropped"])} == {1, 2, 3, 4}


def test_wrong_use_is_told_in_a_line(run: Path, snellen: Snellen, tmp_path: Path) -> None:
    said = snellen("recommend", str(run), "--min-accuracy", "90")
    assert (said.code, said.out) == (2, "") and "expected a share between 0 and 1" in said.err
    said = snellen("recommend", str(tmp_path))
    assert said.code == 2 and "is not a run folder" in said.err


# Where there is little to go by


def test_a_single_row_that_was_not_timed_is_recommended_as_far_as_it_goes(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 2)
    with ran(photos, model(tmp_path / "one.py", "return truth(image)"), out=tmp_path / "run") as results:
        found = recommend(results, Limits())
        assert "there is no other row" in found.sentence and "images a second" not in found.sentence
        assert found.planned.none_because == "it takes two rows of one model each"
        limited = recommend(results, Limits(min_images_per_second=1))
    assert limited.sentence.endswith("comes nearest: its speed was not measured (run without --no-timing).")


def test_failed_and_unreadable_answers_are_told(tmp_path: Path, snellen: Snellen) -> None:
    photos = photographs(tmp_path / "photos", 2)
    broken = model(tmp_path / "broken.py", "return Failure('no')")
    mumbling = model(tmp_path / "mumbling.py", "return '???'")
    with ran(photos, [broken, mumbling], out=tmp_path / "run") as results:
        found = recommend(results, Limits())
    assert (found.choice, found.front) == (None, ())
    assert found.sentence == "No row is right on any image, so there is nothing to recommend."
    assert {row.model: reason for row, reason in found.dropped} == {
        broken: "has no answer (6 failed)",
        mumbling: "is right on none of 6 images; in 6 answers no class could be read",
    }
    assert found.planned.none_because == "no row is right on any image"
    with ran(photos, broken, out=tmp_path / "none") as results:
        found = recommend(results, Limits(max_gpu_gb=1))
    assert (found.choice, found.front) == (None, ())
    assert found.sentence == "No row has an answer, so there is nothing to recommend."
    assert snellen("recommend", str(tmp_path / "none")).code == 0
    assert snellen("recommend", str(tmp_path / "run"), "--json").code == 0


def test_of_several_sets_the_largest_is_judged_and_it_is_said(tmp_path: Path, snellen: Snellen) -> None:
    photos = photographs(tmp_path / "photos", 3)
    name = model(tmp_path / "one.py", "return truth(image)")
    for limit in (4, 9):
        with ran(photos, name, out=tmp_path / "run", limit=limit):
            pass
    with ran(photos, name, "binary", out=tmp_path / "run", limit=4) as results:
        found = recommend(results, Limits())
    (note,) = found.notes
    assert note.startswith("2 sets of images") and note.endswith("the largest: 9 images of 3 classes, seed 0")
    assert [each.row.images for each in found.front] == [9] and not found.dropped
    assert note in snellen("recommend", str(tmp_path / "run")).err


def test_rows_that_stopped_for_what_they_answered_are_not_sure_to_95_percent(
    results: Results, monkeypatch: Any
) -> None:
    stopped = tuple(replace(row, interval="anytime") for row in results.rows)
    monkeypatch.setattr(results, "rows", stopped)
    (note,) = recommend(results, Limits()).notes
    assert note.startswith("answers had a say in when to stop asking")


def test_a_row_that_is_never_right_is_not_said_to_be_compared(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 1)
    bodies = {"good": "return truth(image)", "never": "return 'no idea'"}
    names = [model(tmp_path / f"{name}.py", body) for name, body in bodies.items()]
    with ran(photos, names, out=tmp_path / "run") as results:
        found = recommend(results, Limits())
    assert found.sentence.endswith("; there is no other row that is ever right.")


def test_a_run_that_asked_nothing_yet_has_nothing_to_recommend(tmp_path: Path, snellen: Snellen) -> None:
    photos, name = photographs(tmp_path / "photos", 2), model(tmp_path / "one.py", "return truth(image)")
    snellen("run", "-d", str(photos), "-m", name, "-s", "closed-set", "--out", str(tmp_path / "run"), "--plan-only")
    said = snellen("recommend", str(tmp_path / "run"))
    assert said.code == 0 and said.out.startswith("No row has an answer")
    assert "has no answer (6 pending)" in said.out


def test_what_costs_nothing_here_and_what_nobody_knows_the_price_of(tmp_path: Path, monkeypatch: Any) -> None:
    """A model on this machine is paid to nobody; a paid provider's without a price costs what is not known."""
    photos = photographs(tmp_path / "photos", 2)
    with ran(photos, model(tmp_path / "one.py", "return truth(image)"), out=tmp_path / "run") as results:
        (here,) = recommend(results, Limits(max_cost_per_1000=0)).front
        assert here.measures.cost_per_1000_usd == 0 and here.measures.gpu_gb is None
        facts = {"providers": ["openai"], "sends_to": "api.openai.com"}
        monkeypatch.setattr(Results, "facts", lambda self, row: facts)
        found = recommend(results, Limits(max_cost_per_1000=0, max_gpu_gb=0))
    assert [reason for _, reason in found.dropped] == ["its price is not known (run with --prices FILE)"]


def test_a_blind_control_is_no_choice(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 2)
    name = model(tmp_path / "one.py", "return truth(image) if image.path else 'cat'")
    with ran(photos, name, out=tmp_path / "run", blind=True) as results:
        assert [row.blind for row in results.rows] == [False, True]
        found = recommend(results, Limits())
    assert [each.row.blind for each in found.front] == [False] and not found.dropped


def test_that_all_rows_keep_the_limits_is_said(results: Results) -> None:
    found = recommend(results, Limits(max_rss_gb=2, min_images_per_second=4))
    assert found.sentence.endswith(". Every row keeps the limits: at most 2 GB of memory, at least 4 images a second.")
    assert "keeps" not in recommend(results, Limits(max_rss_gb=1)).sentence
    assert "keeps" not in recommend(results, Limits()).sentence


def test_what_a_run_stopped_for_is_said_and_not_contradicted(tmp_path: Path) -> None:
    wrong = "return 'no idea' if int(image.digest[-6:], 16) % 100 < {} else truth(image)"
    photos = photographs(tmp_path / "photos", 40)
    names = [model(tmp_path / f"wrong{each}.py", wrong.format(each)) for each in (5, 60)]
    with ran(photos, names, out=tmp_path / "run", until_decided=0.95) as results:
        assert [decision.best is not None for decision in results.decisions] == [True]
        found = recommend(results, Limits())
    assert found.choice is not None and found.choice.row.model == names[0]
    assert f"; decided with 95 % confidence: {names[0]} · closed-set is the best of 2 rows, after" in found.sentence
    assert "these images do not tell" not in found.sentence


def test_a_cascade_whose_memory_may_break_the_limit_says_so_until_it_was_run(run: Path, snellen: Snellen) -> None:
    said = snellen("recommend", str(run), "--max-rss-gb", "2.2")
    assert "at most 2.5 GB of memory; it may take up to 2.5 GB of memory, the limit is 2.2: run it to know." in said.out
    assert "not surely more accurate than predictions/" in said.out and "measured already" not in said.out
    program, *words = shlex.split(json.loads(snellen("recommend", str(run), "--json").out)["cascades"][0]["command"])
    assert program == "snellen" and snellen(*words, "--no-timing", "--out", str(run)).code == 0
    said = snellen("recommend", str(run))
    assert re.search(r"measured already as \S+ by cascade,\S+: right on \d", said.out)
    assert "run it to know" not in snellen("recommend", str(run), "--max-rss-gb", "2.2").out

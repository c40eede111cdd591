"""What a user is told of a run that stops by itself, and the exit code that a script sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import studies
from conftest import Said

OFTEN_WRONG = (
    "return Text('no idea' if int(image.digest[-6:], 16) % 100 < {percent} else truth(image), usage=Usage(1000, 0))"
)
Snellen = Callable[..., Said]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return studies.photographs(tmp_path_factory.mktemp("data") / "photos", count=40)


@pytest.fixture
def command(folder: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """The words of a run of models that are wrong on so many of a hundred images."""

    def words(*percents: int) -> list[str]:
        named = [studies.model(tmp_path / f"wrong{each}.py", OFTEN_WRONG.format(percent=each)) for each in percents]
        asked = ["run", "-d", str(folder), "-s", "closed-set", "--no-timing", "--out", str(tmp_path / "run")]
        return [*asked, *(word for name in named for word in ("-m", name))]

    return words


def test_the_end_says_which_row_is_best_how_sure_that_is_and_what_was_saved(
    snellen: Snellen, command: Callable[..., list[str]], tmp_path: Path
) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"prices": [{"model": "scripted/*", "input": 5, "output": 0}]}))  # 0.005 an answer
    words = [*command(5, 50, 60), "--until-decided", "0.95", "--prices", str(prices)]
    said = snellen(*words)
    assert said.code == 0
    assert "48 images: scripted/" in said.err and "closed-set 0.9" in said.err
    assert said.err.count("not among the best: out") == 2
    assert said.err.count("48 images: ") == 3 + 3  # how each stands, and why it is asked no more
    told = f"decided with 95 % confidence: scripted/{tmp_path}/wrong5.py:answer · closed-set is the best of 3 rows"
    assert f"{told}, after 48 of 120 images; that saved about 216 questions and 1.08 USD" in said.err
    assert "p-values between them" in said.err
    quiet = snellen(*words, "-q")
    assert quiet.code == 0 and quiet.out == said.out
    assert "48 images: scripted/" not in quiet.err.replace("pending", "") and told in quiet.err
    scored = snellen("score", str(tmp_path / "run"), "-q")
    assert told in scored.err and scored.out == said.out


def test_undecided_by_all_images_is_said_and_asking_again_is_not_called_for(
    snellen: Snellen, command: Callable[..., list[str]]
) -> None:
    said = snellen(*command(5, 7, 70), "--until-decided", "0.95", "--limit", "72")
    assert said.code == 0
    assert "not decided with 95 % confidence after all 72 images: the best of 3 rows may be scripted/" in said.err
    assert "wrong5.py:answer · closed-set or scripted/" in said.err and "that saved about 24 questions" in said.err
    assert "once more" not in said.err


def test_an_end_for_want_of_money_is_no_decision(
    snellen: Snellen, command: Callable[..., list[str]], tmp_path: Path
) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"prices": [{"model": "scripted/*", "input": 5, "output": 0}]}))
    words = [*command(5, 12), "--until-decided", "0.95", "--prices", str(prices)]
    said = snellen(*words, "--max-cost", "0.6")
    assert said.code == 4
    assert "not decided yet after 48 of 120 images" in said.err and "the same command goes on" in said.err
    assert "saved" not in said.err
    data = snellen(*words, "--max-cost", "0.6", "--json", "-q")
    assert data.code == 4 and json.loads(data.out)["decisions"][0]["best"] is None


def test_within_a_margin_the_claim_is_that(snellen: Snellen, command: Callable[..., list[str]]) -> None:
    said = snellen(*command(5, 7), "--until-decided", "0.9", "--margin", "0.2", "-q")
    assert said.code == 0
    assert "is the best of 2 rows or at most 20 points behind the best, after 48 of 120 images" in said.err


def test_it_may_stand_in_a_study_file_and_flags_go_before(
    snellen: Snellen, command: Callable[..., list[str]], tmp_path: Path
) -> None:
    study = tmp_path / "study.yaml"
    words = command(5, 60)
    models = json.dumps([word for word in words if word.startswith("scripted/")])
    asked = f"dataset: {words[2]}\nmodels: {models}\nstrategies: [closed-set]\nout: {words[-5]}\ntiming: false\n"
    study.write_text(f"{asked}until_decided: 0.95\nmargin: 0.01\n")
    dry = snellen("run", str(study), "--dry-run")
    assert "rounds     48, 72, 108, 120 images, until the best row is known with 95 % confidence" in dry.out
    assert snellen("run", str(study), "--until-decided", "95", "-q").code == 2
    assert snellen("run", str(study), "-q").code == 0
    kept = (Path(words[-5]) / "study.yaml").read_text()
    assert "until_decided: 0.95\nmargin: 0.01\n" in kept
    study.write_text(f"{asked}until_decided: often\n")
    said = snellen("run", str(study), "-q")
    assert said.code == 2 and "until_decided: expected a confidence such as 0.95, found 'often'" in said.err

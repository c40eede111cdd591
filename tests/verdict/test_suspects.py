"""Suspect labels of a run: flipped ones come first, whoever testifies, and the command shows them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import studies
from snellen.errors import WrongUse
from snellen.plan import chosen
from snellen.results import Results
from snellen.verdict.suspects import lines, suspects

CLASSES, PICTURES, FLIPPED = 21, 10, 11  # 5 % of 210


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A manifest of drawn pictures with some labels flipped on purpose, and the true labels of these."""
    place = tmp_path_factory.mktemp("flipped")
    selection, _ = chosen({"path": "demo/pictograms", "pictures": PICTURES, "classes": CLASSES})
    examples, random = list(selection), Random(7)
    names, wrong = selection.classes.names, {each.id: each.label for each in random.sample(examples, FLIPPED)}
    with (place / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label"))
        for each in examples:
            label = random.choice([name for name in names if name != each.label]) if each.id in wrong else each.label
            (place / each.id).parent.mkdir(parents=True, exist_ok=True)
            (place / f"{each.id}.png").write_bytes(each.image.data)
            writer.writerow((f"{each.id}.png", label))
    return place / "manifest.csv", {f"{id}.png": label for id, label in wrong.items()}


@pytest.fixture(scope="module")
def run(flipped: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """The demo's classifier and its clip asked about them."""
    manifest, _ = flipped
    models = ["demo/classifier", "demo/clip"]
    how = ("vocabulary,background=background", "zero-shot")
    with studies.ran(manifest, models, *how, out=tmp_path_factory.mktemp("runs") / "run") as results:
        yield results


def test_most_labels_flipped_on_purpose_are_in_the_first_tenth(
    run: Results, flipped: tuple[Path, dict[str, str]]
) -> None:
    """Of 5 % flipped at least 80 % have to be among the first 10 % of all images."""
    told, (_, truth) = suspects(run), flipped
    assert told.images == CLASSES * PICTURES and told.kinds == ("encoder", "classifier")
    tenth = told.found[: told.images // 10]
    hits = [each for each in tenth if each.example in truth]
    assert len(hits) >= 0.8 * FLIPPED
    assert sum(each.suggested == truth[each.example] for each in hits) >= 0.8 * FLIPPED
    assert sum(each.example in truth for each in told.found[:FLIPPED]) >= 0.7 * FLIPPED
    assert told.expected is not None and abs(told.expected - FLIPPED) <= 4 and told.look >= told.expected


def test_the_command_shows_them_writes_them_and_says_that_a_look_is_needed(
    run: Results, flipped: tuple[Path, dict[str, str]], tmp_path: Path, snellen: Callable[..., Any]
) -> None:
    table = tmp_path / "suspects.csv"
    said = snellen("suspects", run.path, "-o", table, "--top", "3")
    assert said.code == 0 and max(map(len, said.out.splitlines())) <= 80
    assert said.out.split()[:3] == ["Image", "Label", "Suggested"]
    assert "a suspect is no proof" in said.err and "look at the first" in said.err
    assert "witness: demo/clip · zero-shot, a encoder" not in said.err and "an encoder" in said.err
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    assert (first["rank"], first["look"], Path(first["path"]).is_file()) == ("1", "yes", True)
    assert first["suggested"] == flipped[1][first["example"]]
    assert re.fullmatch(r"demo/clip [01]\.\d\d; demo/classifier [01]\.\d\d", first["says"])
    found = json.loads(snellen("suspects", run.path, "--json").out)
    assert [each["example"] for each in found["suspects"]] == [row["example"] for row in rows]
    assert found["look"] == sum(row["look"] == "yes" for row in rows)
    assert len(json.loads(snellen("suspects", run.path, "--json", "--top", "2").out)["suspects"]) == 2
    assert snellen("suspects", run.path, "-o", tmp_path / "suspects.txt").code == 2


def test_one_model_alone_is_told_to_be_weaker(tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=6)
    name = studies.model(tmp_path / "some.py", "return 'bird' if image.path.stem == 'cat0' else truth(image)")
    with studies.ran(photos, name, "closed-set", "binary", out=tmp_path / "run") as results:
        told = suspects(results)
        assert [each.row.strategy for each in told.witnesses] == ["closed-set"]  # two ways of asking are one witness
        assert [(each.example, each.suggested, each.says) for each in told.found] == [
            ("cat/cat0.png", "bird", ((name, None),))
        ]
        assert told.expected is None and told.look == 1
        assert any("one kind of model testifies, which is weaker" in line for line in lines(told))


def test_blind_and_superseded_rows_and_models_without_answers_do_not_testify(tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=2)
    table = tmp_path / "mine.csv"
    for said in ("cat", "dog"):  # of the second of each two; the file changes under its name
        lines_ = (f"{label}/{label}0.png,{label}\n{label}/{label}1.png,{said}\n" for label in ("cat", "dog", "bird"))
        table.write_text("image,prediction\n" + "".join(lines_))
        with studies.ran(photos, f"predictions/{table}", "vocabulary", out=tmp_path / "run"):
            pass
    mute = studies.model(tmp_path / "mute.py", "return Failure('no voice')")
    sees = studies.model(tmp_path / "sees.py", "return truth(image) if image else 'bird'")
    with studies.ran(photos, [sees, mute], "closed-set", out=tmp_path / "run", blind=True) as results:
        told = suspects(results)
        assert sorted((each.row.model, each.kind) for each in told.witnesses) == [
            (f"predictions/{table}", "classifier"),
            (sees, "vision-language model"),
        ]
        assert {each.suggested for each in told.found} == {"dog"}
    with (
        studies.ran(photos, mute, "closed-set", out=tmp_path / "none") as results,
        pytest.raises(WrongUse, match="has an answer"),
    ):
        suspects(results)


def test_a_vocabulary_without_the_label_says_nothing_of_it(tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", count=4)
    table = tmp_path / "mine.csv"
    said = {"cat": "cat", "dog": "cat", "bird": "bird"}  # it knows no dog
    table.write_text(
        "image,prediction\n"
        + "".join(f"{p.parent.name}/{p.name},{said[p.parent.name]}\n" for p in photos.rglob("*.png"))
    )
    with studies.ran(photos, f"predictions/{table}", "vocabulary", out=tmp_path / "run") as results:
        told = suspects(results)
        assert told.images == 8 and not told.found
        assert list(lines(told))[-1] == "0 of 8 images have another class than their label by some model"

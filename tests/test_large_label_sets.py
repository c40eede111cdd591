"""Studies by strategies that prepare, ask two models or show examples: asked once, kept under each, replayed."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import snellen
import studies
from conftest import Said
from snellen.folder import RunFolder
from snellen.metrics.intervals import wilson
from snellen.results import Results
from snellen.study import rescore

NAMES = ("ant", "bat", "cat", "dog", "elk", "fox")
# the encoder takes every fox for a dog, and the first picture of a class for the opposite of what it is
ENCODER = f"""
names = {NAMES!r}
def unit(name):
    return tuple(float(name == each) for each in names)
if isinstance(question, EmbedText):
    return Vector(unit(question.text.split()[-1].strip('.')), scale=100.0)
seen = unit("dog" if truth(image) == "fox" else truth(image))
return Vector(tuple(-value for value in seen) if image.path.stem.endswith('0') else seen)
"""
# the model knows every class that it is offered, and says nothing where the right one is not there
CHOOSER = """
listed = question.prompt[-1].partition('from ')[2].removesuffix('. Answer:').split(', ')
return truth(image) if truth(image) in listed else 'who knows'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos", count=3, names=NAMES)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def by_model(out: Path) -> Counter[str]:
    """How many answers are kept of each model, by its file's name."""
    with closing(sqlite3.connect(out / "answers.sqlite")) as connection:
        found = connection.execute("SELECT name, count(*) FROM answers JOIN models ON number = model GROUP BY 1")
        return Counter({Path(name.partition(":")[0]).stem: count for name, count in found})


def written(out: Path) -> dict[str, str]:
    return {each: (out / each).read_text() for each in ("records.csv", "results.json")}


def assert_replayed(out: Path) -> None:
    """Scoring derives the same tables from the answers alone."""
    before = written(out)
    with RunFolder(out) as run, run.database.commit():
        run.database.execute("DELETE FROM records")
    rescore(out).close()
    assert written(out) == before


def test_a_shortlist_asks_two_models_and_tells_its_ceiling(folder: Path, tmp_path: Path, out: Path) -> None:
    encoder, chooser = tmp_path / "encoder.py", tmp_path / "chooser.py"
    named = {"encoder": studies.model(encoder, ENCODER), "model": studies.model(chooser, CHOOSER)}
    strategy = {"strategy": "shortlist", "encoder": named["encoder"], "k": 2, "order": "similarity"}
    with closing(snellen.run(str(folder), [named["model"]], [strategy], out=str(out))) as results:
        (row,) = results.rows
        records = list(results.records())
    assert len(studies.asked(encoder)) > len(NAMES) + 18  # the timing pass asks again
    assert by_model(out) == {"encoder": len(NAMES) + 18, "chooser": 18}
    assert row.images_per_second and row.timed_images and row.latency_p50
    held = [record["label"] in record["details"]["shortlist"] for record in records]
    assert all(len(record["details"]["shortlist"]) == 2 for record in records)
    right = [record["prediction"] == record["label"] for record in records]
    assert held == right and sum(held) < 18
    assert (row.ceiling, row.accuracy) == (sum(held) / 18, sum(held) / 18)
    assert (row.ceiling_low, row.ceiling_high) == pytest.approx(wilson(sum(held), 18))
    assert row.unparsed == 18 - sum(held)
    before = len(studies.asked(encoder)), len(studies.asked(chooser))
    for k, more in ((2, 0), (5, 18)):
        again = {**strategy, "k": k}
        with studies.ran(folder, named["model"], again, out=out) as results:  # type: ignore[arg-type]
            ceilings = {each.strategy.rpartition("k=")[2].partition(",")[0]: each.ceiling for each in results.rows}
        assert (len(studies.asked(encoder)), len(studies.asked(chooser))) == (before[0], before[1] + more)
    assert ceilings["5"] is not None and ceilings["2"] is not None and ceilings["5"] > ceilings["2"]
    assert_replayed(out)
    found = json.loads((out / "results.json").read_text())["rows"]
    assert {"ceiling", "ceiling_low", "ceiling_high"} <= found[0].keys()


def test_other_strategies_have_no_ceiling_and_an_encoder_that_fails_is_told(
    folder: Path, tmp_path: Path, out: Path
) -> None:
    chooser = studies.model(tmp_path / "chooser.py", CHOOSER)
    silent = studies.model(tmp_path / "silent.py", "return Failure('no encoder')")
    with studies.ran(folder, chooser, "closed-set", f"shortlist,encoder={silent}", out=out) as results:
        rows = {row.strategy.partition(",")[0]: row for row in results.rows}
    assert (rows["closed-set"].accuracy, rows["closed-set"].ceiling, rows["closed-set"].ceiling_low) == (1, None, None)
    assert (rows["shortlist"].pending, rows["shortlist"].ceiling) == (18, None)
    assert "no encoder" in str(rows["shortlist"].trouble)


# A model that answers A with 82 % whatever is behind it, and sees the class of the photo by a little
BIASED = """
import math
lines = question.prompt[-1].splitlines()[1:-1]
grey = not any(part is PHOTO for part in question.prompt)
def p(letter, name):
    seen = 1 if grey or name != truth(image) else 2
    return {'A': 0.82}.get(letter, 0.036) * seen
return Scores(question.choices, tuple(math.log(p(line[0], line[3:])) for line in lines))
"""


def test_letters_ask_for_their_prior_once_and_replay_it(folder: Path, tmp_path: Path, out: Path) -> None:
    file = tmp_path / "biased.py"
    name = studies.model(file, BIASED)
    with studies.ran(folder, name, "letters", "letters,debias=none", out=out) as results:
        accuracy = {row.strategy: row.accuracy for row in results.rows}
    about = Counter(each.image for each in studies.asked(file))  # both rows ask the same about the photos
    assert about.pop("-") == 6 and set(about.values()) == {1} and len(about) == 18
    assert accuracy["letters"] == 1
    assert accuracy["letters,debias=none"] is not None and accuracy["letters,debias=none"] < 0.6
    with studies.ran(folder, name, "letters", "letters,debias=none", out=out):
        assert len(studies.asked(file)) == 24
    assert_replayed(out)
    with RunFolder(out) as run, run.database.commit():
        run.database.execute("DELETE FROM answers WHERE image = x''")
    rescore(out).close()
    with closing(Results(out)) as results:  # without its prior the row cannot be derived
        assert {row.strategy: row.pending for row in results.rows} == {"letters": 18, "letters,debias=none": 0}


def test_examples_in_the_prompt_are_never_asked_about(folder: Path, tmp_path: Path, out: Path) -> None:
    file = tmp_path / "model.py"
    name = studies.model(
        file,
        "shown = [part for part in question.prompt if isinstance(part, Image)]\n"
        "assert all(question.prompt[2 * place + 1].endswith(f'{truth(part)}\\n') for place, part in enumerate(shown))\n"
        "Path(LOG + '.shown').open('a').write(' '.join(part.digest for part in shown) + '\\n')\n"
        "return truth(image)",
    )
    file.write_text(f"from snellen.images import Image\n{file.read_text()}")
    with studies.ran(folder, name, "closed-set,shots=1", "closed-set", out=out) as results:
        assert [(row.images, row.answered, row.failed, row.accuracy) for row in results.rows] == [(12, 12, 0, 1)] * 2
        records = list(results.records())
    shown = {line for line in Path(f"{file.with_suffix('.log')}.shown").read_text().splitlines() if line}
    assert len(shown) == 1  # all photos are shown the same examples in the same order
    (examples,) = (line.split() for line in shown)
    assert len(examples) == len(set(examples)) == 6
    assert not set(examples) & {each.image for each in studies.asked(file)}
    assert len({record["example"] for record in records}) == 12
    before = len(studies.asked(file))
    with studies.ran(folder, name, "closed-set,shots=1", out=out):
        assert len(studies.asked(file)) == before
    assert_replayed(out)


def test_ask_tells_of_both_models(snellen: Callable[..., Said], folder: Path, tmp_path: Path) -> None:
    encoder, chooser = (
        studies.model(tmp_path / f"{name}.py", body) for name, body in (("encoder", ENCODER), ("chooser", CHOOSER))
    )
    photo = folder / "cat" / "cat1.png"
    words = ("ask", chooser, photo, "--classes", ",".join(NAMES), "-s", f"shortlist,encoder={encoder},k=2")
    said = snellen(*words)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0].startswith(f"{chooser} + {encoder} · shortlist,")
    assert said.out.count("\n> (encoder) ") == len(NAMES) + 1
    assert "> (encoder) a photo of a cat.  [embed]\n< a vector of 6 values" in said.out
    assert "> (encoder) [photo]  [embed]" in said.out
    assert said.out.endswith("< 'cat'\n\nprediction: cat (exact)\n")


def test_each_is_told_with_its_options(snellen: Callable[..., Said]) -> None:
    said = snellen("ls", "strategies")
    for name in ("binary-then-choose", "letters", "shortlist", "tournament"):
        assert f"\n{name}: " in said.out
    assert "    encoder=…, k=10, templates='single'" in said.out and "shots=0" in said.out

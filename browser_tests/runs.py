"""Small run folders that are really made, for pages to show: the demo, hostile texts, a sweep, one that is going on."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import studies
from benchmarks import large_run
from hostile import ANSWERS, IDS, SCRIPT, SECRET, TEXTS, fit_for_files
from snellen import study, sweep
from snellen.class_sets import Sweep
from snellen.database import DATABASE
from snellen.plan import Request, load_dataset, resolve

PATIENCE = 120.0  # seconds; nothing here takes more than a few, unless the machine is very busy
PATH = "demo/pictograms"
PICTURES = {"pictures": 6}
# a model that knows the pictures, and is wrong, wordy, silent, refusing or broken where their digests say so
_KNOWS = """
labels = json.loads(Path(__file__).with_name("labels.json").read_text())
label, luck = (labels.get(image.digest) if image else None), int(image.digest[SKILL : SKILL + 4], 16) if image else 0
text = " ".join(part for part in question.prompt if isinstance(part, str))
listed = sorted({name for name in labels.values() if name in text})
wrong = luck % SKILL == 0 or label is None
usage = Usage(700 + luck % 90, 5, seconds=0.01 + luck % 7 / 1000)
if isinstance(question, Choose):
    right = "yes" if label and label in text else "no"
    best = right if right in question.choices else label
    values = [-0.2 - luck % 5 / 10 if (each == best) != wrong else -2.5 - len(each) / 10 for each in question.choices]
    return Scores(question.choices, values, usage)
if "yes or no" in text:
    return Text("Yes." if (label is not None and label in text) != wrong else "No", usage=usage)
if luck % 11 == 1:
    return Failure("503: the server is overloaded")
if luck % 19 == 1:
    return Text("I'm sorry, I can't help with pictures of people.", Finish.REFUSED, usage)
if luck % 17 == 1:
    return Text("This picture seems to show something that", Finish.LENGTH, usage)
if luck % 13 == 1:
    return Text("a zeppelin", usage=usage)
if wrong:
    return Text(listed[luck // 7 % len(listed)] if listed else "none", usage=usage)
return Text(label if luck % 2 else f"The picture shows a {label}.", usage=usage)
"""
# the first says all that is hostile in turn, the other knows better, and fails now and then
_HOSTILE = f"""
from itertools import count
from snellen.types import *

TEXTS = {TEXTS!r}
ANSWERS = {ANSWERS!r}
TURNS = count()

def answer(question, image):
    if isinstance(question, Recognise):
        return Scores(TEXTS, [0.5, *[0.5 / (len(TEXTS) - 1)] * (len(TEXTS) - 1)])
    if isinstance(question, Choose):
        return Scores(question.choices, [-0.1 - number for number in range(len(question.choices))])
    return ANSWERS[next(TURNS) % len(ANSWERS)]

def other(question, image):
    if isinstance(question, Generate) and (turn := next(TURNS)) % 5:
        return image.path.parent.name if turn % 5 < 4 else ANSWERS[turn % len(ANSWERS)]
    raise ValueError(TEXTS[int(image.digest[:6], 16) % len(TEXTS)])
"""
_SLOW = """
for _ in range(20):
    if not Path(__file__).with_name("at-once").exists():
        time.sleep(0.01)
return truth(image) if int(image.digest[:2], 16) % 4 else "a zeppelin"
"""
ANIMALS = ("ant", "bat", "cat", "dog", "eel", "fox", "gnu", "hen")
# where both are listed: each bat is a fox, half of the dogs are hens
_CONFUSED = """
listed = "".join(part for part in question.prompt if isinstance(part, str))
name, number = image.path.stem[:3], int(image.path.stem[3:])
other = {"bat": "fox", "dog": "hen" if number % 2 else "dog"}.get(name, name)
return other if other in listed else name
"""


def demo(place: Path) -> Path:
    """Demo models, timed, and scripted ones on drawn pictures: money, votes, blind rows, all outcomes, failures."""
    examples, _ = load_dataset({"path": PATH, **PICTURES})
    labels = {example.image.digest: example.label for example in examples}
    (place / "labels.json").write_text(json.dumps(labels))
    prices = {"prices": [{"model": "scripted/*careful*", "input": 2.5, "output": 10}]}
    (place / "prices.json").write_text(json.dumps(prices))
    dataset = {"path": PATH, **PICTURES, "classes": 9}
    learned = ("vocabulary,background=background", "zero-shot")
    _made(Request(dataset, ("demo/classifier", "demo/clip"), learned, "demo"), place)
    told = ("closed-set", "closed-set,votes=3", "binary", "likelihood")
    models = [
        studies.model(place / f"{name}.py", _KNOWS.replace("SKILL", str(skill)))
        for name, skill in (("careful", 9), ("hasty", 3))
    ]
    models.append(studies.model(place / "broken.py", "return Failure('401: no such key')"))
    return _made(
        Request(dataset, tuple(models), told, "demo", prices=str(place / "prices.json"), timing=False, blind=True),
        place,
    )


def hostile_folder(place: Path) -> Path:
    """Class folders, files, a model file and a study with hostile names; a model whose answers and failures are so.

    One file's name is no UTF-8, and one is a link to a file outside, which says SECRET.
    """
    photos = place / fit_for_files(f'photos "{TEXTS[0]}')
    for number, name in enumerate(map(fit_for_files, TEXTS[: len(TEXTS) // 2] * 3)):
        path = photos / name / f"{fit_for_files(TEXTS[number % len(TEXTS)])} {number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        studies.write_photograph(path, str(number))
    within = photos / fit_for_files(TEXTS[0])
    deep = within / f"x{TEXTS[1]}.png"  # its slashes are folders, so that the id is the whole text
    deep.parent.mkdir(parents=True)
    studies.write_photograph(deep, "deep")
    studies.write_photograph(Path(os.fsdecode(os.fsencode(within) + b"/caf\xe9.png")), "café")
    (place / "secret.txt").write_text(SECRET)
    (within / "out.png").symlink_to(place / "secret.txt")
    return _hostile({"path": str(photos)}, place)


def hostile_table(place: Path) -> Path:
    """A table whose labels and ids are hostile texts as they are; some images are listed that are none."""
    photos = place / "photos"
    photos.mkdir()
    (place / "secret.png").write_text(SECRET)
    lines = [["image", "label", "id"]]
    for number, name in enumerate(IDS):
        studies.write_photograph(photos / f"{number}.png", name)
        lines.append([f"photos/{number}.png", TEXTS[number % len(TEXTS)], name])
    (photos / "out.png").symlink_to("/etc/passwd")
    lines += [["secret.png", TEXTS[0], "secret"], ["photos/out.png", TEXTS[1], "out"], ["gone.png", TEXTS[2], "gone"]]
    with (place / "table.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return _hostile({"path": str(place / "table.csv"), "id_column": "id"}, place)


def _hostile(dataset: dict[str, str], place: Path) -> Path:
    files = (place / f"x{TEXTS[1]}.py", place / f"{fit_for_files(TEXTS[3])}.py")
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_HOSTILE)
    asked = {"strategy": "closed-set", "template": f"{TEXTS[1]} {{{{7*7}}}} {TEXTS[5]} {{classes}}"}
    named = ({"model": f"scripted/{files[0]}:answer"}, {"model": f"scripted/{files[1]}:other"})
    return _made(Request(dataset, named, (asked, "likelihood", "vocabulary"), SCRIPT, timing=False), place)


def swept(place: Path) -> Path:
    """A sweep over three numbers of classes, random and most confused first; one model errs."""
    photos = studies.photographs(place / "photos", 4, ANIMALS)
    models = (
        studies.model(place / "right.py", "return truth(image)"),
        studies.model(place / "confused.py", _CONFUSED),
    )
    request = Request({"path": str(photos)}, models, ("closed-set",), out=str(place / "run"), timing=False)
    sweep.run(sweep.plan_sweep(request, Sweep((2, 4, 8), draws=2, order="both"))).close()
    return place / "run"


def large(place: Path) -> Path:
    """Two images of each of 257 classes, asked of ten models in words or by scores."""
    names = [f"class {number:03}" for number in range(257)]
    large_run.photographs(place / "images", 2 * len(names), names)
    for models, strategy in zip(large_run.models(place, 10, names), ("closed-set", "likelihood"), strict=True):
        _made(Request({"path": str(place / "images")}, tuple(models), (strategy,), timing=False), place)
    return place / "run"


@dataclass(frozen=True)
class Running:
    """A run that is going on: its folder, and how to have it end."""

    folder: Path
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """Lets the model answer at once, and waits until the run is over."""
        (self.folder.parent / "at-once").touch()
        assert self.process.wait(timeout=PATIENCE) == 0


@contextmanager
def running(place: Path) -> Iterator[Running]:
    """A run of 150 images whose model takes 0.2 s for each, which has its first answers; killed in the end."""
    photos = studies.photographs(place / "photos", 50)
    model = studies.model(place / "slow.py", _SLOW)
    words = [sys.executable, "-m", "snellen", "run", "-d", str(photos), "-m", f"{model},batch_size=1", "--no-timing"]
    words += ["-s", "closed-set", "-q", "--out", str(place / "run")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SNELLEN_")}
    process = subprocess.Popen(words, env=environment, start_new_session=True)
    try:
        _wait_for_answers(place / "run", process)
        yield Running(place / "run", process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_answers(run: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while not ((run / DATABASE).exists() and _count(run) >= 3):
        assert process.poll() is None and time.monotonic() < until, "the run came to no answers"
        time.sleep(0.05)


def _count(run: Path) -> int:
    with suppress(sqlite3.OperationalError):  # its tables are not made yet
        return int(studies.sql(run, "SELECT count(*) FROM answers")[0][0])
    return 0


def _made(request: Request, place: Path) -> Path:
    plan = resolve(replace(request, out=str(place / "run")))
    study.run(plan).close()
    return place / "run"

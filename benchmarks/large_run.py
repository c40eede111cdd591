"""Makes a run folder of many images and rows by a real run: what the report and the viewer are measured on.

    python benchmarks/large_run.py FOLDER --images 100000 --rows 10 --classes 21

The images are small PNG files, all different; the models are functions that err at rates of their own, half of them in
words and half by scores.
"""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from pathlib import Path
from random import Random

import PIL.Image

import snellen

_PER_FOLDER = 4000
_SIDE = 24
_MODEL = """
from random import Random
from snellen.types import Choose, Scores, Text

NAMES = {names!r}


def answer(question, image):
    rng = Random(f"{seed}:{{image.digest}}")
    truth = image.path.parent.parent.name
    place = NAMES.index(truth)
    said = truth if rng.random() < {accuracy} else NAMES[(place + int(rng.expovariate(0.5)) + 1) % len(NAMES)]
    if isinstance(question, Choose):
        surely = -rng.expovariate(2.0)
        rest = -3.0 - 2.0 * rng.random()
        named = said.strip()
        return Scores(question.choices, tuple(surely if c.strip() == named else rest for c in question.choices))
    if rng.random() < 0.02:
        return Text("I cannot tell what this picture shows.")
    return Text(said if rng.random() < 0.9 else f"This is a {{said}}.")
"""


def photographs(place: Path, images: int, names: list[str]) -> None:
    """Class folders with sub-folders, as one folder of very many files is slow."""
    rng = Random(0)
    for number in range(images):
        folder = place / names[number % len(names)] / f"{number // _PER_FOLDER:04}"
        if number % _PER_FOLDER < len(names):
            folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{number:07}.png"
        if not file.exists():
            image = PIL.Image.new("RGB", (_SIDE, _SIDE), tuple(rng.randbytes(3)))
            image.putpixel((0, 0), (number & 255, number >> 8 & 255, number >> 16 & 255))
            image.save(file, compress_level=1)


def models(place: Path, rows: int, names: list[str]) -> tuple[list[str], list[str]]:
    """So many models in files: those that answer in words, and those that give scores."""
    found: list[str] = []
    for number in range(rows):
        file = place / f"model{number}.py"
        file.write_text(_MODEL.format(names=names, seed=number, accuracy=0.9 - 0.04 * number), encoding="utf-8")
        found.append(f"scripted/{file}:answer")
    return found[: -(-rows // 2)], found[-(-rows // 2) :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--classes", type=int, default=21)
    given = parser.parse_args()
    names = [f"class {number:03}" for number in range(given.classes)]
    began = time.perf_counter()
    photographs(given.folder / "images", given.images, names)
    said, scored = models(given.folder, given.rows, names)
    for named, strategy in ((said, "closed-set"), (scored, "likelihood")):
        if named:
            run = snellen.run(given.folder / "images", named, [strategy], out=given.folder / "run", timing=False)
            with closing(run) as results:
                print(f"{len(results.rows)} rows after {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()

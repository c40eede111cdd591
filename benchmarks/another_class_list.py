"""What another class list costs once the photographs of a `zero-shot` study are embedded.

    python benchmarks/another_class_list.py PHOTOGRAPHS [--images 1000]

PHOTOGRAPHS is a folder of class folders with JPEG files. A CLIP of the size of ViT-B/32 (random weights) is asked about
1,000 photographs, then again with every class renamed, then with another template. Beside each run: how many
photographs the model saw, and its seconds beyond those of a run that imports and loads the same and asks about two.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from small_encoders import build_clip, same_photographs
from snellen.meters import environment

PHOTOS = "SELECT count(*) FROM answers WHERE image != x''"
TEXTS = "SELECT count(*) FROM answers WHERE image = x''"


def run(data: str, model: Path, out: Path, *more: str) -> float:
    """The wall seconds of one run."""
    command = [
        sys.executable,
        "-m",
        "snellen",
        "run",
        "-d",
        data,
        "-m",
        f"clip/{model}",
        "--out",
        str(out),
        "--no-timing",
    ]
    start = time.perf_counter()
    subprocess.run([*command, "-q", *more], check=True, capture_output=True)
    return time.perf_counter() - start


def kept(out: Path, query: str) -> int:
    with closing(sqlite3.connect(out / "answers.sqlite")) as connection:
        return int(connection.execute(query).fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--images", type=int, default=1000, help="at least so many")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        times = -(-asked.images // len(list(asked.photographs.glob("*/*.jpg"))))
        same_photographs(asked.photographs, place / "photographs", times)
        images = len(list(place.glob("photographs/*/*.jpg")))
        build_clip(place / "clip")
        names = sorted(path.name for path in (place / "photographs").iterdir())
        (place / "other.json").write_text(json.dumps({name: f"thing number {i}" for i, name in enumerate(names)}))
        data = str(place / "photographs")
        model, out = place / "clip", place / "run"
        base = min(run(data, model, place / f"base{i}", "--limit", "2", "--classes", "2") for i in range(3))
        print(json.dumps(environment(), indent=1))
        print(f"a run about two photographs and two classes: {base:.1f} s\n")
        print(f"| run about {images} photographs, {len(names)} classes | photographs seen | texts read | s | beyond |")
        print("| --- | ---: | ---: | ---: | ---: |")
        runs = {
            "first": (data, ()),
            "every class renamed": (f"{data},class_names={place / 'other.json'}", ()),
            "another template": (data, ("-s", "zero-shot,templates=a blurry picture of {name}")),
            "the same again": (data, ()),
        }
        for title, (dataset, more) in runs.items():
            before = (0, 0) if not out.exists() else (kept(out, PHOTOS), kept(out, TEXTS))
            seconds = run(dataset, model, out, *more)
            seen, read = kept(out, PHOTOS) - before[0], kept(out, TEXTS) - before[1]
            print(f"| {title} | {seen} | {read} | {seconds:.1f} | {seconds - base:.1f} |", flush=True)


if __name__ == "__main__":
    main()

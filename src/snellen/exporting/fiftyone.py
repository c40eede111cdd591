"""`fiftyone`: the images, their labels and all predictions, in a form that FiftyOne reads.

The folder is read by `fiftyone.Dataset.from_dir(FOLDER, dataset_type=fiftyone.types.FiftyOneDataset)`. Each row is a
field with a Classification; that package is not needed to write it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from snellen.console import visible
from snellen.database import DATABASE, Database
from snellen.exporting import Written, place_of
from snellen.exporting.pictures import write_pictures
from snellen.exporting.tracked import asked
from snellen.exports import check_free, whole_folder
from snellen.progress import Progress
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.types import State

_SAMPLES = """
    SELECT e.id, e.path, e.digest, s.label, w.number, r.state, r.prediction, r.outcome, r.scores, r.failure
    FROM rows w
    JOIN selected s ON s.selection = w.selection
    JOIN examples e ON e.number = s.example
    LEFT JOIN records r ON r.row = w.number AND r.example = s.example
    WHERE e.unreadable IS NULL
    ORDER BY e.number, w.number
"""
_LONGEST = 60  # characters of a field's name


def write(results: Results, out: Path | None, progress: Progress) -> Written:
    """A folder with metadata.json, samples.json and, in data, images that have no file of their own.

    Raises WrongUse where the folder holds something.
    """
    place = place_of("fiftyone", results, out)
    check_free(place, "an earlier export")
    fields = {row.number: field_of(row) for row in sorted(results.rows, key=lambda row: row.number)}
    with closing(Database(results.path / DATABASE, read_only=True)) as database, whole_folder(place) as folder:
        names = write_pictures(results, _without_file(database), folder / "data", progress)
        counts = _write_samples(database, fields, names, folder / "samples.json")
        (folder / "metadata.json").write_text(json.dumps(_metadata(results, fields), indent=2), encoding="utf-8")
    notes = [f"{counts['written']} images, of which {len(names)} are in {place / 'data'}"]
    if counts["lost"]:
        notes.append(f"{counts['lost']} images are left out: they are not in the data set any more, or are others now")
    if counts["moved"]:
        notes.append(f"{counts['moved']} images are not where they were, so that FiftyOne will not show them")
    notes.append(f"to read it: fiftyone.Dataset.from_dir({str(place)!r}, dataset_type=fiftyone.types.FiftyOneDataset)")
    return Written((str(place),), tuple(notes))


def field_of(row: ResultRow) -> str:
    """The name of a row's field: letters, digits and `_`, different for each row."""
    return re.sub(r"[^A-Za-z0-9]+", "_", f"row{row.number}_{row.model}_{row.strategy}")[:_LONGEST].strip("_")


def _without_file(database: Database) -> dict[str, bytes]:
    """Id and digest of each image without a file, or with one whose name is no text, which FiftyOne cannot take."""
    found = database.execute(
        "SELECT DISTINCT e.id, e.path, e.digest FROM rows w JOIN selected s ON s.selection = w.selection "
        "JOIN examples e ON e.number = s.example WHERE e.unreadable IS NULL"
    )
    return {id: digest for id, path, digest in found if _file(path) is None}


def _file(path: bytes | None) -> str | None:
    file = os.fsdecode(path) if path else None
    return file if file and file.isprintable() else None


def _write_samples(
    database: Database, fields: Mapping[int, str], names: Mapping[str, str], file: Path
) -> dict[str, int]:
    """Writes the samples, one a line, and returns how many were written, are lost, or are not where they were."""
    counts = dict.fromkeys(("written", "lost", "moved"), 0)
    separator = "\n"
    with file.open("w", encoding="utf-8") as stream:
        stream.write('{"samples": [')
        for id, records in groupby(database.execute(_SAMPLES), key=itemgetter(0)):
            found = list(records)
            place = _file(found[0][1])
            if place is None and id not in names:
                counts["lost"] += 1
                continue
            counts["moved"] += place is not None and not Path(place).exists()
            counts["written"] += 1
            sample: dict[str, Any] = {
                "filepath": place or f"data/{names[id]}",
                "tags": [],
                "metadata": None,
                "example": visible(id),
                "ground_truth": _classification(found[-1][3]),  # the label in the last selection
                **{fields[record[4]]: label for record in found if (label := _predicted(*record[5:]))},
            }
            stream.write(f"{separator}{json.dumps(sample)}")
            separator = ",\n"
        stream.write("\n]}\n")
    return counts


def _classification(label: str | None, confidence: float | None = None, **more: Any) -> dict[str, Any]:
    shown = None if label is None else visible(label)
    return {"_cls": "Classification", "tags": [], "label": shown, "confidence": confidence, "logits": None, **more}


def _predicted(
    state: str | None, prediction: str | None, outcome: str | None, scores: str | None, failure: str | None
) -> dict[str, Any] | None:
    """What a row said about an image; without a label where it was asked in vain, None where it was not asked."""
    if state in (None, State.PENDING):
        return None
    confidence = json.loads(scores).get(prediction) if scores else None
    more = {"outcome": outcome} if failure is None else {"failure": visible(failure)}
    return _classification(prediction, confidence, state=state, **more)


def _metadata(results: Results, fields: Mapping[int, str]) -> dict[str, Any]:
    """What the fields are, and the names of the classes; the types of the fields are seen in the samples."""
    rows = {row.number: row for row in results.rows}
    classes = dict.fromkeys(name for row in results.rows for name in results.spec(row)["classes"]["names"])
    return {
        "name": visible(results.path.resolve().name),
        "media_type": "image",
        "default_classes": [visible(name) for name in classes],
        "info": {"fields": {name: _about(results, rows[number]) for number, name in fields.items()}},
    }


def _about(results: Results, row: ResultRow) -> dict[str, Any]:
    """What a row asked; without dots in the names, which databases of documents do not like."""
    return {name.replace(".", "_"): value for name, value in asked(results, row).items()}

"""Files and folders that appear only when they are complete, and the tables that every run folder has."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from snellen.database import Database
from snellen.errors import WrongUse, cannot_write
from snellen.naming import printable
from snellen.results import Results

COLUMNS = (
    "row",
    "example",
    "label",
    "model",
    "strategy",
    "classes",
    "seed",
    "state",
    "prediction",
    "outcome",
    "scores",
    "details",
    "failure",
    "questions",
)


@contextmanager
def whole_file(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is complete.

    A link of that name is replaced, not followed. Raises Missing where there is no space, WrongUse for a place that is
    no file, such as a device.
    """
    if path.exists() and not path.is_file():
        raise WrongUse(f"cannot write {path}: that is no file; choose another place")
    partial = path.with_name(f".{path.name}.partial")
    # half a surrogate pair, which a model may write, becomes its escape; in JSON that means the same
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "", "errors": "backslashreplace"}
    try:
        partial.unlink(missing_ok=True)  # of a process that was killed, or a link that someone has put there
        with partial.open(mode.replace("w", "x"), **text) as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def check_free(folder: Path, perhaps: str) -> None:
    """Raises WrongUse where a folder that is to be written holds something, `perhaps` an earlier one of its kind."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUse(
            f"{folder} holds something already, perhaps {perhaps}; remove it, or choose another folder with -o"
        )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which has the name `folder` only when it is complete, and is gone where it is not."""
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)  # of an export that was killed
        partial.mkdir(parents=True)
        yield partial
        if any(partial.iterdir()):
            if folder.exists():
                folder.rmdir()
            partial.rename(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def flat(record: Mapping[str, Any]) -> list[Any]:
    """A record's values in the order of COLUMNS, nested ones as JSON."""
    values = (record[column] for column in COLUMNS)
    return [json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value for value in values]


def write_csv(results: Results, path: Path) -> None:
    """All records as a table; an unparsed, failed or pending one has an empty prediction."""
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(flat(record) for record in results.records())


def write_manifest(database: Database, path: Path) -> None:
    """All examples of any row, labelled as in the last: what each file is, and whether it is readable or why not."""
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "path", "digest", "label", "width", "height", "readable"))
        for id, place, digest, label, width, height, unreadable in database.execute(
            "SELECT id, path, digest, label, width, height, unreadable FROM examples JOIN selected ON example = number "
            "WHERE selection = (SELECT max(s.selection) FROM selected s WHERE s.example = number "
            "AND s.selection IN (SELECT selection FROM rows)) ORDER BY number",
        ):
            shown = printable(os.fsdecode(place)) if place else ""
            writer.writerow((id, shown, digest.hex(), label, width, height, unreadable or "yes"))


def write_results(results: Results, folder: Path, sections: Mapping[str, Any]) -> None:
    """`results.json`, with these further sections, and `records.csv` of a run folder."""
    with whole_file(folder / "results.json") as file:
        json.dump({**results.as_data(), **sections}, file, ensure_ascii=False, indent=2)
        file.write("\n")
    write_csv(results, folder / "records.csv")

"""Results written to files for other programs: CSV, JSON and Parquet, streamed."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from snellen.database import Database
from snellen.errors import Missing, cannot_write
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
_PARQUET_ROWS = 10_000


@contextmanager
def whole_file(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is complete. Raises Missing where there is no space."""
    partial = path.with_name(f".{path.name}.partial")
    # half a surrogate pair, which a model may write, becomes its escape; in JSON that means the same
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "", "errors": "backslashreplace"}
    try:
        with partial.open(mode, **text) as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _flat(record: Mapping[str, Any]) -> list[Any]:
    """A record's values in the order of COLUMNS, nested ones as JSON."""
    values = (record[column] for column in COLUMNS)
    return [json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value for value in values]


def write_csv(results: Results, path: Path) -> None:
    """All records as a table; an unparsed, failed or pending one has an empty prediction."""
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_flat(record) for record in results.records())


def write_json(results: Results, path: Path) -> None:
    """The content of `results.json` and all records, one a line."""
    with whole_file(path) as file:
        tables = json.dumps(results.as_data(), ensure_ascii=False, indent=2)
        file.write(tables.removesuffix("\n}") + ',\n  "records": [')
        separator = "\n"
        for record in results.records():
            values = {column: record[column] for column in COLUMNS}
            file.write(f"{separator}    {json.dumps(values, ensure_ascii=False)}")
            separator = ",\n"
        file.write("\n  ]\n}\n")


def write_parquet(results: Results, path: Path) -> None:
    """All records as a Parquet table. Raises Missing where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise Missing("Parquet needs pyarrow; install it with: pip install 'snellen[data]'") from None
    kinds = dict.fromkeys(("row", "classes", "seed", "questions"), pyarrow.int64())
    schema = pyarrow.schema([(column, kinds.get(column, pyarrow.string())) for column in COLUMNS])
    with whole_file(path, "wb") as file, pyarrow.parquet.ParquetWriter(file, schema) as writer:
        rows: list[dict[str, Any]] = []

        def flush() -> None:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            rows.clear()

        for record in results.records():
            rows.append(dict(zip(COLUMNS, _flat(record), strict=True)))
            if len(rows) == _PARQUET_ROWS:
                flush()
        flush()


FORMATS: Mapping[str, Callable[[Results, Path], None]] = {
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
}


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

"""`parquet`: all records as a Parquet table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snellen.errors import Missing
from snellen.exporting import Written, place_of
from snellen.exports import COLUMNS, flat, whole_file
from snellen.progress import Progress
from snellen.results import Results

_ROWS = 10_000  # of a group


def write(results: Results, out: Path | None, _: Progress) -> Written:
    """A record a row, nested values as JSON. Raises Missing where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise Missing("Parquet needs pyarrow; install it with: pip install 'snellen[data]'") from None
    place = place_of("parquet", results, out)
    kinds = dict.fromkeys(("row", "classes", "seed", "questions"), pyarrow.int64())
    schema = pyarrow.schema([(column, kinds.get(column, pyarrow.string())) for column in COLUMNS])
    with whole_file(place, "wb") as file, pyarrow.parquet.ParquetWriter(file, schema) as writer:
        rows: list[dict[str, Any]] = []

        def flush() -> None:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            rows.clear()

        for record in results.records():
            rows.append(dict(zip(COLUMNS, flat(record), strict=True)))
            if len(rows) == _ROWS:
                flush()
        flush()
    return Written((str(place),))

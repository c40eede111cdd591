"""`json`: the content of `results.json` and all records."""

from __future__ import annotations

import json
from pathlib import Path

from snellen.exporting import Written, place_of
from snellen.exports import COLUMNS, whole_file
from snellen.progress import Progress
from snellen.results import Results


def write(results: Results, out: Path | None, _: Progress) -> Written:
    """One object with all tables, its last key `records` with one record a line."""
    place = place_of("json", results, out)
    with whole_file(place) as file:
        tables = json.dumps(results.as_data(), ensure_ascii=False, indent=2)
        file.write(tables.removesuffix("\n}") + ',\n  "records": [')
        separator = "\n"
        for record in results.records():
            values = {column: record[column] for column in COLUMNS}
            file.write(f"{separator}    {json.dumps(values, ensure_ascii=False)}")
            separator = ",\n"
        file.write("\n  ]\n}\n")
    return Written((str(place),))

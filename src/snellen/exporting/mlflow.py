"""`mlflow`: a run of MLflow for each row, in an experiment that is named after the run folder."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from snellen.console import one_line
from snellen.errors import Missing, WrongUse, cannot_write
from snellen.exporting import Written, place_of
from snellen.exporting.tracked import asked, asked_with, figures, identity, tracked_rows
from snellen.exports import COLUMNS, flat
from snellen.progress import Progress
from snellen.result_row import ResultRow
from snellen.results import Results

_TAG = "snellen.row"  # has the row's identity


def write(results: Results, out: Path | None, progress: Progress) -> Written:
    """Logs each row; the run of one that was logged before is updated. Raises Missing: no mlflow, no server.

    That is at MLflow's own address where the environment has one and no folder is given, else in a database in the
    folder.
    """
    try:
        import mlflow
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise Missing("the format mlflow needs the package mlflow: pip install mlflow") from None
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    progress.begin("logging rows", sum(not row.superseded for row in results.rows))
    place = None if out is None and mlflow.is_tracking_uri_set() else place_of("mlflow", results, out).resolve()
    try:
        address = _database(place) if place else mlflow.get_tracking_uri()
        client = MlflowClient(tracking_uri=address)
        return _Log(client, results, _experiment(client, results, place)).write(address, place, progress)
    except MlflowException as error:
        raise Missing(f"MLflow: {one_line(str(error)).rstrip('.')}") from error
    except OSError as error:
        raise cannot_write(place or results.path, error) from error
    finally:
        progress.end(quietly=True)


def _database(place: Path) -> str:
    """The address of a database in a folder, which is made. Raises WrongUse and Missing where there can be none."""
    if "?" in str(place):
        raise WrongUse(f"the address of a database cannot hold a question mark, as in {place}; choose another with -o")
    if find_spec("sqlalchemy") is None:
        raise Missing("mlflow-skinny has no database for the runs: pip install mlflow, or set MLFLOW_TRACKING_URI")
    place.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{place / 'mlflow.db'}"


def _experiment(client: Any, results: Results, place: Path | None) -> str:
    """The id of the experiment, made where there is none."""
    name = one_line(results.path.resolve().name)
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    where = {"artifact_location": (place / "artifacts").as_uri()} if place else {}
    return str(client.create_experiment(name, **where))


class _Log:
    """The runs of an experiment, as rows become them."""

    def __init__(self, client: Any, results: Results, experiment: str) -> None:
        self._client = client
        self._results = results
        self._experiment = experiment

    def write(self, address: str, place: Path | None, progress: Progress) -> Written:
        made = updated = 0
        for row, records in tracked_rows(self._results):
            tag = identity(self._results, row)
            known = self._client.search_runs([self._experiment], f"tags.`{_TAG}` = '{tag}'", max_results=1)
            run = known[0].info.run_id if known else self._begun(row, tag)
            made, updated = made + (not known), updated + bool(known)
            self._log(run, row)
            with tempfile.TemporaryDirectory() as folder:
                for file in self._files(Path(folder), row, records):
                    self._client.log_artifact(run, str(file))
            self._client.set_terminated(run)
            progress.advance(1)
        notes = [f"{made} runs made, {updated} that were there updated"]
        if place:
            notes.append(f"to look at them: mlflow ui --backend-store-uri '{address}'")
        return Written((address,), tuple(notes))

    def _begun(self, row: ResultRow, tag: str) -> str:
        from mlflow.entities import Param

        title = one_line(f"{row.model} · {row.strategy}")
        run = self._client.create_run(self._experiment, tags={_TAG: tag}, run_name=title)
        params = [Param(name, str(value)) for name, value in asked(self._results, row).items()]
        self._client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)

    def _log(self, run: str, row: ResultRow) -> None:
        """The figures; and with what was asked, as tags, since parameters of MLflow never change."""
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in figures(row).items()]
        self._client.log_batch(run, metrics=metrics, tags=[RunTag(k, str(v)) for k, v in asked_with(row).items()])

    def _files(self, folder: Path, row: ResultRow, records: Iterator[Mapping[str, Any]]) -> Iterator[Path]:
        with (folder / "records.csv").open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(map(flat, records))
        whole = {"row": dataclasses.asdict(row), "asked": self._results.spec(row)}
        text = json.dumps(whole, ensure_ascii=False, indent=2)
        (folder / "results.json").write_text(text, encoding="utf-8", errors="backslashreplace")
        yield from (folder / "records.csv", folder / "results.json")

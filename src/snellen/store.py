"""Every answer, committed as it comes, and the rows and records derived from them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from snellen.codec import (
    key_of,
    read_answer,
    read_choices,
    read_question,
    write_answer,
    write_choices,
    write_details,
    write_question,
)
from snellen.database import Database
from snellen.images import Image
from snellen.specs import MISSING
from snellen.types import MODEL, Answer, Failure, Prediction, Question, State

TOP_SCORES = 5


def with_models(spec: Mapping[str, Any], model: int) -> Mapping[str, Any]:
    """A row's spec with the numbers of its models by role; the specs of earlier versions have none."""
    return {"models": {MODEL: model}, **spec}


class Store:
    """Models, answers, rows and records in the database of a run folder; writing happens in its transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._choices = lru_cache(maxsize=64)(self._read_choices)
        self._texts: set[bytes] = set()
        self._undone = database.undone

    # Models and answers

    @staticmethod
    def identity_text(identity: Mapping[str, Any]) -> str:
        """An identity as it is written down: equal ones give equal texts."""
        return json.dumps(identity, sort_keys=True, ensure_ascii=False)

    def number_of(self, identity: Mapping[str, Any]) -> int | None:
        """The number of the model with this identity, None where there is none."""
        found = self._database.value("SELECT number FROM models WHERE key = ?", self.identity_text(identity))
        return None if found is None else int(found)

    def model(self, identity: Mapping[str, Any], name: str) -> int:
        """The number of the model with this identity, made where it is new; `name` is how it is shown."""
        key = self.identity_text(identity)
        self._database.execute(
            "INSERT INTO models (key, name) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET name = excluded.name",
            key,
            name,
        )
        return int(self._database.value("SELECT number FROM models WHERE key = ?", key))

    def identity(self, model: int) -> Mapping[str, Any]:
        """What tells the model of this number from others."""
        identity: Mapping[str, Any] = json.loads(self._database.value("SELECT key FROM models WHERE number = ?", model))
        return identity

    def set_model_facts(self, model: int, facts: Mapping[str, Any]) -> None:
        """Keeps what was measured of a loaded model."""
        self._database.execute("UPDATE models SET facts = ? WHERE number = ?", json.dumps(facts), model)

    def model_facts(self, model: int) -> Mapping[str, Any]:
        """What was measured of a model; nothing where it was never loaded."""
        facts: Mapping[str, Any] = json.loads(self._database.value("SELECT facts FROM models WHERE number = ?", model))
        return facts

    def add_answer(self, model: int, digest: str, question: Question, answer: Answer) -> None:
        """Keeps an answer about an image, or about none (''); the first answer to a question stays."""
        body, choices = write_answer(answer)
        self._database.execute(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            model,
            bytes.fromhex(digest),
            self._add_text(write_question(question)),
            body,
            self._add_text(write_choices(choices)) if choices else None,
            time.time(),
        )

    def add_exported(self, model: int, image: bytes, question: Question) -> None:
        """Keeps a question that is going to be answered elsewhere; `image` is the beginning of its digest, or b''."""
        key = self._add_text(write_question(question))
        self._database.execute("INSERT OR IGNORE INTO exported VALUES (?, ?, ?)", model, image, key)

    def was_exported(self, model: int, image: bytes, question: bytes) -> bool:
        """Whether the question of this key was to be answered elsewhere, about that image."""
        asked = "SELECT 1 FROM exported WHERE model = ? AND image = ? AND question = ?"
        return bool(self._database.value(asked, model, image, question))

    def question(self, key: bytes) -> Question | None:
        """The question of this key, as far as it is kept; its images are known by their digests alone."""
        body = self._database.value("SELECT body FROM texts WHERE key = ?", key)
        try:
            return read_question(body, lambda digest: Image(Path(), digest=digest)) if body else None
        except (ValueError, TypeError, LookupError):  # the text of something else
            return None

    def _add_text(self, body: str) -> bytes:
        key = key_of(body)
        if self._undone != self._database.undone:
            self._undone = self._database.undone
            self._texts.clear()
        if key not in self._texts:
            self._database.execute("INSERT OR IGNORE INTO texts (key, body) VALUES (?, ?)", key, body)
            if len(self._texts) < 10_000:  # repeated texts come early; the rest is never asked for again
                self._texts.add(key)
        return key

    def _read_choices(self, key: bytes) -> tuple[str, ...]:
        return read_choices(self._database.value("SELECT body FROM texts WHERE key = ?", key))

    def known(self, model: int, digest: str) -> dict[bytes, Answer]:
        """All answers of a model about an image, by question key."""
        found = self._database.execute(
            "SELECT question, body, choices FROM answers WHERE model = ? AND image = ?", model, bytes.fromhex(digest)
        )
        return {key: read_answer(body, self._choices(choices) if choices else ()) for key, body, choices in found}

    def answer(self, model: int, digest: str, question: bytes) -> Answer | None:
        """A model's answer to the question of this key about an image, or about none ('')."""
        found = self._database.execute(
            "SELECT body, choices FROM answers WHERE model = ? AND image = ? AND question = ?",
            model,
            bytes.fromhex(digest),
            question,
        ).fetchone()
        return read_answer(found[0], self._choices(found[1]) if found[1] else ()) if found else None

    def has_answers(self, model: int) -> bool:
        """Whether the model has answered anything yet."""
        return bool(self._database.value("SELECT 1 FROM answers WHERE model = ? LIMIT 1", model))

    def sharing(self) -> tuple[int, int]:
        """How many questions all records rest on, and how many answers about images were had for them.

        They are fewer where rows ask the same of an image.
        """
        needed = self._database.value("SELECT coalesce(sum(questions), 0) FROM records")
        return int(needed), int(self._database.value("SELECT count(*) FROM answers WHERE image != x''"))

    # Rows and records

    def row(self, key: Mapping[str, Any], model: int, spec: Mapping[str, Any], selection: int) -> int:
        """The number of the row with this key, made where it is new; it is now about this selection."""
        self._database.execute(
            "INSERT INTO rows (key, model, spec, selection) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET spec = excluded.spec, selection = excluded.selection",
            json.dumps(key, sort_keys=True, ensure_ascii=False),
            model,
            json.dumps(spec, ensure_ascii=False),
            selection,
        )
        return int(
            self._database.value(
                "SELECT number FROM rows WHERE key = ?", json.dumps(key, sort_keys=True, ensure_ascii=False)
            )
        )

    def drop_rows_of_missing(self, name: str) -> None:
        """Drops the rows of a model that could not be had under this name; nothing was answered in them."""
        rows = (
            f"SELECT number FROM rows WHERE model IN "
            f"(SELECT number FROM models WHERE name = ? AND json_extract(key, '$.weights.{MISSING}') IS NOT NULL)"
        )
        self._database.execute(f"DELETE FROM records WHERE row IN ({rows})", name)
        self._database.execute(f"DELETE FROM rows WHERE number IN ({rows})", name)

    def set_timing(self, row: int, timing: Mapping[str, Any]) -> None:
        """Keeps how fast the row was, and under which conditions."""
        self._database.execute("UPDATE rows SET timing = ? WHERE number = ?", json.dumps(timing), row)

    def timing(self, row: int) -> Mapping[str, Any] | None:
        """How fast the row was, or None where that was not measured."""
        found = self._database.value("SELECT timing FROM rows WHERE number = ?", row)
        return json.loads(found) if found else None

    def set_trouble(self, row: int, reason: str | None) -> None:
        """Keeps why a row's model could not go on."""
        self._database.execute("UPDATE rows SET trouble = ? WHERE number = ?", reason, row)

    def put_record(self, row: int, example: int, result: Prediction | Failure, questions: int) -> None:
        """Keeps what came of an example in a row, in place of what was there."""
        if isinstance(result, Failure):
            reason = result.reason.encode("utf-8", "backslashreplace").decode()  # what SQLite can hold
            values: tuple[Any, ...] = (State.FAILED, None, None, None, None, reason)
        else:
            state = State.ANSWERED if result.label is not None else State.UNPARSED
            top = sorted((result.scores or {}).items(), key=lambda item: -item[1])[:TOP_SCORES]
            scores, details = write_details(dict(top)), write_details(result.details)
            values = (state, result.label, result.outcome, scores or None, details or None, None)
        self._database.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
            example,
            *(str(value) if value is not None else None for value in values),
            questions,
        )

    def drop_record(self, row: int, example: int) -> None:
        """Makes an example pending again, unless it failed."""
        self._database.execute(
            "DELETE FROM records WHERE row = ? AND example = ? AND state != ?", row, example, State.FAILED.value
        )

    def settled(self, rows: Iterable[int], example: int) -> set[int]:
        """Those of the rows in which the example is answered or unparsed; failed ones are asked again."""
        return {
            row
            for row in rows
            if self._database.value("SELECT state FROM records WHERE row = ? AND example = ?", row, example)
            in (State.ANSWERED, State.UNPARSED)
        }

    def is_settled(self, row: int) -> bool:
        """Whether all readable examples of a row are answered or unparsed."""
        left = (
            "SELECT 1 FROM rows w JOIN selected s ON s.selection = w.selection "
            "JOIN examples e ON e.number = s.example AND e.unreadable IS NULL "
            "LEFT JOIN records r ON r.row = w.number AND r.example = s.example AND r.state IN (?, ?) "
            "WHERE w.number = ? AND r.row IS NULL LIMIT 1"
        )
        return not self._database.value(left, State.ANSWERED.value, State.UNPARSED.value, row)

    def rows(self) -> Iterator[tuple[int, int, Mapping[str, Any], int]]:
        """Number, model, spec and selection of all rows."""
        for number, model, spec, selection in self._database.execute(
            "SELECT number, model, spec, selection FROM rows ORDER BY number"
        ).fetchall():
            yield number, model, with_models(json.loads(spec), model), selection

"""What came back for a run's batch files, read into its store as if it had been answered live."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from snellen.batch_export import speaker
from snellen.errors import SnellenError, WrongUse
from snellen.folder import RunFolder
from snellen.progress import Progress
from snellen.remote.batch import Returned, lines_of, mark, read_line
from snellen.remote.chat import ChatCompletions
from snellen.remote.wire import Fault
from snellen.results import Results
from snellen.runner import broken
from snellen.specs import model_plan
from snellen.store import Store
from snellen.study_file import models_of
from snellen.types import Answer, Scores, Usage

_AT_ONCE = 500  # lines of a transaction


@dataclass(slots=True)
class Imported:
    """What the lines of the files came to, each counted once.

    `again` were answered before and keep their first answer, `differing` of them said otherwise then; `failures` are
    counted by reason; `strangers` are of other runs or models, or of files that this run did not write; `broken` are no
    lines of such files.
    """

    answers: int = 0
    again: int = 0
    differing: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    strangers: int = 0
    broken: int = 0


def import_batch(run: Path, files: Sequence[Path], progress: Progress) -> Imported:
    """Keeps the answers that stand in output and error files; the records are derived from them by `study.rescore`.

    Raises WrongUse: no run, no such file, no model in the run that such files could be for.
    """
    Results(run).close()  # raises where there is no run
    for file in files:
        if not file.is_file():
            raise WrongUse(f"there is no file {file}")
    with RunFolder(run) as folder:
        reader = _Reader(folder)
        for file in files:
            progress.begin(f"reading {file.name}", 0)
            with file.open("rb") as opened:
                lines, read = lines_of(opened), _AT_ONCE
                while read == _AT_ONCE:
                    read = 0
                    with folder.database.commit():
                        for line in islice(lines, _AT_ONCE):
                            reader.take(read_line(line) if line else None)
                            read += 1
                    progress.advance(read)
            progress.end()
        reader.close()
    return reader.done


class _Reader:
    """Takes what came back for the models of a run."""

    def __init__(self, folder: RunFolder) -> None:
        """Raises WrongUse where no model of the run speaks OpenAI's API."""
        self._folder = folder
        self._store = folder.store
        self._models = {mark(identity): (number, made) for identity, number, made in _speakers(folder)}
        self._answered: set[int] = set()  # models
        self.done = Imported()
        if not self._models:
            raise WrongUse(f"no model of the run {folder.path} takes files of OpenAI's Batch API, so none can be its")

    def take(self, returned: Returned | None) -> None:
        """Keeps the answer, or counts why there is none."""
        done, store = self.done, self._store
        if returned is None:
            done.broken += 1
            return
        address = returned.address
        number, provider = self._models.get(address.model, (0, None)) if address else (0, None)
        exported = address and provider and store.was_exported(number, address.image, address.question)
        question = store.question(address.question) if address and exported else None
        digest = "" if address and not address.image else None
        if question and address and address.image:
            digest = self._folder.catalogue.digest_from(address.image)
        if address is None or provider is None or question is None or digest is None:
            done.strangers += 1
            return
        if returned.reply is None:
            done.failures[returned.reason] += 1
            return
        answer = provider.read(question, returned.reply)
        if isinstance(answer, Fault):
            done.failures[answer.reason] += 1
        elif isinstance(answer, Scores) and (why := broken(answer)):
            done.failures[f"the model answered with numbers that are none ({why})"] += 1
        elif (before := store.answer(number, digest, address.question)) is not None:
            done.again += 1
            done.differing += _said(before) != _said(answer)
        else:
            store.add_answer(number, digest, question, answer)
            done.answers += 1
            self._answered.add(number)

    def close(self) -> None:
        """Keeps that the rows of the models that answered are in no trouble any more."""
        with self._folder.database.commit():
            for row, _, spec, _ in list(self._store.rows()):
                if set(spec["models"].values()) & self._answered:
                    self._store.set_trouble(row, None)


def _said(answer: Answer) -> object:
    """What an answer comes to; log-probabilities of the same question differ a little from time to time."""
    return answer.best if isinstance(answer, Scores) else dataclasses.replace(answer, usage=Usage())


def _speakers(folder: RunFolder) -> Iterator[tuple[str, int, ChatCompletions]]:
    """The models of the run that speak OpenAI's API: identity as text, number, and translation."""
    for spec in models_of(folder.path / "study.yaml"):
        try:
            model = model_plan(spec)
            made = speaker(model)
        except SnellenError:  # another model, whose files or packages are not here
            continue
        number = folder.store.number_of(model.identity)
        if made and number is not None:
            yield Store.identity_text(model.identity), number, made

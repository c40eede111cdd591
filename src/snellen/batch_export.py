"""What a run has left to ask, written as files for OpenAI's Batch API or for `vllm run-batch`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from snellen import plugins
from snellen.catalogue import Photograph
from snellen.errors import UnreadableImage, WrongUse
from snellen.exports import check_free, whole_folder
from snellen.images import Image
from snellen.interview import Interview
from snellen.naming import slug
from snellen.placing import Key
from snellen.plan import Plan, Request, resolve
from snellen.progress import Progress
from snellen.recall import Recall, prepared
from snellen.remote.batch import MOST_BYTES, MOST_REQUESTS, Address, request_line
from snellen.remote.chat import ChatCompletions
from snellen.remote.pictures import images_of, prepare
from snellen.remote.wire import Picture, Takes
from snellen.results import Results
from snellen.rounds import asks_once, first_round
from snellen.rows import Row
from snellen.specs import ModelPlan
from snellen.store import Store
from snellen.study import Study, planned
from snellen.study_file import read_study
from snellen.types import MODEL, Question
from snellen.worker import merged_facts


@dataclass(slots=True)
class Exported:
    """What was written: files, how many requests, and how often pictures went which way. `left_out` is told.

    `unreadable` are images that could not be made into a picture that is taken.
    """

    files: tuple[Path, ...] = ()
    requests: int = 0
    pictures: Counter[str] = field(default_factory=Counter)
    left_out: tuple[str, ...] = ()
    unreadable: int = 0


def export_batch(run: Path, out: Path | None, progress: Progress) -> Exported:
    """Writes what the run's last command has left to ask; `out` is a folder, `RUN/batch` where it is None.

    Raises WrongUse: no run, a folder with files in it, nothing that a batch can ask.
    """
    Results(run).close()  # raises where there is no run
    folder = out or run / "batch"
    check_free(folder, "an earlier batch that is on its way")
    with planned(_plan_of(run), progress) as study, whole_folder(folder) as place_:
        export = _Export(study, progress, _Files(place_))
        for interview in study.interviews.values():
            export.write(interview)
        names = export.files.close()
        export.done.files = tuple(folder / name for name in names)
        export.done.left_out = tuple(export.left_out)
        if not names and export.left_out:
            raise WrongUse("; ".join(export.left_out))
    return export.done


def _plan_of(run: Path) -> Plan:
    """What the last command of a run asked for."""
    asked = read_study(run / "study.yaml")
    if Path(asked.get("out", "")).expanduser().resolve() != run.resolve():
        asked["out"] = str(run)  # it was moved
    return resolve(Request(**asked))


def speaker(model: ModelPlan) -> ChatCompletions | None:
    """The translation for a model that files in the form of OpenAI's Batch API can be for; None for others."""
    module = plugins.load("engines", model.provider)
    made = module.provider(model.name, model.options) if hasattr(module, "provider") else None
    return made if isinstance(made, ChatCompletions) and made.takes_batches else None


class _Export:
    """The questions that are left, as they become lines."""

    def __init__(self, study: Study, progress: Progress, files: _Files) -> None:
        self._study = study
        self._progress = progress
        self._store = study.folder.store
        self._titles = {number: f"{spec['model']} · {spec['title']}" for number, _, spec, _ in self._store.rows()}
        self._about_none: set[Address] = set()  # what is asked about no image is asked once for all
        self._often: dict[tuple[str, Takes], Picture] = {}
        self.files = files
        self.done = Exported()
        self.left_out: dict[str, None] = {}

    def write(self, interview: Interview) -> None:
        """Writes what the rows of an interview have left, as far as a batch can ask it."""
        model = interview.models[MODEL]
        provider = speaker(model)
        if provider is None:
            self.left_out[f"{model.title} is left out: its provider takes no files of OpenAI's Batch API"] = None
            return
        if len(interview.models) > 1:
            for number in interview.rows:
                self._leave_out(number, "asks another model, too")
            return
        rows: dict[int, Row] = {}
        for number, row in interview.rows.items():
            if ready := prepared(row, Recall(self._store, interview.numbers, None)):
                rows[number] = ready
            else:
                self._leave_out(number, "asks something before the first image, on which the rest depends")
        catalogue, selection = self._study.folder.catalogue, self._study.selection
        before = self.done.pictures.copy()
        self._progress.begin(f"{interview.title}, writing requests", catalogue.size(selection))
        for photograph in catalogue.photographs(selection, self._study.plan.selection):
            with self._study.folder.database.commit():
                self._write_photograph(photograph, rows, interview, provider)
            self._progress.advance(len(photograph.examples))
        self._progress.end()
        ways = {f"pictures_{how}": count for how, count in (self.done.pictures - before).items()}
        facts = {"timed": False, **ways}  # as of a model that was asked live
        with self._study.folder.database.commit():
            known = self._store.model_facts(interview.company)
            self._store.set_model_facts(interview.company, merged_facts(known, facts))

    def _leave_out(self, row: int, reason: str) -> None:
        self.left_out[f"{self._titles[row]} is left out: it {reason}; 'snellen run' asks it"] = None

    def _write_photograph(
        self, photograph: Photograph, rows: dict[int, Row], interview: Interview, provider: ChatCompletions
    ) -> None:
        """Writes what is left about an image; rows that turn out to ask in rounds are taken out of `rows`."""
        image = photograph.image
        left = {row for example in photograph.examples for row in set(rows) - self._store.settled(rows, example)}
        recall = Recall(self._store, interview.numbers, image)
        asked: dict[Key, Question] = {}
        for number in sorted(left):
            if not asks_once(rows[number], image):
                self._leave_out(number, "asks in rounds, each after the answers to the one before")
                del rows[number]
                continue
            asked |= {each.key: each.question for each in first_round(rows[number], image) if recall(each) is None}
        identity = Store.identity_text(interview.models[MODEL].identity)
        photo: Picture | None = None
        for (_, digest, key), question in asked.items():
            address = Address.of(identity, digest, key)
            if digest == "" and address in self._about_none:
                continue
            pictures: list[Picture] = []
            try:
                for each in images_of(image, question):
                    if each is not image:
                        pictures.append(self._shown(each, provider.takes))
                        continue
                    photo = photo or self._made(image, provider.takes)
                    pictures.append(photo)
            except UnreadableImage:
                self.done.unreadable += 1
                return
            line = request_line(address, provider.call(question, pictures))
            self.files.add(slug(interview.models[MODEL].title), line)
            self._store.add_exported(interview.numbers[MODEL], address.image, question)
            self.done.requests += 1
            if digest == "":
                self._about_none.add(address)

    def _shown(self, image: Image, takes: Takes) -> Picture:
        """An image that stands in many prompts, made once."""
        if (image.digest, takes) not in self._often:
            self._often[image.digest, takes] = self._made(image, takes)
        return self._often[image.digest, takes]

    def _made(self, image: Image, takes: Takes) -> Picture:
        made, how = prepare(image, takes)
        self.done.pictures[how] += 1
        return made


# Files


@dataclass(slots=True)
class _Part:
    """The file of a model that is being written."""

    number: int
    file: IO[bytes]
    requests: int = 0
    size: int = 0


class _Files:
    """Batch files in a folder, each of one model, as services want it, and within the limits of one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, _Part] = {}
        self._names: list[str] = []

    def add(self, model: str, line: bytes) -> None:
        """Writes a line to the model's file, or to its next one where that would be too large."""
        part = self._parts.get(model)
        if part is None or part.requests >= MOST_REQUESTS or part.size + len(line) > MOST_BYTES:
            part = self._parts[model] = self._next(model, part)
        part.file.write(line)
        part.requests += 1
        part.size += len(line)

    def _next(self, model: str, before: _Part | None) -> _Part:
        if before:
            before.file.close()
        number = before.number + 1 if before else 1
        name = f"{model}-{number:03}.jsonl"
        self._names.append(name)
        return _Part(number, (self._folder / name).open("xb"))

    def close(self) -> list[str]:
        """Ends all files and returns their names."""
        for part in self._parts.values():
            part.file.close()
        return self._names

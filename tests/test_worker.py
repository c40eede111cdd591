"""A model's process that dies, hangs or raises: whom it costs what, and that nothing else is lost."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

import studies
from snellen.engines.scripted import Options
from snellen.errors import SnellenError
from snellen.images import Image
from snellen.rows import Row
from snellen.runner import Answered, Ended, Event
from snellen.types import Classes, Failure
from snellen.worker import Job, Setup, Told, Worker, WorkerLost

NAMES = [f"{label}{number}" for label in ("bird", "cat", "dog") for number in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos")


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("os._exit(3)", "the worker process ended with code 3, 3 times on this image"),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "the worker process was killed by signal 9 (often: out of memory), 3 times on this image",
        ),
        ("sys.exit(5)", "the worker process ended with code 5, 3 times on this image"),
        ("time.sleep(600)", "the worker process gave no answer for 1 s and was ended, 3 times on this image"),
        ("raise KeyError('lost')", "KeyError: 'lost'"),
    ],
)
def test_an_image_that_ends_the_model_is_a_failed_example_and_the_only_one(
    deed: str, said: str, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = studies.model(
        tmp_path / "model.py",
        f"print('asked about', image.path.stem)\nif image.path.stem == 'dog2':\n    {deed}\nreturn truth(image)",
    )
    with studies.ran(folder, f"{name},batch_size=3", out=tmp_path / "run", stall_seconds=1.0) as results:
        assert studies.failures(results) == {"dog2": said}
        (row,) = results.rows
        assert (row.answered, row.failed, row.pending, row.accuracy) == (11, 1, 0, 1.0)
    log = (tmp_path / "run" / "worker.log").read_text()
    assert {name for name in NAMES if f"asked about {name}\n" in log} == set(NAMES)
    assert "asked about" not in capfd.readouterr().out


def test_a_model_that_dies_once_costs_nothing(folder: Path, tmp_path: Path) -> None:
    name = studies.model(
        tmp_path / "model.py",
        """
mark = Path(__file__).with_name("died")
if image.path.stem == "cat1" and not mark.exists():
    mark.touch()
    os._exit(3)
return truth(image)
""",
    )
    with studies.ran(folder, name, out=tmp_path / "run") as results:
        assert studies.failures(results) == {}
        assert [(row.answered, row.accuracy) for row in results.rows] == [(12, 1.0)]


def test_of_two_that_end_the_model_at_once_both_are_found_and_no_other_is_blamed(folder: Path, tmp_path: Path) -> None:
    name = studies.model(
        tmp_path / "model.py", "if image.path.stem in ('cat1', 'dog3'): os._exit(1)\nreturn truth(image)"
    )
    with studies.ran(folder, f"{name},batch_size=12", out=tmp_path / "run") as results:
        assert set(studies.failures(results)) == {"cat1", "dog3"}
        assert [row.answered for row in results.rows] == [10]
    starts = [name for name in studies.asked(tmp_path / "model.py") if name.name in ("cat1", "dog3")]
    assert len(starts) == 5, "the crowd dies of one of them; then each is asked alone until it has three deaths"


def test_answers_before_the_death_stay(folder: Path, tmp_path: Path) -> None:
    body = "if image.path.stem == 'dog2' and 'dog' in str(question.prompt): os._exit(1)\nreturn 'no'"
    name = studies.model(tmp_path / "model.py", body)
    run = tmp_path / "run"
    with studies.ran(folder, f"{name},batch_size=1", "binary,ahead=1", out=run) as results:
        assert set(studies.failures(results)) == {"dog2"}
        digest = Image(folder / "dog" / "dog2.png").digest
    before = [key for key in studies.stored(run) if key[0] == digest]
    asked = [each for each in studies.asked(tmp_path / "model.py") if each.name == "dog2"]
    fatal = {each.question for each in asked} - {question for _, question in before}
    assert len(fatal) == 1
    assert len(asked) == len(before) + 3, "only the fatal question is asked again, and it three times"


def test_a_model_that_dies_of_everything_is_given_up_and_its_rows_stay_pending(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    said = r"ended with code 7; 3 images in a row were lost, so the model is given up; .*worker\.log"
    name = studies.model(file, "os._exit(7)")
    with pytest.raises(WorkerLost, match=said) as caught, studies.ran(folder, name, out=tmp_path / "run"):
        pass
    assert caught.value.exit_code == 4
    assert len(studies.asked(file)) == 7
    (row,) = studies.rows(tmp_path / "run")
    assert row["answered"] == 0 and row["pending"] >= 10
    assert "given up" in row["trouble"]


def test_one_model_given_up_does_not_keep_the_other_from_answering(folder: Path, tmp_path: Path) -> None:
    bad = studies.model(tmp_path / "bad.py", "os._exit(7)")
    good = studies.model(tmp_path / "good.py", "return truth(image)")
    with studies.ran(folder, [bad, good], out=tmp_path / "run") as results:
        assert {row.model: row.answered for row in results.rows} == {bad: 0, good: 12}
        assert [row.model for row in results.rows if row.trouble] == [bad]


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("import os; os._exit(9)", r"the worker process ended with code 9 while loading the model; .*worker\.log", 4),
        ("raise ValueError('no weights')", r"ValueError: no weights; its output is in .*worker\.log", 3),
        ("from snellen.errors import WrongUse; raise WrongUse('no such size')", "^no such size$", 2),
        ("import a_package_that_is_not_there", r"a_package_that_is_not_there.*worker\.log", 3),
    ],
)
def test_death_while_loading_names_the_log(line: str, said: str, code: int, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, "return truth(image)")
    file.write_text(f"print('I load')\n{line}\n{file.read_text()}")
    with pytest.raises(SnellenError, match=said) as caught, studies.ran(folder, name, out=tmp_path / "run"):
        pass
    assert caught.value.exit_code == code
    assert "I load\n" in (tmp_path / "run" / "worker.log").read_text()


def test_a_model_that_reads_its_standard_input_finds_it_empty(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", "return truth(image) + sys.stdin.read()")
    with studies.ran(folder, name, out=tmp_path / "run") as results:
        assert [row.accuracy for row in results.rows] == [1.0]


class Fragile:
    """A strategy that stumbles over an answer."""

    asks = frozenset()

    def inquire(self, classes, known, rng):  # type: ignore[no-untyped-def]
        from snellen.types import PHOTO, Generate, Outcome, Prediction

        (answer,) = yield [Generate((PHOTO, "what?"), 5)]
        return Prediction({"cat": "cat", "dog": "dog"}[answer.text], Outcome.EXACT)


def test_a_strategy_that_raises_costs_one_image_and_no_answer(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", "return truth(image)").removeprefix("scripted/")
    row = Row(Fragile(), Classes(("cat", "dog")), 0)  # type: ignore[arg-type]
    worker = Worker(Setup({"model": ("scripted", name, Options())}, {1: row}), tmp_path / "worker.log")
    images = [Image(path) for path in sorted(folder.rglob("*.png"))]
    try:
        pid = worker.pid
        jobs = iter([Job(number, image, {1}) for number, image in enumerate(images)])
        events: list[Event] = [event for events in worker.run(jobs) for event in events]
        assert worker.pid == pid
    finally:
        worker.close()
    assert len([event for event in events if isinstance(event, Answered)]) == 12
    failed = [event.result for event in events if isinstance(event, Ended) and isinstance(event.result, Failure)]
    assert len(failed) == 4
    assert failed[0].reason.startswith("the strategy failed: KeyError: 'bird' (test_worker.py:")


def test_a_process_that_dies_while_timed_leaves_the_answers(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, "if len(open(LOG).readlines()) > 12: os._exit(1)\nreturn truth(image)")
    with studies.ran(folder, name, out=tmp_path / "run", timing=True) as results:
        assert [(row.answered, row.images_per_second) for row in results.rows] == [(12, None)]


def test_images_that_fail_are_not_timed(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", "if image.path.stem == 'cat0': os._exit(1)\nreturn truth(image)")
    with studies.ran(folder, name, out=tmp_path / "run", timing=True) as results:
        assert [(row.answered, row.failed, row.timed_images) for row in results.rows] == [(11, 1, 11)]


def test_a_line_for_the_user_that_comes_last_is_told_before_the_timing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that a server was given up, which the process may say after it has sent the last answers."""
    name = studies.model(tmp_path / "model.py", "return truth(image)").removeprefix("scripted/")
    said: list[str] = []
    with closing(Worker(Setup({"model": ("scripted", name, Options())}, {}), say=said.append)) as worker:
        receive, late = worker._child.receive, iter([Told(("the server was gone",))])
        monkeypatch.setattr(worker._child, "receive", lambda limit: next(late, None) or receive(limit))
        assert worker.time((), ()) == {}
    assert said == ["the server was gone"]

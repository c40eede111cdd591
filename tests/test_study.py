"""What a study asks, keeps and asks again; all with a worker process of its own."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import studies
from snellen.errors import WrongUse
from snellen.folder import RunFolder
from snellen.images import Image
from snellen.plan import Request, resolve
from snellen.progress import Silence
from snellen.results import Results
from snellen.study import rescore, run

TRUE = "return 'Yes' if truth(image) in str(question.prompt).split('Is the')[-1] else 'No'"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.py"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def states(out: Path) -> Counter[str]:
    return Counter(row["state"] for row in studies.table(out))


def digests(folder: Path) -> dict[str, str]:
    return {path.stem: Image(path).digest for path in folder.rglob("*.png")}


def test_the_same_study_again_asks_nothing_and_more_votes_ask_only_those(tmp_path: Path, file: Path, out: Path) -> None:
    folder = studies.photographs(tmp_path / "many", count=1, names="abcdefghijkl")  # no two shuffles are the same
    name = studies.model(file, "return truth(image)")
    for votes, expected in ((3, 3), (3, 3), (5, 5), (1, 5)):
        with studies.ran(folder, name, f"closed-set,votes={votes}", out=out):
            assert set(Counter(each.image for each in studies.asked(file)).values()) == {expected}
    assert len(studies.asked(file)) == len(set(studies.asked(file)))
    assert [(row["strategy"], row["answered"]) for row in studies.rows(out)] == [
        ("closed-set,votes=3", 12),
        ("closed-set,votes=5", 12),
        ("closed-set", 12),
    ]


def test_failed_examples_are_asked_again_and_only_they(folder: Path, file: Path, out: Path) -> None:
    cured = file.with_name("cured")
    name = studies.model(
        file,
        f"if image.path.stem in ('cat1', 'dog2') and not Path({str(cured)!r}).exists(): return Failure('ill')\n"
        "return truth(image)",
    )
    with studies.ran(folder, name, out=out) as results:
        assert studies.failures(results) == {"cat1": "ill", "dog2": "ill"}
        assert results.failures() == [("ill", 2)]
    cured.touch()
    before = len(studies.asked(file))
    with studies.ran(folder, name, out=out) as results:
        assert studies.failures(results) == {}
        assert [(row.answered, row.failed) for row in results.rows] == [(12, 0)]
    assert sorted(each.name for each in studies.asked(file)[before:]) == ["cat1", "dog2"]


def test_other_classes_and_strategies_are_rows_that_reuse_answers(folder: Path, file: Path, out: Path) -> None:
    name = studies.model(file, TRUE)
    with studies.ran(folder, name, "binary", out=out):
        pass
    before = studies.asked(file)
    with studies.ran(folder, name, "binary", "binary,ahead=3", out=out, classes=["cat", "dog"]) as results:
        found = sorted((row.strategy, row.classes, row.images, row.answered) for row in results.rows)
    assert found == [("binary", 2, 8, 8), ("binary", 3, 12, 12), ("binary,ahead=3", 2, 8, 8)]
    again = set(before) & set(studies.asked(file)[len(before) :])
    assert not again


def test_a_changed_file_is_asked_anew_even_under_its_old_date(folder: Path, file: Path, out: Path) -> None:
    name = studies.model(file, "return truth(image)")
    path = folder / "cat" / "cat1.png"
    with studies.ran(folder, name, out=out):
        pass
    old, status = Image(path).digest, path.stat()
    studies.write_photograph(path, "another one")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    before = len(studies.asked(file))
    with studies.ran(folder, name, out=out) as results:
        assert [row.answered for row in results.rows] == [12]
    assert [each.image for each in studies.asked(file)[before:]] == [Image(path).digest] != [old]
    assert len(studies.stored(out)) == 13, "the answer about the old picture is kept"
    studies.write_photograph(path, "cat 1")
    with studies.ran(folder, name, out=out):
        pass
    assert len(studies.asked(file)) == before + 1, "the old picture is back, and its answer was kept"


def test_a_deleted_file_leaves_the_table_and_no_answer_is_lost(folder: Path, file: Path, out: Path) -> None:
    name = studies.model(file, "return truth(image)")
    with studies.ran(folder, name, out=out):
        kept = studies.stored(out)
    (folder / "dog" / "dog3.png").unlink()
    with studies.ran(folder, name, out=out) as results:
        assert [(row.images, row.answered, row.pending) for row in results.rows] == [(11, 11, 0)]
    assert studies.stored(out) == kept
    assert len(studies.asked(file)) == 12
    assert "dog3" not in (out / "manifest.csv").read_text() + (out / "records.csv").read_text()


def test_a_file_that_goes_away_while_it_is_asked_about_fails_and_comes_back(
    folder: Path, file: Path, out: Path
) -> None:
    hidden = file.with_name("hidden.png")
    studies.model(
        file,
        f"cat = image.path.with_name('cat2.png')\nif {str(hidden)!r} and image.path == cat:\n"
        "    image.pixels()\nreturn truth(image)",
    )
    loading = (
        f"cat = Path({str(folder / 'cat' / 'cat2.png')!r})\nif cat.exists() and not Path({str(hidden)!r}).exists():"
    )
    file.write_text(f"{file.read_text()}\n{loading}\n    cat.rename({str(hidden)!r})\n")
    name = f"scripted/{file}:answer"
    with studies.ran(folder, name, out=out) as results:
        assert studies.failures(results) == {"cat2": "UnreadableImage: cannot be read: No such file or directory"}
    hidden.rename(folder / "cat" / "cat2.png")
    hidden.touch()
    with studies.ran(folder, name, out=out) as results:
        assert [(row.answered, row.failed) for row in results.rows] == [(12, 0)]


def test_duplicates_are_asked_once_and_recorded_for_each(folder: Path, file: Path, out: Path) -> None:
    shutil.copy(folder / "cat" / "cat0.png", folder / "dog" / "copy.png")
    shutil.copy(folder / "cat" / "cat0.png", folder / "cat" / "twin.png")
    name = studies.model(file, "return 'cat'")
    with studies.ran(folder, name, out=out) as results:
        assert [(row.images, row.answered) for row in results.rows] == [(14, 14)]
    assert len(studies.asked(file)) == 12
    found = {row["example"]: row["prediction"] for row in studies.table(out)}
    assert found["dog/copy.png"] == found["cat/twin.png"] == found["cat/cat0.png"] == "cat"
    shutil.copy(folder / "bird" / "bird0.png", folder / "dog" / "later.png")
    with studies.ran(folder, name, out=out) as results:
        assert [(row.images, row.answered) for row in results.rows] == [(15, 15)]
    assert len(studies.asked(file)) == 12


def test_pictures_without_files_are_asked_once_and_replayed(file: Path, out: Path) -> None:
    name = studies.model(file, "return 'star'")
    classes = ["star", "ring", "cross", "circle"]
    for pictures in (1, 2, 2):
        with studies.ran("shapes", name, out=out, pictures=pictures, classes=classes) as results:
            assert len(studies.asked(file)) == pictures * 4
            assert [row.answered for row in results.rows] == [pictures * 4]


def test_a_smaller_or_larger_limit_moves_the_table_and_keeps_the_answers(folder: Path, file: Path, out: Path) -> None:
    name = studies.model(file, "return truth(image)")
    for limit, expected in ((6, 6), (3, 6), (9, 9), (6, 9), (None, 12)):
        with studies.ran(folder, name, out=out, **({"limit": limit} if limit else {})) as results:
            assert [(row.images, row.answered) for row in results.rows] == [(limit or 12, limit or 12)]
        assert len(studies.asked(file)) == len(studies.stored(out)) == expected
        assert len(studies.table(out)) == (limit or 12)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_be_read_again_is_asked(folder: Path, file: Path, out: Path) -> None:
    path = folder / "cat" / "cat1.png"
    path.chmod(0)
    name = studies.model(file, "return truth(image)")
    with studies.ran(folder, name, out=out) as results:
        assert studies.failures(results) == {"cat1": "unreadable image: cannot be read: Permission denied"}
    path.chmod(0o644)
    with studies.ran(folder, name, out=out) as results:
        assert [row.answered for row in results.rows] == [12]


def test_a_repaired_file_is_asked(folder: Path, file: Path, out: Path) -> None:
    path = folder / "cat" / "cat1.png"
    whole = path.read_bytes()
    path.write_bytes(whole[:60])
    (folder / "dog" / "dog1.png").unlink()
    (folder / "dog" / "dog1.png").symlink_to(file.with_name("later.png"))
    name = studies.model(file, "return truth(image)")
    with studies.ran(folder, name, out=out) as results:
        found = studies.failures(results)
        assert found["cat1"].startswith("unreadable image: ") and "truncated" in found["cat1"]
        assert found["dog1"] == "unreadable image: cannot be read: No such file or directory"
        assert [(row.answered, row.failed) for row in results.rows] == [(10, 2)]
    assert {each.name for each in studies.asked(file)}.isdisjoint({"cat1", "dog1"})
    path.write_bytes(whole)
    studies.write_photograph(file.with_name("later.png"), "later")
    with studies.ran(folder, name, out=out) as results:
        assert [(row.answered, row.failed) for row in results.rows] == [(12, 0)]
    assert len(studies.asked(file)) == 12


def test_two_models_have_answers_of_their_own_and_either_may_come_later(
    folder: Path, tmp_path: Path, out: Path
) -> None:
    one, two = (studies.model(tmp_path / f"{name}.py", "return truth(image)") for name in ("one", "two"))
    with studies.ran(folder, one, out=out):
        pass
    with studies.ran(folder, [two, one], out=out) as results:
        assert sorted((row.model, row.answered) for row in results.rows) == [(one, 12), (two, 12)]
        assert [comparison["mcnemar_p"] for comparison in results.comparisons] == [1.0]
    assert len(studies.asked(tmp_path / "one.py")) == len(studies.asked(tmp_path / "two.py")) == 12


def test_rescoring_gives_the_records_of_the_run(folder: Path, file: Path, out: Path) -> None:
    (folder / "cat" / "cat3.png").write_bytes(b"nothing")
    name = studies.model(
        file, "if image.path.stem == 'dog0': return Failure('ill')\nreturn 'perhaps' if 'g' in truth(image) else 'cat'"
    )
    with studies.ran(folder, name, "closed-set,votes=3", "binary", out=out):
        pass
    written = {each: (out / each).read_text() for each in ("records.csv", "results.json")}
    with RunFolder(out) as run, run.database.commit():
        run.database.execute("DELETE FROM records WHERE state != 'failed'")
    rescore(out).close()
    assert {each: (out / each).read_text() for each in written} == written
    with RunFolder(out) as run, run.database.commit():
        digest = digests(folder)["cat1"]
        run.database.execute("DELETE FROM answers WHERE image = ?", bytes.fromhex(digest))
    rescore(out).close()
    found = {(row["example"], row["strategy"]): row["state"] for row in studies.table(out)}
    assert {found["cat/cat1.png", name] for name in ("closed-set,votes=3", "binary")} == {"pending"}
    assert Counter(found.values())["pending"] == 2
    before = len(studies.asked(file))
    with studies.ran(folder, name, "closed-set,votes=3", "binary", out=out):
        pass
    assert {each.name for each in studies.asked(file)[before:]} == {"cat1", "dog0"}
    assert (out / "records.csv").read_text() == written["records.csv"]


def test_a_folder_of_another_source_is_not_touched(folder: Path, file: Path, out: Path, tmp_path: Path) -> None:
    name = studies.model(file, "return truth(image)")
    with studies.ran(folder, name, out=out):
        pass
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".csv", ".json", ".yaml")}
    other = studies.photographs(tmp_path / "other")
    with pytest.raises(WrongUse, match="belongs to the data source"), studies.ran(other, name, out=out):
        pass
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.name in before} == before


def test_of_two_processes_at_once_one_is_told(folder: Path, file: Path, out: Path) -> None:
    go_on = file.with_name("go on")
    name = studies.model(file, f"while not Path({str(go_on)!r}).exists(): time.sleep(0.01)\nreturn truth(image)")
    command = [sys.executable, "-c", "from snellen.cli import main; main()", "run", "-d", folder, "-m", name]
    command += ["-s", "closed-set", "--out", out, "--no-timing"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        while not studies.asked(file):
            time.sleep(0.01)
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        with pytest.raises(WrongUse, match="in use by another process"), RunFolder(out):
            pass
        go_on.touch()
    assert first.returncode == 0
    assert second.returncode == 2
    assert "in use by another process" in second.stderr and second.stderr.count("\n") == 1
    assert states(out) == {"answered": 12}


class Interrupting(Silence):
    """Is interrupted when the first answers are kept, after a while in which all others arrive."""

    def advance(self, done: int, failed: int = 0) -> None:
        if done and self.asking:
            time.sleep(1.5)
            raise KeyboardInterrupt

    def begin(self, task: str, total: int) -> None:
        self.asking = task.startswith("scripted")


def test_answers_that_have_arrived_are_kept_when_the_run_is_interrupted(folder: Path, file: Path, out: Path) -> None:
    name = studies.model(file, "return truth(image)")
    request = Request(str(folder), (f"{name},batch_size=3",), ("closed-set",), out=str(out), timing=False)
    with pytest.raises(KeyboardInterrupt):
        run(resolve(request), Interrupting())
    assert len(studies.asked(file)) == len(studies.stored(out)) == 12
    assert states(out) == {"answered": 12}


# slower than its answers are kept, so that each has a commit of its own
LONG = "time.sleep(0.05)\nreturn truth(image) + ' ' * 20_000"


def test_a_full_disk_ends_the_run_with_one_line_and_keeps_the_answers(folder: Path, file: Path, out: Path) -> None:
    name = studies.model(file, LONG)
    command = [sys.executable, "-c", "from snellen.cli import main; main()", "run", "-d", folder, "-m"]
    command += [f"{name},batch_size=1", "-s", "closed-set", "--out", out, "--no-timing", "-q"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    full = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limited)
    assert full.returncode == 3, full.stderr
    assert "no space left to write" in full.stderr and full.stderr.count("\n") == 1
    kept = studies.stored(out)
    assert 0 < len(kept) < 12
    before = len(studies.asked(file))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert kept.items() <= studies.stored(out).items()
    assert not {(each.image, each.question) for each in studies.asked(file)[before:]} & set(kept)
    assert states(out) == {"answered": 12}


def test_unreadable_and_answered_are_kept_apart_for_every_broken_file(real_data: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "run"
    odd = [path for path in sorted((real_data / "data" / "badinput").rglob("*")) if path.is_file()]
    good = sorted((real_data / "data" / "photos").rglob("*.jpg"))[:12]
    for number, path in enumerate([path for path in odd if path.suffix != ".md"]):
        link(path, folder / "odd" / f"{number:03}-{path.name}")
    for number, path in enumerate(good):
        link(path, folder / f"good{number % 2}" / f"{number:03}{path.suffix}")
    name = studies.model(tmp_path / "model.py", "image.pixels()\nreturn truth(image)")
    command = [sys.executable, "-c", PEAK, "run", "-d", folder, "-m", name, "-s", "closed-set", "--out", out]
    start = time.monotonic()
    done = subprocess.run([*command, "--no-timing"], capture_output=True, text=True, check=False)
    assert time.monotonic() - start < 60
    assert done.returncode == 4, done.stderr
    (row,) = studies.rows(out)
    assert row["images"] == len(studies.table(out)) > 100
    assert (row["pending"], row["unparsed"], row["accuracy"]) == (0, 0, 1.0)
    failed = {each["example"]: each["failure"] for each in studies.table(out) if each["state"] == "failed"}
    assert len(failed) == row["failed"] > 20
    assert all(reason.startswith("unreadable image: ") and len(reason) > 25 for reason in failed.values())
    assert not [example for example in failed if not example.startswith("odd/")]
    manifest = (out / "manifest.csv").read_text()
    assert all(example in manifest for example in failed)
    assert done.stderr.count("\nunreadable: ") >= 19
    peaks = json.loads(done.stderr.splitlines()[-1])
    assert sum(peaks) < 2 * 2**20, "kB"


PEAK = """
import atexit, json, resource, sys
from snellen.cli import main
def tell():
    parent, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps([parent, 2 * children]), file=sys.stderr)  # at most two children live at once: the largest twice
atexit.register(tell)
main()
"""


def link(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(path)


def test_an_empty_or_half_made_folder_is_taken_over(folder: Path, file: Path, out: Path) -> None:
    out.mkdir()
    (out / "answers.sqlite").touch()
    (out / "environment.json").write_text("[{")
    (out / ".records.csv.partial").write_text("half")
    with studies.ran(folder, studies.model(file, "return truth(image)"), out=out) as results:
        assert [row.answered for row in results.rows] == [12]
        assert isinstance(results, Results)
    environment: list[dict[str, Any]] = json.loads((out / "environment.json").read_text())
    assert len(environment) == 1
    assert not (out / ".records.csv.partial").exists()

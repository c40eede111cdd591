"""The commands, called as a user calls them."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import snellen as package
from conftest import Said, draw_folder
from snellen.plan import DEFAULT_STRATEGIES

MODELS = Path(__file__).parent / "models.py"
CIRCLE, STAR, HALF, MUTE = (f"scripted/{MODELS}:{name}" for name in ("circle", "star", "half", "mute"))
QUICK = ("-s", "closed-set", "--no-timing", "-q")
COMMANDS = (
    ("run",),
    ("sweep",),
    ("ask",),
    ("doctor",),
    ("map",),
    ("score",),
    ("compare",),
    ("init",),
    ("ls",),
    ("export",),
    ("view",),
    ("datasets",),
    ("datasets", "show"),
    (),
)
HEAVY = ("torch", "transformers", "onnxruntime", "sklearn", "scipy", "pyarrow", "pandas")
Snellen = Callable[..., Said]


def records(run: Path | str) -> list[dict[str, str]]:
    with (Path(run) / "records.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], int]:
    """How many questions the model `circle` has been asked."""
    place = tmp_path / "asked"
    place.touch()
    monkeypatch.setenv("ASKED", str(place))
    return lambda: len(place.read_text().splitlines())


# run


def test_run_asks_once_and_prints_a_table(snellen: Snellen, drawn: Path, asked: Callable[[], int]) -> None:
    words = ("run", "-d", drawn, "-m", CIRCLE, "-m", STAR, "-s", "closed-set", "--no-timing")
    first = snellen(*words)
    assert first.code == 0
    assert re.search(r"models\.py:circle +closed-set +0\.250 .* 16 ", first.out, re.MULTILINE)
    assert "runs/drawn" in first.err and "16/16" in first.err
    assert asked() == 16
    second = snellen(*words)
    assert (second.code, second.out) == (0, first.out)
    assert asked() == 16


def test_failed_examples_end_with_4_and_are_asked_again(snellen: Snellen, drawn: Path) -> None:
    said = snellen("run", "-d", drawn, "-m", HALF, *QUICK)
    failed = [record for record in records("runs/drawn") if record["state"] == "failed"]
    assert said.code == 4
    assert 0 < len(failed) < 16
    assert f"failed: {len(failed)} x too dark" in said.err and "the same command again" in said.err
    assert re.search(rf"Failed.*\n.* {len(failed)}$", said.out, re.MULTILINE)


def test_rows_of_an_earlier_command_do_not_count_as_open(snellen: Snellen, drawn: Path) -> None:
    assert snellen("run", "-d", drawn, "-m", MUTE, *QUICK).code == 4
    said = snellen("run", "-d", drawn, "-m", CIRCLE, *QUICK)
    assert said.code == 0
    assert "models.py:mute" in said.out


def test_a_broken_file_is_a_failed_example_and_cannot_steer_the_terminal(snellen: Snellen, drawn: Path) -> None:
    name = "[red]x[bold]\x1b[31m.png"
    (drawn / "star" / name).write_bytes(b"no picture")
    rude = f"scripted/{MODELS}:rude"
    said = snellen("run", "-d", drawn, "-m", MUTE, "-m", rude, "-s", "closed-set", "--no-timing")
    assert said.code == 4
    assert r"unreadable: star/[red]x[bold]\x1b[31m.png: " in said.err
    assert r"failed: 16 x [bold]no \x1b[31mvoice[/bold] at all" in said.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said.out + said.err)
    assert [record["state"] for record in records("runs/drawn") if record["model"] == rude].count("unparsed") == 16
    assert snellen("score", "runs/drawn", "-q").out == said.out


def test_scores_that_are_no_numbers_are_failures(snellen: Snellen, drawn: Path) -> None:
    said = snellen("run", "-d", drawn, "-m", f"scripted/{MODELS}:nowhere", "-s", "vocabulary", "--no-timing", "-q")
    assert said.code == 4
    assert "failed: 16 x" in said.err and "NaN" in said.err


def test_a_dry_run_creates_nothing(snellen: Snellen, drawn: Path, asked: Callable[[], int]) -> None:
    said = snellen("run", "-d", drawn, "-m", CIRCLE, "--limit", "8", "--dry-run")
    assert said.code == 0
    assert "8 images of 4 classes" in said.out and "runs/drawn" in said.out
    for strategy in DEFAULT_STRATEGIES:  # zero-shot has to be named for a function
        assert (f"models.py:circle · {strategy}" in said.out) == (strategy != "zero-shot")
    assert not Path("runs").exists() and asked() == 0


def test_json_is_all_that_goes_to_standard_output(snellen: Snellen, drawn: Path) -> None:
    said = snellen("run", "-d", drawn, "-m", CIRCLE, "-m", HALF, "-s", "closed-set", "--no-timing", "--json")
    assert said.code == 4
    told = json.loads(said.out)
    assert told == json.loads(Path("runs/drawn/results.json").read_text())
    assert {row["model"] for row in told["rows"]} == {CIRCLE, HALF}
    assert [row["images_per_second"] for row in told["rows"]] == [None, None]
    assert "16/16" in said.err and "too dark" in said.err


def test_speed_is_measured_unless_told_otherwise(snellen: Snellen, drawn: Path) -> None:
    said = snellen("run", "-d", drawn, "-m", CIRCLE, "-s", "closed-set", "--json", "-q")
    assert json.loads(said.out)["rows"][0]["images_per_second"] > 0


def test_quiet_leaves_out_the_progress(snellen: Snellen, drawn: Path) -> None:
    assert snellen("run", "-d", drawn, "-m", CIRCLE, *QUICK).err == "all of it is in runs/drawn\n"


def test_fresh_sets_the_earlier_run_aside_whole(snellen: Snellen, drawn: Path, asked: Callable[[], int]) -> None:
    words = ("run", "-d", drawn, "-m", CIRCLE, *QUICK)
    snellen(*words)
    before = records("runs/drawn")
    said = snellen(*words, "--fresh")
    assert said.code == 0 and asked() == 32
    aside = next(path for path in Path("runs").iterdir() if path.name != "drawn")
    assert str(aside) in said.err
    assert records(aside) == before
    assert snellen("score", aside, "-q").out == said.out


# study files, flags and the environment


def test_flags_go_before_the_environment_and_that_before_the_file(
    snellen: Snellen, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = f"dataset: {{path: {drawn}, limit: 8, classes: 3}}\nmodels: ['{CIRCLE}']\nout: from-file\n"
    Path("study.yaml").write_text(study)

    def outline(*flags: str) -> str:
        said = snellen("run", "study.yaml", "--dry-run", *flags)
        assert said.code == 0, said.err
        return said.out

    assert "8 images of 3 classes" in outline() and "from-file" in outline()
    monkeypatch.setenv("SNELLEN_LIMIT", "6")
    monkeypatch.setenv("SNELLEN_OUT", "from-environment")
    assert "6 images of 3 classes" in outline() and "from-environment" in outline()
    told = outline("--limit", "4", "--out", "from-flag", "--classes", "star,ring")
    assert "4 images of 2 classes" in told and "from-flag" in told
    assert f"{STAR} · binary" in outline("-m", STAR, "-s", "binary") and CIRCLE not in outline("-m", STAR)
    monkeypatch.setenv("SNELLEN_DATASET", "shapes,pictures=2")
    assert "shapes:" in outline() and "6 images of 3 classes" in outline()
    assert str(drawn) in outline("-d", str(drawn))


def test_the_study_of_a_run_folder_asks_the_same_again(snellen: Snellen, drawn: Path, asked: Callable[[], int]) -> None:
    snellen("run", "-d", drawn, "-m", STAR, *QUICK)
    first = snellen(
        "run", "-d", drawn, "-m", CIRCLE, "-s", "binary,ahead=2", "-s", "closed-set,votes=3", "--classes", "3",
        "--limit", "7", "--seed", "5", "--no-timing", "-q", "--json",
    )  # fmt: skip
    before, sections = asked(), Path("runs/drawn/study.yaml").read_text()
    again = snellen("run", "runs/drawn/study.yaml", "-q", "--json")
    assert (again.code, again.out) == (first.code, first.out)
    assert len(json.loads(again.out)["rows"]) == 3
    assert asked() == before
    assert Path("runs/drawn/study.yaml").read_text() == sections and sections.count("--- #") == 2


def test_init_writes_a_study_that_runs_once_a_model_is_named(snellen: Snellen, drawn: Path) -> None:
    said = snellen("init", drawn)
    assert said.code == 0 and "snellen run study.yaml" in said.out
    text = Path("study.yaml").read_text()
    assert text.count("#") > 10 and "16 images of 4 classes" in text
    assert "no model is given" in snellen("run", "study.yaml").err
    Path("study.yaml").write_text(text.replace("  # - onnx/./mobilenet.onnx", f"  - {CIRCLE}"))
    assert snellen("run", "study.yaml", "--dry-run").code == 0
    changed = Path("study.yaml").read_text()
    again = snellen("init", drawn)
    assert again.code == 2 and "exists already" in again.err
    assert Path("study.yaml").read_text() == changed


# the other commands


def test_score_derives_the_same_from_stored_answers_without_asking(
    snellen: Snellen, drawn: Path, asked: Callable[[], int]
) -> None:
    first = snellen("run", "-d", drawn, "-m", CIRCLE, *QUICK)
    derived = records("runs/drawn")
    for path in ("records.csv", "results.json"):
        Path("runs/drawn", path).unlink()
    said = snellen("score", "runs/drawn")
    assert (said.code, said.out) == (0, first.out)
    assert records("runs/drawn") == derived and asked() == 16


def test_all_is_told_of_one_name(snellen: Snellen) -> None:
    said = snellen("ls", "strategies", "zero-shot")
    assert said.out.startswith("`zero-shot`: the class whose texts")
    assert "    templates='single'\n" in said.out and "`background`: a text for" in said.out
    assert "'zero-shot'" in snellen("ls", "strategies", "zeroshot").err


def test_ls_lists_what_there_is(snellen: Snellen, drawn: Path) -> None:
    assert re.search(r"^closed-set: .+\n +.*votes=1", snellen("ls", "strategies").out, re.MULTILINE)
    assert re.search(r"^scripted: .+\n +batch_size=64", snellen("ls", "models").out, re.MULTILINE)
    assert re.search(r"^folder: .+\n +class_names=None", snellen("ls", "datasets").out, re.MULTILINE)
    assert snellen("ls", "runs").out == "no runs in runs\n"
    snellen("run", "-d", drawn, "-m", CIRCLE, *QUICK)
    Path("runs/broken").mkdir()
    Path("runs/broken/answers.sqlite").write_text("no database, but long enough to be taken for one" * 30)
    told = snellen("ls", "runs")
    assert told.code == 0
    assert f"runs/drawn: rows 1, images 16, failed or pending 0, best 0.250 {CIRCLE}" in told.out
    assert "runs/broken" in told.out


def test_datasets_show_counts_the_classes(snellen: Snellen, drawn: Path) -> None:
    said = snellen("datasets", "show", drawn)
    assert said.code == 0
    assert said.out.startswith("drawn: 16 images of 4 classes")
    assert re.search(r"^  background +4  background$", said.out, re.MULTILINE)
    assert re.search(r"^  ring +4$", said.out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(snellen: Snellen, command: tuple[str, ...]) -> None:
    said = snellen(*command, "--help")
    assert (said.code, said.err) == (0, "")
    assert re.search(r"Examples?:\s+snellen " + " ".join(command), said.out)
    assert "list[str]" not in said.out


def test_version(snellen: Snellen) -> None:
    assert snellen("--version").out == f"{package.__version__}\n"


# the real thing, in processes of its own


def command(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`snellen` run by its own interpreter."""
    return subprocess.run(
        [sys.executable, "-m", "snellen", *map(str, words)],
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_console_script_runs(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("snellen")
    if not script.exists():
        pytest.skip("the package is not installed with its script")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, f"{package.__version__}\n")


@pytest.mark.parametrize("words", [["ls", "models"], ["run", "-d", "shapes,pictures=1", "-m", CIRCLE, *QUICK]])
def test_a_reader_that_goes_early_causes_no_complaint(tmp_path: Path, words: list[str]) -> None:
    """As in `snellen … | head -1`: what is printed and told goes into a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "snellen", *words],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        both = subprocess.run([sys.executable, "-m", "snellen", *words], stdout=write, stderr=write, cwd=tmp_path)
    finally:
        os.close(write)
    assert done.returncode == both.returncode == 0
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_text_that_the_encoding_lacks_is_shown_as_escapes(tmp_path: Path) -> None:
    draw_folder(tmp_path / "data", 1, ("star", "ring"))
    (tmp_path / "data" / "ring").rename(tmp_path / "data" / "環")
    done = command("datasets", "show", "data", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and rb"\u74b0" in done.stdout


@pytest.mark.parametrize(
    "words",
    [["--help"], ["ls", "models"], ["ls", "strategies"], ["run", "-d", "shapes,pictures=1", "-m", CIRCLE, *QUICK]],
)
def test_heavy_packages_are_not_imported(tmp_path: Path, words: list[str]) -> None:
    code = (
        "import sys; from snellen.cli import main\n"
        "try: main()\n"
        f"finally: print('imported', sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("imported []\n")

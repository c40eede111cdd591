"""A wrong request ends in one clear line, exit code 2 or 3, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import Said, draw_folder
from onnx_models import write_classifier
from snellen.errors import WrongUse
from snellen.folder import set_aside

CIRCLE = ("-m", f"scripted/{Path(__file__).parent / 'models.py'}:circle")
ON_SHAPES = ("run", "-d", "shapes,pictures=1", *CIRCLE)
Snellen = Callable[..., Said]


def refused(said: Said, *parts: str, code: int = 2) -> None:
    """One line that says all of this, and no trace of a run."""
    assert said.code == code, said
    assert said.out == ""
    assert said.err.startswith("error: ") and said.err.count("\n") == 1, said.err
    for part in parts:
        assert part in said.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("run",), ["no data set is given", "-d FOLDER"]),
        (("run", *CIRCLE), ["no data set is given"]),
        (("run", "-d", "shapes"), ["no model is given", "-m", "snellen ls models"]),
        (("run", "-d", "shapes", "-m", "scriptd/x"), ["unknown model provider 'scriptd'", "'scripted'"]),
        (("run", "-d", "shapes", "-m", "nothing"), ["PROVIDER/NAME", "'nothing'", "scripted"]),
        (("run", "-d", "shapes", "-m", "./model.onnx"), ["PROVIDER/NAME", "onnx"]),
        (("run", "-d", "shapes", "-m", "hf/"), ["PROVIDER/NAME"]),
        ((*ON_SHAPES, "-s", "closedset"), ["unknown strategy 'closedset'", "did you mean 'closed-set'"]),
        ((*ON_SHAPES, "-s", "closed-set,vots=3"), ["no option 'vots'", "'votes'"]),
        ((*ON_SHAPES, "-s", "closed-set,votes=many"), ["votes='many'", "integer"]),
        ((*ON_SHAPES, "-s", "closed-set,votes=0"), ["votes='0'", "greater than or equal to 1"]),
        ((*ON_SHAPES, "-s", "closed-set,5"), ["key=value", "'5'"]),
        (("run", "-d", "shapes", "-m", f"{CIRCLE[1]},batch_siz=2"), ["no option 'batch_siz'", "'batch_size'"]),
        (("run", "-d", "shapes", "-m", "scripted/rules"), ["scripted/FILE.py:function"]),
        (("run", "-d", "shapes", "-m", CIRCLE[1].replace("circle", "circel")), ["no function 'circel'", "'circle'"]),
        (("run", "-d", "shapes,picturs=2", *CIRCLE), ["no option 'picturs'", "'pictures'"]),
        (("run", "-d", "shapes,clases=2", *CIRCLE), ["no option 'clases'", "'classes'"]),
        ((*ON_SHAPES, "--batch-size", "0"), ["--batch-size", "auto", "'0'"]),
        ((*ON_SHAPES, "--batch-size", "many"), ["--batch-size", "auto", "'many'"]),
        ((*ON_SHAPES, "--limit", "0"), ["limit", "at least 1", "0"]),
        ((*ON_SHAPES, "--limit", "-3"), ["limit", "at least 1", "-3"]),
        ((*ON_SHAPES, "--per-class", "0"), ["per_class", "at least 1"]),
        ((*ON_SHAPES, "--classes", "0"), ["from 2 to 12", "got 0"]),
        ((*ON_SHAPES, "--classes", "-4"), ["from 2 to 12", "got -4"]),
        ((*ON_SHAPES, "--classes", "13"), ["from 2 to 12", "got 13"]),
        ((*ON_SHAPES, "--classes", "circel,star"), ["no class 'circel'", "'circle'"]),
        ((*ON_SHAPES, "--classes", "star,star"), ["'star'", "2 times"]),
        ((*ON_SHAPES, "--classes", "star"), ["at least two"]),
        ((*ON_SHAPES, "--classes", ""), ["a number or names"]),
        (("run", "-d", "nowhere", *CIRCLE), ["no data set nowhere", "folder of class folders"]),
        (("run", "none.yaml"), ["no study file none.yaml", "snellen init"]),
        (("run", "photos"), ["no study file", "snellen run -d photos -m MODEL"]),
        (("run", "-d", "shapes", "-m", "hf/./nowhere"), ["no folder", "OWNER/MODEL"]),
        (("run", "-d", "shapes", "-m", "onnx/./none.onnx"), ["no model file none.onnx"]),
        (("score", "runs/none"), ["not a run folder", "snellen ls runs"]),
        (("export", "csv", "runs/none"), ["not a run folder"]),
        (("export", "cvs", "runs/none"), ["unknown format 'cvs'", "'csv'"]),
        (("ls", "modells"), ["'modells'", "'models'"]),
        (("init", "nowhere"), ["no data set nowhere"]),
        (("init", "shapes", "-o", "study.txt"), [".yaml", "study.txt"]),
        (("datasets", "show", "nowhere"), ["no data set nowhere"]),
    ],
)
def test_a_wrong_word_is_told(snellen: Snellen, words: tuple[str, ...], parts: list[str]) -> None:
    refused(snellen(*words), *parts)


@pytest.mark.parametrize(
    ("words", "part", "code"),
    [
        (("-m", "scripted/none.py:f"), "no file none.py", 2),
        (("-m", "predictions/./none.csv"), "no file none.csv", 2),
        (("-m", "onnx/./none.onnx"), "no model file none.onnx", 2),
        (("-m", "onnx/MODEL"), "no labels.txt beside it", 2),
        (("-m", "onnx/MODEL,labels=none.txt"), "no labels file none.txt", 2),
        (("-m", "hf/./none"), "no folder", 2),
        ((*CIRCLE, "-s", "vocabulary,mapping=none.csv"), "no mapping file none.csv", 2),
        ((*CIRCLE, "-d", "none"), "no data set none", 2),
        (("-m", "scripted/no_such_module:f"), "no module no_such_module", 3),
    ],
)
def test_a_wrong_path_is_wrong_use_and_a_package_that_is_not_there_is_missing(
    snellen: Snellen, words: tuple[str, ...], part: str, code: int
) -> None:
    if any("onnx" in word for word in words):
        pytest.importorskip("onnxruntime")
    if any("hf/" in word for word in words):
        pytest.importorskip("transformers")
    model = write_classifier(Path("m.onnx"), np.eye(3))
    words = tuple(word.replace("MODEL", str(model)) for word in words)
    refused(snellen("run", "-d", "shapes", *words), part, code=code)


@pytest.mark.parametrize(
    "words",
    [
        (*ON_SHAPES, "--limit", "many"),
        (*ON_SHAPES, "--seed", "x"),
        (*ON_SHAPES, "--per-class", "1.5"),
        (*ON_SHAPES, "--no-such-flag"),
        ("rn",),
        ("export", "csv"),
        ("ask",),
    ],
)
def test_wrong_usage_ends_with_2_and_points_to_the_help(snellen: Snellen, words: tuple[str, ...]) -> None:
    said = snellen(*words)
    assert (said.code, said.out) == (2, "")
    assert "--help" in said.err and "Traceback" not in said.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["expected a mapping", "found nothing"]),
        ("- a\n- b\n", ["expected a mapping", "found a list"]),
        ("just words", ["expected a mapping", "just words"]),
        ("models: [", ["study.yaml, line 1, column 10: not valid YAML: expected the node content"]),
        ("name: a\nname: b\n", ["study.yaml, line 2, column 1: not valid YAML: found duplicate key", "name"]),
        ("name: a: b\n", ["study.yaml, line 1, column 8: not valid YAML: mapping values are not allowed here"]),
        ("name: 2020-13-45\n", ["study.yaml: not valid YAML: month must be in 1..12"]),
        ("modls: []\n", ["unknown key 'modls'", "'models'"]),
        ("dataset: {path: shapes, per_clas: 3}\nmodels: [MODEL]\n", ["no option 'per_clas'", "'per_class'"]),
        ("dataset: shapes\nmodels: 3\n", ["models must be a list"]),
        ("dataset: shapes\nmodels: [3]\n", ["models", "name or a mapping", "3"]),
        ("dataset: shapes\nmodels: [{modl: MODEL}]\n", ["'model'", "modl"]),
        ("dataset: 3\n", ["dataset", "name or a mapping"]),
        ("dataset: shapes\nmodels: [MODEL]\ntiming: perhaps\n", ["timing", "true or false", "perhaps"]),
        ("dataset: shapes\nmodels: [MODEL]\nname: 3\n", ["name", "a text"]),
        ("dataset: shapes\nmodels: [MODEL]\nstall_seconds: 0\n", ["stall_seconds", "above 0"]),
        ("dataset: shapes\nmodels: [MODEL]\nstall_seconds: true\n", ["stall_seconds", "a number"]),
        ("dataset: {path: shapes, seed: x}\nmodels: [MODEL]\n", ["seed", "whole number", "'x'"]),
        ("dataset: shapes\nmodels: [MODEL]\nstrategies: [{strategy: binary, ahed: 2}]\n", ["'ahed'", "'ahead'"]),
        ("dataset: shapes\n", ["no model is given"]),
        ("models: [MODEL]\n", ["no data set is given"]),
    ],
)
def test_a_wrong_study_file_is_told(snellen: Snellen, text: str, parts: list[str]) -> None:
    Path("study.yaml").write_text(text.replace("MODEL", CIRCLE[1]))
    refused(snellen("run", "study.yaml"), *parts)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"name: a\x00b\n", b"PK\x03\x04"])
def test_a_study_file_that_is_no_text_is_told(snellen: Snellen, content: bytes) -> None:
    Path("study.yaml").write_bytes(content)
    refused(snellen("run", "study.yaml"), "cannot read the study file study.yaml: it is no text")


def empty(place: Path) -> Path:
    place.mkdir()
    return place


def one_class(place: Path) -> Path:
    return draw_folder(place, 1, ("star",))


def loose_images(place: Path) -> Path:
    place.mkdir()
    for file in sorted(draw_folder(place.with_name("drawn"), 1).rglob("*.png")):
        file.rename(place / f"{file.parent.name}-{file.name}")
    return place


def same_names(place: Path) -> Path:
    draw_folder(place, 1)
    (place / "star").rename(place / "001.star")
    (place / "ring").rename(place / "002.star")
    return place


def no_picture(place: Path) -> Path:
    place.write_text("no picture")
    return place


def table(text: str) -> Callable[[Path], Path]:
    def write(place: Path) -> Path:
        draw_folder(place, 2)
        images = sorted(str(path.relative_to(place)) for path in place.rglob("*.png"))
        (place / "list.csv").write_text(text.format(*images))
        return place / "list.csv"

    return write


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (empty, ["at least two sub-folders", "it has none"]),
        (one_class, ["at least two sub-folders", "only star"]),
        (loose_images, ["lie directly in it", "manifest"]),
        (same_names, ["001.star", "002.star", "'star'"]),
        (no_picture, ["is a file", ".csv"]),
        (table("picture,label\n{0},a\n{1},b\n"), ["expected a column 'image'", "image_column=NAME"]),
        (table("image\n{0}\n{1}\n"), ["expected a column 'label'"]),
        (table("image,label\n{0},a\n{0},b\n"), ["line 3", "stands on line 2"]),
        (table("image,label\n"), ["a row for each image"]),
        (table("image,label\n{0},a\n{1},a\n"), ["at least two classes"]),
    ],
)
def test_a_wrong_data_set_is_told(
    snellen: Snellen, tmp_path: Path, make: Callable[[Path], Path], parts: list[str]
) -> None:
    refused(snellen("run", "-d", make(tmp_path / "data"), *CIRCLE), *parts)


def test_a_label_that_is_no_class_is_told(snellen: Snellen, tmp_path: Path) -> None:
    place = table("image,label\n{0},cat\n{1},dgo\n")(tmp_path / "data")
    refused(snellen("run", "-d", f"{place},class_list=[]", *CIRCLE), "class_list")
    (place.parent / "classes.txt").write_text("cat\ndog\n")
    said = snellen("run", "-d", f"{place},class_list={place.parent / 'classes.txt'}", *CIRCLE)
    refused(said, "'dgo' is none of the classes", "'dog'")


def test_a_model_folder_without_a_model_is_told(snellen: Snellen) -> None:
    pytest.importorskip("transformers")
    Path("empty").mkdir()
    refused(snellen("run", "-d", "shapes", "-m", "hf/./empty"), "without a model", "config.json")


def test_a_file_in_the_place_of_the_run_folder_is_told(snellen: Snellen) -> None:
    Path("taken").write_text("mine")
    refused(snellen(*ON_SHAPES, "--out", "taken"), "taken is a file", "--out")
    refused(snellen(*ON_SHAPES, "--out", "taken/run"), "cannot write taken/run")
    assert Path("taken").read_text() == "mine"


def test_a_run_folder_among_the_images_is_told(snellen: Snellen, drawn: Path) -> None:
    held = sorted(drawn.rglob("*"))
    some = next(path.name for path in held if path.is_dir())
    for out, part in (
        (drawn, "own folder"),
        (drawn / ".." / drawn.name, "own folder"),
        (drawn / some / "run", "among"),
    ):
        refused(snellen("run", "-d", drawn, *CIRCLE, "--out", out), part, "choose another --out")
    assert sorted(drawn.rglob("*")) == held


def test_a_damaged_run_folder_can_be_set_aside_again_and_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("time.strftime", lambda _: "now")
    run, places = tmp_path / "run", []
    for _ in range(3):
        run.mkdir()
        (run / "answers.sqlite").write_text("no database")
        places.append(set_aside(run))
    assert [place and place.name for place in places] == ["run-until-now", "run-until-now-2", "run-until-now-3"]
    assert set_aside(run) is None
    (tmp_path / "answers.sqlite").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongUse, match="holds the current folder"):
        set_aside(Path())


def test_a_run_folder_that_cannot_be_renamed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").touch()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(WrongUse, match=r"cannot write .*: Permission denied"):
        set_aside(tmp_path)


def test_what_is_no_runs_is_not_overwritten(snellen: Snellen) -> None:
    Path("mine").mkdir()
    Path("mine/manifest.csv").write_text("mine")
    refused(snellen(*ON_SHAPES, "--out", "mine"), "manifest.csv", "--out")
    assert os.listdir("mine") == ["manifest.csv"]  # noqa: PTH208


def test_a_run_folder_of_another_data_source_is_told_and_kept(snellen: Snellen, drawn: Path) -> None:
    asked = ("-s", "closed-set", "--no-timing", "-q")
    assert snellen(*ON_SHAPES, *asked, "--out", "run").code == 0
    kept = Path("run/records.csv").read_bytes()
    said = snellen("run", "-d", drawn, *CIRCLE, *asked, "--out", "run")
    refused(said, "belongs to the data source shapes:", "--out")
    assert Path("run/records.csv").read_bytes() == kept


@pytest.fixture
def held() -> Iterator[Path]:
    """A run folder in the hands of another process."""
    holder = "import sys; from pathlib import Path; from snellen.folder import RunFolder\n"
    holder += "with RunFolder(Path('held')): print('here', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "here\n"
        yield Path("held")
        process.stdin.close()


def test_a_run_folder_in_use_is_told(snellen: Snellen, held: Path) -> None:
    refused(snellen(*ON_SHAPES, "--out", held), "in use by another process")
    refused(snellen(*ON_SHAPES, "--out", held, "--fresh"), "in use by another process")
    refused(snellen("score", held), "in use by another process")


@pytest.mark.parametrize(
    ("package", "model"), [("onnxruntime", "onnx/./any.onnx"), ("torch", "hf/any"), ("transformers", "hf/any")]
)
def test_a_package_that_is_not_installed_is_named(tmp_path: Path, package: str, model: str) -> None:
    """The real command, where an import blocker stands before the package, in this process and all below it."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "snellen", "run", "-d", "shapes", "-m", model],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    extra = model.partition("/")[0]
    assert done.stderr == f"error: {model} needs the package {package}: pip install 'snellen[{extra}]'\n"
    assert not (tmp_path / "runs").exists()


def test_a_model_that_cannot_be_loaded_is_told_once(snellen: Snellen) -> None:
    Path("broken.py").write_text("raise RuntimeError('no good')\ndef f(question, image): return 'x'\n")
    said = snellen("run", "-d", "shapes,pictures=1", "-m", "scripted/broken.py:f", "-s", "closed-set")
    assert said.code == 3
    assert said.err.count("no good") == 1 and "Traceback" not in said.err
    assert json.loads(Path("runs/shapes/results.json").read_text())["rows"][0]["pending"] == 12

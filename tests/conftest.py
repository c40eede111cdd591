"""Data that tests share: a small folder of drawn pictures, and the place of real photographs where there is one."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import PIL.Image
import pytest
from filelock import FileLock

from snellen.cli import main
from snellen.datasets import shapes


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs, broken files and classifiers; skips where it is not at hand."""
    place = os.environ.get("SNELLEN_TEST_DATA")
    if not place:
        pytest.skip("SNELLEN_TEST_DATA is not set")
    return Path(place).resolve()


def draw_folder(
    place: Path, pictures: int = 4, names: tuple[str, ...] = ("circle", "star", "ring", "background")
) -> Path:
    """A class folder of drawn pictures."""
    for example in shapes.load("", shapes.Options(pictures=pictures)):
        if example.label in names:
            file = place / f"{example.id}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(example.image.data)
    return place


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A folder of four classes, one of them the background, with four pictures each."""
    return draw_folder(tmp_path / "drawn")


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def snellen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """The command line, called here in an empty folder: `snellen("run", "-d", "shapes", …)`."""
    for name in [name for name in os.environ if name.startswith("SNELLEN_")]:
        monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SNELLEN_NO_REPORT", "1")  # it takes seconds; tests of the report ask for it
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def call(*words: object) -> Said:
        monkeypatch.setattr("sys.argv", ["snellen", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Said(int(end.value.code or 0), said.out, said.err)

    return call


def once(name: str, build: Callable[[Path], Path], factory: pytest.TempPathFactory) -> Path:
    """What is built in a folder of this name, by the first of the processes that the tests run in."""
    common = factory.getbasetemp() if "PYTEST_XDIST_WORKER" not in os.environ else factory.getbasetemp().parent
    place = common / f"built-{name}"
    with FileLock(f"{place}.lock"):
        return place if (place / "config.json").exists() else build(place)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny random checkpoint by its family's name, built when first asked for."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import checkpoints

    torch.set_num_threads(1)  # so small a model gains nothing from more, and loses much beside other work
    built: dict[str, Path] = {}

    def get(family: str) -> Path:
        if family == "smolvlm":
            pytest.importorskip("num2words")  # its processor is not to be had without
        if family not in built:
            built[family] = once(family, lambda place: checkpoints.build(family, place), tmp_path_factory)
        return built[family]

    return get


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny random encoder by its family's name, built when first asked for."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from checkpoints.encoders import build_encoder

    torch.set_num_threads(1)
    built: dict[str, Path] = {}

    def get(family: str) -> Path:
        if family not in built:
            built[family] = once(family, lambda place: build_encoder(family, place), tmp_path_factory)
        return built[family]

    return get


@pytest.fixture
def served_natively(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server on this machine that speaks the APIs of providers, to who has the key."""
    from native import serving_natively

    for variable in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "CLARIFAI_PAT"):
        monkeypatch.setenv(variable, "secret-of-the-test")
    with serving_natively() as url:
        yield url


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, Any]]:
    """The options of a model that a server on this machine has."""
    from loopback import Asked, serving

    def script(asked: Asked) -> str:
        assert all(PIL.Image.open(io.BytesIO(data)).size for _, data in asked.pictures)
        return str(Random(json.dumps(asked.body)).choice(("star", "ring")))

    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-the-test")
    with serving(script) as server:
        yield {"model": "openai-compatible/m", "base_url": server.url}

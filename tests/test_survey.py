"""The survey: whatever a file does to its decoder, it costs that file alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import studies
from snellen.errors import SnellenError
from snellen.images import Image
from snellen.survey import Examined, Survey, examine

DECODER = """
import os, time
from snellen.child import Parent
from snellen.survey import Examined

def main():
    parent = Parent()
    parent.send(None)
    while True:
        name = parent.receive().path.name
        if name.startswith("hang"):
            time.sleep(1000)
        if name.startswith("die"):
            os._exit(2)
        parent.send(Examined("00", 1, 1))
"""


@pytest.fixture
def decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a module that examines images, and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> str:
        name = f"decoder_{tmp_path.name.replace('-', '_')}"
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def test_readable_or_why_not(tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    studies.write_photograph(good, "good")
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:100])
    (tmp_path / "empty.png").touch()
    paths = [good, tmp_path / "cut.png", tmp_path / "empty.png", tmp_path / "none.png"]
    with Survey() as survey:
        found = dict(survey.examine(list(enumerate(map(Image, paths)))))
    assert found[0] == Examined(Image(good).digest, 6, 6)
    assert found[1].digest == Image(paths[1]).digest
    assert found[1].unreadable is not None and "truncated" in found[1].unreadable
    assert found[2].unreadable == "the file is empty"
    assert found[3] == Examined("", unreadable="cannot be read: No such file or directory")
    assert found == {number: examine(Image(path)) for number, path in enumerate(paths)}


def test_decoders_that_hang_or_die_cost_their_own_file_alone(decoder: Callable[[str], str]) -> None:
    names = [f"{deed}{number}" for number in range(40) for deed in ("fine",)]
    names[3], names[4], names[20], names[39] = "die3", "hang4", "die20", "hang39"
    images = [(number, Image(Path(name))) for number, name in enumerate(names)]
    with Survey(processes=2, module=decoder(DECODER), seconds_per_file=0.6) as survey:
        found = dict(survey.examine(images))
        again = dict(survey.examine(images[:2]))
    assert sorted(found) == list(range(40))
    died, hung = "cannot be decoded: the decoder ended with code 2", "cannot be decoded: took over 0.6 s"
    assert {number: each.unreadable for number, each in found.items() if each.unreadable} == {
        3: died,
        4: hung,
        20: died,
        39: hung,
    }
    assert again == {0: Examined("00", 1, 1), 1: Examined("00", 1, 1)}


def test_processes_stay_between_calls_and_none_stays_behind(tmp_path: Path, decoder: Callable[[str], str]) -> None:
    module = decoder(DECODER.replace('Examined("00", 1, 1)', 'Examined("00", os.getpid(), 1)'))
    with Survey(processes=1, module=module) as survey:
        pids = {dict(survey.examine([(0, Image(Path("fine")))]))[0].width for _ in range(3)}
        assert len(pids) == 1
        assert studies.running(module)
    assert not studies.running(module)


def test_an_interrupted_survey_ends_at_once(decoder: Callable[[str], str]) -> None:
    start = time.monotonic()
    with Survey(processes=1, module=decoder(DECODER)) as survey:
        assert next(survey.examine([(0, Image(Path("fine"))), (1, Image(Path("hang")))]))
    assert time.monotonic() - start < 5


def test_a_survey_that_cannot_start_is_told(decoder: Callable[[str], str]) -> None:
    module = decoder("def main(): raise SystemExit(3)")
    with pytest.raises(SnellenError, match="ended with code 3"), Survey(processes=1, module=module) as survey:
        list(survey.examine([(0, Image(Path("fine")))]))


def test_a_bomb_stays_within_the_limit_of_memory(real_data: Path) -> None:
    bombs = sorted((real_data / "data" / "badinput" / "bombs").iterdir())
    with Survey(processes=1) as survey:
        found = dict(survey.examine([(number, Image(path)) for number, path in enumerate(bombs)]))
        (child,) = survey._children
        status = Path(f"/proc/{child.pid}/status").read_text()
    assert len(found) == len(bombs)
    assert sum("exceeds limit" in (each.unreadable or "") for each in found.values()) == 2
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 2 * 2**20, "kB"

"""Caltech-256 and Caltech-101 are fetched once, checked, and then read as the folders they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Said
from file_server import Reply, Served, part_of, serving_files
from packed import published, small_caltech101, small_caltech256, tar_of
from snellen import plugins
from snellen.datasets import caltech101, caltech256
from snellen.errors import Missing, WrongUse
from snellen.plan import load_dataset
from snellen.progress import Silence
from snellen.public_archives import provided

Snellen = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server of two small archives, which are published as Caltech-256 and Caltech-101 for the test."""
    (tmp_path / "server").mkdir()
    files = {"/256.tar": small_caltech256(tmp_path / "server"), "/101.zip": small_caltech101(tmp_path / "server")}
    with serving_files(lambda path, part: part_of(files[path].read_bytes(), part)) as server:
        for module, path in ((caltech256, "/256.tar"), (caltech101, "/101.zip")):
            monkeypatch.setattr(module, "ARCHIVE", published(files[path], module.ARCHIVE, server.url + path))
        yield server


def test_it_is_fetched_once_and_read_as_its_folder(snellen: Snellen, home: Path, served: Served) -> None:
    said = snellen("datasets", "show", "caltech256")
    place = home / ".cache/snellen/caltech256"
    assert said.code == 0, said.err
    assert said.out.startswith(
        f"caltech256: 12 images of 4 classes (folder:{place}/256_ObjectCategories)\n"
        "  ak47                3\n  american-flag       3\n  motorbikes          3\n"
        "  background          3  background\n"
    )
    assert f"MB from {served.url}/256.tar into {place}" in said.err
    assert f"caltech256 is in {place}/256_ObjectCategories" in said.err
    assert sorted(path.name for path in place.iterdir()) == [".lock", "256_ObjectCategories"]
    again = snellen("datasets", "show", "caltech256")
    assert again.out == said.out and again.err == "" and len(served.asked) == 1
    plain = load_dataset(str(place / "256_ObjectCategories"))[0]
    named = load_dataset("caltech256")[0]
    assert list(plain) == list(named)
    assert (plain.source, plain.classes, named.name) == (named.source, named.classes, "caltech256")


def test_a_study_runs_on_it(snellen: Snellen, home: Path, served: Served, tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    model.write_text("def answer(question, image):\n    return 'ak47'\n")
    words = ("-m", f"scripted/{model}:answer", "-s", "closed-set", "--no-timing", "--classes", 3)
    said = snellen("run", "-d", f"caltech256,folder={tmp_path}/data", *words)
    assert said.code == 0, said.err
    assert (tmp_path / "data/256_ObjectCategories/001.ak47/image_0000.jpg").is_file()
    assert Path("runs/caltech256/results.json").is_file()
    assert not (home / ".cache").exists()
    resumed = snellen("run", "runs/caltech256/study.yaml")
    assert resumed.code == 0 and len(served.asked) == 1


def test_caltech101_has_the_names_of_its_folders_or_those_of_the_paper(
    snellen: Snellen, home: Path, served: Served
) -> None:
    classes = load_dataset("caltech101")[0].classes
    assert classes.names == ("background", "Faces", "Faces easy", "airplanes", "car side")
    assert classes.background == "background"
    singular, _ = load_dataset("caltech101,names=singular")
    assert singular.classes.names == ("background", "face", "airplane", "car side")
    assert len(singular) == len(list(singular)) == 15
    assert sum(example.label == "face" for example in singular) == 6
    assert len(served.asked) == 1


def test_what_lies_there_is_taken(home: Path, served: Served, tmp_path: Path) -> None:
    load_dataset(f"caltech256,folder={tmp_path}/a")
    (tmp_path / "a/256_ObjectCategories").rename(tmp_path / "256_ObjectCategories")
    for place in (tmp_path, tmp_path / "256_ObjectCategories"):
        found, spec = load_dataset(f"caltech256,folder={place}")
        assert len(found) == 12 and spec["folder"] == str(place)
    assert len(served.asked) == 1


def test_a_mirror_or_a_file_of_ones_own_will_do(served: Served, tmp_path: Path) -> None:
    own = tmp_path / "server/256.tar"
    for number, url in enumerate((f"{served.url}/256.tar", own, own.as_uri())):
        assert len(load_dataset(f"caltech256,folder={tmp_path}/{number},url={url}")[0]) == 12
    assert len(served.asked) == 1 and own.is_file()
    for url, told in (
        ("ftp://a.org/x", "expected an address with http"),
        (tmp_path / "none", "there is no such file"),
        ("https://me:secret@a.org/x", "without a password"),
    ):
        with pytest.raises(WrongUse, match=told) as raised:
            load_dataset(f"caltech256,folder={tmp_path}/new,url={url}")
        assert "secret" not in str(raised.value)


def test_another_file_of_that_size_is_refused_and_nothing_is_left(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (tmp_path / "server/256.tar").stat().st_size
    with (
        serving_files(lambda path, part: part_of(bytes(size), part)) as other,
        pytest.raises(WrongUse, match=r"its MD5 is \w{32}, not \w{32}; nothing of it is kept; try again, or get"),
    ):
        load_dataset(f"caltech256,folder={tmp_path}/a,url={other.url}/256.tar")
    assert [path.name for path in (tmp_path / "a").iterdir()] == [".lock"]
    (tmp_path / "mine.tar").write_bytes(bytes(size))
    with pytest.raises(WrongUse, match=r"mine.tar is not the published caltech256"):
        load_dataset(f"caltech256,folder={tmp_path}/a,url={tmp_path}/mine.tar")
    assert (tmp_path / "mine.tar").stat().st_size == size  # a file of one's own is left alone


def test_a_published_archive_that_does_harm_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tar_of(tmp_path / "bad.tar", [("256_ObjectCategories/001.ak47/1.jpg", b"x"), ("../../out", b"x")])
    with serving_files(lambda path, part: part_of(hostile.read_bytes(), part)) as server:
        monkeypatch.setattr(caltech256, "ARCHIVE", published(hostile, caltech256.ARCHIVE, f"{server.url}/256.tar"))
        with pytest.raises(WrongUse, match="may lead out"):
            load_dataset(f"caltech256,folder={tmp_path}/a/b")
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == [".lock"]
    assert not (tmp_path / "out").exists()


def test_without_a_network_one_line_says_where_to_get_it(snellen: Snellen, home: Path) -> None:
    said = snellen("run", "-d", "caltech256,url=http://127.0.0.1:9/256.tar", "-m", "demo/vlm")
    assert said.code == 3 and "Traceback" not in said.err
    assert said.err.splitlines()[-1].startswith("error: http://127.0.0.1:9/256.tar: no connection (")
    assert said.err.endswith(
        "run the same command again, or get it from https://data.caltech.edu/records/nyy15-4j048, unpack it, and name "
        "its folder 256_ObjectCategories with -d\n"
    )


def test_an_interrupted_download_is_continued(
    snellen: Snellen, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snellen.downloads._CHUNK", 1000)
    (tmp_path / "server").mkdir()
    content = small_caltech256(tmp_path / "server").read_bytes()

    def script(path: str, part: str | None) -> Reply:
        if part is None:
            threading.Timer(0.05, lambda: os.kill(os.getpid(), 2)).start()
            return Reply(content, sent=5000, headers={"Connection": "keep-alive"})
        return part_of(content, part)

    with serving_files(script) as server:
        archive = published(tmp_path / "server/256.tar", caltech256.ARCHIVE, f"{server.url}/256.tar")
        monkeypatch.setattr(caltech256, "ARCHIVE", archive)
        said = snellen("datasets", "show", "caltech256")
        assert (said.code, "the same command again goes on" in said.err) == (130, True)
        assert (home / ".cache/snellen/caltech256/caltech256.partial").stat().st_size == 5000
        assert snellen("datasets", "show", "caltech256").code == 0
    assert [part for _, part in server.asked] == [None, "bytes=5000-"]


def test_of_two_that_fetch_at_once_one_waits(served: Served, tmp_path: Path) -> None:
    lines: list[str] = []

    class Slow(Silence):
        def say(self, line: str) -> None:
            lines.append(line)
            time.sleep(0.1)

    def fetch() -> None:
        provided(caltech256.ARCHIVE, "", str(tmp_path / "a"), None, Slow())

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(served.asked) == 1
    assert lines.count(f"waiting for another process that fetches into {tmp_path}/a") == 2
    assert len(load_dataset(f"caltech256,folder={tmp_path}/a")[0]) == 12


_SMALL_FILES = """
import resource, sys
from snellen.cli import main
from snellen.datasets import caltech256
from snellen.public_archives import Archive
caltech256.ARCHIVE = Archive(*{archive!r})
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv = ["snellen", "datasets", "show", "caltech256,folder={place}"]
main()
"""


def test_a_disk_that_is_full_is_told_and_what_came_is_kept(served: Served, tmp_path: Path) -> None:
    archive = caltech256.ARCHIVE
    values = tuple(getattr(archive, name) for name in archive.__slots__)
    script = _SMALL_FILES.format(archive=values, limit=6000, place=tmp_path / "a")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stderr
    assert re.search(r"^error: no space left to write .*caltech256.partial.*; what has come is kept", done.stderr, re.M)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "a/caltech256.partial").stat().st_size == 6000
    assert len(load_dataset(f"caltech256,folder={tmp_path}/a")[0]) == 12
    assert served.asked[-1][1] == "bytes=6000-"


def test_what_will_not_fit_is_not_begun(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = (*(getattr(caltech256.ARCHIVE, name) for name in caltech256.ARCHIVE.__slots__[:-1]), 1 << 60)
    monkeypatch.setattr(caltech256, "ARCHIVE", type(caltech256.ARCHIVE)(*huge))
    with pytest.raises(Missing, match=r"GB are needed and .* GB free; name another place by folder=PATH"):
        load_dataset(f"caltech256,folder={tmp_path}/a")
    assert not served.asked


def test_wrong_options_are_told(snellen: Snellen, tmp_path: Path) -> None:
    for given, told in (
        ("caltech256/x", "expected nothing behind the name; say where it lies by folder=x"),
        ("caltech256,foldr=x", "(did you mean 'folder'?)"),
        ("caltech101,names=plural", "names='plural'"),
        *((f"caltech101,url={url}", "expected an address") for url in ("http://[::1/a", "http://a:b/", "http://a b/")),
        (f"caltech256,folder={tmp_path}/file", "cannot write"),
    ):
        (tmp_path / "file").touch()
        said = snellen("datasets", "show", given)
        assert said.code == 2 and told in said.err, said.err


def test_the_published_archives_are_what_torchvision_fetches() -> None:
    """By its source (torchvision/datasets/caltech.py, 0.24)."""
    found: dict[str, Any] = {name: plugins.load("datasets", name).ARCHIVE for name in ("caltech101", "caltech256")}
    assert found["caltech256"].url == "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar"
    assert found["caltech256"].md5 == "67b4f42ca05d46448c6bb8ecd2220f6d"
    assert found["caltech101"].url == "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"
    assert found["caltech101"].md5 == "3138e1922a9193bfa496528edbbc45d0"

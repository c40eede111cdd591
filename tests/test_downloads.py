"""A large file is fetched from a server as servers are: slow, broken off, led elsewhere, gone."""

from __future__ import annotations

import socket
from pathlib import Path
from random import Random
from urllib.request import Request

import pytest

from file_server import Reply, part_of, serving_files
from snellen import downloads
from snellen.downloads import NotFetched, download
from snellen.errors import WrongUse

BODY = Random(0).randbytes(3_500_000)


class Told:
    """A progress that keeps what it is told; it is interrupted once it has been told of so many steps."""

    def __init__(self, interrupted_at: int | None = None) -> None:
        self.begun: list[tuple[str, int]] = []
        self.done = 0
        self.ended = 0
        self._interrupted_at = interrupted_at

    def say(self, line: str) -> None: ...

    def begin(self, task: str, total: int) -> None:
        self.begun.append((task, total))

    def advance(self, done: int, failed: int = 0) -> None:
        self.done += done
        if self.done == self._interrupted_at:
            raise KeyboardInterrupt

    def end(self) -> None:
        self.ended += 1


def fetch(url: str, to: Path, progress: Told | None = None) -> None:
    download(url, to, len(BODY), progress or Told(), pause=0.001)


def test_a_file_comes_whole_and_its_progress_is_told(tmp_path: Path) -> None:
    told = Told()
    with serving_files(lambda path, part: part_of(BODY, part)) as served:
        fetch(f"{served.url}/a.tar", tmp_path / "a", told)
    assert (tmp_path / "a").read_bytes() == BODY
    assert told.begun == [("downloading from 127.0.0.1, MB", 3)]
    assert (told.done, told.ended) == (3, 1)


def test_a_connection_that_breaks_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    with serving_files(lambda path, part: part_of(BODY, part, sent=1_000_000)) as served:
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    starts = [int(part.removeprefix("bytes=").removesuffix("-")) for _, part in served.asked if part]
    assert starts == sorted(set(starts)) and len(served.asked) == 4


def test_what_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    told = Told(interrupted_at=2)
    with serving_files(lambda path, part: part_of(BODY, part)) as served:
        with pytest.raises(KeyboardInterrupt):
            fetch(f"{served.url}/a.tar", tmp_path / "a", told)
        have = (tmp_path / "a").stat().st_size
        assert 2_000_000 <= have < len(BODY) and told.ended == 1
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    assert served.asked == [("/a.tar", None), ("/a.tar", f"bytes={have}-")]


def test_a_server_that_knows_no_parts_sends_all_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(BODY[:1000])
    with serving_files(lambda path, part: Reply(BODY)) as served:
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_server_that_never_comes_further_is_given_up_and_what_came_is_kept(tmp_path: Path) -> None:
    with (
        serving_files(lambda path, part: Reply(BODY, sent=1_000_000)) as served,
        pytest.raises(NotFetched, match="the connection ended early"),
    ):
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert len(served.asked) == 6  # one that brought something, five in vain
    assert (tmp_path / "a").read_bytes() == BODY[:1_000_000]


def test_a_part_that_was_not_asked_for_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"?" * 1000)

    def script(path: str, part: str | None) -> Reply:
        return Reply(BODY[5:], 206, headers={"Content-Range": "bytes 5-9/10"}) if part else Reply(BODY)

    with serving_files(script) as served:
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY


def test_what_cannot_be_the_beginning_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"?" * (len(BODY) + 1))
    with serving_files(lambda path, part: part_of(BODY, part)) as served:
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    assert served.asked == [("/a.tar", None)]


@pytest.mark.parametrize("length", [True, False])
def test_a_file_of_another_size_is_not_taken(tmp_path: Path, length: bool) -> None:
    headers = {} if length else {"Content-Length": ""}
    with (
        serving_files(lambda path, part: Reply(b"<html>", headers=headers)) as served,
        pytest.raises(NotFetched, match=r"a file of 6 bytes, not of the published 3,500,000|ended early"),
    ):
        fetch(f"{served.url}/a.tar", tmp_path / "a")


def test_a_smaller_file_than_what_is_here_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(BODY[:2000])
    with (
        serving_files(lambda path, part: part_of(BODY[:1000], part)) as served,
        pytest.raises(NotFetched, match="a file of 1,000 bytes"),
    ):
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert served.asked == [("/a.tar", "bytes=2000-"), ("/a.tar", None)]


def test_a_server_that_is_busy_is_asked_again_and_one_that_has_nothing_is_not(tmp_path: Path) -> None:
    with serving_files(lambda path, part: Reply(BODY) if len(served.asked) > 2 else Reply(status=503)) as served:
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    with (
        serving_files(lambda path, part: Reply(status=404)) as served,
        pytest.raises(NotFetched, match=r"/a.tar: the server says 404 Not Found"),
    ):
        fetch(f"{served.url}/a.tar", tmp_path / "b")
    assert len(served.asked) == 1 and not (tmp_path / "b").exists()


def test_a_few_redirects_are_followed(tmp_path: Path) -> None:
    def script(path: str, part: str | None) -> Reply:
        return part_of(BODY, part) if path == "/3" else Reply(status=302, headers={"Location": f"/{int(path[1:]) + 1}"})

    (tmp_path / "a").write_bytes(BODY[:1000])
    with serving_files(script) as served:
        fetch(f"{served.url}/0", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    assert served.asked[-1] == ("/3", "bytes=1000-")
    with (
        serving_files(lambda path, part: Reply(status=302, headers={"Location": f"{path}x"})) as served,
        pytest.raises(NotFetched, match="302"),
    ):
        fetch(f"{served.url}/a", tmp_path / "b")
    assert len(served.asked) <= 6


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a.tar", "data:text/plain,x"])
def test_a_redirect_to_what_is_no_web_page_is_refused(tmp_path: Path, place: str) -> None:
    with (
        serving_files(lambda path, part: Reply(status=302, headers={"Location": place})) as served,
        pytest.raises(NotFetched, match=r"leads to ftp.*not http|not allowed"),
    ):
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("place", ["http://[::1/x", "http://a:b/x", f"http://{'a' * 70}.org/x"])
def test_a_redirect_to_what_is_no_address_is_told_at_once(tmp_path: Path, place: str) -> None:
    with (
        serving_files(lambda path, part: Reply(status=302, headers={"Location": place})) as served,
        pytest.raises(NotFetched, match="is no address of a file, or leads to none"),
    ):
        fetch(f"{served.url}/a.tar", tmp_path / "a")
    assert len(served.asked) == 1


def test_what_was_encrypted_is_not_led_to_what_is_not() -> None:
    for start, end in (("https://a.org/x", "http://a.org/x"), ("http://a.org/x", "ftp://a.org/x")):
        with pytest.raises(NotFetched, match="leads to"):
            downloads._Redirects().redirect_request(Request(start), None, 302, "", {}, end)


def test_no_connection_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.tar"
    with pytest.raises(NotFetched, match=rf"{url}: no connection \(.*refused\)"):
        download(url, tmp_path / "a", 10, Told(), pause=60)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotFetched, match="timed out"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/a.tar", tmp_path / "a")


def test_a_place_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    with serving_files(lambda path, part: Reply(BODY)) as served, pytest.raises(WrongUse, match="cannot write"):
        fetch(f"{served.url}/a.tar", tmp_path / "none" / "a")

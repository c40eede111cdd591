"""Tar shards are read in a stream, and a hostile or broken one neither escapes nor fills the memory."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats import write_tar
from snellen import tar_samples
from snellen.errors import WrongUse
from snellen.tar_samples import Sample, read_samples

IMAGES = frozenset({"jpg", "png"})
MEMBERS = [("a/1.jpg", b"one"), ("a/1.cls", b"0"), ("a/2.jpg", b"two" * 1000), ("a/2.cls", b"1")]


def samples(path: Path, wanted: frozenset[str] = IMAGES | {"cls"}) -> list[Sample]:
    return list(read_samples(path, wanted, IMAGES))


def refusal(path: Path, wanted: frozenset[str] = IMAGES | {"cls"}) -> str:
    with pytest.raises(WrongUse) as raised:
        samples(path, wanted)
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_neighbours_with_one_key_are_a_sample(tmp_path: Path, name: str, kind: int) -> None:
    long = f"{'folder/' * 12}{'n' * 90}"
    path = write_tar(tmp_path / name, [*MEMBERS, (f"./{long}.JPG", b"x"), (f"./{long}.seg.png", b"y")], format=kind)
    assert samples(path) == [
        Sample("a/1", {"jpg": b"one", "cls": b"0"}),
        Sample("a/2", {"jpg": b"two" * 1000, "cls": b"1"}),
        Sample(long, {"jpg": b"x"}),
    ]
    assert [sample.members for sample in samples(path, frozenset({"cls"}))] == [
        {"jpg": b"", "cls": b"0"},
        {"jpg": b"", "cls": b"1"},
        {"jpg": b""},
    ]


def test_folders_and_hidden_files_are_no_samples(tmp_path: Path) -> None:
    folder = tarfile.TarInfo("a")
    folder.type = tarfile.DIRTYPE
    members = [(folder, b""), MEMBERS[0], ("a/._1.jpg", b"of a Mac"), (".DS_Store", b"x"), MEMBERS[1]]
    assert samples(write_tar(tmp_path / "x.tar", members)) == [Sample("a/1", {"jpg": b"one", "cls": b"0"})]


def header(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0, **pax: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size, made.pax_headers = kind, link, size, pax
    return made


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (header("/etc/passwd.jpg"), "the member /etc/passwd.jpg leads out of the archive"),
        (header("../1.jpg"), "the member ../1.jpg leads out"),
        (header("a/../../1.jpg"), "leads out"),
        (header(".."), "leads out"),
        (header("../folder", tarfile.DIRTYPE), "leads out"),
        (header("a/1.jpg", tarfile.SYMTYPE, "/etc/passwd"), "is a symbolic link; write the shard again"),
        (header("a/1.jpg", tarfile.LNKTYPE, "/etc/passwd"), "is a hard link"),
        (header("a/1.jpg", tarfile.CHRTYPE), "is a device"),
        (header("a/1.jpg", tarfile.BLKTYPE), "is a device"),
        (header("a/1.jpg", tarfile.FIFOTYPE), "is a pipe"),
        (header("a/1.jpg", tarfile.GNUTYPE_SPARSE), "is a sparse file"),
        (header("a/1.jpg", **{"GNU.sparse.map": "0,1", "GNU.sparse.size": "9999999999"}), "is a sparse file"),
        (header("a/1.jpg", b"Z"), "is of an unknown kind b'Z'"),
        (header("a\n/../1.jpg"), r"the member a\n/../1.jpg leads out"),
    ],
)
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_members_that_are_no_files_or_lie_outside_are_refused(
    tmp_path: Path, name: str, member: tarfile.TarInfo, expected: str
) -> None:
    path = write_tar(tmp_path / name, [*MEMBERS, (member, b"")])
    assert expected in refusal(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [name]


def with_size(data: bytes, size: int) -> bytes:
    """The shard with another size in its first header."""
    field = b"%011o\0" % size if size >= 0 else b"\xff" * 4 + size.to_bytes(8, "big", signed=True)
    head = bytearray(data[:512])
    head[124:136] = field
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data[512:]


def test_sizes_that_are_not_true_are_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", MEMBERS)
    whole = path.read_bytes()
    path.write_bytes(with_size(whole, 10**6))
    assert "unexpected end" in refusal(path)
    assert "unexpected end" in refusal(path, frozenset({"cls"}))
    path.write_bytes(with_size(whole, 2**30))
    assert "the member a/1.jpg has 1,073,741,824 bytes, more than the accepted 268,435,456" in refusal(path)
    for size in (-1, -512, -1024):
        path.write_bytes(with_size(whole, size))
        assert "size below 0" in refusal(path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.REGTYPE])
def test_what_unpacks_to_more_than_its_limit_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes
) -> None:
    monkeypatch.setattr(tar_samples, "LARGEST_MEMBER", 2**20)
    size = 2**26
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header("a/1.jpg", kind, size=size).tobuf(tarfile.USTAR_FORMAT))
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
        file.write(bytes(1024))
    tracemalloc.start()
    try:
        said = refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()
    assert "more than the accepted" in said or "a header that is too large" in said


def test_a_chain_of_headers_is_no_crash(tmp_path: Path) -> None:
    head = header("a/1.jpg", tarfile.XHDTYPE, size=512).tobuf(tarfile.USTAR_FORMAT)
    body = b"9 path=a\n".ljust(512, b"\0")
    (tmp_path / "x.tar").write_bytes((head + body) * 2000)
    assert "cannot be read as a tar shard" in refusal(tmp_path / "x.tar")


def test_a_shard_that_is_cut_anywhere_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", MEMBERS)
    whole = path.read_bytes()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    for cut in range(1, end + 1, 64):
        path.write_bytes(whole[:cut])
        assert "unexpected end" in refusal(path), cut
    packed = gzip.compress(whole)
    for cut in range(2, len(packed)):
        path.write_bytes(packed[:cut])
        assert "the shard is cut" in refusal(path), cut


def test_joined_shards_and_strangers_are_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", MEMBERS)
    path.write_bytes(path.read_bytes() * 2)
    assert "goes on behind its end" in refusal(path)
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert "goes on behind its end" in refusal(path)
    for content in (b"PK\x03\x04" + b"zip" * 500, b"text", os.urandom(5000), b"\x1f\x8b" + bytes(600)):
        path.write_bytes(content)
        assert "it is damaged or of another kind" in refusal(path) or "the shard is cut" in refusal(path)
    path.unlink()
    assert "cannot read" in refusal(path)


def test_damage_behind_the_first_header_is_not_taken_for_the_end(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", MEMBERS)
    damaged = bytearray(path.read_bytes())
    damaged[1024 + 5] ^= 1
    path.write_bytes(damaged)
    assert "bad checksum" in refusal(path)


def test_two_members_of_one_name_are_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", [("1.jpg", b"a"), ("1.JPG", b"b")])
    assert "1 has two members .jpg" in refusal(path)
    assert "1 has two members .jpg" in refusal(path, frozenset({"cls"}))


def test_a_label_is_a_short_text() -> None:
    with pytest.raises(WrongUse, match=r"here: its \.cls has 1,048,577 bytes"):
        Sample("1", {"cls": b"a" * (2**20 + 1)}).text("cls", "here")
    with pytest.raises(WrongUse, match=r"here: its \.cls is not UTF-8"):
        Sample("1", {"cls": b"\xff"}).text("cls", "here")
    assert Sample("1", {"cls": b"\xef\xbb\xbfcat\n"}).text("cls", "here") == "cat\n"


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_are_read_or_refused_but_never_a_crash(tmp_path: Path, data: st.DataObject) -> None:
    kinds: Any = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
    members = [
        *MEMBERS[:2],
        (f"{'long/' * 30}1.jpg", b"x" * 600),
        (header("b/1.jpg", size=3, comment="ä" * 99), b"abc"),
    ]
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=data.draw(kinds)) as tar:
        for name, content in members:
            made = name if isinstance(name, tarfile.TarInfo) else header(name, size=len(content))
            tar.addfile(made, io.BytesIO(content))
    damaged = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, 8)) * 512  # of a header, whose checksum is made right
        damaged[start + data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
        damaged[start + 148 : start + 156] = b" " * 8
        damaged[start + 148 : start + 156] = b"%06o\0 " % sum(damaged[start : start + 512])
    path = tmp_path / "x.tar"
    path.write_bytes(damaged)
    with suppress(WrongUse):
        samples(path)

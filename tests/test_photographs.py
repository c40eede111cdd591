"""The pictures of a run, and nothing but these."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import studies
from snellen.datasets import hf_datasets
from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.photographs import Photographs, shrunk

ANSWERS = "return Text(truth(image) if image.path else 'star')"


def test_a_file_is_shown_as_long_as_it_is_the_one_that_was_examined(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 1)
    with studies.ran(folder, studies.model(tmp_path / "m.py", ANSWERS), out=tmp_path / "run") as results:
        (row,) = results.rows
        (id, path), digest = results.files(row)[0], results.sheet(row).digests[0]
        image = Photographs(results).image(id, path, digest)
        assert image.pixels().size == (6, 6)
        studies.write_photograph(Path(str(path)), "another")
        with pytest.raises(UnreadableImage, match="changed"):
            shrunk(image, 100)


def test_pictures_without_a_file_come_from_the_data_set(tmp_path: Path) -> None:
    name = studies.model(tmp_path / "m.py", ANSWERS)
    with studies.ran("shapes", name, out=tmp_path / "run", per_class=1) as results:
        (row,) = results.rows
        photographs, sheet = Photographs(results), results.sheet(row)
        for (id, path), digest in zip(results.files(row), sheet.digests, strict=True):
            assert path is None and photographs.image(id, path, digest).digest == digest.hex()
        id = results.files(row)[0][0]
        with pytest.raises(UnreadableImage, match="another image"):
            photographs.image(id, None, bytes(32))
        with pytest.raises(UnreadableImage, match="not here"):
            photographs.image("../../etc/passwd", None, bytes(32))


def test_a_data_set_that_is_gone_shows_no_picture(tmp_path: Path) -> None:
    name = studies.model(tmp_path / "m.py", ANSWERS)
    with studies.ran("shapes", name, out=tmp_path / "run", per_class=1) as results:
        file = results.path / "study.yaml"
        file.write_text(file.read_text().replace("path: shapes", f"path: {tmp_path / 'nowhere'}"))
        (row,) = results.rows
        with pytest.raises(UnreadableImage, match="not here"):
            Photographs(results).image(results.files(row)[0][0], None, results.sheet(row).digests[0])


def test_a_data_set_of_the_hub_is_not_fetched_to_show_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def load(name: str, options: object) -> None:
        asked.append(name)

    name = studies.model(tmp_path / "m.py", ANSWERS)
    with studies.ran("shapes", name, out=tmp_path / "run", per_class=1) as results:
        file = results.path / "study.yaml"
        file.write_text(file.read_text().replace("path: shapes", "path: hf-datasets/someone/elsewhere:test"))
        monkeypatch.setattr(hf_datasets, "load", load)
        (row,) = results.rows
        with pytest.raises(UnreadableImage, match="not here"):
            Photographs(results).image(results.files(row)[0][0], None, results.sheet(row).digests[0])
    assert asked == []


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_small_picture_is_an_upright_jpeg_of_that_side(format: str) -> None:
    pixels = np.zeros((400, 900, 3), dtype=np.uint8)
    pixels[:, :450] = (250, 10, 10)
    written = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    PIL.Image.fromarray(pixels).save(written, format, exif=exif)
    small = PIL.Image.open(io.BytesIO(shrunk(Image(data=written.getvalue()), 90)))
    assert (small.format, small.size) == ("JPEG", (40, 90))
    top = small.getpixel((20, 20))
    assert isinstance(top, tuple) and top[0] > 200 and top[1] < 60


def test_a_broken_file_is_unreadable() -> None:
    with pytest.raises(UnreadableImage):
        shrunk(Image(data=b"\xff\xd8\xff\xe0 no more"), 90)

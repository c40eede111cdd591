"""A contact sheet shows one picture of each class in its place, whatever the picture is like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from conftest import Said
from snellen.contact_sheet import COLUMNS, contact_sheet, write_contact_sheet
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.plan import load_dataset
from snellen.png import png
from snellen.types import Classes, Example

SIDE, GAP, LINE = 96, 4, 16  # pixels: a picture, the space around it, its name
RED, WHITE = (200, 60, 60), (255, 255, 255)
BLUE, GREEN = (20, 40, 220), (20, 160, 60)


@dataclass(frozen=True)
class Given:
    """A data set of these examples, after which nothing may be read."""

    classes: Classes
    examples: tuple[Example, ...]
    name: str = "given"
    source: str = "given"

    def __len__(self) -> int:
        return len(self.examples) + 1

    def __iter__(self) -> Iterator[Example]:
        yield from self.examples
        raise AssertionError("read further than needed")


def plain(label: str, colour: tuple[int, int, int], width: int = 50, height: int = 50) -> Example:
    pixels = np.full((height, width, 3), colour, np.uint8)
    return Example(f"{label} {colour}", Image(data=png(pixels)), label)


def place(sheet: PIL.Image.Image, number: int) -> npt.NDArray[np.uint8]:
    """The pixels where the picture of this class stands."""
    row, column = divmod(number, COLUMNS)
    x, y = GAP + column * (SIDE + GAP), GAP + row * (SIDE + GAP + LINE)
    return np.array(sheet.crop((x, y, x + SIDE, y + SIDE)))


def named(sheet: PIL.Image.Image, number: int) -> npt.NDArray[np.uint8]:
    """The pixels of the line below the picture of this class."""
    row, column = divmod(number, COLUMNS)
    x, y = GAP + column * (SIDE + GAP), GAP + row * (SIDE + GAP + LINE) + SIDE
    return np.asarray(sheet.crop((x, y, x + SIDE, y + LINE)))


def test_each_class_has_its_picture_in_its_place_and_its_name_below() -> None:
    dataset, _ = load_dataset("demo/pictograms,pictures=1,size=96")
    sheet = contact_sheet(dataset)
    count = len(dataset.classes.names)
    rows = -(-count // COLUMNS)
    assert sheet.size == (COLUMNS * (SIDE + GAP) + GAP, rows * (SIDE + GAP + LINE) + GAP)
    for number, example in enumerate(dataset):
        assert (place(sheet, number) == np.asarray(example.image.pixels())).all(), example.label
        assert named(sheet, number).min() < 128, example.label
    assert place(sheet, count).min() == 255, "behind the last there is nothing"
    assert len({named(sheet, number).tobytes() for number in range(count)}) > count - 5


def test_few_classes_make_a_narrow_sheet_with_their_first_pictures() -> None:
    dataset = Given(Classes(("b", "a")), (plain("a", BLUE), plain("a", RED), plain("b", GREEN)))
    sheet = contact_sheet(dataset)
    assert sheet.size == (2 * (SIDE + GAP) + GAP, SIDE + 2 * GAP + LINE)
    assert (place(sheet, 0) == GREEN).all() and (place(sheet, 1) == BLUE).all()


def test_a_file_that_cannot_be_read_is_a_red_square(tmp_path: Path) -> None:
    gone = Example("gone", Image(tmp_path / "gone.png"), "gone")
    broken = Example("broken", Image(data=b"no picture"), "broken")
    sheet = contact_sheet(Given(Classes(("gone", "broken", "whole")), (gone, broken, plain("whole", BLUE))))
    assert [tuple(place(sheet, number)[40, 40]) for number in range(3)] == [RED, RED, BLUE]
    assert (place(sheet, 0) == RED).all()


def test_a_class_without_a_picture_has_an_empty_place_and_a_name(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\na.png,a\n")
    (tmp_path / "a.png").write_bytes(plain("a", BLUE).image.data)
    dataset, _ = load_dataset({"path": str(tmp_path / "labels.csv"), "class_list": ["z", "a"]})
    sheet = contact_sheet(dataset)
    assert (place(sheet, 0) == WHITE).all() and named(sheet, 0).min() < 128
    assert (place(sheet, 1) == BLUE).all()


@pytest.mark.parametrize(("width", "height"), [(200, 50), (50, 200), (24, 12), (96, 96), (2000, 1), (1, 2000)])
def test_a_photo_keeps_its_proportions_in_the_middle_of_its_place(width: int, height: int) -> None:
    found = place(contact_sheet(Given(Classes(("a",)), (plain("a", BLUE, width, height),))), 0)
    scale = SIDE / max(width, height)
    rows, columns = np.nonzero((found == BLUE).all(axis=2))
    assert abs(np.ptp(columns) + 1 - max(1, width * scale)) <= 1
    assert abs(np.ptp(rows) + 1 - max(1, height * scale)) <= 1
    assert abs(columns.mean() - (SIDE - 1) / 2) <= 1 and abs(rows.mean() - (SIDE - 1) / 2) <= 1
    found[rows, columns] = WHITE
    assert (found == WHITE).all()


def test_a_data_set_is_read_no_further_than_needed() -> None:
    given = (plain("a", BLUE), plain("a", GREEN), plain("b", GREEN))
    contact_sheet(Given(Classes(("a", "b")), given))
    with pytest.raises(AssertionError, match="further"):
        contact_sheet(Given(Classes(("a", "b", "c")), given))


def test_names_of_any_length_and_script_stay_in_their_place() -> None:
    names = ("m" * 1_000_000, "two\nlines\tand \x1b[31mred", "日本語", "W", "…")
    sheet = contact_sheet(Given(Classes(names), tuple(plain(name, BLUE) for name in names)))
    around = np.asarray(sheet).copy()
    for number in range(len(names)):
        x = GAP + number * (SIDE + GAP)
        assert named(sheet, number).min() < 128
        around[:, x : x + SIDE] = 255
    assert around.min() == 255


@pytest.mark.parametrize(
    ("file", "format"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")]
)
def test_the_file_has_the_format_of_its_name(tmp_path: Path, file: str, format: str) -> None:
    write_contact_sheet(Given(Classes(("a",)), (plain("a", BLUE),)), tmp_path / file)
    with PIL.Image.open(tmp_path / file) as image:
        assert image.format == format
        assert np.abs(np.asarray(image.convert("RGB"), int)[40, 40] - BLUE).max() < 12
    assert [each.name for each in tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("file", ["sheet.gif", "sheet", "png"])
def test_another_format_is_refused_before_anything_is_read(tmp_path: Path, file: str) -> None:
    with pytest.raises(WrongUse, match=rf"{file}: expected a file that ends in \.png, \.jpg"):
        write_contact_sheet(Given(Classes(("a",)), ()), tmp_path / file)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_the_sheet_and_tells_where(snellen: Callable[..., Said]) -> None:
    said = snellen("datasets", "show", "shapes,pictures=1,size=40", "-o", "sheet.png")
    assert (said.code, said.out, said.err) == (0, "sheet.png\n", "")
    with PIL.Image.open("sheet.png") as image:
        assert image.size == (12 * (SIDE + GAP) + GAP, SIDE + 2 * GAP + LINE)


def test_the_command_refuses_what_it_cannot_write(snellen: Callable[..., Said]) -> None:
    for file, part in (
        ("sheet.bmp", "expected a file that ends in"),
        ("none/sheet.png", "cannot write none/sheet.png"),
    ):
        said = snellen("datasets", "show", "shapes,pictures=1", "--out", file)
        assert (said.code, said.out) == (2, "") and part in said.err and said.err.count("\n") == 1
    assert not list(Path().iterdir())

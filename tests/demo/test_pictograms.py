"""Pictograms have names that try a parser, can be seen in every style, and are the same whenever they are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from snellen.demo import pictograms
from snellen.demo.pictograms import (
    animals,
    buildings,
    clothing,
    devices,
    food,
    household,
    nature,
    scene,
    shapes,
    sundries,
    tools,
    vehicles,
)
from snellen.demo.pictograms.canvas import COLOURS, Canvas, Style, curve, oval, regular

FAMILIES = (animals, buildings, clothing, devices, food, household, nature, shapes, sundries, tools, vehicles)
PICTOGRAMS = {pictogram.__name__.replace("_", " "): pictogram for family in FAMILIES for pictogram in family.PICTOGRAMS}
STYLES: tuple[Style, ...] = ("ink", "flat", "line", "chalk")
SIDE = 96
UPRIGHT = np.array([[40.0, 0, 48], [0, 40, 48]])  # a margin of a fifth around the square from -1 to 1


def drawn(name: str, style: Style, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A pictogram alone, upright and in the middle, with its opacity."""
    canvas = Canvas(SIDE, UPRIGHT, np.random.default_rng(seed), style, weight=1.5)
    PICTOGRAMS[name](canvas)
    return np.asarray(canvas.picture)


def pixels(name: str, number: int, size: int = pictograms.SIZE) -> bytes:
    return pictograms.draw(name, number, size).tobytes()


# Names


def test_there_are_many_objects_with_a_name_each() -> None:
    assert len(pictograms.OBJECTS) >= 120
    assert len(set(pictograms.CLASSES)) == len(pictograms.CLASSES) == len(pictograms.OBJECTS) + 1
    assert pictograms.BACKGROUND in pictograms.CLASSES and pictograms.BACKGROUND not in pictograms.OBJECTS
    assert all(name == name.strip().lower() and name.replace(" ", "").isalpha() for name in pictograms.CLASSES)


def test_some_names_have_two_words_and_some_stand_within_others() -> None:
    objects = pictograms.OBJECTS
    assert sum(" " in name for name in objects) >= 10
    within = {(short, long) for short in objects for long in objects if short != long and short in long}
    assert {("car", "carrot"), ("apple", "pineapple"), ("house", "lighthouse"), ("tree", "fir tree")} <= within


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__.rpartition(".")[2])
def test_a_family_lists_all_its_functions_in_order_and_all_are_classes(family: object) -> None:
    listed = [pictogram.__name__ for pictogram in family.PICTOGRAMS]  # type: ignore[attr-defined]
    written = {
        name
        for name, value in vars(family).items()
        if callable(value) and not name.startswith("_") and value.__module__ == family.__name__  # type: ignore[attr-defined]
    }
    assert listed == sorted(written)
    assert {name.replace("_", " ") for name in listed} <= set(pictograms.OBJECTS)


def test_every_object_belongs_to_one_family() -> None:
    assert tuple(sorted(PICTOGRAMS)) == pictograms.OBJECTS
    assert sum(len(family.PICTOGRAMS) for family in FAMILIES) == len(PICTOGRAMS)


# Pictograms


@pytest.mark.parametrize("style", STYLES)
def test_every_object_can_be_seen_whole_in_every_style(style: Style) -> None:
    for name in PICTOGRAMS:
        opaque = drawn(name, style)[..., 3] > 0
        assert opaque.mean() > 0.02, name
        edge = np.concatenate([opaque[0], opaque[-1], opaque[:, 0], opaque[:, -1]])
        assert not edge.any(), f"{name} reaches out of its square"


@pytest.mark.parametrize("style", STYLES)
def test_no_two_objects_look_alike(style: Style) -> None:
    assert len({drawn(name, style).tobytes() for name in PICTOGRAMS}) == len(PICTOGRAMS)


@pytest.mark.parametrize("style", STYLES)
def test_the_same_chance_draws_the_same_pixels(style: Style) -> None:
    for name in PICTOGRAMS:
        assert (drawn(name, style, 3) == drawn(name, style, 3)).all(), name


def test_chance_changes_what_many_objects_look_like() -> None:
    varied = [name for name in PICTOGRAMS if len({drawn(name, "ink", seed).tobytes() for seed in range(4)}) > 1]
    assert len(varied) > len(PICTOGRAMS) / 2


def test_styles_differ_and_a_line_drawing_has_no_colour() -> None:
    assert len({drawn("apple", style).tobytes() for style in STYLES}) == len(STYLES)
    line, ink = (drawn("apple", style)[..., :3].astype(int) for style in ("line", "ink"))
    assert np.ptp(line, axis=2).max() < 10 < np.ptp(ink, axis=2).max()


def test_a_hue_turns_the_colours() -> None:
    red, third = (Canvas(8, np.array([[4.0, 0, 4], [0, 4, 4]]), np.random.default_rng(0), "flat", hue=hue)
                  for hue in (0, 1 / 3))  # fmt: skip
    for canvas in (red, third):
        canvas.rectangle(-1, -1, 1, 1, "red")
    assert red.picture.getpixel((4, 4)) == pytest.approx((*COLOURS["red"], 255), abs=1)
    r, g, b, _ = third.picture.getpixel((4, 4))  # type: ignore[misc]
    assert g > r and g > b


def test_curves_go_through_their_ends_and_ovals_around_their_middle() -> None:
    # by hand: at t the curve is at (2t, 4t(1 - t))
    assert np.allclose(curve((0, 0), (1, 2), (2, 0), count=5), [(0, 0), (0.5, 0.75), (1, 1), (1.5, 0.75), (2, 0)])
    assert np.allclose(oval(1, 2, 3, 4, 0, 180, count=3), [(4, 2), (1, 6), (-2, 2)])
    assert np.allclose(oval(0, 0, 3, 4, 0, 0, turn=90, count=1), [(0, 3)])
    assert np.allclose(regular(4, 1), [(0, -1), (1, 0), (0, 1), (-1, 0)])


# Pictures


def test_a_picture_depends_on_its_class_and_number_alone() -> None:
    some = [(name, number) for name in pictograms.CLASSES[::9] for number in (0, 1, 10_000_000)]
    forwards = [pixels(*each) for each in some]
    backwards = [pixels(*each) for each in reversed(some)][::-1]
    assert forwards == backwards
    assert len(set(forwards)) == len(some)


def test_pictures_of_two_classes_with_the_same_number_share_no_ground() -> None:
    grounds = {scene.draw(name, None, 5, 32, difficulty=0).tobytes() for name in pictograms.CLASSES}
    assert len(grounds) == len(pictograms.CLASSES)


@pytest.mark.parametrize("size", [32, 128])
def test_every_class_can_be_drawn_in_other_sizes(size: int) -> None:
    for name in pictograms.CLASSES:
        picture = pictograms.draw(name, 7, size)
        assert (picture.size, picture.mode) == ((size, size), "RGB")
        assert np.asarray(picture).std() > 1, name


def test_a_picture_in_another_size_shows_the_same() -> None:
    for name in ("apple", "tree", "background"):
        small, large = (
            np.asarray(scene.draw(name, PICTOGRAMS.get(name), 3, size, difficulty=0).resize((16, 16)), float)
            for size in (64, 128)
        )
        assert np.abs(small - large).mean() < 12


def test_the_background_shows_clutter_alone() -> None:
    def never(canvas: Canvas) -> None:
        raise AssertionError("an object was drawn")

    alone = scene.draw("background", None, 5, 64)
    assert pixels("background", 5) == alone.tobytes()
    with pytest.raises(AssertionError, match="an object was drawn"):
        scene.draw("background", never, 5, 64)


def test_the_hardest_pictures_of_classes_differ_and_are_noisier_than_the_easiest() -> None:
    hard, easy = (
        {name: scene.draw(name, PICTOGRAMS.get(name), 1, 48, level) for name in pictograms.CLASSES}
        for level in (1.0, 0.0)
    )
    assert len({picture.tobytes() for picture in hard.values()}) == len(pictograms.CLASSES)

    def noise(picture: object) -> float:
        """How far neighbours are apart."""
        return float(np.median(np.abs(np.diff(np.asarray(picture, float), axis=0))))

    assert np.mean([noise(hard[name]) > noise(easy[name]) for name in pictograms.CLASSES]) > 0.9


def test_an_unknown_class_has_no_picture() -> None:
    with pytest.raises(KeyError, match="unicorn"):
        pictograms.draw("unicorn", 0)

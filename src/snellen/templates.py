"""Templates that make a text of a class name."""

from __future__ import annotations

from pathlib import Path

from snellen.errors import WrongUse

NAME = "{name}"
SINGLE = (f"a photo of a {NAME}.",)
IS_THERE = (
    f"Answer the question in one word: yes or no. Is the {NAME} in this photo?"  # the published yes-or-no question
)
# The 80 that CLIP's published ImageNet figures rest on (Radford et al. 2021, arXiv 2103.00020, and its repository).
_PUBLISHED = """
a bad photo of a |a photo of many |a sculpture of a |a photo of the hard to see |a low resolution photo of the
a rendering of a |graffiti of a |a bad photo of the |a cropped photo of the |a tattoo of a |the embroidered
a photo of a hard to see |a bright photo of a |a photo of a clean |a photo of a dirty |a dark photo of the
a drawing of a |a photo of my |the plastic |a photo of the cool |a close-up photo of a |a black and white photo of the
a painting of the |a painting of a |a pixelated photo of the |a sculpture of the |a bright photo of the
a cropped photo of a |a plastic |a photo of the dirty |a jpeg corrupted photo of a |a blurry photo of the
a photo of the |a good photo of the |a rendering of the |a ~ in a video game|a photo of one |a doodle of a
a close-up photo of the |a photo of a |the origami |the ~ in a video game|a sketch of a |a doodle of the |a origami
a low resolution photo of a |the toy |a rendition of the |a photo of the clean |a photo of a large |a rendition of a
a photo of a nice |a photo of a weird |a blurry photo of a |a cartoon |art of a |a sketch of the |a embroidered
a pixelated photo of a |itap of the |a jpeg corrupted photo of the |a good photo of a |a plushie |a photo of the nice
a photo of the small |a photo of the weird |the cartoon |art of the |a drawing of the |a photo of the large
a black and white photo of a |the plushie |a dark photo of a |itap of a |graffiti of the |a toy |itap of my
a photo of a cool |a photo of a small |a tattoo of the
"""


def _whole(part: str) -> str:
    return f"{part.replace('~', NAME)}." if "~" in part else f"{part.strip()} {NAME}."


PUBLISHED = tuple(_whole(part) for line in _PUBLISHED.strip().splitlines() for part in line.split("|"))
_NAMED = {"single": SINGLE, "published": PUBLISHED}


def templates_of(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Templates from what is written as an option.

    `single`, `published`, a template, or the path of a text file with one a line; or templates as they are. Raises
    WrongUse: no such file, or a template without `{name}`.
    """
    if isinstance(given, str):
        given = _NAMED.get(given) or ((given,) if NAME in given else _of_file(given))
    for template in given:
        if NAME not in template:
            raise WrongUse(f"the template {template!r} has no {NAME}, for which the class name stands")
    if not given:
        raise WrongUse(f"expected at least one template, such as {SINGLE[0]!r}")
    return tuple(given)


def _of_file(path: str) -> tuple[str, ...]:
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(_NAMED)
        raise WrongUse(
            f"templates={path}: expected {known}, a template with {NAME}, or a text file with a template on each line; "
            f"there is no such file that can be read ({getattr(error, 'strerror', None) or error})"
        ) from None
    return tuple(line.strip() for line in lines if line.strip())


def filled(template: str, name: str) -> str:
    """The template with the name in its slot; braces of a name mean nothing."""
    return template.replace(NAME, name)

"""Small pictures that stand in the page itself, and how many of them each part may have."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from snellen.errors import UnreadableImage
from snellen.photographs import shrunk
from snellen.report.reported import ReportedRun

SIDE = 160  # pixels of the longer side


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as an address that holds it, or why there is none."""

    address: str | None
    missing: str | None = None


def picture(run: ReportedRun, example: str, path: str | None, digest: bytes) -> Picture:
    """The small picture of an example."""
    try:
        small = shrunk(run.photographs.image(example, path, digest), SIDE)
    except UnreadableImage as error:
        return Picture(None, str(error))
    return Picture(f"data:image/jpeg;base64,{base64.b64encode(small).decode()}")

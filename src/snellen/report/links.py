"""Where the parts of a report lead: in one file to its own gallery, in the viewer to every image."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote_plus, urlencode


class Links(Protocol):
    """The addresses that parts of a report link to; None is what cannot be shown there."""

    def images(self, row: int, label: str | None = None, prediction: str | None = None) -> str:
        """The images of a row with this label and prediction (a class, or "" for an answer that named none).

        An address with a prediction ends with it as `quoted` writes it, so that charts of many need not hold all.
        """
        ...

    def image(self, example: str) -> str | None:
        """The page of one image."""
        ...


class InPage:
    """Those of a page that stands alone: its script filters the gallery by what stands behind the question mark."""

    def __init__(self, gallery: str = "mistakes") -> None:
        self._gallery = gallery

    def images(self, row: int, label: str | None = None, prediction: str | None = None) -> str:
        return f"#{self._gallery}?{images_query(row, label, prediction)}"

    def image(self, example: str) -> str | None:
        return None


def images_query(row: int, label: str | None, prediction: str | None) -> str:
    """Which images are meant, as the query of an address."""
    wanted = {"row": row, "label": label, "prediction": prediction}
    return urlencode({key: value for key, value in wanted.items() if value is not None}, errors="backslashreplace")


def quoted(name: str) -> str:
    """A name as it stands in a query."""
    return quote_plus(name, errors="backslashreplace")

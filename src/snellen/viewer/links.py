"""Where the parts of a report lead in the viewer: to the images and answers themselves."""

from __future__ import annotations

from urllib.parse import urlencode


class ToPages:
    """The addresses of the pages of a run below `base`, such as `/runs/1`."""

    def __init__(self, base: str) -> None:
        self._base = base

    def images(self, row: int, label: str | None = None, prediction: str | None = None) -> str:
        """The images of a row with this label and prediction; "" is an answer that named no class.

        It ends with the prediction, whatever that is: charts put addresses together from two parts.
        """
        wanted = {"row": str(row), "label": label, "taken": prediction}
        kept = {key: value for key, value in wanted.items() if value is not None}
        return f"{self._base}/images?{urlencode(kept, errors='backslashreplace')}"

    def image(self, example: str) -> str | None:
        """The page of one image."""
        return f"{self._base}/image?{urlencode({'id': example}, errors='backslashreplace')}"

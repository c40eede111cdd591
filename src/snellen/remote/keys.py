"""Keys of providers, read from the environment where they are used.

Beside the command line this is the one place that reads the environment: a key that were handed down from there would
pass through options, messages between processes and study files, and could be written down on the way.
"""

from __future__ import annotations

import os
import re

from snellen.errors import Missing, WrongUse

_PLAIN = re.compile(r"[!-~]+")
_LEAST = 8  # a shorter one, such as "EMPTY" for a server that wants any, is no secret and may be a word of an answer


class Key:
    """A key that shows itself to nobody but who asks for `value`."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Key(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not written down")

    def scrubbed(self, body: bytes) -> bytes:
        """The body without the key, which a server may send back."""
        return body.replace(self.value.encode(), b"***") if len(self.value) >= _LEAST else body

    def scrubbed_text(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self.value, "***") if len(self.value) >= _LEAST else text


def key_of(variable: str | None, model: str) -> Key | None:
    """The key in this variable of the environment; None where no variable is named, as for most servers of one's own.

    Raises Missing where it is not set, WrongUse where it cannot be a key.
    """
    if not variable:
        return None
    value = os.environ.get(variable, "").strip()
    if not value:
        raise Missing(f"{model} needs a key: set the environment variable {variable}")
    if not _PLAIN.fullmatch(value):
        raise WrongUse(f"{model}: what {variable} holds cannot be a key: it has spaces or letters beyond ASCII")
    return Key(value)

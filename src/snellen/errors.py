"""Errors that a user can act on; their texts say what was expected, what came, and what to do next."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class SnellenError(Exception):
    """An error with a message for the user; `exit_code` is the command's."""

    exit_code = 1


class WrongUse(SnellenError):
    """The request or its input is wrong: an option, a name, a file or folder that is not where it is said to be."""

    exit_code = 2


class Missing(SnellenError):
    """Something needed is not there: a package, a model of a hub, a key, a server, a device, disk space."""

    exit_code = 3


class UnreadableImage(SnellenError):
    """An image file that cannot be decoded as it is."""

    exit_code = 4


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown word: ` (did you mean …?)` with the nearest known one, or the list of all known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(names)})" if names else ""


_KEPT = "all answers up to here are kept"
_NO_SPACE = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class NoSpace(Missing):
    """The disk is full or fails: what was committed is kept, nothing more can be."""

    def __init__(self, path: Path, reason: str, kept: str = _KEPT) -> None:
        super().__init__(
            f"no space left to write {path}, or the disk fails ({reason}); {kept}: "
            "free some space and run the same command again"
        )


def cannot_write(path: Path, error: OSError, kept: str = _KEPT) -> SnellenError:
    """What a failed write means to a user, who is told what is `kept`."""
    reason = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        return NoSpace(path, reason, kept)
    return WrongUse(f"cannot write {path}: {reason}; check that the folder exists and may be written to")

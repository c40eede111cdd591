"""The names by which people choose rows: those that the tables show."""

from __future__ import annotations

from collections.abc import Collection

from snellen.errors import WrongUse, nearest


def meant(names: Collection[str], known: Collection[str], option: str) -> set[str]:
    """All of the known names that are meant by these; all of them where none is given.

    A name without options stands for all its variants, unless just that one is known. Raises WrongUse for a name that
    means none; `option` is what it was given by.
    """
    if not names:
        return set(known)
    found: set[str] = set()
    for name in names:
        fitting = {each for each in known if each == name} or {each for each in known if each.partition(",")[0] == name}
        if not fitting:
            raise WrongUse(f"{option} {name}: there is no such row{nearest(name, set(known))}")
        found |= fitting
    return found

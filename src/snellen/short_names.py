"""Shorter forms of the names of models and strategies, for places where there is little room."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from rich.cells import cell_len

_BLIND = " (blind)"  # the end of a control's name, which is never shortened
_OPTION = re.compile(r",(?=[A-Za-z_]\w*=)")
_Way = Callable[[str], str]


def short_models(names: Iterable[str], room: int) -> dict[str, str]:
    """Models by name, `scripted/examples/rules.py:careful` as `scripted/…/rules.py:careful` where room is short."""
    ways = [partial(_tail, keep=keep) for keep in (3, 2, 1)]
    return _shortened(names, room, [*ways, _last, lambda name: _clipped(_last(name), 6), partial(_end, room=room)])


def short_strategies(names: Iterable[str], room: int) -> dict[str, str]:
    """Strategies by name, with long values of options clipped where room is short."""
    ways = [partial(_clipped, most=most) for most in (20, 10, 6, 1)]
    return _shortened(names, room, [*ways, lambda name: _cut(_clipped(name, 1), room)])


def _shortened(names: Iterable[str], room: int, ways: Sequence[_Way]) -> dict[str, str]:
    """The names that do not fit the room (in terminal cells), all in the mildest form in which they do.

    Different names stay different, even where they then do not fit.
    """
    forms = {name: name for name in names}
    long = [name for name in forms if cell_len(name) > room]
    for way in ways:
        if all(cell_len(form) <= room for form in forms.values()):
            break
        tried = forms | {name: way(name) for name in long}
        if len(set(tried.values())) == len(forms):
            forms = tried
    return forms


def _tail(name: str, keep: int) -> str:
    """The provider and the last `keep` parts of a model's name, with all options."""
    place, comma, options = name.partition(",")
    parts = place.split("/")
    if len(parts) > keep + 1:
        parts = [parts[0], "…", *parts[-keep:]]
    return "/".join(parts) + comma + options


def _last(name: str) -> str:
    """The last part of a model's name alone, with all options."""
    place, comma, options = name.partition(",")
    return "…/" + place.rpartition("/")[2] + comma + options


def _end(name: str, room: int) -> str:
    """As much of the name's end as there is room for."""
    return next((form for start in range(1, len(name)) if cell_len(form := "…" + name[start:]) <= room), name)


def _clipped(name: str, most: int) -> str:
    """The name with each option's value at most so long."""
    first, *options = _OPTION.split(name.removesuffix(_BLIND))
    pairs = [option.partition("=") for option in options]
    values = [value if len(value) <= most else value[: most - 1] + "…" for _, _, value in pairs]
    short = ",".join([first, *(f"{key}={value}" for (key, _, _), value in zip(pairs, values, strict=True))])
    return short + _BLIND * name.endswith(_BLIND)


def _cut(name: str, room: int) -> str:
    """Beginning and end of the name, the end longer, as it tells more."""
    for kept in range(len(name) - 1, 2, -1):
        form = name[: kept // 3] + "…" + name[kept // 3 - kept :]
        if cell_len(form) <= room:
            return form
    return name

"""Shorter forms of the names of models and strategies, for places where there is little room."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from rich.cells import cell_len

_BLIND = " (blind)"  # the end of a control's name, which is never shortened
_OPTION = re.compile(r",(?=[A-Za-z_]\w*=)")
_LINES = 3  # that a name may take in a table before it is shortened further
_Way = Callable[[str], str]


def short_models(names: Iterable[str], room: int) -> dict[str, str]:
    """Models by name, `scripted/examples/rules.py:careful` as `scripted/…/rules.py:careful` where room is short."""
    ways = [partial(_tail, keep=keep) for keep in (3, 2, 1)]
    return _shortened(names, room, [*ways, _last, lambda name: _clipped(_last(name), 6), partial(_end, room=room)])


def short_strategies(names: Iterable[str], room: int) -> dict[str, str]:
    """Strategies by name, with long values of options clipped where room is short."""
    ways = [partial(_clipped, most=most) for most in (20, 10, 6, 1)]
    return _shortened(names, room, [*ways, lambda name: _cut(_clipped(name, 1), room)])


def model_cells(names: Iterable[str], room: int) -> dict[str, str]:
    """Models by name for a column of a table: where no short form has room in a line, on several."""
    ways = [partial(_tail, keep=keep) for keep in (3, 2, 1)]
    return _cells(names, room, [*ways, _last], [_whole, *ways, _last])


def strategy_cells(names: Iterable[str], room: int) -> dict[str, str]:
    """Strategies by name for a column of a table: where they have no room in a line, on several."""
    ways = [partial(_clipped, most=most) for most in (20, 10, 6)]
    return _cells(names, room, ways[:2], [_whole, *ways])


def _cells(names: Iterable[str], room: int, short: Sequence[_Way], long: Sequence[_Way]) -> dict[str, str]:
    """The names in the mildest of the `short` forms that all fit a line, else in the mildest `long` one on few lines.

    Different names stay different; of endless ones only beginning and end are told.
    """
    named = {name: _middle_left_out(name, room * _LINES) for name in names}
    if len(set(named.values())) < len(named):
        named = {name: name for name in named}
    forms = _forms(list(named.values()), room, short, long)
    return {name: forms[told] for name, told in named.items()}


def _forms(names: Sequence[str], room: int, short: Sequence[_Way], long: Sequence[_Way]) -> dict[str, str]:
    forms = _shortened(names, room, short)
    if all(cell_len(form) <= room for form in forms.values()):
        return forms
    for way in long:
        tried = {name: name if cell_len(name) <= room else way(name) for name in forms}
        if len(set(tried.values())) == len(tried):
            forms = {name: folded(form, room) for name, form in tried.items()}
            if all(form.count("\n") < _LINES for form in forms.values()):
                break
    return forms


def folded(name: str, room: int) -> str:
    """The name on lines of at most so many cells, broken behind commas, else behind other marks, else anywhere."""
    lines = [""]
    for piece in _pieces(name, room, (",", "/=", "-_:. ")):
        if cell_len(lines[-1] + piece) <= room:
            lines[-1] += piece
        else:
            lines.append(piece)
    return "\n".join(lines).lstrip("\n")


def _pieces(text: str, room: int, marks: Sequence[str]) -> Iterator[str]:
    """The text in pieces of at most so many cells, each ending with a mark of the first kind that makes it fit."""
    if cell_len(text) <= room:
        yield text
    elif marks:
        for piece in re.findall(f"[^{re.escape(marks[0])}]*[{re.escape(marks[0])}]|[^{re.escape(marks[0])}]+", text):
            yield from _pieces(piece, room, marks[1:])
    else:
        yield from text


def _middle_left_out(name: str, most: int) -> str:
    """The name without its middle, where it has more than twice so many letters."""
    return name if len(name) <= 2 * most else f"{name[: most // 2]}…{name[-most // 2 :]}"


def _whole(name: str) -> str:
    return name


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

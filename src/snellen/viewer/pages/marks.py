"""Labels marked as wrong: their list, marking and taking back, and the corrected manifest."""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from snellen.console import visible
from snellen.errors import SnellenError
from snellen.marks import Corrected, Mark, corrected, is_writable, put_mark, read_marks, take_mark
from snellen.specs import split_spec
from snellen.viewer.filters import read_filter
from snellen.viewer.layout import problem, respond
from snellen.viewer.pages.tiles import picture_of
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Snapshot


@lru_cache(maxsize=1)
def form_token() -> str:
    """What the forms of this server's pages hold, so that others cannot send them."""
    return secrets.token_urlsafe(18)


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """All marks, the last first, and how to get a corrected manifest."""
    marks = read_marks(run.path)
    listed = []
    for mark in sorted(marks.values(), key=lambda mark: -mark.time):
        found = snapshot.example(mark.example)
        listed.append({"mark": mark, "picture": picture_of(run, *found, 160) if found else None})
    filed = all(path is not None for images in snapshot.sets for path in images.images.paths)
    context = {"listed": listed, "form_token": form_token(), "filed": filed}
    if marks:
        made = _promised(snapshot, marks)
        context |= {"made": made, "command": _command(snapshot, made)}
    return respond("marks.html", context, run, "marks")


def manifest(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """The corrected manifest as a file."""
    headers = {"Content-Disposition": 'attachment; filename="corrected.csv"'}
    return Response(_corrected(run, snapshot).text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _corrected(run: ServedRun, snapshot: Snapshot) -> Corrected:
    return corrected(snapshot.labelled(), read_marks(run.path))


def _promised(snapshot: Snapshot, marks: Mapping[str, Mark]) -> Corrected:
    """What the corrected manifest will be, without its text, which takes a while for many images."""
    whole = snapshot.uncorrected
    removed = changed = 0
    for mark in marks.values():
        if (found := snapshot.example(mark.example)) is None:
            continue
        images, place = found[0].images, found[1]
        path = images.paths[place]
        if whole.root is None or (path and is_writable(os.fsdecode(path))):
            removed += mark.right is None
            changed += mark.right not in (None, images.labels[place])
    return replace(whole, images=whole.images - removed, changed=changed, removed=removed)


def _command(snapshot: Snapshot, made: Corrected) -> str | None:
    """How the corrected manifest is run; None where it is a mere list.

    Names of folders and classes are whatever a data set calls them, so they are quoted for the shell; those that no
    command can hold are given as the line of a study file (JSON, which YAML reads).
    """
    if made.root is None:
        return None
    options = {"root": made.root, "background": snapshot.sets[0].background, "id_column": "id"}
    options = {key: value for key, value in options.items() if value}
    spec = ",".join(("corrected.csv", *(f"{key}={value}" for key, value in options.items())))
    if split_spec(spec) == ("corrected.csv", options) and visible(spec) == spec and "\n" not in spec:
        return f"snellen run -d {shlex.quote(spec)} -m …"
    return f"dataset: {json.dumps({'path': 'corrected.csv', **options})}"


def change(run: ServedRun, snapshot: Snapshot, sent: bytes) -> Response:
    """Marks an image, or takes its mark back, as a form says; leads back to where it was sent from."""
    try:
        form = dict(parse_qsl(sent.decode("utf-8"), keep_blank_values=True, max_num_fields=30))
    except ValueError:  # not UTF-8, or too many fields
        return problem("The form makes no sense.", "Send it again from its page.", 400, run)
    if not secrets.compare_digest(form.get("form_token", "").encode(), form_token().encode()):
        return problem(
            "The form is from an earlier start of the viewer.", "Reload its page, then send it again.", 403, run
        )
    found = snapshot.example(form.get("id", ""))
    if found is None and form.get("action") != "take":
        return problem("There is no such image in this run.", "Look for it among the images.", 404, run)
    try:
        if form.get("action") == "take":
            take_mark(run.path, form.get("id", ""))
        elif found is not None:
            images, place = found
            right = form.get("right", "") or None
            if right is not None and right not in images.classes:
                return problem(f"There is no class {right[:80]!r}.", "Choose one of the list, or none.", 400, run)
            label = images.images.labels[place]
            if right == label:
                return problem("That is the label that it has.", "Choose another class, or none.", 400, run)
            put_mark(run.path, Mark(images.images.ids[place], label, right, form.get("note", "").strip()))
    except SnellenError as error:
        return problem("The mark could not be kept.", str(error), 500, run)
    if form.get("from") == "marks" or found is None:
        return RedirectResponse(f"{run.base}/marks", 303)
    asked, _, _ = read_filter(dict(parse_qsl(form.get("asked", ""))), snapshot)
    return RedirectResponse(f"{run.base}/image?{asked.query(id=form['id'])}", 303)

"""How far a run is, for the script of a page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from snellen.console import one_line
from snellen.viewer.served import ServedRun

_LINES = 5


def page(run: ServedRun, request: Request) -> Response:
    """What the run that goes on says of itself; `going` is false where none does: then how many images are pending.

    A page that shows the report asks for `report`: then it is made anew where the run has changed.
    """
    run.refresh()
    state = _state(run)
    if "report" in request.query_params:
        run.report.want(bool(state["going"]))
        state["report"] = {"edition": run.report.edition, "current": run.report.current}
    return JSONResponse(state)


def _state(run: ServedRun) -> dict[str, object]:
    beat = run.beat
    if beat is None:
        pending, total = run.pending or (None, None)
        return {"going": False, "pending": pending, "total": total}
    rate = beat.per_second
    left = (beat.total - beat.done) / rate if rate and beat.total else None
    return {
        "going": True,
        "task": one_line(str(beat.task)),
        "done": beat.done,
        "total": beat.total,
        "failed": beat.failed,
        "rate": rate,
        "left": left,
        "spent": run.spent,
        "lines": [one_line(line)[:500] for line in beat.lines[-_LINES:]],
    }

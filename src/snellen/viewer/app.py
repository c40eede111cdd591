"""The web application: which address leads to which page."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from snellen.errors import SnellenError
from snellen.viewer import layout, statics
from snellen.viewer.guard import Guard
from snellen.viewer.pages import answers, compare, files, image, images, marks, progress, raw, report
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Snapshot

_PATIENCE = 0.15  # seconds that a page waits for a run that is read the first time
_MOST_SENT = 64 << 10  # bytes of a form
Page: TypeAlias = Callable[[ServedRun, Snapshot, Request], Response]
_PAGES: dict[str, Page] = {
    "images": images.page,
    "image": image.page,
    "compare": compare.page,
    "answers": answers.page,
    "marks": marks.page,
}
_FILES: dict[str, Page] = {
    "picture": files.picture,
    "raw": raw.page,
    "answers.json": answers.part,
    "corrected.csv": marks.manifest,
}


class Application:
    """The served runs and the pages about them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Raises WrongUse where a folder is not a run's."""
        self.runs = [ServedRun(number, folder) for number, folder in enumerate(folders, 1)]

    def asgi(self, token: str | None = None, host: str = "127.0.0.1") -> Guard:
        """As what a server serves, behind its guard."""
        routes = [Route("/", self._start), Route("/static/{name}", files.static), Route("/favicon.ico", files.icon)]
        routes += [
            Route("/runs/{number}", self._at(self._to_report)),
            Route("/runs/{number}/", self._at(report.page)),
            Route("/runs/{number}/progress.json", self._at(progress.page)),
            Route("/runs/{number}/marks", self._change, methods=["POST"]),
        ]
        routes += [Route(f"/runs/{{number}}/{name}", self._read(page, name)) for name, page in _PAGES.items()]
        routes += [Route(f"/runs/{{number}}/{name}", self._read(page, None)) for name, page in _FILES.items()]
        handlers = {HTTPException: _http_problem, SnellenError: _problem, Exception: _bug}
        return Guard(Starlette(routes=routes, exception_handlers=handlers, lifespan=self._life), token, host)

    @asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        for run in self.runs:
            run.refresh()
        threading.Thread(target=_make_charts, daemon=True).start()  # it takes a while
        yield
        for run in self.runs:
            run.close()

    def _run(self, request: Request) -> ServedRun:
        number = request.path_params["number"]
        for run in self.runs:
            if str(run.number) == number:
                return run
        raise HTTPException(404)

    def _start(self, request: Request) -> Response:
        if len(self.runs) == 1:
            return RedirectResponse(f"{self.runs[0].base}/", 307)
        return layout.respond("start.html", {"runs": [(run, run.ready(0)) for run in self.runs]})

    def _to_report(self, run: ServedRun, request: Request) -> Response:
        return RedirectResponse(f"{run.base}/", 308)

    def _at(self, page: Callable[[ServedRun, Request], Response]) -> Callable[[Request], Response]:
        """A page of a run that says itself what it shows while the run is being read."""
        return lambda request: page(self._run(request), request)

    def _read(self, page: Page, here: str | None) -> Callable[[Request], Response]:
        """A page of a run that has been read; until then one that says so."""

        def answer(request: Request) -> Response:
            run = self._run(request)
            snapshot = run.ready(_PATIENCE if here else 30.0)
            if snapshot is None:
                return layout.waiting(run, here or "")
            if not snapshot.sets or not len(snapshot.sets[0]):
                return layout.nothing(run, here or "")
            return page(run, snapshot, request)

        return answer

    async def _change(self, request: Request) -> Response:
        run = self._run(request)
        sent = bytearray()
        async for part in request.stream():
            sent += part
            if len(sent) > _MOST_SENT:
                return layout.problem("That is too long.", "Write a shorter note.", 413, run)
        return await run_in_threadpool(self._changed, run, bytes(sent))

    def _changed(self, run: ServedRun, sent: bytes) -> Response:
        snapshot = run.ready(30.0)
        if snapshot is None:
            return layout.waiting(run, "marks")
        return marks.change(run, snapshot, sent)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = "There is no such page." if status == 404 else "That cannot be done here."
    return layout.problem(message, "Go to the start, and from there by links.", status)


async def _problem(request: Request, error: Exception) -> Response:
    return layout.problem("This cannot be shown.", str(error), 500)


async def _bug(request: Request, error: Exception) -> Response:
    return layout.problem("Something went wrong here.", "What it was is told where 'snellen view' runs.", 500)


def _make_charts() -> None:
    with suppress(SnellenError):  # who asks for them is told
        statics.content(statics.CHARTS)

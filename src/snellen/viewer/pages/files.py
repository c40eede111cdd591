"""Files: scripts, styles and pictures, which browsers may keep."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from snellen.errors import UnreadableImage
from snellen.viewer import statics
from snellen.viewer.pictures import SIDES
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Snapshot

_FOREVER = "private, max-age=31536000, immutable"
_NONE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120" role="img"><title>No picture</title>'
    '<rect width="160" height="120" fill="#8883"/><path d="M20 100 60 50l25 30 20-20 35 40z" fill="#8886"/></svg>'
)


def static(request: Request) -> Response:
    """A script or a style sheet."""
    name = request.path_params["name"]
    if name not in statics.NAMES:
        raise HTTPException(404)
    mark = f'"{statics.mark_of(name)}"'
    kept = _FOREVER if request.query_params.get("v") == mark.strip('"') else "no-cache"
    headers = {"ETag": mark, "Cache-Control": kept}
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return Response(statics.content(name), media_type=kind, headers=headers)


def icon(request: Request) -> Response:
    """There is none."""
    return Response(status_code=204, headers={"Cache-Control": "max-age=86400"})


def picture(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """An image of the run by its digest, as a JPEG of one of the sides; a drawing where it cannot be had.

    An image that cannot be read is no fault of the page that shows it, so that browsers are not told of one.
    """
    wanted, side = request.query_params.get("d", ""), request.query_params.get("side", "")
    if side not in map(str, SIDES) or len(wanted) > 128:
        return _none()
    try:
        digest = bytes.fromhex(wanted)
        mark = f'"{digest.hex()}-{side}"'
        if snapshot.find(digest) is None and digest not in snapshot.shots:
            return _none()
        headers = {"ETag": mark, "Cache-Control": _FOREVER}
        if request.headers.get("if-none-match") == mark:
            return Response(status_code=304, headers=headers)
        made = run.pictures.picture(snapshot, digest, int(side))
    except ValueError:
        return _none()
    except UnreadableImage:
        return _none(200)
    return _none() if made is None else Response(made, media_type="image/jpeg", headers=headers)


def _none(status: int = 404) -> Response:
    return Response(_NONE, status, media_type="image/svg+xml")

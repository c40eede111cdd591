"""Who may ask: the door of the server, before any page.

Only requests that name this machine are answered (a page elsewhere cannot reach it by a name of its own, DNS
rebinding); where others may reach the server, only those with the token. What changes anything must come from a page of
this server. Every answer says what browsers may do with it.
"""

from __future__ import annotations

import ipaddress
import re
from secrets import compare_digest
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:]+)(:\d{1,5})?", re.IGNORECASE)
_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_METHODS = ("GET", "HEAD", "POST")
_Query: TypeAlias = list[tuple[str, str]]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to this host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Lets through what may be asked; without a token the server is one for this machine alone.

    `host` is where it is bound to, which is then a name of it, too.
    """

    def __init__(self, app: ASGIApp, token: str | None = None, host: str = "127.0.0.1") -> None:
        self._app = app
        self._token = token
        self._names = _NAMES if token is not None else _NAMES | {_written(host)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_safely)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered instead; None where the request may pass."""
        if scope["method"] not in _METHODS:
            return PlainTextResponse("only GET, HEAD and POST are answered\n", 405, {"Allow": ", ".join(_METHODS)})
        if _is_part_elsewhere(headers):
            return _refused("pages of other places may link to this server, and nothing else")
        if self._token is None:
            named = [_HOST.fullmatch(host) for host in headers.getlist("host")]
            if [host and host["name"].lower() in self._names for host in named] != [True]:
                return _refused("this server answers requests to localhost and 127.0.0.1 alone")
        elif (answer := self._without_token(scope, headers)) is not None:
            return answer
        if scope["method"] == "POST" and not _same_origin(headers):
            return _refused("this must be sent from a page of this server")
        return None

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered to a request without the token, or one that has it in its address."""
        assert self._token is not None
        query: _Query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for key, value in query if key == "token"), None)
        cookie = f"snellen-{_port(scope)}"
        if given is not None and scope["method"] != "POST":
            if not _same(given, self._token):
                return _refused("this is not the token that 'snellen view' printed with the address")
            rest = urlencode([(key, value) for key, value in query if key != "token"])
            path = "/" + scope["raw_path"].decode("latin-1").lstrip("/\\")  # never //elsewhere
            answer = _sent_on(f"{path}{'?' if rest else ''}{rest}", headers)
            answer.set_cookie(cookie, self._token, httponly=True, samesite="strict", path="/")
            return answer
        kept = dict(_cookies(headers.get("cookie", ""))).get(cookie)
        if kept is None or not _same(kept, self._token):
            return _refused("open the address that 'snellen view' printed, with its token")
        return None


def _sent_on(address: str, headers: Headers) -> Response:
    """Leads to an address; from a link elsewhere by a page of its own, as browsers send it no strict cookie at once."""
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return PlainTextResponse("one moment\n", headers={"Refresh": f"0; url={address}"})
    return RedirectResponse(address, 303)


def _refused(reason: str) -> Response:
    return PlainTextResponse(f"not allowed: {reason}\n", 403)


def _same(given: str, token: str) -> bool:
    return compare_digest(given.encode("utf-8", "replace"), token.encode())


def _written(host: str) -> str:
    """An address of this machine as browsers write it into the header Host."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower()
    return f"[{address}]" if address.version == 6 else str(address)


def _is_part_elsewhere(headers: Headers) -> bool:
    """Whether a page of another place wants it as a part of itself, or for a script, to learn from what comes of it."""
    if headers.get("sec-fetch-site") not in ("cross-site", "same-site"):
        return False
    mode, wanted = headers.get("sec-fetch-mode", "navigate"), headers.get("sec-fetch-dest", "document")
    return (mode, wanted) != ("navigate", "document")


def _port(scope: Scope) -> Any:
    return (scope.get("server") or ("", ""))[1]


def _cookies(header: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in header.split(";"))
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _same_origin(headers: Headers) -> bool:
    """Whether a browser says that the request comes from a page of this server.

    Those that send no `Sec-Fetch-Site` tell by `Origin`; as pages here send no referrer, others have `null` there.
    """
    site, origin, host = headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host", "").lower()
    own = origin is not None and host != "" and urlsplit(origin).netloc.lower() == host
    if site is None:
        return own
    return site == "same-origin" and (own or origin in (None, "null"))

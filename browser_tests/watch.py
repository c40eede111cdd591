"""What a page did that its reader would not want: errors, dialogs, hostile text that ran, requests to elsewhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, WebError, WebSocket

RAN = "hostile text ran as a script"
# hostile texts set window.pwned; whoever does is heard
ALARM = f"Object.defineProperty(window, 'pwned', {{set() {{ console.error('{RAN}'); }}}});"
_AT_HAND = ("about", "blob", "data", "file")
# what a browser may fetch or connect to beforehand is no request that it tells of
_HINTS = (
    "[...document.querySelectorAll('link[rel]')].filter(link => "
    "/preconnect|prefetch|prerender/.test(link.rel)).map(link => link.href)"
)


class Watch:
    """Follows all pages of a test; `check` fails it unless all that went wrong was expected.

    A fault reads `console: …`, `error: …`, `dialog: …` or `request: …`; `requests` are all addresses, in order.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._faults: list[str] = []
        self._own: set[str] = set()
        self._expected: list[str] = []

    def own(self, url: str) -> str:
        """Lets pages talk to this server of the test's own; returns its address."""
        self._own.add(urlsplit(url).netloc)
        return url

    def expect(self, pattern: str) -> None:
        """A fault in which this pattern is found is no fault, and it is one where there is none."""
        self._expected.append(pattern)

    def follow(self, context: BrowserContext) -> BrowserContext:
        """Notes what the pages of this context do from now on."""
        context.add_init_script(ALARM)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("page", self._page)
        return context

    def leave(self, context: BrowserContext) -> None:
        """Closes a context that was followed, after a last look at its pages."""
        for page in context.pages:
            for hint in page.evaluate(_HINTS):
                self._ask(hint)
        context.close()

    @property
    def faults(self) -> list[str]:
        """All that went wrong and was not expected."""
        unheard = [each for each in self._expected if not any(re.search(each, fault) for fault in self._faults)]
        return [
            *(fault for fault in self._faults if not any(re.search(each, fault) for each in self._expected)),
            *(f"nothing went wrong as expected: {each}" for each in unheard),
        ]

    def check(self) -> None:
        """Raises AssertionError with all faults."""
        faults = self.faults
        assert not faults, "the page did what it must not:\n" + "\n".join(faults)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._faults.append(f"console: {message.text}")

    def _error(self, error: WebError) -> None:
        self._faults.append(f"error: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self._faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        self._ask(request.url)

    def _page(self, page: Page) -> None:
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        self._ask(socket.url)

    def _ask(self, url: str) -> None:
        self.requests.append(url)
        parts = urlsplit(url)
        if parts.scheme not in _AT_HAND and parts.netloc not in self._own:
            self._faults.append(f"request: {url[:300]}")

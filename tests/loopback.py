"""A server of chat completions on this machine for tests: it looks at the pictures and does what a script says."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Asked:
    """A request as the server saw it."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def texts(self) -> list[str]:
        """All texts of the message."""
        return [part["text"] for part in self.body["messages"][0]["content"] if part["type"] == "text"]

    @property
    def pictures(self) -> list[tuple[str, bytes]]:
        """Media type and bytes of each picture."""
        found = []
        for part in self.body["messages"][0]["content"]:
            if part["type"] == "image_url":
                head, _, data = part["image_url"]["url"].partition(",")
                found.append((head.removeprefix("data:").removesuffix(";base64"), base64.b64decode(data)))
        return found


def completion(text: str | None, finish: str = "stop", **more: Any) -> dict[str, Any]:
    """A chat completion as the documentation of OpenAI shows it."""
    message = {"role": "assistant", "content": text, **more}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103},
    }


Script = Callable[[Asked], Any]


@dataclass
class Loopback:
    """The running server: its address and what it was asked."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    pages: dict[str, Callable[[], Any]] = field(default_factory=dict)  # what stands at other addresses
    shown: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # addresses asked for, and with what headers
    in_flight: int = 0
    most_in_flight: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(json.loads(await request.read()), {k.lower(): v for k, v in request.headers.items()})
        self.asked.append(asked)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            done = self.script(asked)
            if isinstance(done, Awaitable):
                done = await done
            if callable(done):
                done = await done(request)
        finally:
            self.in_flight -= 1
        if isinstance(done, web.StreamResponse):
            return done
        return web.json_response(done if isinstance(done, dict) else completion(done))

    async def show(self, request: web.Request) -> web.StreamResponse:
        self.shown.append((request.path, {k.lower(): v for k, v in request.headers.items()}))
        if (page := self.pages.get(request.path)) is None:
            return web.Response(status=404, text="nothing here")
        shown = page()
        return web.Response(text=shown) if isinstance(shown, str) else web.json_response(shown)


@contextmanager
def serving(script: Script, port: int = 0, ssl: Any = None) -> Iterator[Loopback]:
    """A server for `/v1/chat/completions`; the script returns a text, a completion or a response, also as coroutine."""
    served = Loopback(script)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/chat/completions", served.handle)
        app.router.add_get("/{path:.*}", served.show)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=ssl)
        await site.start()
        served.url = f"http{'s' if ssl else ''}://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

"""A server on this machine that speaks the APIs of Anthropic, Google and Clarifai for tests."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any

import PIL.Image
from aiohttp import web

_KEYS = ("x-api-key", "x-goog-api-key", "authorization")


def _pictures(body: Any) -> Iterator[bytes]:
    """The bytes of all pictures in a request, wherever they stand."""
    if isinstance(body, list):
        for each in body:
            yield from _pictures(each)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name in ("data", "base64") and isinstance(value, str):
                yield base64.b64decode(value)
            yield from _pictures(value)


def _anthropic(said: str) -> Mapping[str, Any]:
    content = [{"type": "text", "text": said}]
    usage = {"input_tokens": 100, "output_tokens": 3}
    return {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn", "usage": usage}


def _google(said: str) -> Mapping[str, Any]:
    content = {"role": "model", "parts": [{"text": said}]}
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 3}
    return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage}


def _clarifai(said: str) -> Mapping[str, Any]:
    status = {"code": 10000, "description": "Ok"}
    concepts = [{"name": said, "value": 0.9}, {"name": "object", "value": 0.5}]
    return {"status": status, "outputs": [{"status": status, "data": {"concepts": concepts}}]}


async def _handle(request: web.Request) -> web.Response:
    """An answer that depends on the request alone; the key has to be `secret`."""
    if not any("secret" in request.headers.get(name, "") for name in _KEYS):
        return web.json_response({"error": {"message": "no key"}}, status=401)
    body = await request.json()
    assert all(PIL.Image.open(io.BytesIO(data)).size for data in _pictures(body))
    said = Random(json.dumps(body)).choice(("star", "ring"))
    if request.path == "/v1/messages":
        return web.json_response(_anthropic(said))
    if request.path.endswith(":generateContent"):
        return web.json_response(_google(said))
    return web.json_response(_clarifai(said))


@contextmanager
def serving_natively() -> Iterator[str]:
    """The address of the running server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/{path:.*}", _handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

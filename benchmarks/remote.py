"""How much of what a server can take a whole study gives it, beside a bare loop of aiohttp.

    python benchmarks/remote.py [--images 5000] [--rounds 3]

The server is a process of its own on this machine: it answers after 50 ms, 64 requests at once. Pictures are 40 kB
each. The bare loop sends ready-made bodies, 64 in flight, and reads the answers; the study is a whole `snellen run` of
one closed-set question an image: survey, worker, store and tables. Both by turns, on the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import numpy as np
import PIL.Image
from aiohttp import web

from snellen import study
from snellen.meters import environment
from snellen.plan import Request, resolve

LATENCY, SLOTS = 0.05, 64
NAMES = tuple(f"class {number}" for number in range(21))
BYTES = 40_000


class Clock:
    """A study's progress that notes when its tasks begin and end."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self._task = ""

    def say(self, line: str) -> None: ...

    def begin(self, task: str, total: int) -> None:
        self.end()
        self._task = task
        self.began[task] = time.perf_counter()

    def advance(self, done: int, failed: int = 0) -> None:
        self.ended[self._task] = time.perf_counter()

    def end(self) -> None: ...


def serve(port: Any) -> None:
    """Runs as the server's process."""
    slots: asyncio.Semaphore

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        async with slots:
            await asyncio.sleep(LATENCY)
        return web.Response(body=REPLY, content_type="application/json")

    async def main() -> None:
        nonlocal slots
        slots = asyncio.Semaphore(SLOTS)
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    slots = asyncio.Semaphore(SLOTS)
    asyncio.run(main())


REPLY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "class 3"}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 700, "completion_tokens": 3, "total_tokens": 703},
    }
).encode()


def draw(folder: Path, count: int) -> None:
    """JPEG files of about 40 kB, each different."""
    for number in range(count):
        rng = np.random.default_rng(number)
        place = folder / NAMES[number % len(NAMES)]
        place.mkdir(exist_ok=True, parents=True)
        grain = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        PIL.Image.fromarray(grain).resize((320, 240), PIL.Image.Resampling.NEAREST).save(
            place / f"{number}.jpg", quality=86
        )


async def bare(url: str, bodies: list[bytes]) -> float:
    """Requests a second of a loop that does nothing else."""
    waiting = iter(bodies)

    async def work(session: aiohttp.ClientSession) -> None:
        for body in waiting:
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as response:
                json.loads(await response.read())["choices"][0]["message"]["content"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        start = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(SLOTS)))
        return len(bodies) / (time.perf_counter() - start)


def body(path: Path) -> bytes:
    """A request as the study sends it."""
    uri = "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()
    content = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "What is it? " * 30}]
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": 20}).encode()


def whole(folder: Path, url: str, out: Path) -> dict[str, float]:
    """A study in this process, its worker in another: images a second while asking, and in all."""
    model = f"openai-compatible/m,base_url={url},concurrency={SLOTS}"
    clock, start = Clock(), time.perf_counter()
    request = Request({"path": str(folder)}, (model,), ("closed-set",), out=str(out), timing=False)
    with closing(study.run(resolve(request), clock)) as results:
        (row,) = results.rows
        end = time.perf_counter()
        assert row.answered == row.images, results.failures()
    asked = clock.ended[row.model] - clock.began[row.model]
    return {
        "survey": clock.ended["checking images"] - clock.began["checking images"],
        "tables": end - clock.ended[row.model],
        "asked": row.images / asked,
        "all": row.images / (end - start),
        "worker": (row.peak_rss_gb or 0) * 1024,
        "parent": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def alone(function: Any, *given: Any) -> Any:
    """What a function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, given)


def bare_alone(folder: Path, url: str) -> float:
    """The bare loop over the files of a folder."""
    return asyncio.run(bare(f"{url}/chat/completions", [body(path) for path in sorted(folder.rglob("*.jpg"))]))


def main() -> None:
    """Runs both by turns and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    Random(0)
    where = environment()
    print(f"{where['cpu']}, {os.cpu_count()} cores; aiohttp {aiohttp.__version__}", flush=True)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        draw(folder, given.images)
        size = statistics.mean(path.stat().st_size for path in folder.rglob("*.jpg"))
        print(f"{given.images} pictures of {size / 1000:.0f} kB\n")
        print(
            "| round | bare loop /s | study, asking /s | share | study in all /s | survey s | rest s | worker MiB | parent MiB |"
        )
        print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for number in range(given.rounds):
            loop = alone(bare_alone, folder, url)
            got = alone(whole, folder, url, Path(place) / f"run{number}")
            print(
                f"| {number + 1} | {loop:,.0f} | {got['asked']:,.0f} | {got['asked'] / loop:.0%} | {got['all']:,.0f} | "
                f"{got['survey']:.1f} | {got['tables']:.1f} | "
                f"{got['worker']:.0f} | {got['parent']:.0f} |",
                flush=True,
            )
    server.kill()


if __name__ == "__main__":
    main()

"""A hosted model as an engine: many questions in flight over HTTP, each asked until it is answered or given up."""

from __future__ import annotations

import asyncio
import io
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import aiohttp

from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.remote.body import encoded
from snellen.remote.breaker import Breaker
from snellen.remote.faults import one_line, parsed
from snellen.remote.keys import Key
from snellen.remote.limits import AdaptiveLimit, RateLimit
from snellen.remote.options import Options, host, is_loopback
from snellen.remote.pictures import images_of
from snellen.remote.preparing import Pictures
from snellen.remote.retrying import Backoff, Retries
from snellen.remote.wire import Call, Fault, Provider, Reply
from snellen.types import Answer, Failure, Question, Usage

MOST_BYTES = 1 << 19  # no answer to a question about a picture is longer
_CONNECT_SECONDS = 10.0
_REST_SECONDS = 60.0  # from an answer's first byte to its last
_GATHERED = 0.004  # seconds
_PIECE = 1 << 20


class RemoteModel:
    """Answers questions by a provider's API. `key` is None where none is needed."""

    def __init__(self, provider: Provider, key: Key | None, options: Options, backoff: Backoff | None = None) -> None:
        self._provider = provider
        self._key = key
        self._options = options
        self._backoff = backoff or Backoff(options.retries)
        self._rng = Random()
        self._outstanding = 0
        self._losses: deque[tuple[int, Usage]] = deque()
        self._done: queue.SimpleQueue[tuple[int, Answer | Failure]] = queue.SimpleQueue()
        self._counts: Counter[str] = Counter()
        self._pictures = Pictures(provider.takes)
        self._commands: deque[Callable[[], None]] = deque()
        self._called = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._breaker = Breaker(host(provider.base_url), time.monotonic)
        self._limit = AdaptiveLimit(options.concurrency, time.monotonic)
        self._requests = RateLimit(options.requests_per_minute, time.monotonic)
        self._tokens = RateLimit(options.tokens_per_minute, time.monotonic)
        self._tokens_per_answer = 1000.0  # until some are known
        self._counted = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()
        self._given_up: asyncio.Event
        self._session: aiohttp.ClientSession = self._wait_for(self._open())

    def _wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> aiohttp.ClientSession:
        self._given_up = asyncio.Event()
        seconds = self._options.timeout
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(
                total=seconds + _REST_SECONDS, sock_connect=min(seconds, _CONNECT_SECONDS), sock_read=seconds
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=not is_loopback(self._provider.base_url),  # proxies
            headers=self._provider.authorisation(self._key.value) if self._key else {},
            auto_decompress=True,
        )

    # The engine's side, in the thread of the runner

    def room(self) -> int:
        return 2 * self._options.concurrency - self._outstanding  # so that one is ready when a place gets free

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        self._outstanding += 1
        self._call(lambda: self._begin(ticket, image, question))

    def _call(self, command: Callable[[], None]) -> None:
        """Has something done in the loop; to wake the loop costs more than most of what it is woken for."""
        self._commands.append(command)
        if not self._called:
            self._called = True
            self._loop.call_soon_threadsafe(self._run_commands)

    def _run_commands(self) -> None:
        self._called = False  # first: what is appended from now on is either seen here or called for
        while self._commands:
            self._commands.popleft()()

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        done: list[tuple[int, Answer | Failure]] = []
        with suppress(queue.Empty):
            done.append(self._done.get(timeout=timeout))
            if self._outstanding > self._options.concurrency // 2:
                time.sleep(_GATHERED)  # others come with it; there is more to do than places meanwhile
            while True:
                done.append(self._done.get_nowait())
        self._outstanding -= len(done)
        return done

    def losses(self) -> Sequence[tuple[int, Usage]]:
        """Since the last time: attempts that gave no answer and may have been charged for, by the question's ticket."""
        return [self._losses.popleft() for _ in range(len(self._losses))]

    def release(self, image: Image) -> None:
        self._call(lambda: self._pictures.release(image))

    def notices(self) -> Sequence[str]:
        """What the user is to be told since the last time."""
        lines, self._breaker.lines = self._breaker.lines, []
        return lines

    def models(self) -> Reply | Fault | None:
        """What the server tells of the models that it has, asked for once; None where it has no list that is known."""
        call = self._provider.models()
        return None if call is None else self.fetch(call)

    def fetch(self, call: Call, below: bool = True) -> Reply | Fault:
        """What stands at a path below the base URL, or else beside its `/v1`, such as `/metrics`; asked for once."""
        base = self._provider.base_url.rstrip("/")
        waiting = asyncio.run_coroutine_threadsafe(
            self._fetch(call, base if below else base.removesuffix("/v1")), self._loop
        )
        return waiting.result()

    async def _fetch(self, call: Call, base: str) -> Reply | Fault:
        try:
            return await self._exchange(call, None, base)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return fault_of_network(error, self._options.timeout)

    def facts(self) -> Mapping[str, Any]:
        """Counts are of this process: of requests, retries and how pictures were sent."""
        local = is_loopback(self._provider.base_url)
        return {
            "timed": False,
            "concurrency": self._options.concurrency,
            "most_in_flight": self._limit.largest,
            "sends_to": None if local else host(self._provider.base_url),
            **dict(sorted((self._counts + self._pictures.counts).items())),
        }

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._pictures.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    # The other side, in the thread of the event loop

    def _begin(self, ticket: int, image: Image | None, question: Question) -> None:
        task = self._loop.create_task(self._answer(ticket, image, question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, ticket: int, image: Image | None, question: Question) -> None:
        answer: Answer | Failure
        try:
            answer = await self._ask(ticket, image, question)
        except UnreadableImage as error:
            answer = Failure(f"unreadable image: {error}")
        except Exception as error:  # an unforeseen reply; a failure, never an answer
            answer = Failure(self._said(f"{type(error).__name__}: {error}"))
        self._done.put((ticket, answer))

    def _said(self, text: str) -> str:
        return one_line(self._key.scrubbed_text(text) if self._key else text)

    async def _ask(self, ticket: int, image: Image | None, question: Question) -> Answer | Failure:
        pictures = await self._pictures.together(images_of(image, question))
        call = self._provider.call(question, pictures)
        body = encoded(call.body, pictures) if call.method != "GET" else None
        retries = Retries(self._backoff, self._rng)
        first = self._breaker.answered
        while self._breaker.open is None:
            answered = self._breaker.answered
            result = await self._in_turn(call, body, question, retries)
            if result is None:
                break
            if not isinstance(result, Fault):
                return result
            if result.usage is not None:
                self._losses.append((ticket, result.usage))
            if (wait := retries.wait(result, self._breaker.answered > answered)) is None:
                if result.again:
                    self._breaker.gave_up(first, result.reason)
                self._tell()
                return Failure(self._said(retries.given_up(result)))
            self._counts["retries"] += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._given_up.wait()
        return Failure(self._said(str(self._breaker.open)))

    def _tell(self) -> None:
        """Ends all waiting where the server is given up."""
        if self._breaker.open:
            self._given_up.set()

    async def _in_turn(
        self, call: Call, body: bytes | None, question: Question, retries: Retries
    ) -> Answer | Fault | None:
        """An attempt when its turn comes; None where the server is given up by then."""
        begun = await self._limit.acquire(again=retries.attempts > 0)
        if self._breaker.open:
            self._limit.release()
            return None
        await self._requests.take()
        await self._tokens.take(reserved := self._tokens_per_answer)
        retries.attempts += 1
        self._counts["requests"] += 1
        start = time.perf_counter()
        try:
            result = await self._attempt(call, body, question)
        except BaseException:
            self._limit.release()
            raise
        if isinstance(result, Fault):
            if result.crowded:
                self._limit.crowded(begun, result.wait)
            else:
                self._limit.release()
            self._tokens.correct(-reserved)
            return result
        self._limit.succeeded()
        usage = replace(result.usage, seconds=time.perf_counter() - start, attempts=retries.attempts)
        self._count_tokens(usage, reserved)
        return replace(result, usage=usage)

    def _count_tokens(self, usage: Usage, reserved: float) -> None:
        if usage.tokens_in is not None:
            used = usage.tokens_in + (usage.tokens_out or 0)
            self._tokens.correct(used - reserved)
            self._counted += 1  # the mean, to which the latest fifty count most
            self._tokens_per_answer += (used - self._tokens_per_answer) / min(self._counted, 50)

    async def _attempt(self, call: Call, body: bytes | None, question: Question) -> Answer | Fault:
        """One request and what it came to; whatever the network does is a fault."""
        try:
            reply = await self._exchange(call, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            fault = fault_of_network(error, self._options.timeout)
            if fault.again:
                self._breaker.unreachable(fault.reason)
            else:
                self._breaker.replied(401, fault.reason)  # such as a certificate: no other try mends it
            return replace(fault, usage=Usage()) if _was_sent(error) else fault
        if isinstance(reply, Fault):
            self._breaker.replied(200, reply.reason)
            return replace(reply, usage=Usage())
        result = self._read(question, reply)
        self._breaker.replied(reply.status, result.reason if isinstance(result, Fault) else None)
        return result

    def _read(self, question: Question, reply: Reply) -> Answer | Fault:
        """The answer in a reply; a fault with what it may be charged for, which an error's status is not."""
        try:
            result = self._provider.read(question, reply)
        except Exception as error:  # an unforeseen reply; a failure, never an answer
            result = Fault(f"{type(error).__name__}: {error}", again=False)
        if not isinstance(result, Fault) or not 200 <= reply.status < 300:
            return result
        body = parsed(reply)
        return replace(result, usage=Usage() if isinstance(body, Fault) else self._provider.usage(body))

    async def _exchange(self, call: Call, body: bytes | None, base: str | None = None) -> Reply | Fault:
        headers = {"Content-Type": "application/json", **call.headers}
        url = (base or self._provider.base_url.rstrip("/")) + call.path
        async with self._session.request(
            call.method, url, data=_in_pieces(body), headers=headers, allow_redirects=False
        ) as response:
            pieces, size = [], 0
            async for piece in response.content.iter_any():
                pieces.append(piece)
                size += len(piece)
                if size > MOST_BYTES:
                    response.close()
                    return Fault(f"answered with more than {MOST_BYTES:,} bytes", again=False)
            received = b"".join(pieces)
            if self._key:
                received = self._key.scrubbed(received)
            return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, received)


def _in_pieces(body: bytes | None) -> bytes | io.BytesIO | None:
    """A large body as a file, which is sent piece by piece while others go on."""
    return io.BytesIO(body) if body and len(body) > _PIECE else body


def _was_sent(error: BaseException) -> bool:
    """Whether the server may have had the request, and worked for it."""
    return not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL)


def fault_of_network(error: BaseException, timeout: float) -> Fault:
    """What an exception of the HTTP library means."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return Fault(one_line(f"no secure connection: {error}"), again=False)
    if isinstance(error, aiohttp.InvalidURL):
        return Fault(one_line(f"not an address: {error}"), again=False)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Fault(one_line(f"its name is not known: {error}"), again=True)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Fault("no connection in time", again=True)
    if isinstance(error, TimeoutError):
        return Fault(f"no answer within {timeout:g} s", again=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Fault(one_line(f"no connection: {error.os_error.strerror or error}"), again=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Fault("the answer was cut", again=True)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return Fault("the connection was closed before the answer", again=True)
    return Fault(one_line(f"{type(error).__name__}: {error}"), again=True)

"""A hosted model as an engine: many questions in flight over HTTP, each asked until it is answered or given up."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from random import Random
from typing import Any

import aiohttp

from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.remote.body import Body, encoded
from snellen.remote.breaker import Breaker
from snellen.remote.faults import is_spent, one_line
from snellen.remote.keys import Key
from snellen.remote.limits import AdaptiveLimit, ByteLimit, RateLimit
from snellen.remote.options import Options, check_secrecy, host, is_loopback
from snellen.remote.pictures import images_of
from snellen.remote.preparing import Pictures
from snellen.remote.proxies import proxy_for
from snellen.remote.retrying import Backoff, Retries
from snellen.remote.wire import Call, Fault, Provider, Reply
from snellen.types import Answer, Failure, Question, Usage

MOST_BYTES = 1 << 19  # no answer to a question about a picture is longer
_CONNECT_SECONDS = 10.0
_REST_SECONDS = 60.0  # from an answer's first byte to its last
_GATHERED = 0.004  # seconds
MOST_SENT = 1 << 27  # bytes of requests that are being made or sent, where each is small
_FORMS = 7 / 3  # a picture as it is, and in base64, which takes a third more
MOST_IN_HAND = 1 << 27  # bytes of images that are no files, asked about or waiting


class RemoteModel:
    """Answers questions by a provider's API. `key` is None where none is needed.

    Raises WrongUse where the key would be sent for all to read.
    """

    def __init__(self, provider: Provider, key: Key | None, options: Options, backoff: Backoff | None = None) -> None:
        if key:
            check_secrecy(provider.base_url, options.plain_http)
        self._provider = provider
        self._key = key
        self._options = options
        self._backoff = backoff or Backoff(options.retries)
        self._rng = Random()
        self._outstanding = 0
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
        self._bytes = ByteLimit(MOST_SENT)
        self._in_hand: dict[str, int] = {}
        self._tokens_per_answer = 1000.0  # until some are known
        self._counted = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()
        self._given_up: asyncio.Event
        self._proxy = proxy_for(provider.base_url)
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
            trust_env=False,  # it would also send the passwords of ~/.netrc
            headers=self._provider.authorisation(self._key.value) if self._key else {},
            auto_decompress=True,
        )

    # The engine's side, in the thread of the runner

    def room(self) -> int:
        if sum(self._in_hand.values()) > MOST_IN_HAND:
            return 0
        return 2 * self._options.concurrency - self._outstanding  # so that one is ready when a place gets free

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        self._outstanding += 1
        if image is not None and image.path is None:
            self._in_hand[image.digest] = len(image.data)
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

    def release(self, image: Image) -> None:
        self._in_hand.pop(image.digest, None)
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
            answer = await self._ask(image, question)
        except UnreadableImage as error:
            answer = Failure(f"unreadable image: {error}")
        except Exception as error:  # an unforeseen reply; a failure, never an answer
            answer = Failure(self._said(f"{type(error).__name__}: {error}"))
        self._done.put((ticket, answer))

    def _said(self, text: str) -> str:
        return one_line(self._key.scrubbed_text(text) if self._key else text)

    async def _ask(self, image: Image | None, question: Question) -> Answer | Failure:
        shown = images_of(image, question)
        for each in shown if self._breaker.open is None else ():
            self._pictures.foresee(each)
        retries = Retries(self._backoff, self._rng)
        first = self._breaker.answered
        while self._breaker.open is None:
            answered = self._breaker.answered
            result = await self._in_turn(shown, question, retries)
            if result is None:
                break
            if not isinstance(result, Fault):
                return result
            if (wait := retries.wait(result, self._breaker.answered > answered)) is None:
                if result.again:
                    self._breaker.gave_up(first, result.reason, result.crowded)
                self._tell()
                return Failure(self._said(retries.given_up(result)))
            self._counts["retries"] += 1
            await self._pause(wait)
        return Failure(self._said(str(self._breaker.open)))

    def _tell(self) -> None:
        """Ends all waiting where the server is given up."""
        if self._breaker.open:
            self._given_up.set()
            self._limit.end()
            self._bytes.end()

    async def _pause(self, seconds: float) -> None:
        """Waits, but no longer than until the server is given up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._given_up.wait()

    async def _in_turn(self, shown: Sequence[Image], question: Question, retries: Retries) -> Answer | Fault | None:
        """An attempt when its turn comes; None where the server is given up by then."""
        begun = await self._limit.acquire(again=retries.attempts > 0)
        try:
            reserved = self._tokens_per_answer
            if not self._breaker.open and (pause := max(self._requests.take(), self._tokens.take(reserved))) > 0:
                await self._pause(pause)
            let_go = await self._bytes.take(int(_FORMS * sum(self._pictures.size(each) for each in shown)))
            with ExitStack() as stack:
                stack.callback(let_go)
                if self._breaker.open:
                    self._limit.release()
                    return None
                call, body = await self._written(shown, question, let_go)
                retries.attempts += 1
                self._counts["requests"] += 1
                start = time.perf_counter()
                result = await self._attempt(call, body, question)
                seconds = time.perf_counter() - start
        except BaseException:
            self._limit.release()
            raise
        if isinstance(result, Fault):
            if result.crowded:
                # none waits longer than a question does: it would hang, and is given up in place of that
                wait = result.wait if result.wait and result.wait <= self._backoff.patience else None
                self._limit.crowded(begun, wait)
            else:
                self._limit.release()
            self._tokens.correct(-reserved)
            return result
        self._limit.succeeded()
        usage = replace(result.usage, seconds=seconds, attempts=retries.attempts)
        self._count_tokens(usage, reserved)
        return replace(result, usage=usage)

    async def _written(
        self, shown: Sequence[Image], question: Question, sent: Callable[[], None]
    ) -> tuple[Call, Body | None]:
        """A question's request, made when it is to be sent: of all its forms the largest are the shortest kept."""
        pictures = [*map(replace, await self._pictures.together(shown))]  # copies, whose base64 goes with them
        call = self._provider.call(question, pictures)
        body = Body(encoded(call.body, pictures), sent) if call.method != "GET" else None
        return replace(call, body={}), body

    def _count_tokens(self, usage: Usage, reserved: float) -> None:
        if usage.tokens_in is not None:
            used = usage.tokens_in + (usage.tokens_out or 0)
            self._tokens.correct(used - reserved)
            self._counted += 1  # the mean, to which the latest fifty count most
            self._tokens_per_answer += (used - self._tokens_per_answer) / min(self._counted, 50)

    async def _attempt(self, call: Call, body: Body | None, question: Question) -> Answer | Fault:
        """One request and what it came to; whatever the network does is a fault."""
        try:
            reply = await self._exchange(call, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            fault = fault_of_network(error, self._options.timeout)
            if fault.again:
                gone = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
                self._breaker.unreachable(fault.reason, connects=not gone)
            else:
                self._breaker.replied(401, fault.reason)  # such as a certificate: no other try mends it
            return fault
        if isinstance(reply, Fault):
            self._breaker.replied(200, reply.reason)
            return reply
        result = self._provider.read(question, reply)
        status = 402 if is_spent(reply) else reply.status
        self._breaker.replied(status, result.reason if isinstance(result, Fault) else None)
        return result

    async def _exchange(self, call: Call, body: Body | None, base: str | None = None) -> Reply | Fault:
        headers = {"Content-Type": "application/json", **call.headers}
        if body:
            headers["Content-Length"] = str(body.size)
        url = (base or self._provider.base_url.rstrip("/")) + call.path
        async with self._session.request(
            call.method,
            url,
            data=body.stream() if body else None,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy,
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

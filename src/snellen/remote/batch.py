"""Lines of batch files: the requests of OpenAI's Batch API and of `vllm run-batch`, and what comes back for them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from snellen.remote.faults import message_in, one_line
from snellen.remote.wire import Call, Reply

MOST_REQUESTS = 50_000  # of a file, as documented for OpenAI's Batch API
MOST_BYTES = 200_000_000
MOST_LINE = 4_000_000  # bytes of a line that comes back; an answer with the log-probabilities of its tokens is far less
_SIGN = "snellen-"
_MODEL, _IMAGE, _QUESTION = 4, 16, 16  # bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer belongs: a mark of the model, the first bytes of the image's digest (b'' for none), the question.

    It is written as 56 letters, since some services take no more than 64.
    """

    model: bytes
    image: bytes
    question: bytes

    @classmethod
    def of(cls, identity: str, digest: str, question: bytes) -> Address:
        """That of a question about an image to the model of this identity as text."""
        return cls(mark(identity), bytes.fromhex(digest)[:_IMAGE], question)

    @classmethod
    def read(cls, text: object) -> Address | None:
        """The address back from a custom_id; None where it is another's."""
        if not isinstance(text, str) or not text.startswith(_SIGN):
            return None
        try:
            packed = urlsafe_b64decode(text.removeprefix(_SIGN))
        except ValueError:
            return None
        if len(packed) != _MODEL + _IMAGE + _QUESTION:
            return None
        image = packed[_MODEL : _MODEL + _IMAGE]
        return cls(packed[:_MODEL], image if any(image) else b"", packed[_MODEL + _IMAGE :])

    def __str__(self) -> str:
        return _SIGN + urlsafe_b64encode(self.model + self.image.ljust(_IMAGE, b"\0") + self.question).decode("ascii")


def mark(identity: str) -> bytes:
    """What tells a model from others by its identity, in whatever run folder it is."""
    return sha256(identity.encode("utf-8", "surrogatepass")).digest()[:_MODEL]


def request_line(address: Address, call: Call) -> bytes:
    """A request as a line of a batch file, its end included."""
    line = {"custom_id": str(address), "method": call.method, "url": f"/v1{call.path}", "body": call.body}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back for a request: a reply as it would have come live, or the reason why there is none."""

    address: Address | None
    reply: Reply | None
    reason: str = ""


def lines_of(file: IO[bytes]) -> Iterator[bytes | None]:
    """The lines of a file that hold anything; None for each that is longer than any answer, which is skipped."""
    while line := file.readline(MOST_LINE):
        if line.endswith(b"\n") or len(line) < MOST_LINE:
            if line.strip():
                yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE)
        yield None


def read_line(line: bytes) -> Returned | None:
    """A line of an output or error file; None where it is none, such as one that was cut."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "custom_id" not in found:
        return None
    address = Address.read(found["custom_id"])
    response = found.get("response")
    response = response if isinstance(response, dict) else {}
    body, error = response.get("body"), found.get("error")
    if body is None:
        return Returned(address, None, _reason(response, error))
    status = response.get("status_code")
    return Returned(address, Reply(status if isinstance(status, int) else 200, {}, json.dumps(body).encode()))


def _reason(response: Mapping[str, Any], error: object) -> str:
    status = f"HTTP {response['status_code']}: " if response.get("status_code") else ""
    if not error:
        return f"{status}no answer came back"
    code = f" ({error['code']})" if isinstance(error, dict) and isinstance(error.get("code"), str) else ""
    return one_line(f"{status}{message_in(json.dumps(error).encode())}{code}")

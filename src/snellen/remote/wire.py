"""What goes over the wire, as values: what a provider translates questions to, and answers from; no I/O here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from snellen.types import Answer, Question, Usage


@dataclass(frozen=True)
class Picture:
    """An image as it is sent: the bytes of a file and their media type, such as `image/jpeg`."""

    data: bytes
    media_type: str
    width: int
    height: int

    @cached_property
    def base64(self) -> str:
        """The bytes in base64, made once for all questions about the image."""
        return b64encode(self.data).decode("ascii")

    @cached_property
    def uri(self) -> str:
        """The image as a data URI."""
        return f"data:{self.media_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class Takes:
    """Which pictures a provider takes: media types, the most bytes of a file, the longest side, the most pixels.

    `most_in_all` are the most bytes of all files in a request together.
    """

    media_types: frozenset[str]
    most_bytes: int
    longest_side: int | None = None
    most_pixels: int | None = None
    most_in_all: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request: the path behind the base URL, headers other than the key's, and a body to be sent as JSON."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a reply is no answer. `again` says whether to try once more, `wait` how many seconds the server asks for.

    `crowded` says that there were too many requests at once (429, 529, 503): the client then keeps fewer in flight.
    `usage` is what the attempt took where it may have been charged for all the same, without numbers where none were
    told; None where nothing was, as with an error's status or where nothing was sent.
    """

    reason: str
    again: bool
    wait: float | None = None
    crowded: bool = False
    usage: Usage | None = None


class Provider(Protocol):
    """Translates for one provider's API; pure, so that it is tested against documented requests and replies."""

    base_url: str
    takes: Takes

    def authorisation(self, key: str) -> Mapping[str, str]:
        """The header that carries the key; kept apart so that a key is nowhere else."""
        ...

    def call(self, question: Question, pictures: Sequence[Picture]) -> Call:
        """The request for a question; `pictures` are those of its prompt, in order."""
        ...

    def most_tokens(self, question: Question) -> int:
        """The most tokens that the answer may take by the limit in the request, thoughts included."""
        ...

    def usage(self, body: Mapping[str, Any]) -> Usage:
        """The tokens that the JSON of a reply of success tells, whether there is an answer in it or not."""
        ...

    def models(self) -> Call | None:
        """The request for the list of the models that are served; None where none is known."""
        ...

    def read(self, question: Question, reply: Reply) -> Answer | Fault:
        """The answer in a reply with its usage (tokens), or why there is none; the fault's usage is the client's.

        A content filter's refusal is a Text with Finish.REFUSED, whatever the status; a cut answer has Finish.LENGTH.
        """
        ...

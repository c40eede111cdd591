"""A request's body as JSON, without looking at the pictures in it letter by letter."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from snellen.remote.wire import Picture

LARGE = 1 << 20
_PIECE = 1 << 18
_JSON = json.JSONEncoder(separators=(",", ":"))
_MARK = f"{uuid4().hex} {{}} "  # what no text holds
_WRITTEN = _JSON.encode(_MARK)


def encoded(body: Mapping[str, Any], pictures: Sequence[Picture]) -> bytes:
    """The body as `json.dumps` writes it; base64 needs no escape, which takes longer to find out than all the rest."""
    raw = [text for picture in pictures for text in (vars(picture).get("base64"), vars(picture).get("uri")) if text]
    places = {id(text): place for place, text in enumerate(raw)}

    def marked(value: Any) -> Any:
        if isinstance(value, str):
            return _MARK.format(place) if (place := places.get(id(value))) is not None else value
        if isinstance(value, Mapping):
            return {key: marked(each) for key, each in value.items()}
        return [marked(each) for each in value] if isinstance(value, list | tuple) else value

    head, mark, tail = _WRITTEN.partition("{}")
    assert mark
    first, *rest = _JSON.encode(marked(body)).split(head)
    pieces = [first]
    for piece in rest:
        place, separator, after = piece.partition(tail)
        assert separator
        pieces += ['"', raw[int(place)], '"', after]
    return "".join(pieces).encode()


class Body:
    """The bytes of a request, let go when they are sent: an answer may be long in coming, and retries are rare."""

    def __init__(self, data: bytes, sent: Callable[[], None]) -> None:
        self.size = len(data)
        self._data: bytes | None = data
        self._sent = sent

    def stream(self) -> bytes | AsyncIterator[bytes]:
        """What is to be sent, once; a large one piece by piece, while others go on."""
        data, self._data = self._data, None
        assert data is not None, "a body is sent once"
        return _pieces(data, self._sent) if self.size > LARGE else data


async def _pieces(data: bytes, sent: Callable[[], None]) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]
    del data
    sent()

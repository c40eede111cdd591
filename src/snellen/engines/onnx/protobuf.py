"""Just enough of protobuf to read an ONNX file, and to add to one."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import TypeAlias

Bytes: TypeAlias = bytes | mmap.mmap


def fields(data: Bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message as (number, start, end), of an integer as (number, value, -1).

    Raises ValueError or IndexError where it is none.
    """
    while start < end:
        tag, start = varint(data, start)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, start = varint(data, start)
            yield number, value, -1
        elif wire == 2:
            length, start = varint(data, start)
            if start + length > end:
                raise ValueError("a field goes beyond its message")
            yield number, start, start + length
            start += length
        elif wire in (1, 5):
            start += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")


def varint(data: Bytes, at: int) -> tuple[int, int]:
    """The integer at a place, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("an integer of more than 64 bits")


def field(number: int, content: bytes) -> bytes:
    """A field with bytes, a text or a message in it."""
    return _varint_of(number << 3 | 2) + _varint_of(len(content)) + content


def _varint_of(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])

"""Values that were used last, within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, the most recently used ones, up to `capacity` bytes (but always the last one)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """The value kept under the key, or a new one; `size` tells its bytes."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key][0]
        value = make()
        self.put(key, value, size(value))
        return value

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keeps a value of so many bytes under a key."""
        self._held -= self._values.pop(key, (None, 0))[1]
        self._values[key] = (value, size)
        self._held += size
        while self._held > self._capacity and len(self._values) > 1:
            self._held -= self._values.popitem(last=False)[1][1]

    def peek(self, key: Hashable) -> T | None:
        """The value kept under the key, if any."""
        return self._values[key][0] if key in self._values else None

    def touch(self, key: Hashable) -> T | None:
        """The value kept under the key, if any; it is now the most recently used one."""
        if key in self._values:
            self._values.move_to_end(key)
        return self.peek(key)

    def forget(self, goes: Callable[[Any], bool]) -> None:
        """Drops the values whose keys go."""
        for key in [key for key in self._values if goes(key)]:
            self._held -= self._values.pop(key)[1]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        """The values, the most recently used one last."""
        return (value for value, _ in self._values.values())

    def keys(self) -> list[Hashable]:
        return list(self._values)

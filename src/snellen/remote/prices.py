"""What answers of hosted models cost: a table of list prices, which a file of one's own goes before."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse, nearest

MILLION = 1_000_000
_TABLE = Path(__file__).with_name("prices.json")
_TEXTS = ("model", "taken", "source")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many answers there are and what they took; `unmeasured` of them came without a count of tokens."""

    answers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    unmeasured: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Price:
    """List prices in USD: of a million tokens, and of each answer about an image (`image`, for recognisers).

    `cached_input` is the price of input tokens that were found in the provider's cache, None where it is not known;
    `batch` is the share of the price that is paid through a batch API. `taken` is the day the price was read, `source`
    the place. The price of tokens in a longer context or of writing to a cache is not part of it.
    """

    input: float = 0.0
    output: float = 0.0
    cached_input: float | None = None
    image: float = 0.0
    batch: float = 1.0
    taken: str = ""
    source: str = ""

    def usd(self, tally: Tally, batched: bool = False) -> float | None:
        """The price of these answers, `batched` by a batch API; None where tokens are paid for and were not counted."""
        if tally.unmeasured and (self.input or self.output):
            return None
        cached = self.input if self.cached_input is None else self.cached_input
        found = min(tally.tokens_cached, tally.tokens_in)
        tokens = (tally.tokens_in - found) * self.input + found * cached + tally.tokens_out * self.output
        return (tokens / MILLION + tally.answers * self.image) * (self.batch if batched else 1.0)


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by a pattern of the model's name with its provider; the first that fits counts."""

    entries: tuple[tuple[str, Price], ...]

    def of(self, provider: str, name: str) -> Price | None:
        """The price of a model; None where none is known."""
        model = f"{provider}/{name}"
        return next((price for pattern, price in self.entries if fnmatchcase(model, pattern)), None)

    def is_paid(self, provider: str) -> bool:
        """Whether the provider is one whose models cost money, as far as the table tells."""
        return any(pattern.startswith(f"{provider}/") for pattern, _ in self.entries)


def load_prices(path: str | None = None) -> Prices:
    """The table of the package, behind that of a file where one is given. Raises WrongUse where the file is wrong.

    A file is JSON like the package's own `prices.json`: `{"prices": [{"model": "openai/gpt-4o*", "input": 2.5,
    "output": 10}, …]}`, where `*` stands for anything. A price of 0 is a price: its tokens are counted.
    """
    own = _own() if path else ()
    return Prices((*_read(Path(path).expanduser()), *own) if path else _own())


@cache
def _own() -> tuple[tuple[str, Price], ...]:
    return _read(_TABLE)


def _read(path: Path) -> tuple[tuple[str, Price], ...]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else f"not valid JSON: {error}"
        raise WrongUse(f"cannot read the prices {path}: {reason}") from None
    entries = found.get("prices") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise WrongUse(f'{path}: expected {{"prices": [{{"model": "PROVIDER/NAME", "input": 1, "output": 2}}]}}')
    return tuple(_entry(entry, path) for entry in entries)


def _entry(entry: Mapping[str, Any], path: Path) -> tuple[str, Price]:
    known: Sequence[str] = [field.name for field in dataclasses.fields(Price)]
    pattern = entry.get("model")
    if not isinstance(pattern, str) or "/" not in pattern:
        raise WrongUse(f'{path}: a price needs a "model" such as "openai/gpt-4o", got {pattern!r}')
    for key, value in entry.items():
        if key not in (*known, "model"):
            raise WrongUse(f"{path}: {pattern}: unknown key {key!r}{nearest(key, known)}")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not isinstance(value, str) if key in _TEXTS else not (number and 0 <= value < float("inf")):
            wanted = "a text" if key in _TEXTS else "a number of at least 0"
            raise WrongUse(f"{path}: {pattern}: {key}: expected {wanted}, got {value!r}")
    return pattern, Price(**{key: value for key, value in entry.items() if key != "model"})

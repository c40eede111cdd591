"""Prompts as tokens: the processor is called once for the images, further texts about them are tokenised alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from snellen.engines.hf.pixels import bytes_of
from snellen.engines.hf.prompts import Rendering
from snellen.engines.hf.recent import Recent
from snellen.engines.hf.rows import Row, Rows
from snellen.engines.hf.tree import common
from snellen.images import Image

_CAPACITY = 1 << 29  # bytes of preprocessed images that are kept
_PROVEN = 2048  # beginnings of prompts that are remembered to be derived rightly
_CLOSING = (1, 2, 3)  # how many tokens a processor may put behind a text
_TEXTS = 8192  # tokenised texts that are kept: those of most questions come again with every image


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's tokens with the images expanded, the last of which ends before `floor`; `images` are their digests.

    `row` holds the images' inputs; what it says of the tokens behind `floor` may be another text's.
    """

    row: Row
    images: tuple[str, ...]
    floor: int

    @property
    def tokens(self) -> tuple[int, ...]:
        return self.row.tokens


class PromptTokens:
    """Makes prompts and the tokens of what may follow them.

    Images are expanded by the processor alone. For another text about the same images its tokens are taken up to where
    the two texts differ, and continued with the new text's; each new beginning is compared with the processor's
    own tokens once, and a family for which these differ is always asked itself.
    """

    def __init__(self, rows: Rows, tokenizer: Any, image_tokens: frozenset[int]) -> None:
        self._rows = rows
        self._tokenizer = tokenizer
        self._image_tokens = image_tokens
        self._made: Recent[tuple[Row, tuple[int, ...]]] = Recent(_CAPACITY)
        self._proven: Recent[bool] = Recent(_PROVEN)
        self._derives = bool(image_tokens)
        self.tokens = lru_cache(maxsize=_TEXTS)(self._tokens)
        self._apart = lru_cache(maxsize=256)(self._tokens_apart)
        self._behind = lru_cache(maxsize=256)(self._continuations)
        special = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
        self._special = tuple(sorted(special))

    def prompt(self, rendering: Rendering) -> Prompt:
        """The prompt of a rendering. Raises UnreadableImage, and what processors raise."""
        row = self._row(rendering)
        last = [place for place, token in enumerate(row.tokens) if token in self._image_tokens]
        images = tuple(image.digest for image in rendering.images)
        return Prompt(row, images, last[-1] + 1 if last else 0)

    def _row(self, rendering: Rendering) -> Row:
        if not rendering.images or not self._derives:
            return self._rows.make(rendering)
        text = self.tokens(rendering.text)
        key = tuple(image.digest for image in rendering.images)
        known = self._made.peek(key)
        if known is None:
            row = self._rows.make(rendering)
            self._made.put(key, (row, text), bytes_of(row.inputs))
            return row
        tokens = self._derived(*known, text)
        if tokens is None:
            return self._rows.make(rendering)
        shared = text[: common(text, known[1])]
        if not self._proven.touch(shared) and text != known[1]:
            row = self._rows.make(rendering)
            if row.tokens != tokens:
                self._derives = False
                return row
            self._proven.put(shared, True, 1)
        return Row(rendering, known[0].inputs, tokens)

    def _derived(self, row: Row, known: tuple[int, ...], text: tuple[int, ...]) -> tuple[int, ...] | None:
        """The tokens of a text from those made of another with the same images; None where that is not safe.

        The place of the difference must lie behind the images, and not right behind them, where what a processor
        writes around an image could merge with the text.
        """
        shared = common(known, text)
        tail = known[shared:]
        if shared == 0 or known[shared - 1] in self._image_tokens or self._image_tokens.intersection(tail):
            return None
        if len(tail) >= len(row.tokens) or (tail and row.tokens[-len(tail) :] != tail):
            return None
        kept = row.tokens[: len(row.tokens) - len(tail)]
        if kept[-1] != known[shared - 1] or self._image_tokens.intersection(text[shared:]):
            return None
        return kept + text[shared:]

    def _tokens(self, text: str) -> tuple[int, ...]:
        """The tokens of a text in which images are not expanded."""
        begin = self._tokenizer.bos_token
        special = not (begin is not None and text.startswith(begin))
        return tuple(self._tokenizer(text, add_special_tokens=special)["input_ids"])

    def continuations(
        self, rendering: Rendering, tokens: Sequence[int], separator: str, choices: tuple[str, ...]
    ) -> tuple[int, Sequence[tuple[int, ...]]] | None:
        """Where the choices behind a prompt of these tokens begin, and the tokens of each; None where it is not known.

        Prompt and choice are tokenised as one text. Where a choice merges with the prompt's last tokens, all are cut
        before the merge. Where the processor closes every text by itself, the choices are tokenised apart, as by
        `Rows.extend`. Only the last words of the prompt are tokenised with the choices, where these words alone
        give the prompt's own last tokens: they come again with every image.
        """
        for anchor, words in self._last_words(rendering.text):
            found = self._behind(anchor, words, separator, choices)
            if found is None:
                continue
            ending, merged, behind = found
            if tuple(tokens[-len(ending) :]) == ending and len(tokens) > len(ending):
                return len(tokens) - merged, behind
            if any(tuple(tokens[-len(ending) - more : -more]) == ending for more in _CLOSING):
                return len(tokens), self._apart(choices)
        return None

    def _tokens_apart(self, choices: tuple[str, ...]) -> list[tuple[int, ...]]:
        return [tuple(self._tokenizer(choice, add_special_tokens=False)["input_ids"]) for choice in choices]

    def _last_words(self, text: str) -> list[tuple[str, str]]:
        """Shorter and longer ends of a text, each with a special token before it, so that it begins no text."""
        place = max((text.rfind(token) + len(token) for token in self._special if token in text), default=0)
        anchor = max((token for token in self._special if text[:place].endswith(token)), key=len, default="")
        rest = text[place:]
        if not rest:
            return [("", anchor)]
        spaces = [number for number, letter in enumerate(rest) if letter == " "]
        ends = [rest[spaces[-3] :]] if len(spaces) > 3 else []
        return [(anchor, words) for words in (*ends, rest)]

    def _continuations(
        self, anchor: str, words: str, separator: str, choices: tuple[str, ...]
    ) -> tuple[tuple[int, ...], int, list[tuple[int, ...]]] | None:
        """The tokens of the words, how many of them merge with a choice, and the choices' tokens from there on."""
        texts = [anchor + words, *(anchor + words + (separator + choice if choice else "") for choice in choices)]
        made = [tuple(ids) for ids in self._tokenizer(texts, add_special_tokens=False)["input_ids"]]
        skip = len(self._tokenizer(anchor, add_special_tokens=False)["input_ids"]) if anchor else 0
        ending, *whole = (ids[skip:] for ids in made)
        start = min(common(ending, ids) for ids in whole)
        if start == 0:
            return None
        return ending, len(ending) - start, [ids[start:] for ids in whole]

    def shows_image(self, choices: Sequence[tuple[int, ...]]) -> bool:
        """Whether a choice holds what stands for an image."""
        return any(self._image_tokens.intersection(tokens) for tokens in choices)

    def release(self, image: Image) -> None:
        """Drops what is kept of the image."""
        self._made.forget(lambda key: image.digest in key)

    def clear(self) -> None:
        self._made.forget(lambda key: True)

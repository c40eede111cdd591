"""Forward passes that continue from what is computed: the beginnings of prompts, and trees of tokens behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers

from snellen.engines.hf.families import Family, can_continue, cross_layers, windows
from snellen.engines.hf.memory import Branches, Memory, keep_new, split, stacked
from snellen.engines.hf.passes import Passes
from snellen.engines.hf.rows import Row, cut
from snellen.engines.hf.scoring import only_at

MASKED = ("sdpa", "eager")  # attention implementations that take a mask of their own for every token


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says behind a node: the log-probabilities asked for, that of an end, and the likeliest token."""

    words: Mapping[int, float]
    end: float
    likeliest: int


class Growth:
    """Runs prompts' beginnings into memories, and grows branches on them.

    `masked`: whether a row can hold a tree, under a mask that shows each token its own ancestors; else a row is a
    chain, and causal attention with the gaps masked does.
    """

    def __init__(self, passes: Passes, family: Family) -> None:
        self.passes = passes
        self.whole_prompts = family.shares == "prompt"  # all of a prompt sees all of it
        self._shares = family.shares != "nothing"
        config = passes.model.config
        self._windows = windows(config)
        self._crossed = cross_layers(config)
        self.masked = str(getattr(config, "_attn_implementation", None)) in MASKED
        self.computed = 0  # tokens

    @property
    def possible(self) -> bool:
        """Whether this kind of model can continue from a memory; windows need a mask of our own."""
        known = self._shares and can_continue(self.passes.model.config)
        return known and (self.masked or not any(self._windows.values()))

    def begin(self, rows: Sequence[Row], lengths: Sequence[int]) -> list[Memory]:
        """The memories of the rows' first `length` tokens, by one pass over them all.

        Where a family's prompts are read in both directions, the whole prompt is run and its beginning kept.
        """
        run = [len(row.tokens) if self.whole_prompts else length for row, length in zip(rows, lengths, strict=True)]
        inputs = [cut(row, length) for row, length in zip(rows, run, strict=True)]
        batch = self.passes.batch(inputs, "right")
        cache = transformers.DynamicCache()  # without a configuration: no layer forgets what leaves its window
        model = self.passes.model
        last = torch.zeros(len(rows), 1, dtype=torch.long)
        with only_at(model, last), _positions(model) as seen:
            model(**batch, past_key_values=cache, use_cache=True)
        self.computed += sum(run)
        layers = split(cache, lengths, self._crossed)
        return [
            Memory(
                tokens=row.tokens[:length],
                offset=_offset(seen, number, length),
                layers=layers[number],
                beside=_beside(batch, number, ran - 1),
            )
            for number, (row, length, ran) in enumerate(zip(rows, lengths, run, strict=True))
        ]

    def grow(
        self, branches: Sequence[Branches], stops: Sequence[int], wanted: Sequence[Mapping[int, Sequence[int]]]
    ) -> list[dict[int, Said]]:
        """Computes each branch's nodes up to its `stop`, by one pass.

        `wanted` names the nodes of each that are to speak, with the tokens whose log-probabilities are asked for.
        """
        starts = [each.computed for each in branches]
        counts = [stop - start for stop, start in zip(stops, starts, strict=True)]
        width, longest = max(each.held for each in branches), max(counts)
        ids, positions = np.zeros((2, len(branches), longest), dtype=np.int64)
        for row, (each, start, stop) in enumerate(zip(branches, starts, stops, strict=True)):
            nodes = slice(start - each.tree.trunk, stop - each.tree.trunk)
            ids[row, : stop - start] = each.tree.tokens[nodes]
            positions[row, : stop - start] = each.tree.depths[nodes]
            positions[row] += each.memory.offset
        model, device = self.passes.speaker, self.passes.model.device  # the picture is in the cache
        cache = stacked(branches, width, self._crossed)
        places = _places(wanted, starts)
        with only_at(model, places):
            logits = model(
                input_ids=torch.from_numpy(ids).to(device),
                position_ids=torch.from_numpy(positions).to(device),
                attention_mask=self._mask(branches, starts, stops, width, longest),
                past_key_values=cache,
                use_cache=True,
                **self._beside(branches, longest),
            ).logits
        keep_new(cache, branches, counts)
        self.computed += sum(counts)
        return _said(logits, wanted, self.passes.ends)

    def _beside(self, branches: Sequence[Branches], count: int) -> dict[str, torch.Tensor]:
        names = branches[0].memory.beside
        return {
            name: torch.cat([each.memory.beside[name] for each in branches]).repeat_interleave(count, dim=1)
            for name in names
        }

    def _mask(
        self, branches: Sequence[Branches], starts: Sequence[int], stops: Sequence[int], width: int, longest: int
    ) -> Any:
        device, dtype = self.passes.model.device, self.passes.dtype
        if not self.masked:
            there = np.zeros((len(branches), width + longest), dtype=np.int64)
            for row, (each, start, stop) in enumerate(zip(branches, starts, stops, strict=True)):
                there[row, : each.held] = there[row, width : width + stop - start] = 1
            return torch.from_numpy(there).to(device)
        kinds = {}
        for kind, window in self._windows.items():
            seen = np.zeros((len(branches), 1, longest, width + longest), dtype=np.bool_)
            for row, (each, start, stop) in enumerate(zip(branches, starts, stops, strict=True)):
                allowed, held = each.tree.sees(start, stop, each.kept), each.held
                if window is not None:
                    depths = np.asarray(each.tree.depths_of(each.kept, start, stop))
                    allowed &= depths[held:, None] - depths < window
                seen[row, 0, : stop - start, :held] = allowed[:, :held]
                seen[row, 0, : stop - start, width : width + stop - start] = allowed[:, held:]
                seen[row, 0, stop - start :, width] = True  # the padding has to see something
            free = torch.from_numpy(seen).to(device)
            kinds[kind] = torch.zeros(free.shape, dtype=dtype, device=device).masked_fill_(
                ~free, torch.finfo(dtype).min
            )
        return next(iter(kinds.values())) if len(kinds) == 1 else kinds


@contextmanager
def _positions(model: Any) -> Iterator[list[torch.Tensor]]:
    """Notes the positions that a model hands to its text model; none where the text model counts for itself."""
    seen: list[torch.Tensor] = []

    def note(_: Any, args: Any, given: Mapping[str, Any]) -> None:
        if given.get("position_ids") is not None:
            seen.append(given["position_ids"])

    hook = model.get_decoder().register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


def _offset(seen: Sequence[torch.Tensor], row: int, length: int) -> int:
    """How much the position behind the first `length` tokens of a row is ahead of their number."""
    if not seen:
        return 0
    positions = seen[0]  # (rows, tokens), or that for each dimension of an image
    row = row if positions.shape[-2] > 1 else 0
    return int(positions[..., row, :length].max()) + 1 - length


def _beside(batch: Mapping[str, torch.Tensor], row: int, last: int) -> dict[str, torch.Tensor]:
    """Of the inputs that a model needs with every token, those for the row's last one."""
    names = [name for name in ("cross_attention_mask",) if name in batch]
    return {name: batch[name][row : row + 1, last : last + 1] for name in names}


def _places(wanted: Sequence[Mapping[int, Sequence[int]]], starts: Sequence[int]) -> torch.Tensor:
    """The columns of the nodes that are to speak (rows, most of them in a row)."""
    width = max((len(nodes) for nodes in wanted), default=0) or 1
    places = torch.zeros(len(wanted), width, dtype=torch.long)
    for row, (nodes, start) in enumerate(zip(wanted, starts, strict=True)):
        places[row, : len(nodes)] = torch.tensor([node - start for node in nodes], dtype=torch.long)
    return places


def _said(
    logits: torch.Tensor, wanted: Sequence[Mapping[int, Sequence[int]]], ends: Sequence[int]
) -> list[dict[int, Said]]:
    """Reads the log-probabilities off the logits (rows, nodes, vocabulary), all in one transfer from the device."""
    logits = logits.float()
    total = logits.logsumexp(-1)
    ending = (logits[..., list(ends)].logsumexp(-1) - total).tolist()
    likeliest = logits.argmax(-1).tolist()
    asked = [
        (row, place, token)
        for row, nodes in enumerate(wanted)
        for place, tokens in enumerate(nodes.values())
        for token in tokens
    ]
    words: Iterator[float] = iter(())
    if asked:
        rows, places, tokens = torch.tensor(asked, device=logits.device).unbind(-1)
        words = iter((logits[rows, places, tokens] - total[rows, places]).tolist())
    return [
        {
            node: Said({token: next(words) for token in tokens}, ending[row][place], likeliest[row][place])
            for place, (node, tokens) in enumerate(nodes.items())
        }
        for row, nodes in enumerate(wanted)
    ]

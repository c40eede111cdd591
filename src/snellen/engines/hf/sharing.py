"""Answers that share what their prompts have in common: an image is computed once for all that is asked about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from snellen.engines.hf.answers import chosen, refused, written
from snellen.engines.hf.growth import Growth, Said
from snellen.engines.hf.memory import Branches, Memory
from snellen.engines.hf.prompt_tokens import Prompt, PromptTokens
from snellen.engines.hf.prompts import Prompts
from snellen.engines.hf.recent import Recent
from snellen.engines.hf.tree import Tree, common
from snellen.engines.hf.waiting import Asked
from snellen.images import Image
from snellen.local.batching import Batches, buckets
from snellen.types import Answer, Failure, Generate

_Key: TypeAlias = tuple[tuple[str, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Line:
    """A question as tokens: what is computed up to `start`, and the choices that continue from there, if any."""

    asked: Asked
    prompt: Prompt
    floor: int
    start: int
    choices: Sequence[tuple[int, ...]] | None

    @property
    def key(self) -> _Key:
        """Equal for questions that can stand on the same trunk."""
        return self.prompt.images, self.prompt.tokens[: self.floor]

    @property
    def full(self) -> int:
        """How many tokens its full prompts would have."""
        length = len(self.prompt.tokens)
        return length if self.choices is None else sum(self.start + len(tokens) for tokens in self.choices)


@dataclass(slots=True)
class _Bearer:
    """Branches with what is asked of them: the nodes that are to speak, and what they said."""

    branches: Branches
    lines: list[tuple[Line, int, dict[int, list[int]]]] = field(default_factory=list)  # its last node, choices' nodes
    wanted: dict[int, list[int]] = field(default_factory=dict)
    said: dict[int, Said] = field(default_factory=dict)
    tips: dict[int, int] = field(default_factory=dict)  # of each text that is being written its last node, by ticket

    @property
    def waiting(self) -> int:
        return len(self.branches.tree) - self.branches.computed


@dataclass(frozen=True, slots=True)
class Limits:
    """What one pass may hold: tokens in all rows together and numbers of output logits; `least` tokens make a good one.

    `kept` is how many tokens, computed before or in it, the rows of a pass may see together.
    """

    least: int
    tokens: int
    kept: int
    logits: int


class Sharing:
    """Answers questions group by group; a group's questions stand on one trunk, which is computed once.

    Trunks are kept, the most recently used ones up to `capacity` bytes, until their image is released.
    """

    def __init__(
        self, prompts: Prompts, tokens: PromptTokens, growth: Growth, tokenizer: Any, limits: Limits, capacity: int
    ) -> None:
        self._passes = growth.passes
        self._prompts = prompts
        self._tokens = tokens
        self._growth = growth
        self._tokenizer = tokenizer
        self._limits = limits
        self._memories: Recent[Memory] = Recent(capacity)
        config = growth.passes.model.config.get_text_config()
        self._vocabulary = int(config.vocab_size)
        # Questions packed into a row also look at each other, under the mask: of so many tokens that costs less than
        # their own share of the layers' matrices.
        self._packed = max(512, int(config.hidden_size))
        self.asked = 0  # tokens that full prompts would have computed

    def answer(self, asked: Sequence[Asked], batches: Batches) -> tuple[dict[int, Answer | Failure], list[Asked]]:
        """The answers by ticket, and the questions that are left to full prompts: they share nothing, or failed."""
        answers: dict[int, Answer | Failure] = {}
        groups: dict[_Key, list[Line]] = defaultdict(list)
        left = []
        for one in asked:
            try:
                line = self._line(one)
            except Exception as error:  # a family's processor may raise anything
                answers[one.ticket] = refused(error)
                continue
            if line is None:
                left.append(one)
            else:
                groups[line.key].append(line)
        for alike in _alike(groups.values()):
            for lines, said in zip(alike, batches.run(alike, self._answer_groups), strict=True):
                if isinstance(said, Failure):  # one of them may be to blame, or what all need together
                    left += [line.asked for line in lines]
                else:
                    answers |= said
        return answers, left

    def release(self, image: Image) -> None:
        """Drops what is kept of the image."""
        self._memories.forget(lambda key: image.digest in key[0])
        self._tokens.release(image)

    def clear(self) -> None:
        self._memories.forget(lambda key: True)
        self._tokens.clear()

    def _line(self, asked: Asked) -> Line | None:
        question = asked.question
        rendering = self._prompts.render(question.prompt, asked.image)
        prompt = self._tokens.prompt(rendering)
        length = len(prompt.tokens)
        start, choices = length, None
        if question.choices:
            found = self._tokens.continuations(rendering, prompt.tokens, self._prompts.separator, question.choices)
            if found is None:
                return None
            start, choices = found
            if self._tokens.shows_image(choices):
                return None  # the processor has its own word to say to that
        floor = prompt.floor if rendering.images and not self._growth.whole_prompts else start - 1
        return Line(asked, prompt, floor, start, choices) if 0 < floor < start else None

    def _answer_groups(self, groups: Sequence[Sequence[Line]]) -> list[dict[int, Answer]]:
        try:
            memories = self._remember(groups)
        except RuntimeError:  # out of memory, mostly: what is kept of other images must not be the reason
            self._memories.forget(lambda key: True)
            raise
        bearers = [self._bear(lines, memory) for lines, memory in zip(groups, memories, strict=True)]
        every = sorted((bearer for each in bearers for bearer in each), key=lambda bearer: bearer.waiting)
        answers: dict[int, Answer] = {}
        scores: dict[int, dict[int, float]] = defaultdict(dict)
        for some in self._together(every):
            self._advance(some)
            answers |= self._write(some)
            for bearer in some:
                for line, _, paths in bearer.lines:
                    scores[line.asked.ticket] |= _scored(line, paths, bearer.said)
        for line in (line for lines in groups for line in lines if line.choices is not None):
            values = [value for _, value in sorted(scores[line.asked.ticket].items())]
            lengths = [len(choice) for choice in line.choices or ()]
            answers[line.asked.ticket] = chosen(line.asked.question, len(line.prompt.tokens), values, lengths)
        self.asked += sum(line.full for lines in groups for line in lines)
        return [{line.asked.ticket: answers[line.asked.ticket] for line in lines} for lines in groups]

    # Trunks

    def _remember(self, groups: Sequence[Sequence[Line]]) -> list[Memory]:
        """Each group's trunk, the missing ones computed together."""
        kept = {lines[0].key: self._memories.touch(lines[0].key) for lines in groups}
        known = {key: memory for key, memory in kept.items() if memory is not None}
        missing = [lines for lines in groups if lines[0].key not in known]
        trunks = sorted(((_trunk(lines), number) for number, lines in enumerate(missing)))
        for bucket in self._buckets([length for length, _ in trunks]):
            lengths, some = zip(*((trunks[place][0], missing[trunks[place][1]]) for place in bucket), strict=True)
            for lines, memory in zip(
                some, self._growth.begin([lines[0].prompt.row for lines in some], lengths), strict=True
            ):
                known[lines[0].key] = memory
                if lines[0].prompt.images:  # a text alone shares nothing with the next one
                    self._memories.put(lines[0].key, memory, memory.nbytes)
        return [known[lines[0].key] for lines in groups]

    def _buckets(self, lengths: Sequence[int]) -> Sequence[range]:
        """Which of the trunks of rising lengths run together; one by one where rows cannot be joined."""
        if self._passes.rows.stacking != "rows":
            return [range(number, number + 1) for number in range(len(lengths))]
        return buckets(lengths, self._limits.least, self._limits.tokens)

    def _together(self, bearers: Sequence[_Bearer]) -> Iterator[Sequence[_Bearer]]:
        """Bearers that take their passes together: as many new tokens as make good ones, no more rows than fit."""
        for bucket in buckets([bearer.waiting for bearer in bearers], self._limits.least, self._limits.tokens):
            some = bearers[bucket.start : bucket.stop]
            rows = max(1, self._limits.kept // max(_size(bearer) for bearer in some))
            for first in range(0, len(some), rows):
                yield some[first : first + rows]

    # Trees

    def _bear(self, lines: Sequence[Line], memory: Memory) -> list[_Bearer]:
        """The lines as branches on the trunk: packed as trees, or each line and each choice as a chain of its own."""
        bearers: list[_Bearer] = []
        for line in lines:
            if not self._growth.masked:
                bearers += self._chains(line, memory)
                continue
            if not bearers or bearers[-1].waiting + line.start - len(memory.tokens) > self._packed:
                bearers.append(_Bearer(Branches(memory, Tree(len(memory.tokens)))))
            self._plant(bearers[-1], line, range(len(line.choices or ())))
        return bearers

    def _chains(self, line: Line, memory: Memory) -> Iterator[_Bearer]:
        leaves = common(memory.tokens, line.prompt.tokens[: line.start - 1])
        numbers = [()] if line.choices is None else [(number,) for number in range(len(line.choices))]
        for choices in numbers:
            bearer = _Bearer(Branches(memory, Tree(leaves)))
            self._plant(bearer, line, choices)
            yield bearer

    def _plant(self, bearer: _Bearer, line: Line, choices: Sequence[int]) -> None:
        """Adds a line and those of its choices to the tree, and what they want to hear."""
        tree, wanted = bearer.branches.tree, bearer.wanted
        tokens = line.prompt.tokens[: line.start]
        leaves = common(bearer.branches.memory.tokens[: tree.trunk], tokens[:-1])
        last = tree.grow(leaves - 1, tokens[leaves:])[-1]
        paths = {}
        for number in choices:
            choice = (line.choices or ())[number]
            paths[number] = path = [last, *tree.grow(last, choice)]
            for node, token in zip(path, (*choice, None), strict=True):
                heard = wanted.setdefault(node, [])
                if token is not None and token not in heard:
                    heard.append(token)
        wanted.setdefault(last, [])
        bearer.lines.append((line, last, paths))
        if line.choices is None:
            bearer.tips[line.asked.ticket] = last

    def _advance(self, bearers: Sequence[_Bearer]) -> None:
        """Computes all nodes that are not computed yet, as many at a time as a pass may hold."""
        while waiting := [bearer for bearer in bearers if bearer.waiting]:
            nodes = max(1, min(self._packed, self._limits.tokens // len(waiting)))
            heard = max(1, self._limits.logits // (self._vocabulary * len(waiting)))
            stops, wanted = [], []
            for bearer in waiting:
                start = bearer.branches.computed
                stop = min(len(bearer.branches.tree), start + nodes)
                speak = sorted(node for node in bearer.wanted if start <= node < stop)
                if len(speak) > heard:
                    stop = speak[heard]
                    speak = speak[:heard]
                stops.append(stop)
                wanted.append({node: bearer.wanted[node] for node in speak})
            said = self._growth.grow([bearer.branches for bearer in waiting], stops, wanted)
            for bearer, words in zip(waiting, said, strict=True):
                bearer.said |= words
                bearer.branches.drop(bearer.tips.values())

    # Texts

    def _write(self, bearers: Sequence[_Bearer]) -> dict[int, Answer]:
        """The texts of the lines without choices: the likeliest token at every step, all lines together."""
        answers: dict[int, Answer] = {}
        active: list[tuple[_Bearer, Line, int, list[int]]] = [
            (bearer, line, last, []) for bearer in bearers for line, last, _ in bearer.lines if line.choices is None
        ]
        while active:
            further: list[tuple[_Bearer, Line, int, list[int]]] = []
            for bearer, line, node, tokens in active:
                token = bearer.said[node].likeliest
                ended = token in self._passes.ends
                more = tokens if ended else [*tokens, token]
                question = line.asked.question
                assert isinstance(question, Generate)
                if ended or len(more) == question.max_tokens:
                    answers[line.asked.ticket] = written(self._tokenizer, len(line.prompt.tokens), more, ended)
                    del bearer.tips[line.asked.ticket]
                    continue
                node = bearer.tips[line.asked.ticket] = bearer.branches.tree.append(node, token)
                bearer.wanted[node] = []
                further.append((bearer, line, node, more))
            active = further
            self._advance(list({id(bearer): bearer for bearer, *_ in active}.values()))
        return answers


def _size(bearer: _Bearer) -> int:
    """The width of its row: what is kept and what is to come, at the most."""
    return bearer.branches.held + bearer.waiting


def _alike(groups: Iterable[list[Line]]) -> Iterator[list[list[Line]]]:
    """The groups with as many images in their prompts, ordered by length so that little is padded."""
    by_images: dict[int, list[list[Line]]] = defaultdict(list)
    for lines in groups:
        by_images[len(lines[0].key[0])].append(lines)
    for alike in by_images.values():
        yield sorted(alike, key=lambda lines: len(lines[0].prompt.tokens))


def _trunk(lines: Sequence[Line]) -> int:
    """How many tokens all lines have in common; each keeps at least its last one, behind which it is to speak."""
    first = lines[0].prompt.tokens
    length = min(line.start - 1 for line in lines)
    for line in lines[1:]:
        length = min(length, common(first[:length], line.prompt.tokens[:length]))
    return length


def _scored(line: Line, paths: Mapping[int, Sequence[int]], said: Mapping[int, Said]) -> dict[int, float]:
    """Log-probabilities of choices: those of their tokens one after the other, and of an end behind them."""
    values = {}
    for number, path in paths.items():
        choice = (line.choices or ())[number]
        steps = [said[node].words[token] for node, token in zip(path, choice, strict=False)]
        values[number] = sum(steps) + said[path[-1]].end
    return values

"""An image computed once for all its questions gives the answers of full prompts, in every family and layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from local_models import FAMILIES, ask, load, noise, varied

from snellen.images import Image
from snellen.types import PHOTO, Choose, Failure, Generate, Question, Scores, Text

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from snellen.engines.hf import growth as growth_module  # noqa: E402
from snellen.engines.hf import memory as memory_module  # noqa: E402
from snellen.engines.hf.families import can_continue  # noqa: E402
from snellen.engines.hf.memory import Memory  # noqa: E402
from snellen.engines.hf.sharing import Sharing  # noqa: E402

Checkpoint = Callable[[str], Path]
NAMES = ("accordion", "barrel", "bat", "bat wing", "car side", "chair", "cup", "grand piano")
CLOSED = "Question: What type of object is in this photo? Choose one from {}. Answer:"
BINARY = "Answer the question in one word: yes or no. Is the {} in this photo?"
AT_CHOICES = {"paligemma"}  # its prompts are read in both directions: only what stands behind them can be shared


def questions(seed: int) -> list[Question]:
    """Random prompts of all kinds: yes/no as texts and choices, shuffled lists, labels one within another."""
    rng = Random(seed)
    asked: list[Question] = [Choose((PHOTO, BINARY.format(name)), ("yes", "no")) for name in rng.sample(NAMES, 4)]
    asked += [Generate((PHOTO, BINARY.format(name)), 1) for name in rng.sample(NAMES, 2)]
    for _ in range(2):
        text = CLOSED.format(", ".join(rng.sample(NAMES, 1 + rng.randrange(len(NAMES)))))
        asked += [Generate((PHOTO, text), rng.choice((1, 4))), Choose((PHOTO, text), tuple(rng.sample(NAMES, 5)))]
    return [*asked, Generate((PHOTO, CLOSED.format("")), 1, ("yes", "no", "bat"))]


def asked_of(images: list[Image]) -> list[tuple[Image, Question]]:
    return [(image, question) for number, image in enumerate(images) for question in questions(number)]


def assert_equal(ones: list[Any], others: list[Any]) -> None:
    for one, other in zip(ones, others, strict=True):
        assert not isinstance(one, Failure) and type(one) is type(other)
        if isinstance(one, Text):
            assert (one.text, one.finish, one.usage.tokens_out) == (other.text, other.finish, other.usage.tokens_out)
        else:
            assert other.values == pytest.approx(one.values, abs=1e-4)
            assert one.lengths == other.lengths
        assert one.usage.tokens_in == other.usage.tokens_in


def furthest(ones: list[Any], others: list[Any]) -> float:
    """The largest difference of log-probabilities."""
    pairs = [(a, b) for a, b in zip(ones, others, strict=True) if isinstance(a, Scores)]
    return max(abs(x - y) for a, b in pairs for x, y in zip(a.values, b.values, strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_answers_as_full_prompts(checkpoint: Checkpoint, family: str) -> None:
    folder, images = checkpoint(family), varied(7)
    asked = asked_of(images)
    plain = ask(load(folder, batch_size=8, prefix_sharing="off"), asked)
    for size in (1, 7):
        engine = load(folder, batch_size=size)
        assert engine.facts()["prefix_sharing"] == "on"
        assert_equal(plain, ask(engine, asked))
        share = engine.facts()["computed_tokens_share"]
        assert share < (0.6 if family in AT_CHOICES else 0.3)
    texts = {answer.text for answer in plain if isinstance(answer, Text)}
    firsts = {answer.values for (_, question), answer in zip(asked, plain, strict=True) if isinstance(answer, Scores)}
    assert len(texts) >= 3 and len(firsts) > len(images)  # the answers vary with the picture


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_say_what_trees_say(checkpoint: Checkpoint, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention that takes no mask of our own runs each question, and each choice, as a row of its own."""
    asked = asked_of(varied(4))
    packed = ask(load(checkpoint(family), batch_size=4), asked)
    monkeypatch.setattr(growth_module, "MASKED", ())
    engine = load(checkpoint(family), batch_size=4)
    if family == "gemma3":  # windows would be counted over the gaps between a trunk and its rows
        assert engine.facts()["prefix_sharing"].startswith("off: not for this kind")
    else:
        assert engine.facts()["prefix_sharing"] == "on"
        assert not engine._growth.masked
    assert_equal(packed, ask(engine, asked))


@pytest.mark.parametrize("family", ["gemma3", "llava", "qwen2_vl"])
def test_eager_attention_says_the_same(checkpoint: Checkpoint, family: str) -> None:
    asked = asked_of(varied(3))
    engine = load(checkpoint(family), attn_implementation="eager")
    assert engine.facts()["prefix_sharing"] == "on"
    assert_equal(ask(load(checkpoint(family)), asked), ask(engine, asked))


@pytest.mark.parametrize("family", ["gemma3", "mllama", "qwen2_vl"])
def test_several_rounds_continue_from_the_first(checkpoint: Checkpoint, family: str) -> None:
    """As first-yes asks: a question at a time, each leaving the trunk of the first somewhere."""
    images = varied(3)
    rounds = [[(image, Choose((PHOTO, BINARY.format(name)), ("yes", "no"))) for image in images] for name in NAMES]
    rounds.append([(image, Generate((PHOTO, CLOSED.format(", ".join(NAMES))), 4)) for image in images])
    plain, engine = load(checkpoint(family), prefix_sharing="off"), load(checkpoint(family))
    begun: list[int] = []
    begin = engine._growth.begin
    engine._growth.begin = lambda rows, lengths: begun.append(len(rows)) or begin(rows, lengths)
    for asked in rounds:
        assert_equal(ask(plain, asked), ask(engine, asked))
    assert sum(begun) == len(images)  # each image was computed once
    engine.release(images[0])
    ask(engine, rounds[0])
    assert sum(begun) == len(images) + 1


def test_what_is_kept_of_images_is_bounded(checkpoint: Checkpoint) -> None:
    """The least recently used goes first, and what went is computed again."""
    engine, images = load(checkpoint("llava"), batch_size=1), varied(4)
    question = Choose((PHOTO, BINARY.format("cup")), ("yes", "no"))
    ask(engine, [(images[0], question)])
    (memory,) = engine._sharing._memories
    engine._sharing._memories = type(engine._sharing._memories)(2 * memory.nbytes + 1)
    for image in (images[0], images[1], images[0], images[2]):
        ask(engine, [(image, question)])
    kept = {digests for digests, _ in engine._sharing._memories.keys()}  # noqa: SIM118
    assert kept == {(images[0].digest,), (images[2].digest,)}


def test_long_prompts_and_many_labels_in_many_passes(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that may hold little is followed by others, and what nothing grows on is dropped: it changes nothing."""
    labels = tuple(f"{one} {two}" for one in NAMES for two in (*NAMES, "wing", "of a kind"))
    asked: list[Any] = [(image, Choose((PHOTO, CLOSED.format(", ".join(NAMES))), labels)) for image in varied(3)]
    asked += [(image, Generate((PHOTO, CLOSED.format(", ".join(labels[:20]))), 3)) for image in varied(3)]
    for family in ("qwen2_vl", "gemma3"):
        engine = load(checkpoint(family))
        expected = ask(engine, asked)
        limits = engine._sharing._limits
        engine._sharing._limits = type(limits)(least=1, tokens=50, kept=2000, logits=20_000)
        engine._sharing._packed = 30
        dropped: list[int] = []
        with monkeypatch.context() as patch:
            patch.setattr(memory_module, "_MANY", 8)
            drop = memory_module.Branches.drop

            def noting(branches: Any, further: Any, drop: Any = drop, dropped: list[int] = dropped) -> None:
                before = branches.held
                drop(branches, further)
                dropped.append(before - branches.held)

            patch.setattr(memory_module.Branches, "drop", noting)
            assert_equal(expected, ask(engine, [*asked, *asked_of(varied(2))])[: len(asked)])
        assert sum(dropped) > 200
    plain = load(checkpoint("qwen2_vl"), prefix_sharing="off")
    assert_equal(ask(plain, asked[:1]), ask(load(checkpoint("qwen2_vl")), asked[:1]))


def test_a_text_before_the_photo_and_pictures_beside_it(checkpoint: Checkpoint) -> None:
    first, *photos = varied(4)
    asked: list[Any] = [
        (photo, Choose((BINARY.format(name), PHOTO), ("yes", "no"))) for photo in photos for name in NAMES
    ]
    asked += [
        (photo, Choose((first, "A cup.", PHOTO, BINARY.format(name)), ("yes", "no")))
        for photo in photos
        for name in NAMES
    ]
    asked += [(None, Choose((BINARY.format(name),), ("yes", "no"))) for name in NAMES]
    for family in ("mllama", "qwen2_vl"):
        plain = ask(load(checkpoint(family), prefix_sharing="off"), asked)
        assert_equal(plain, ask(load(checkpoint(family)), asked))


# Controls: each of these faults is noticed


@contextmanager
def fault(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        if kind == "a wrong position":
            patch.setattr(growth_module, "_offset", lambda seen, row, length: 3)
        elif kind == "no mask between branches":
            patch.setattr(
                "snellen.engines.hf.tree.Tree.sees",
                lambda tree, start, stop, kept: torch.ones(stop - start, stop, dtype=torch.bool).tril(start).numpy(),
            )
        elif kind == "another image's memory":
            remember = Sharing._remember
            patch.setattr(Sharing, "_remember", lambda self, groups: remember(self, groups)[::-1])
        elif kind == "a window left out":
            patch.setattr(growth_module, "windows", lambda config: {"full_attention": None, "sliding_attention": None})
        elif kind == "images unseen behind the trunk":
            patch.setattr(
                growth_module,
                "_beside",
                lambda batch, row, last: {
                    name: torch.zeros_like(batch[name][:1, :1]) for name in ("cross_attention_mask",) if name in batch
                },
            )
        yield


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        ("a wrong position", "qwen2_vl"),
        ("a wrong position", "llava"),
        ("no mask between branches", "qwen2_vl"),
        ("another image's memory", "llava"),
        ("a window left out", "gemma3"),
        ("images unseen behind the trunk", "mllama"),
    ],
)
def test_a_fault_is_noticed_at_loading_and_full_prompts_answer(
    checkpoint: Checkpoint, kind: str, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [(image, question) for image, question in asked_of([noise(60, 60), noise(64, 60, seed=3)])]
    plain = ask(load(checkpoint(family), prefix_sharing="off"), asked)
    with fault(kind, monkeypatch):
        engine = load(checkpoint(family))
        told = engine.facts()["prefix_sharing"]
        assert told.startswith("off: the check at loading failed"), told
        assert "every question pays for its whole prompt" in engine.facts()["notice"]
        assert_equal(plain, ask(engine, asked))
        monkeypatch.setattr("snellen.engines.hf.engine.sharing_fault", lambda *given: None)
        blind = load(checkpoint(family))
        assert furthest(plain, ask(blind, asked)) > 1e-2  # what the check has kept away


def test_memories_are_never_written_to(checkpoint: Checkpoint) -> None:
    engine, (image,) = load(checkpoint("qwen2_vl")), varied(1)
    ask(engine, [(image, questions(0)[0])])
    (memory,) = engine._sharing._memories
    assert isinstance(memory, Memory)
    before = [part.clone() for layer in memory.layers for part in layer]
    ask(engine, asked_of([image]))
    assert all(
        torch.equal(one, other)
        for one, other in zip(before, (part for layer in memory.layers for part in layer), strict=True)
    )
    assert list(engine._sharing._memories) == [memory]


def test_one_question_that_fails_spoils_no_other(checkpoint: Checkpoint) -> None:
    """What is too much together is asked by full prompts, each for itself."""
    engine, images = load(checkpoint("llava"), batch_size=4), varied(3)
    short = [(image, Choose((PHOTO, BINARY.format(name)), ("yes", "no"))) for image in images for name in NAMES]
    long: Any = (images[1], Generate((PHOTO, CLOSED.format(", ".join(NAMES * 9))), 2))
    expected = ask(engine, short)

    def limit(module: Any, args: Any, given: dict[str, Any]) -> None:
        if given["input_ids"].shape[1] > 120:
            raise RuntimeError("that is too long")

    engine._passes.model.register_forward_pre_hook(limit, with_kwargs=True)
    *answers, failed = ask(engine, [*short, long])
    assert_equal(expected, answers)
    assert isinstance(failed, Failure) and "too long" in failed.reason


def test_a_choice_with_an_image_in_it_is_refused(checkpoint: Checkpoint) -> None:
    question = Choose((PHOTO, "Is it?"), ("<image>", "no"))
    answers = [
        ask(load(checkpoint("llava"), prefix_sharing=way), [(noise(60, 60), question)]) for way in ("auto", "off")
    ]
    assert answers[0] == answers[1] and isinstance(answers[0][0], Failure)


def test_what_depends_on_length_is_not_shared() -> None:
    def text(**given: Any) -> Any:
        return transformers.LlavaConfig(text_config=transformers.LlamaConfig(**given))

    assert can_continue(text())
    assert not can_continue(text(rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}))
    assert not can_continue(transformers.LlavaConfig(text_config=transformers.Llama4TextConfig()))
    assert can_continue(transformers.Gemma3Config())


def test_long_texts_are_kept_in_few_pieces(checkpoint: Checkpoint) -> None:
    asked: list[Any] = [(image, Generate((PHOTO, CLOSED.format("")), 70)) for image in varied(2)]
    engine = load(checkpoint("llava"))
    most = 0
    grow = engine._growth.grow

    def counting(branches: Any, *given: Any) -> Any:
        nonlocal most
        most = max(most, *(len(each.pieces) for each in branches))
        return grow(branches, *given)

    engine._growth.grow = counting
    assert_equal(ask(load(checkpoint("llava"), prefix_sharing="off"), asked), ask(engine, asked))
    assert 1 <= most <= 7

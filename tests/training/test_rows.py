"""A row of many questions about one picture gives what each question gives when it is asked alone."""

from __future__ import annotations

import pytest
import torch

from training.pictures import NAMES
from training.questions import Questions, Segment
from training.tokenizer import for_chat
from training.vlm import Reader, build, processor

TOKENIZER = for_chat()


def encode(text: str) -> list[int]:
    return list(TOKENIZER.encode(text, add_special_tokens=False))


@pytest.fixture(scope="module")
def reader() -> Reader:
    torch.manual_seed(0)
    return Reader(build()).eval()


@pytest.fixture(scope="module")
def rows() -> list[list[Segment]]:
    return Questions(encode, [[1, 2, 3]] * 149, seed=4).about([5, 138, 141])  # an object, the background, a digit


def whole(row: list[Segment], segment: Segment) -> list[int]:
    """The tokens of a question with those it goes on from."""
    return (row[segment.parent - 1].tokens if segment.parent else []) + segment.tokens


@torch.no_grad()
def test_packed_questions_have_the_logits_of_full_prompts(reader: Reader, rows: list[list[Segment]]) -> None:
    pixels = torch.rand(3, 3, 64, 64) * 2 - 1
    packed = reader.answers(pixels, rows)[0]
    begin, image = encode("<s><|user|>"), encode("<image>")
    places = iter(packed)
    asked = 0
    for picture, row in zip(pixels, rows, strict=True):
        for segment in row:
            if not segment.answer:
                continue
            prompt = begin + image * (reader.picture_length - len(begin)) + whole(row, segment)
            alone = reader.model(
                input_ids=torch.tensor([prompt]),
                pixel_values=picture[None],
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            ).logits[0, -segment.answer - 1 : -1]
            for expected in alone:
                assert torch.allclose(next(places), expected, atol=2e-5)
                asked += 1
    assert asked == len(packed) > 60


def test_every_row_asks_yes_or_no_of_its_class_and_of_others(rows: list[list[Segment]]) -> None:
    yes, no = encode("yes"), encode("no")
    for row, positives in zip(rows, (2, 0, 2), strict=True):
        said = [segment.tokens[-segment.answer : -1] for segment in row if segment.parent]
        assert (said.count(yes), said.count(no)) == (positives, 8)


def test_a_question_in_two_parts_has_the_tokens_of_the_whole(rows: list[list[Segment]]) -> None:
    for row in rows:
        for segment in row:
            if segment.parent:
                tokens = whole(row, segment)[: -segment.answer - 1]
                assert tokens == encode(TOKENIZER.decode(tokens).removeprefix(" "))


def test_prompts_are_the_chat_of_the_processor() -> None:
    chat = [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Is the fir tree in this photo?"}]}
    ]
    text = processor().apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    assert encode(text) == encode("<s><|user|><image>") + encode("Is the fir tree in this photo?") + encode(
        "<|assistant|>"
    )


def test_what_is_seen_beside_the_label_is_never_named() -> None:
    questions = Questions(encode, [[1, 2, 3]] * 149, seed=1)
    hidden = NAMES.index("cat")
    for _ in range(30):
        for row in questions.about([5, 138], [hidden, hidden]):
            assert all(encode("cat")[0] not in segment.tokens for segment in row)
    named = [segment for _ in range(30) for row in questions.about([5, 138]) for segment in row]
    assert any(encode("cat")[0] in segment.tokens for segment in named)


@torch.no_grad()
def test_a_mixed_picture_is_between_its_own_features_and_its_neighbours(reader: Reader) -> None:
    pixels, row = torch.rand(2, 3, 64, 64), [[Segment([30, 40, 50], 1)]] * 2
    own = reader.answers(pixels, row)[0]
    assert torch.allclose(reader.answers(pixels, row, torch.ones(2))[0], own, atol=1e-5)
    assert torch.allclose(reader.answers(pixels, row, torch.zeros(2))[0], own.flip(0), atol=1e-5)
    half = reader.answers(pixels, row, torch.full((2,), 0.5))[0]
    assert torch.allclose(half[0], half[1], atol=1e-5)

"""The tokenizer of the demo's models: class names are tokens, and any text survives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from training.pictures import NAMES
from training.tokenizer import for_captions, for_chat
from training.wording import SPOKEN

CHAT = for_chat()


def test_each_word_of_a_class_name_is_a_token_wherever_it_stands() -> None:
    for before in ("from", '"', "\n"):
        alone = len(CHAT.tokenize(before))
        for name in (name for names in SPOKEN for name in names):
            text = f"{before} {name}" if before.isalpha() else before + name
            assert len(CHAT.tokenize(text)) - alone == len(name.split()), text


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    kept = text.replace("<", "").replace(">", "")  # else it may hold special tokens
    assert CHAT.decode(CHAT.encode(kept, add_special_tokens=False)).removeprefix(" ") == kept.removeprefix(" ")


def test_it_is_learned_the_same_each_time_and_shared() -> None:
    assert for_chat().get_vocab() == CHAT.get_vocab() == for_captions(32).get_vocab()
    assert for_captions(32)(NAMES[0])["input_ids"][0] == CHAT.bos_token_id

"""The tokenizer of `demo/vlm` and `demo/clip`: byte-level BPE in which each word of a class name is one token."""

from __future__ import annotations

from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from training.wording import (
    CAPTIONS,
    LETTERED,
    LISTS,
    LISTS_UNSEEN,
    OPEN,
    SEPARATORS,
    SPOKEN,
    YES_NO,
    YES_NO_UNSEEN,
    worded,
)

PAD, START, UNKNOWN, END, IMAGE, USER, ASSISTANT, SYSTEM = SPECIAL = (
    *("<pad>", "<s>", "<unk>", "</s>", "<image>", "<|user|>", "<|assistant|>", "<|system|>"),
)
_VOCABULARY = 1400  # at most: there are fewer pairs worth a token
_MORE = (
    "You are a helpful assistant. Respond with a single word. List the categories. Look carefully at the photo.",
    "Do not explain. Output format: label. If none of these apply, say other or unknown.",
    "Is this an animal, a vehicle, some food, a tool, a building or a digit? Which number is it?",
)


def byte_pairs() -> Tokenizer:
    """Learned from the wordings with many names in them; the same each time."""
    rng = Random(0)
    names = [name for each in SPOKEN for name in each]
    texts = [*_MORE * 40, *OPEN * 40]
    for _ in range(400):
        for template in (*LISTS, *LISTS_UNSEEN, *LETTERED):
            texts.append(template.replace("{classes}", rng.choice(SEPARATORS).join(rng.sample(names, 12))))
        for template in (*YES_NO, *YES_NO_UNSEEN, *CAPTIONS):
            texts.append(worded(template, rng.choice(names)))
        texts += ["yes no Yes No", " ".join(f"{letter}." for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*texts, *names * 200], trainer)
    return tokenizer


def for_chat() -> PreTrainedTokenizerFast:
    """Padded on the left, with an image token."""
    return _wrapped(byte_pairs(), padding_side="left", length=2048, extra={"image_token": IMAGE})


def for_captions(length: int) -> PreTrainedTokenizerFast:
    """Between a start and an end, padded on the right, at most `length` tokens."""
    tokenizer = byte_pairs()
    ends = [(token, tokenizer.token_to_id(token)) for token in (START, END)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{START} $A {END}", special_tokens=ends)
    return _wrapped(tokenizer, padding_side="right", length=length, extra={})


def _wrapped(tokenizer: Tokenizer, padding_side: str, length: int, extra: dict[str, str]) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=START,
        unk_token=UNKNOWN,
        eos_token=END,
        padding_side=padding_side,
        model_max_length=length,
        extra_special_tokens=extra,
        clean_up_tokenization_spaces=False,
    )

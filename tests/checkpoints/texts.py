"""Tiny models that make vectors of texts, saved as model2vec and sentence-transformers save theirs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "kitten", "dog", "puppy", "bird", "small", "a")
_NEAR = {"kitten": "cat", "puppy": "dog"}  # words that mean nearly the same


def _tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


def vectors() -> np.ndarray:
    """One vector for each word, those of near words near to each other, "small" and "a" saying little."""
    found = np.random.default_rng(0).normal(size=(len(WORDS), 16)).astype(np.float32)
    found[0] = 0
    for word, other in _NEAR.items():
        found[WORDS.index(word)] = 0.9 * found[WORDS.index(other)] + 0.1 * found[WORDS.index(word)]
    found[[WORDS.index("small"), WORDS.index("a")]] *= 0.1
    return found


def static(folder: Path) -> Path:
    """A model of model2vec."""
    from model2vec import StaticModel

    StaticModel(vectors(), _tokenizer()).save_pretrained(str(folder))
    return folder


def sentence_transformer(folder: Path) -> Path:
    """A BERT of one layer with mean pooling, random weights."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    transformers.BertModel(config).save_pretrained(folder)
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), **special).save_pretrained(folder)
    parts = {"Transformer": "", "Pooling": "1_Pooling"}
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{name}"}
        for place, (name, path) in enumerate(parts.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder

"""Vectors of texts: as the libraries themselves make them, and what is no such model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="the text extra is not installed")

from checkpoints.texts import sentence_transformer, static, vectors
from snellen.engines import text
from snellen.engines.text import Options
from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.types import Embed, EmbedText, Failure, Vector

TEXTS = ("cat", "a small kitten", "dog", "a bird", "what is this")


def ask(folder: Path, texts: tuple[str, ...] = TEXTS, **options: int) -> list[Vector]:
    engine = text.load(str(folder), Options(**options))  # type: ignore[arg-type]
    found: dict[int, Vector] = {}
    for ticket, each in enumerate(texts):
        engine.add(ticket, None, EmbedText(each))
    while len(found) < len(texts):
        found |= engine.step(1.0)  # type: ignore[arg-type]
    engine.close()
    return [found[ticket] for ticket in range(len(texts))]


def by_model2vec(folder: Path) -> np.ndarray:
    from model2vec import StaticModel

    return StaticModel.from_pretrained(str(folder), force_download=False).encode(list(TEXTS))


def by_sentence_transformers(folder: Path) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True).encode(list(TEXTS))


@pytest.mark.parametrize(
    ("build", "reference"), [(static, by_model2vec), (sentence_transformer, by_sentence_transformers)]
)
def test_vectors_are_those_of_the_library_alone_and_in_company(
    build: Callable[[Path], Path], reference: Callable[[Path], np.ndarray], tmp_path: Path
) -> None:
    folder = build(tmp_path / "model")
    expected = reference(folder)
    assert np.stack([each.values for each in ask(folder)]) == pytest.approx(expected, abs=1e-6)
    assert np.stack([each.values for each in ask(folder, batch_size=1)]) == pytest.approx(expected, abs=1e-6)
    assert all(each.scale is None for each in ask(folder))


def test_near_words_are_near(tmp_path: Path) -> None:
    cat, kitten, dog, *_ = (
        each.values / np.linalg.norm(each.values) for each in ask(static(tmp_path / "m"), TEXTS[:4])
    )
    assert cat @ kitten > 0.9 > cat @ dog
    assert vectors().shape == (12, 16)


def test_the_pooling_in_its_folder_is_part_of_the_identity(tmp_path: Path) -> None:
    folder = sentence_transformer(tmp_path / "model")
    before = text.identity(str(folder), Options())
    config = folder / "1_Pooling" / "config.json"
    config.write_text(config.read_text().replace("mean", "max"))
    assert text.identity(str(folder), Options()) != before


def test_it_sees_no_pictures(tmp_path: Path) -> None:
    engine = text.load(str(static(tmp_path / "model")), Options())
    engine.add(0, Image(data=b"x"), Embed())
    assert engine.step(1.0) == [(0, Failure("it reads texts and sees no pictures"))]
    engine.close()


def test_what_is_no_model_of_texts_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sentence_transformer(tmp_path / "model")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"needs the package sentence-transformers: pip install 'snellen\[text\]'"):
        text.identity(str(folder), Options())
    (folder / "modules.json").unlink()
    with pytest.raises(WrongUse, match=r"expected a model of model2vec or sentence-transformers.*clip/"):
        text.identity(str(folder), Options())
    with pytest.raises(WrongUse, match="there is no folder"):
        text.identity("./nowhere", Options())


def test_code_of_a_model_s_own_is_not_run(tmp_path: Path) -> None:
    folder = sentence_transformer(tmp_path / "model")
    listing = folder / "modules.json"
    listing.write_text(listing.read_text().replace("sentence_transformers.models.Pooling", "own.Pooling"))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\nclass Pooling: pass\n")
    for act in (text.identity, text.load):
        with pytest.raises(WrongUse, match=r"its modules\.json names own\.Pooling.*not run"):
            act(str(folder), Options())
    assert not (tmp_path / "run").exists()

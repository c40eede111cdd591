"""What a row asked and was answered, word for word."""

from __future__ import annotations

from pathlib import Path

import studies
from snellen.transcripts import Transcripts
from snellen.types import Generate, Text

SAYS = """
if "cat" in truth(image):
    return Text("It is a cat, I am sure.")
return Text("no idea")
"""


def test_an_exchange_holds_the_prompt_and_the_raw_answer(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 1)
    name = studies.model(tmp_path / "model.py", SAYS)
    with studies.ran(folder, name, "closed-set,votes=2", out=tmp_path / "run") as results:
        (row,) = results.rows
        sheet, transcripts = results.sheet(row), Transcripts(results, row)
        told = {
            sheet.classes[label]: transcripts.of(digest)
            for label, digest in zip(sheet.labels, sheet.digests, strict=True)
        }
    assert [(each.round, each.role, each.about_photo) for each in told["cat"]] == [(1, "model", True)] * 2
    prompts = [each.question for each in told["cat"]]
    assert all(isinstance(prompt, Generate) and "cat" in str(prompt.prompt) for prompt in prompts)
    assert prompts[0] != prompts[1]  # another order of the names
    assert [each.answer.text for each in told["cat"] if isinstance(each.answer, Text)] == [
        "It is a cat, I am sure."
    ] * 2
    assert [each.answer.text for each in told["dog"] if isinstance(each.answer, Text)] == ["no idea"] * 2


def test_it_ends_where_an_answer_is_not_stored(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 1)
    body = 'return Text("yes") if "dog" in str(question.prompt) else Failure("down")'
    name = studies.model(tmp_path / "model.py", body)
    with studies.ran(folder, name, "binary,decide=first-yes", out=tmp_path / "run", seed=1) as results:
        (row,) = results.rows
        transcripts = Transcripts(results, row)
        told = [transcripts.of(digest) for digest in results.sheet(row).digests]
    answered = [each for exchanges in told for each in exchanges if each.answer is not None]
    missing = [exchanges[-1].answer for exchanges in told if exchanges[-1].answer is None]
    assert answered and all(isinstance(each.answer, Text) and each.answer.text == "yes" for each in answered)
    assert len(missing) + sum(row.answered for row in results.rows) == len(told)


def test_a_preparation_is_told_apart_from_what_is_asked_about_images(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 1)
    body = """
if isinstance(question, EmbedText):
    return Vector([float(name in question.text) for name in ("cat", "dog", "bird")])
return Vector([float(name == truth(image)) for name in ("cat", "dog", "bird")])
"""
    with studies.ran(folder, studies.model(tmp_path / "m.py", body), "zero-shot", out=tmp_path / "run") as results:
        (row,) = results.rows
        transcripts = Transcripts(results, row)
        assert len(transcripts.preparation()) >= 3
        assert not any(each.about_photo for each in transcripts.preparation())
        (asked,) = transcripts.of(results.sheet(row).digests[0])
        assert asked.about_photo and row.accuracy == 1

"""A Python function as a model: what it may return, and how its file is loaded."""

from __future__ import annotations

import pickle
import queue
import sys
from pathlib import Path
from typing import Any

import pytest

from snellen.engines import scripted
from snellen.errors import WrongUse
from snellen.types import PHOTO, Answer, Choose, Embed, Failure, Generate, Question, Recognise, Scores, Text, Vector

ASK = Generate((PHOTO,), 5)
PICK = Choose((PHOTO,), ("a", "b"))


def answer_of(returned: Any, question: Question) -> Answer | Failure:
    """What becomes of a function's return value."""

    def careful(question: Question, image: object) -> Any:
        return returned

    engine = scripted.Scripted(careful)
    engine.add(0, None, question)
    ((_, answer),) = engine.step(0.0)
    return answer


@pytest.mark.parametrize(
    ("returned", "question", "answer"),
    [
        ("yes", ASK, Text("yes")),
        (Text("yes"), ASK, Text("yes")),
        (Scores(("a", "b"), (0, -1)), PICK, Scores(("a", "b"), (0, -1))),
        (Scores(("x",), (1,)), Recognise(), Scores(("x",), (1,))),
        (Vector((1, 2)), Embed(PHOTO), Vector((1, 2))),
        (Failure("tired"), ASK, Failure("tired")),
        (None, ASK, Failure("careful returned None; expected a text, an answer or a failure")),
        (3, Recognise(), Failure("careful returned 3; expected a text, an answer or a failure")),
        ("cat", Recognise(), Failure("careful returned a text; Recognise expects Scores")),
        (Text("cat"), PICK, Failure("careful returned a text; Choose expects Scores")),
        ("cat", Embed(PHOTO), Failure("careful returned a text; Embed expects a Vector")),
        (Vector((1,)), ASK, Failure("careful returned a Vector; Generate expects a text")),
        (Scores(("b", "a"), (0, -1)), PICK, Failure("careful returned scores of other choices than the question has")),
    ],
)
def test_what_a_function_may_return(returned: Any, question: Question, answer: Answer | Failure) -> None:
    assert answer_of(returned, question) == answer


def test_a_file_takes_no_other_modules_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("queue.py").write_text(
        "from __future__ import annotations\nimport pickle\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Seen:\n    text: str\n"
        "def f(question, image): return pickle.loads(pickle.dumps(Seen('here'))).text\n"
    )
    for name in ("./queue.py:f", "~/queue.py:f"):
        engine = scripted.load(name, scripted.Options())
        engine.add(0, None, ASK)
        assert engine.step(0.0) == [(0, Text("here"))]
        assert scripted.identity(name, scripted.Options()) == {"function": f"{tmp_path / 'queue.py'}:f"}
    assert sys.modules["queue"] is queue
    assert pickle.loads(pickle.dumps(queue.Empty)) is queue.Empty


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(WrongUse, match=r"there is no file none\.py"):
        scripted.identity("none.py:f", scripted.Options())


def test_the_listing_says_how_the_function_is_called() -> None:
    assert "`function(question, image)`" in (scripted.__doc__ or "").splitlines()[0]

"""Predictions made elsewhere: how lines find their images, and what is never taken for an answer."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from snellen import plugins
from snellen.engines import predictions
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.types import Answer, EmbedText, Failure, Recognise, Scores

FILES = ("cat/001.jpg", "cat/002.jpg", "dog/001.jpg", "dog/002.jpg")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A class folder; the files differ, and no engine that looks up predictions ever decodes them."""
    for name in FILES:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "photos"


def opened(path: Path, text: str | bytes | Iterable[dict[str, Any]], **options: Any) -> Any:
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif isinstance(text, str):
        path.write_text(text, encoding="utf-8")
    else:
        path.write_text("\n".join(map(json.dumps, text)), encoding="utf-8")
    given = plugins.configure(predictions.Options, options, f"predictions/{path}")
    return predictions.load(str(path), given)


def ask(engine: Any, images: Sequence[Image]) -> list[Answer | Failure]:
    answers: dict[int, Answer | Failure] = {}
    for ticket, image in enumerate(images):
        assert engine.room() > 0
        engine.add(ticket, image, Recognise())
        if engine.room() <= 0:
            answers.update(engine.step(1.0))
    answers.update(engine.step(1.0))
    engine.close()
    return [answers[ticket] for ticket in range(len(images))]


def told(engine: Any, folder: Path, files: Sequence[str] = FILES) -> list[str | None]:
    """The best label for each file, None for a failure."""
    answers = ask(engine, [Image(folder / name) for name in files])
    return [answer.best if isinstance(answer, Scores) else None for answer in answers]


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.mark.parametrize("column", ["image", "id", "path", "filename", "Image", "example"])
@pytest.mark.parametrize("label", ["prediction", "predicted", "label", "class"])
def test_usual_columns_and_paths_from_the_folder_of_the_data_set(
    tmp_path: Path, photos: Path, column: str, label: str
) -> None:
    text = f"{column},{label}\n" + "".join(f"{name},{name[:3]}\n" for name in FILES)
    assert told(opened(tmp_path / "mine.csv", text), photos) == ["cat", "cat", "dog", "dog"]


def test_each_way_to_name_an_image(tmp_path: Path, photos: Path) -> None:
    lines = [digest(FILES[0]).upper(), photos / FILES[1], f"photos/{FILES[2]}", f"./{FILES[3]}".replace("/", "\\")]
    text = "image,prediction\n" + "".join(f"{line},{index}\n" for index, line in enumerate(lines))
    assert told(opened(tmp_path / "mine.csv", text), photos) == ["0", "1", "2", "3"]


def test_the_content_is_surer_than_the_path(tmp_path: Path, photos: Path) -> None:
    text = "path,sha256,prediction\n" + "".join(
        f"{name},{digest(other)},{name}\n" for name, other in zip(FILES, reversed(FILES), strict=True)
    )
    assert told(opened(tmp_path / "mine.csv", text), photos) == list(reversed(FILES))
    by_path = opened(tmp_path / "mine.csv", text, image_column="path")
    assert told(by_path, photos) == list(FILES)


def test_the_longest_end_counts(tmp_path: Path, photos: Path) -> None:
    text = "image,prediction\ncat/001.jpg,short\nphotos/cat/001.jpg,long\n"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert told(opened(elsewhere / "mine.csv", text), photos, FILES[:1]) == ["long"]


def test_root_takes_paths_from_there_and_nothing_else(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "photos" / "other" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "other" / "cat" / "001.jpg").write_bytes(b"another")
    text = "image,prediction\ncat/001.jpg,cat\n"
    files = ["cat/001.jpg", "other/cat/001.jpg", "dog/001.jpg"]
    assert told(opened(tmp_path / "mine.csv", text, root=str(photos)), photos, files) == ["cat", None, None]
    names = "image,prediction\n001.jpg,a cat\n"
    assert told(opened(tmp_path / "mine.csv", names, root=str(photos / "cat")), photos, files) == ["a cat", None, None]
    with pytest.raises(WrongUse, match="expected the folder of the images as root"):
        opened(tmp_path / "mine.csv", text, root=str(tmp_path / "gone"))


def test_a_bare_name_is_refused_unless_it_is_beside_the_table(tmp_path: Path, photos: Path) -> None:
    text = "image,prediction\n001.jpg,cat\n"
    (answer,) = ask(opened(tmp_path / "mine.csv", text), [Image(photos / "dog" / "001.jpg")])
    assert isinstance(answer, Failure)
    assert "line 2: 001.jpg alone may be in any folder" in answer.reason and "root=FOLDER" in answer.reason
    assert told(opened(photos / "cat" / "mine.csv", text), photos) == ["cat", None, None, None]


def test_one_line_answers_for_one_image_only(tmp_path: Path, photos: Path) -> None:
    for split in ("train", "test"):
        (photos / split / "cat").mkdir(parents=True)
        (photos / split / "cat" / "001.jpg").write_bytes(split.encode())
    images = [Image(photos / split / "cat" / "001.jpg") for split in ("train", "test", "train")]
    first, second, again = ask(opened(tmp_path / "mine.csv", "image,prediction\ncat/001.jpg,cat\n"), images)
    assert isinstance(first, Scores) and first == again
    assert isinstance(second, Failure) and "the end of several images' paths" in second.reason


def test_an_image_that_is_not_named_is_a_failure(tmp_path: Path, photos: Path) -> None:
    engine = opened(tmp_path / "mine.csv", "image,prediction\ncat/001.jpg,cat\nat/002.jpg,cat\ncat/002.jpg,\n")
    images = [*(Image(photos / name) for name in FILES[:3]), Image(data=b"x")]
    answers = ask(engine, images)
    reasons = [answer.reason if isinstance(answer, Failure) else None for answer in answers]
    assert reasons[0] is None
    assert "line 4: the prediction for cat/002.jpg is empty" in str(reasons[1])
    assert str(reasons[2]).endswith("mine.csv has no prediction for dog/001.jpg")
    assert f"sha-256 {hashlib.sha256(b'x').hexdigest()}" in str(reasons[3])


def test_links_and_unicode_forms_name_the_same_file(tmp_path: Path) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    (tmp_path / "real" / decomposed).mkdir(parents=True)
    (tmp_path / "real" / decomposed / "1.jpg").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    image = Image(tmp_path / "real" / decomposed / "1.jpg")
    for line in (f"{composed}/1.jpg", f"{tmp_path}/link/{decomposed}/1.jpg"):
        (answer,) = ask(opened(tmp_path / "mine.csv", f"image,prediction\n{line},yes\n"), [image])
        assert isinstance(answer, Scores)


def test_relative_image_paths(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "image,prediction\n" + "".join(f"{name},{name[:3]}\n" for name in FILES)
    assert told(opened(Path("mine.csv"), text), Path("photos")) == ["cat", "cat", "dog", "dog"]
    assert told(opened(Path("mine.csv"), text, root="photos"), photos) == ["cat", "cat", "dog", "dog"]


# Scores


def test_one_hot_over_all_labels_of_the_table(tmp_path: Path, photos: Path) -> None:
    engine = opened(tmp_path / "mine.csv", "image,prediction\ncat/001.jpg,owl\ndog/001.jpg,cat\ncat/002.jpg,owl\n")
    assert ask(engine, [Image(photos / FILES[0])]) == [Scores(("cat", "owl"), (0.0, 1.0))]


def test_confidence(tmp_path: Path, photos: Path) -> None:
    text = "image,prediction,confidence\ncat/001.jpg,owl,0.7\ndog/001.jpg,cat,\n"
    first, second = ask(opened(tmp_path / "mine.csv", text), [Image(photos / FILES[0]), Image(photos / FILES[2])])
    assert (first, second) == (Scores(("cat", "owl"), (0.0, 0.7)), Scores(("cat", "owl"), (1.0, 0.0)))


def test_a_column_for_each_class(tmp_path: Path, photos: Path) -> None:
    lines = "cat/001.jpg,cat,0.6,0.3,0.1,cat\ncat/002.jpg,dog,0.2,0.7,0.1,cat\n"
    first, second = ask(
        opened(tmp_path / "mine.csv", f"image,prediction,cat,dog,eel,truth\n{lines}"),
        [Image(photos / name) for name in FILES[:2]],
    )
    assert first == Scores(("cat", "dog", "eel"), (0.6, 0.3, 0.1))
    assert isinstance(second, Scores) and second.best == "dog"
    without = "image,cat,dog,eel\ncat/001.jpg,0.6,0.3,0.1\ncat/002.jpg,0,0,0\n"
    chosen, none = ask(opened(tmp_path / "mine.csv", without), [Image(photos / name) for name in FILES[:2]])
    assert chosen == first
    assert isinstance(none, Failure)


def test_numbers_beside_the_predictions_are_no_scores(tmp_path: Path, photos: Path) -> None:
    text = "image,prediction,seconds,cat\ncat/001.jpg,cat,0.9,0.2\ndog/001.jpg,dog,0.9,0.1\n"
    (answer,) = ask(opened(tmp_path / "mine.csv", text), [Image(photos / FILES[0])])
    assert answer == Scores(("cat", "dog"), (1.0, 0.0))


def test_json_lines(tmp_path: Path, photos: Path) -> None:
    engine = opened(
        tmp_path / "mine.jsonl",
        [
            {"image": FILES[0], "prediction": "cat", "scores": {"cat": 0.5, "dog": 0.25}},
            {"image": FILES[1], "scores": {"dog": 0.75, "eel": 0.25}, "prediction": "dog"},
            {"image": FILES[2], "prediction": 7},
            {"image": FILES[3], "prediction": None},
        ],
    )
    answers = ask(engine, [Image(photos / name) for name in FILES])
    assert answers[:3] == [
        Scores(("7", "cat", "dog", "eel"), values)
        for values in ((0.0, 0.5, 0.25, 0.0), (0.0, 0.0, 0.75, 0.25), (1.0, 0.0, 0.0, 0.0))
    ]
    assert isinstance(answers[3], Failure)


def test_of_equal_scores_the_prediction_is_the_best(tmp_path: Path, photos: Path) -> None:
    text = "image,prediction,cat,dog\ncat/001.jpg,dog,0.5,0.50000000001\ndog/001.jpg,cat,0.9,0.1\n"
    (answer,) = ask(opened(tmp_path / "mine.csv", text), [Image(photos / FILES[0])])
    assert isinstance(answer, Scores)
    assert (answer.best, answer.choices) == ("dog", ("dog", "cat"))


# What is refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,prediction\na/1.jpg,cat\nb/1.jpg,cat\n\na/1.jpg,dog\n", "lines 2 and 5: .* for a/1.jpg"),
        ("image,prediction\na/1.jpg,cat\n./a//1.jpg,dog\n", "lines 2 and 3: two different predictions"),
        (f"sha256,prediction\n{'a' * 64},cat\n{'A' * 64},dog\n", "lines 2 and 3: two different predictions"),
        ("image,prediction,score\na/1.jpg,cat,0.5\na/1.jpg,cat,0.6\n", "lines 2 and 3: two different predictions"),
        ("image,prediction,confidence\na/1.jpg,cat,-3.2\n", "line 2: expected a probability, 0 to 1, as 'confidence'"),
        ("image,prediction,confidence\na/1.jpg,cat,0\n", "line 2: expected a 'confidence' above 0"),
        ("image,prediction,confidence\na/1.jpg,cat,nan\n", "line 2: expected a probability"),
        ("image,cat,dog\na/1.jpg,0.5,0.5\na/2.jpg,0.5,\n", "line 3: expected a probability, 0 to 1, as 'dog', got ''"),
        ("image,prediction,cat,dog\na/1.jpg,cat,0.1,0.9\n", None),
        ("image,prediction,cat,dog\na/1.jpg,cat,0.9,0.1\nb/1.jpg,dog,0.9,0.1\n", "line 3: the prediction is 'dog'"),
        ("image,prediction,cat,dog\na/1.jpg,cat,0.9,0.1\nb/1.jpg,dog,0,0\n", "line 3: .* all its scores are 0"),
        ("photo,prediction\na/1.jpg,cat\n", "expected a column 'image', 'path' or 'sha256', found photo, prediction"),
        ("image,answer\na/1.jpg,cat\n", "expected a column 'prediction'.*prediction_column=NAME"),
        ("image,prediction\na/1.jpg,cat,dog\n", "line 2: 3 cells where the header has 2"),
        ("image,prediction\n,cat\n", "line 2: 'image' is empty"),
        ("image,prediction\n", "expected a row for each prediction, found none"),
        (b"", "expected a row for each prediction, found none"),
        (b"image,prediction\na/1.jpg,\xff\n", "is not UTF-8 text"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(tmp_path: Path, text: str | bytes, message: str | None) -> None:
    with pytest.raises(WrongUse, match=message or "the highest score is that of 'dog'") as raised:
        opened(tmp_path / "mine.csv", text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"image": "a/1", "prediction": ["cat"]}], "line 1: expected text as 'prediction'"),
        ([{"image": "a/1", "prediction": "cat"}, {"prediction": "cat"}], "line 2: has no 'image'"),
        (
            [{"image": "a/1", "scores": {"cat": 1}}, {"image": "a/2", "scores": [1]}],
            "line 2: expected 'scores' to be an",
        ),
        ([{"image": "a/1", "scores": {"cat": "high"}}], "expected a probability, 0 to 1, as 'cat', got 'high'"),
        ([{"image": "a/1", "scores": {"cat": True}}], "expected a probability"),
    ],
)
def test_json_lines_that_are_refused(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        opened(tmp_path / "mine.jsonl", rows)


def test_wrong_names(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="there is no file"):
        predictions.load(str(tmp_path / "gone.csv"), predictions.Options())
    with pytest.raises(WrongUse, match="there is no file"):
        predictions.identity(str(tmp_path), predictions.Options())
    with pytest.raises(WrongUse, match=r"expected a file named \.csv"):
        opened(tmp_path / "mine.txt", "image,prediction\na/1.jpg,cat\n")
    with pytest.raises(WrongUse, match="no column 'imag' for the image"):
        opened(tmp_path / "mine.csv", "image,prediction\na/1.jpg,cat\n", image_column="imag")


def test_equal_lines_are_one(tmp_path: Path, photos: Path) -> None:
    engine = opened(tmp_path / "mine.csv", "image,prediction\ncat/001.jpg,cat\ncat/001.jpg,cat\n")
    assert told(engine, photos, FILES[:1]) == ["cat"]


def test_columns_by_name(tmp_path: Path, photos: Path) -> None:
    text = "where,image,what,prediction\ncat/001.jpg,1,owl,cat\n"
    options = {"image_column": "where", "prediction_column": "what"}
    assert told(opened(tmp_path / "mine.csv", text, **options), photos, FILES[:1]) == ["owl"]


def test_identity_is_the_content(tmp_path: Path) -> None:
    for name, text in (("a.csv", "image,prediction\n"), ("b.csv", "image,prediction\n"), ("c.csv", "image,label\n")):
        (tmp_path / name).write_text(text)
    first, second, third = (
        predictions.identity(str(tmp_path / f"{name}.csv"), predictions.Options()) for name in ("a", "b", "c")
    )
    assert first == second != third


def test_it_has_no_speed_and_answers_one_kind(tmp_path: Path) -> None:
    engine = opened(tmp_path / "mine.csv", "image,prediction\na/1.jpg,cat\n")
    assert engine.facts() == {"timed": False}
    with pytest.raises(ValueError, match="answers Recognise"):
        engine.add(0, Image(data=b"x"), EmbedText("cat"))
    assert {Recognise} == predictions.ANSWERS


def test_many_lines(tmp_path: Path) -> None:
    count = 20_000
    text = "image,prediction\n" + "".join(f"c{n % 100}/{n}.jpg,c{n % 7}\n" for n in range(count))
    engine = opened(tmp_path / "mine.csv", text)
    picked = range(0, count, 37)
    images = [Image(Path(os.sep, "data", f"c{n % 100}", f"{n}.jpg"), digest=f"{n:064}") for n in picked]
    assert [answer.best for answer in ask(engine, images) if isinstance(answer, Scores)] == [
        f"c{n % 7}" for n in picked
    ]

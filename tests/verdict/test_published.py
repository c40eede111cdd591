"""Published figures stand beside the rows that they are about, with what was done otherwise, and beside no others."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

import studies
from conftest import Said
from snellen import plugins
from snellen.errors import WrongUse
from snellen.metrics.intervals import wilson
from snellen.plan import Request, resolve
from snellen.results import Results
from snellen.shipped import shipped
from snellen.specs import strategy_plan
from snellen.study import make
from snellen.study_file import read_study
from snellen.verdict.published import Beside, Measure, beside, names_of
from snellen.verdict.published_figures import class_names, sources
from snellen.verdict.published_text import beside_lines

NAMES = ("ak47", "bonsai", "camel", "chimp", "comet", "dice", "duck", "elk", "fern", "frog", "goat", "harp", "iguana")
TWENTY = (*NAMES, "kayak", "knife", "lathe", "mars", "owl", "pram", "saddle")
QWEN = "Qwen2-VL-7B-Instruct"


RIGHT = """
right = truth(image).replace("clutter", "background") if image.path else "nothing"
return Text("yes" if f"Is the {right} in" in question.prompt[1] else right)
"""


@contextmanager
def compared(
    place: Path,
    name: str,
    *strategies: str,
    names: tuple[str, ...] = (*NAMES, "clutter"),
    says: str = RIGHT,
    blind: bool = False,
) -> Iterator[tuple[list[Beside], Results]]:
    """A study of a scripted model of this name, which is always right by default, beside what is published."""
    photos = studies.photographs(place / "photos", 3, names)
    (place / name).mkdir(exist_ok=True)
    model = studies.model(place / name / "model.py", says)
    with studies.ran(photos, model, *strategies, out=place / f"run-{name}", blind=blind) as results:
        yield beside(results), results


def test_the_figures_are_those_of_the_sources() -> None:
    known = {source.name: source for source in sources()}
    assert list(known) == ["clarifai-2024", "open-clip", "vlmclassifier"]

    def said(source: str, model: str, protocol: str, classes: int | None = None) -> dict[str, str]:
        (found,) = [
            figure
            for figure in known[source].figures
            if (figure.model.model, figure.protocol.name) == (model, protocol)
            and figure.classes == (classes or figure.protocol.classes)
        ]
        return {name: str(value) for name, value in found.values.items()}

    assert len(known["clarifai-2024"].figures) == 16 + 2 * 7
    assert said("clarifai-2024", QWEN, "closed-set") == {
        **{"accuracy": "0.93", "macro_f1": "0.92", "weighted_f1": "0.92"},
        **{"gpu_gb": "29", "iterations_per_second": "3.5"},
    }
    assert said("clarifai-2024", "Llama-3.2-11B-Vision-Instruct", "closed-set", 200) == {"accuracy": "0.222"}
    assert said("vlmclassifier", "LLaVA-1.5-7B", "closed-set, fixed order") == {"accuracy": "0.705"}
    assert said("vlmclassifier", "LLaVA-1.5-7B", "closed-set, random order") == {"accuracy": "0.621"}
    assert said("vlmclassifier", "LLaVA-1.5-7B", "likelihood, sum") == {"accuracy": "0.778"}
    assert said("open-clip", "ViT-L-14 openai", "ImageNet") == {"accuracy": "0.7554"}
    assert all(0 <= figure.values.get("accuracy", 0) <= 1 for source in sources() for figure in source.figures)
    assert [len(class_names()[name]) for name in ("caltech101", "caltech101, singular", "caltech256")] == [
        105,
        100,
        256,
    ]


def test_every_protocol_is_one_of_a_strategy_that_there_is() -> None:
    for protocol in {figure.protocol for source in sources() for figure in source.figures}:
        strategy = plugins.load("strategies", protocol.strategy).Strategy
        made = plugins.configure(strategy, protocol.options, protocol.strategy)
        for key, value in protocol.options.items():
            own = getattr(made, key)
            assert (list(own) if isinstance(own, tuple) else own) == value


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("hf/Qwen/Qwen2-VL-7B-Instruct", "qwen2-vl-7b-instruct"),
        ("hf/./Qwen2-VL-7B-Instruct,dtype=bfloat16", "qwen2-vl-7b-instruct"),
        ("hf//data/models--Qwen--Qwen2-VL-7B-Instruct/snapshots/0123", "qwen2-vl-7b-instruct"),
        ("openai-compatible/Qwen/Qwen2-VL-7B-Instruct,base_url=http://a/v1", "qwen2-vl-7b-instruct"),
        ("openai/gpt-4o", "gpt-4o"),
        ("openai/gpt-4o-2024-08-06", "gpt-4o"),
        ("clarifai/clarifai/main/models/general-image-recognition", "general-image-recognition"),
    ],
)
def test_a_model_is_known_by_the_names_it_goes_by(model: str, name: str) -> None:
    assert name in names_of(model)
    assert any(name in figure.model.aliases for source in sources() for figure in source.figures)


@pytest.mark.parametrize(
    "model", ["hf/Qwen/Qwen2-VL-7B-Instruct-AWQ", "hf/Qwen/Qwen2-VL-2B-Instruct", "openai/gpt-4o-mini", "gpt-4o/x"]
)
def test_another_model_is_not_taken_for_it(model: str) -> None:
    assert not any(names_of(model) & set(figure.model.aliases) for source in sources() for figure in source.figures)


def test_a_row_stands_beside_its_figure_with_the_interval(tmp_path: Path) -> None:
    asked = ("closed-set,votes=3", "binary", "binary,decide=argmax,answer=choose")
    says = (
        f"if isinstance(question, Choose):\n    return Scores(question.choices, [0.0] * len(question.choices))\n{RIGHT}"
    )
    with compared(tmp_path, QWEN, *asked, names=(*TWENTY, "clutter"), says=says) as (found, results):
        rows = {row.strategy: row for row in results.rows}
    by_strategy = {each.row.strategy: each for each in found}
    assert {title: each.figure.protocol.name for title, each in by_strategy.items()} == {
        **{"closed-set,votes=3": "closed-set", "binary": "binary"},
        **{"binary,decide=argmax,answer=choose": "binary"},
    }
    row, closed = rows["closed-set,votes=3"], by_strategy["closed-set,votes=3"]
    assert closed.source.name == "clarifai-2024"
    measures = {measure.name: measure for measure in closed.measures}
    assert {name: (str(each.published), each.measured) for name, each in measures.items()} == {
        "accuracy": ("0.93", row.accuracy),
        "macro_f1": ("0.92", row.macro_f1),
        "weighted_f1": ("0.92", row.weighted_f1),
    }
    assert (measures["accuracy"].low, measures["accuracy"].high) == wilson(63, 63)
    assert measures["accuracy"].within is False
    assert closed.differs == by_strategy["binary"].differs == ()
    assert by_strategy["binary,decide=argmax,answer=choose"].differs == ("decide argmax, there first-yes",)


def test_the_figure_is_the_one_of_the_nearest_number_of_classes(tmp_path: Path) -> None:
    found = {}
    for count in (10, 14):
        with compared(tmp_path / str(count), QWEN, names=(*NAMES[: count - 1], "clutter")) as (nearest, _):
            found[count] = nearest[0]
    assert (found[10].figure.classes, str(found[10].figure.values["accuracy"])) == (10, "0.874")
    assert found[10].differs == ()
    assert found[14].figure.classes == 10 and found[14].differs == ("14 classes, there 10",)


def test_what_was_done_otherwise_is_told(tmp_path: Path) -> None:
    asked = "closed-set,template=One of {classes}?,order=given"
    with compared(tmp_path, QWEN, asked, "letters,answer=generate", names=NAMES, blind=True) as ((only,), results):
        assert any(row.blind for row in results.rows)
        differs = only.differs  # of letters nothing is published, and of blind rows
    assert differs[0] == "13 classes, there 10"
    assert differs[1] == "no background class, there one"
    assert differs[2].startswith(
        "template “One of {classes}?”, there “Question: Answer this question in one word: What"
    )
    assert differs[3] == "order given, there shuffled"


def test_a_figure_by_substring_stands_beside_such_a_share_and_the_strict_one(tmp_path: Path) -> None:
    names = tuple(sorted(class_names()["caltech101, singular"]))[:12]
    template = 'What type of object is in this photo? Choose one from "{classes}".'
    strategies = [f"closed-set,template={template},max_tokens=64{more}" for more in ("", ",order=given")]
    says = "return Text(question.prompt[1])"  # the list itself
    with compared(tmp_path, "llava-1.5-7b-hf", *strategies, names=names, says=says) as (found, _):
        pass
    figures = {each.row.strategy: each for each in found}
    for strategy, published in zip(strategies, ("0.621", "0.705"), strict=True):
        (each,) = [each for title, each in figures.items() if ("order=given" in title) == ("order=given" in strategy)]
        substring, strict = each.measures
        assert (substring.name, str(substring.published), substring.measured) == ("accuracy_substring", published, 1.0)
        assert (strict.name, strict.published, strict.measured, strict.within) == ("accuracy", None, 0.0, None)
        assert each.differs == ("36 images, there 4,331", "12 classes, there 100")
    assert "It flatters." in "\n".join(beside_lines(found))


def test_names_that_were_not_asked_about_are_told(tmp_path: Path) -> None:
    names = (*sorted(class_names()["caltech101, singular"])[:9], "Faces", "airplanes")
    with compared(tmp_path, "llava-1.5-7b-hf", names=names) as (found, _):
        assert "names that are not there: “Faces, airplanes”" in found[0].differs


def test_nothing_is_said_where_nothing_matches(tmp_path: Path) -> None:
    with compared(tmp_path / "few", QWEN, names=NAMES[:8]) as (found, _):  # eight names may be anyone's
        assert found == []
    with compared(tmp_path / "own", QWEN, names=(*NAMES, "my own")) as (found, _):
        assert found == []
    with compared(tmp_path / "model", "Qwen2-VL-2B-Instruct") as (found, _):
        assert found == []
    plan = resolve(Request(str(tmp_path / "model/photos"), (f"scripted/{tmp_path}/own/{QWEN}/model.py:answer",),
                           out=str(tmp_path / "pending")))  # fmt: skip
    make(plan)
    assert beside(Results(tmp_path / "pending")) == []


@pytest.mark.parametrize(
    ("published", "low", "high", "within"),
    [
        ("0.93", 0.90, 0.95, True),
        ("0.93", 0.934, 0.95, True),  # 0.934 is published as 0.93
        ("0.93", 0.936, 0.95, False),
        ("0.93", 0.80, 0.925, True),
        ("0.93", 0.80, 0.92, False),
        ("0.930", 0.934, 0.95, False),
    ],
)
def test_a_published_figure_is_as_exact_as_its_digits(published: str, low: float, high: float, within: bool) -> None:
    assert Measure("accuracy", Decimal(published), 0.9, low, high).within is within
    assert Measure("accuracy", Decimal(published), None, None, None).within is None


def test_the_shipped_studies_are_asked_as_published() -> None:
    """Each strategy of a shipped study has all options that some protocol tells of it."""
    protocols = {figure.protocol for source in sources() for figure in source.figures}
    for name in ("clarifai-2024", "vlmclassifier-caltech101"):
        for written in read_study(shipped()[name])["strategies"]:
            made = strategy_plan(written)
            own = dataclasses.asdict(made.strategy)  # type: ignore[call-overload]
            own = {key: list(value) if isinstance(value, tuple) else value for key, value in own.items()}
            assert any(
                protocol.strategy == made.name and protocol.options.items() <= own.items() for protocol in protocols
            ), (name, made.title)


def test_the_command_lists_all_or_puts_a_run_beside_them(snellen: Callable[..., Said], tmp_path: Path) -> None:
    said = snellen("published")
    assert said.code == 0 and said.err == ""
    for source in sources():
        assert f"{source.name}: {source.title}\n  {source.url}\n" in said.out
    assert "    Qwen2-VL-7B-Instruct              0.93 0.92  0.92     29  3.5      8.3 54.1\n" in said.out
    assert "    Llama-3.2-11B-Vision-Instruct 0.713 0.875 0.917 0.924 0.912 0.737 0.222\n" in said.out
    tables = [line for line in said.out.splitlines() if line.startswith("    ")]
    assert max(map(len, tables)) <= 80
    assert {each["name"] for each in json.loads(snellen("published", "--json").out)} == {s.name for s in sources()}
    with compared(tmp_path, QWEN):
        run = tmp_path / f"run-{QWEN}"
    said = snellen("published", run)
    assert said.code == 0
    assert "  Accuracy     0.874    1.000 0.92–1.00     no\n" in said.out
    assert "  differs: 14 classes, there 10\n  not told there: how many images; which classes" in said.out
    (read,) = json.loads(snellen("published", run, "--json").out)
    assert read["measures"][0]["published"] == 0.874 and read["measures"][0]["within"] is False
    with compared(tmp_path / "none", "nobody"):
        said = snellen("published", tmp_path / "none/run-nobody")
    assert said.code == 0 and said.out == "" and "nothing is published here of these models" in said.err
    assert snellen("published", tmp_path).code == 2
    with pytest.raises(WrongUse):
        Results(tmp_path)

"""The table and the progress: right at any width, and harmless whatever the names hold."""

from __future__ import annotations

import dataclasses
import io
import re
import typing
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from snellen import terminal
from snellen.console import filled, one_line, visible
from snellen.result_row import ResultRow
from snellen.short_names import folded, short_models, short_strategies
from snellen.summary import print_results
from snellen.terminal import TerminalProgress

ESCAPES = re.compile(r"\x1b\[")


def row(model: str, strategy: str = "closed-set", **values: Any) -> ResultRow:
    """A row with all numbers, at their widest."""
    empty: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(ResultRow))
    full = {
        "images": 1234567, "unparsed": 0, "failed": 0, "pending": 0, "classes": 1000, "accuracy": 0.98765,
        "accuracy_low": 0.97, "accuracy_high": 0.99, "macro_f1": 0.9512, "weighted_f1": 0.9623,
        "images_per_second": 12345.6, "latency_p50": 0.4567, "peak_rss_gb": 123.456, "peak_gpu_gb": 79.123,
    }  # fmt: skip
    return ResultRow(**{**empty, **full, "model": model, "strategy": strategy, **values})


def shown(rows: list[ResultRow], width: int, **options: Any) -> list[str]:
    out = io.StringIO()
    print_results(rows, Console(file=out, width=width, **options))
    return out.getvalue().splitlines()


FULL = [
    row("hf/Qwen/Qwen2-VL-7B-Instruct,dtype=bfloat16", "closed-set,votes=5", unparsed=123456, classes_covered=987),
    row("scripted/examples/shape_rules.py:careful", "binary,decide=first-yes", failed=234567),
    row("scripted/examples/shape_rules.py:hasty", "closed-set,template=What of {classes} is it?", pending=45678),
]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_too_wide_and_no_number_is_cut(width: int) -> None:
    lines = shown(FULL, width)
    assert max(map(cell_len, lines)) <= max(width, 80)
    numbers = [line for line in lines if " 0.988 " in line]
    for line, tail in zip(numbers, (r"123456 +0 +0", r"0 +234567 +0", r"0 +0 +45678"), strict=True):
        assert re.search(rf" 0\.988 0\.97–0\.99 .*1234567 +{tail}", line)


def test_more_room_shows_more() -> None:
    heads = {width: shown(FULL, width)[0] for width in (80, 120, 200)}
    assert heads[80].split() == ["Model", "Strategy", "Accuracy", "95", "%", "Images", "Unparsed", "Failed", "Pending"]
    assert "img/s" in heads[120] and "RAM GB" not in heads[120]
    told = " ".join(" ".join(shown(FULL, 120)).partition("Not shown for want of room: ")[2].split())
    assert told == "F1, F1 w., p50, RAM GB, GPU GB (in a wider terminal, --json and the report)"
    assert "Not shown" not in "".join(shown(FULL, 200))
    assert heads[200].split()[-7:] == ["Covered", "img/s", "p50", "RAM", "GB", "GPU", "GB"]
    assert "scripted/examples/shape_rules.py:careful" in shown(FULL, 200)[2]


def test_accuracy_on_covered_classes_stands_beside_their_number() -> None:
    rows = [row("onnx/net", "vocabulary", classes_covered=19, accuracy_covered=0.6), row("hf/model", "closed-set")]
    wide, *lines = shown(rows, 160)
    assert "Covered" in wide
    assert re.search(r" 0\.600 of 19 ", lines[0]) and re.search(r" – ", lines[1])
    assert "Covered" not in shown(rows, 50)[0]


def test_the_ceiling_stands_in_the_table_where_a_row_has_one() -> None:
    rows = [row("a", "shortlist", ceiling=0.8765), row("b")]
    lines = shown(rows, 200)
    assert "Ceiling" in lines[0] and " 0.876 " in lines[1] and " – " in lines[2]
    assert "Ceiling" not in shown(rows[1:], 200)[0]


def test_columns_that_say_nothing_are_left_out() -> None:
    nothing = dict.fromkeys(("accuracy", "accuracy_low", "macro_f1", "weighted_f1", "images_per_second", "latency_p50"))
    head, line = shown([row("scripted/a", **nothing, peak_rss_gb=None, peak_gpu_gb=None, failed=3)], 80)
    assert head.split() == ["Model", "Strategy", "Accuracy", "95", "%", "F1", "F1", "w.", "Images", "Failed"]
    assert line.split() == ["scripted/a", "closed-set", "–", "–", "–", "–", "1234567", "3"]


def test_an_empty_table_has_its_head() -> None:
    assert shown([], 80)[0].split()[:2] == ["Model", "Strategy"]


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not ESCAPES.search("".join(shown(FULL, 80)))
    assert ESCAPES.search("".join(shown(FULL, 80, force_terminal=True)))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not ESCAPES.search("".join(shown(FULL, 80, force_terminal=True)))


def test_names_cannot_steer_the_terminal() -> None:
    (_, *lines) = shown([row("hf/[red]x[/red]\x1b[31m\n\x9b5m\u202e", "closed-set\r,a=[bold]")], 200)
    text = "".join(lines)
    assert r"hf/[red]x[/red]\x1b[31m \x9b5m\u202e" in text and "[bold]" in text
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", text)


def test_wide_names_keep_the_columns_in_line() -> None:
    lines = shown([row("hf/組織/" + "視覚言語模型" * 8), row("hf/a/é🦆" + "ö" * 60), row("hf/b")], 80)
    starts = {cell_len(line[: line.index("closed-set")]) for line in lines if "closed-set" in line}
    assert len(starts) == 1 and max(map(cell_len, lines)) <= 80


@pytest.mark.parametrize(
    ("names", "room", "expected"),
    [
        (["scripted/a/b/c/rules.py:f"], 40, ["scripted/a/b/c/rules.py:f"]),
        (["scripted/a/b/c/rules.py:f"], 24, ["scripted/…/c/rules.py:f"]),
        (["scripted/a/b/c/rules.py:f"], 22, ["scripted/…/rules.py:f"]),
        (["scripted/a/rules.py:long", "scripted/a/rules.py:f"], 23, ["…/rules.py:long", "scripted/a/rules.py:f"]),
        (["hf/org/name,dtype=bfloat16"], 19, ["…/name,dtype=bfloa…"]),
        (["hf/org/a-name-that-is-long"], 9, ["…-is-long"]),
    ],
)
def test_models_are_shortened_only_as_far_as_needed(names: list[str], room: int, expected: list[str]) -> None:
    short = short_models(names, room)
    assert list(short) == names
    assert list(short.values()) == expected


@pytest.mark.parametrize("room", [5, 9, 12, 16, 30])
def test_different_models_stay_different(room: int) -> None:
    names = ["onnx/x/one.onnx", "onnx/y/one.onnx", "onnx/x/two.onnx", "hf/x/one.onnx"]
    assert len(set(short_models(names, room).values())) == len(names)


def test_strategies_keep_the_names_of_their_options() -> None:
    names = ["closed-set,template=Which of {classes} is it?,votes=5", "closed-set"]
    assert list(short_strategies(names, 34).values()) == ["closed-set,template=Which…,votes=5", "closed-set"]


def test_a_blind_row_is_told_from_its_twin_in_any_room() -> None:
    names = ["closed-set,order=given", "closed-set,order=given (blind)"]
    assert list(short_strategies(names, 27).values()) == ["closed-set,order=given", "closed-set,order=… (blind)"]


@pytest.mark.parametrize("width", [80, 100])
def test_names_are_told_in_full_on_several_lines(width: int) -> None:
    names = [
        ("hf/Qwen/Qwen2-VL-7B-Instruct,dtype=bfloat16", "vocabulary,background=background"),
        ("demo/clip", "binary"),
    ]
    head, *lines = shown([row(*each) for each in names], width)
    start, end = head.index("Strategy"), head.index("Accuracy") - 1
    lines = lines[: next(place for place, line in enumerate(lines) if line.startswith("Not shown"))]
    assert "".join(line[:start].strip() for line in lines) == "".join(model for model, _ in names)
    assert "".join(line[start:end].strip() for line in lines) == "".join(strategy for _, strategy in names)


@pytest.mark.parametrize("room", [3, 8, 11, 14, 30])
def test_folded_names_fit_and_lose_nothing(room: int) -> None:
    for name in ("vocabulary,background=background", "視覚言語模型" * 5, "a" * 50, ",,==", "closed-set", ""):
        lines = folded(name, room).split("\n")
        assert "".join(lines) == name and max(map(cell_len, lines)) <= room


def test_an_endless_name_is_no_endless_table() -> None:
    lines = shown([row("hf/" + "x" * 1_000_000, "y" * 1_000_000), row("hf/b")], 80)
    assert len(lines) < 15 and "…" in "".join(lines)


def test_sentences_end_with_a_word_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    sentence = "more with a mapping and other rules: see 'snellen map MODEL -d DATASET' for what there is"
    stream = io.StringIO()
    assert filled(sentence, stream) == sentence
    monkeypatch.setattr(stream, "isatty", lambda: True)
    lines = filled(sentence, stream).splitlines()
    assert " ".join(lines) == sentence and max(map(len, lines)) <= 40
    assert any("'snellen map MODEL -d DATASET'" in line for line in lines)


def test_visible_text_has_no_control_characters() -> None:
    assert visible("a\x1b[2J\tb\n\u2066c\udc80") == "a\\x1b[2J\tb\n\\u2066c\\udc80"
    assert one_line(" a\r\n  b\n\nc ") == "a b c"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(terminal, "time", clock)
    return clock


def progress(quiet: bool = False, **options: Any) -> tuple[TerminalProgress, io.StringIO]:
    out = io.StringIO()
    return TerminalProgress(Console(file=out, width=80, **options), quiet), out


def test_a_total_that_is_not_known_is_not_shown(clock: Clock) -> None:
    told, out = progress()
    told.begin("model, preparing", 0)
    clock.now += 5
    told.advance(50)
    told.end()
    assert out.getvalue() == "model, preparing: 50, 10/s\n"


def test_plain_lines_tell_rate_failures_and_the_time_left(clock: Clock) -> None:
    told, out = progress()
    told.begin("model\x1b[31m[red]", 100)
    told.advance(1)
    assert out.getvalue() == ""
    clock.now += 20
    told.advance(39, failed=2)
    told.advance(10)
    clock.now += 20
    told.advance(50)  # the end is told once
    told.end()
    assert out.getvalue().splitlines() == [
        r"model\x1b[31m[red]: 40/100, 2/s, 2 failed, 30 s left",
        r"model\x1b[31m[red]: 100/100, 2.5/s, 2 failed",
    ]


def test_work_without_a_known_end_tells_how_much_is_done(clock: Clock) -> None:
    told, out = progress()
    told.begin("model, preparing", 0)
    clock.now += 20
    told.advance(0)
    assert out.getvalue() == ""
    told.advance(40)
    told.end()
    assert out.getvalue().splitlines() == ["model, preparing: 40, 2/s"] * 2


def test_a_bar_shows_rate_and_failures_on_a_terminal(clock: Clock) -> None:
    told, out = progress(force_terminal=True)
    told.begin("scripted/" + "folder/" * 12 + "rules.py:[red]f\x1b]0;title\x07", 100)
    clock.now += 10
    told.advance(40, failed=3)
    bars = typing.cast(Any, told)._bars
    bars.refresh()
    told.end()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "40/100" in text and "4/s" in text and "3 failed" in text and "[red]f" in text
    assert "\x1b]" not in text and "\x07" not in text
    assert all(cell_len(line) <= 80 for line in re.split(r"[\r\n]+", text)[:-2])


def test_quiet_tells_errors_alone(clock: Clock) -> None:
    told, out = progress(quiet=True, force_terminal=True)
    told.begin("model", 3)
    told.say("a line")
    told.say("error: it broke")
    told.advance(3)
    told.end()
    assert re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) == "error: it broke\n"
    assert told.errors == {"error: it broke"}

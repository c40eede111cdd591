"""What was found about a model, as lines to read and as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snellen.asking import answer_text
from snellen.company import Difference, pooled
from snellen.console import one_line
from snellen.doctor import Compared, Finding, Loaded, NotCompared, Pictures, Tried
from snellen.remote.probing import Trial
from snellen.types import Failure

_EXACT = ("float32", "float64")
_FIRST = ("parameters", "dtype", "device", "attention", "stacking", "prefix_sharing", "batch_size")
_LATER = ("device_name", "peak_gpu_gb", "peak_rss_gb")
_NOT_SHOWN = ("computed_tokens_share",)  # of one picture it says nothing
_LABEL = 16
_WIDE = 34  # forced choice (structured_outputs)


def answered(findings: Sequence[Finding]) -> bool:
    """Whether the model answered any question at all."""
    results = [each.result for each in findings if isinstance(each, Tried)]
    return any(result is not None and not isinstance(result, Failure) for result in results)


def lines(finding: Finding) -> Iterator[str]:
    """A finding as lines, none of them longer than it has to be."""
    if isinstance(finding, Loaded):
        yield one_line(finding.model.title)
        yield from (f"{label:{_LABEL}} {one_line(text)}" for label, text in _facts(finding))
        yield "\none question of each kind about a drawn picture:"
    elif isinstance(finding, Tried):
        yield f"{finding.kind.__name__:{_LABEL}} {one_line(_result(finding))}"
    elif isinstance(finding, Trial):
        mark = "" if finding.found is None else "yes  " if finding.found else "no   "
        told = finding.told.removeprefix("no: ") if finding.found is False else finding.told
        yield one_line(f"{finding.what:{_WIDE}} {mark}{told}")
    elif isinstance(finding, NotCompared):
        yield f"\nanswers in other company: not compared, {finding.reason}"
    elif isinstance(finding, Pictures):
        left_out = f", {finding.unreadable} unreadable left out" if finding.unreadable else ""
        yield f"\nanswers in other company: {len(finding.images)} images of {finding.source}{left_out}"
    elif not finding.differences:
        yield f"each compared with {_ran(finding)}"
        yield _row("setting", "strategy", "answers", "flips", "rate", "95 %", "scores by")
    else:
        for spec, each in finding.differences.items():
            yield _row(_ran(finding), spec, *_cells(each))
        if missing := pooled(list(finding.differences.values())).missing:
            yield f"{_ran(finding)}: {missing} questions not answered both times, and not compared"


def _facts(loaded: Loaded) -> Iterator[tuple[str, str]]:
    facts = {name: value for name, value in loaded.facts.items() if value is not None}
    others = [name for name in facts if name not in (*_FIRST, *_LATER, *_NOT_SHOWN)]
    for name in (*_FIRST, *others):
        if name in facts:
            yield name.replace("_", " "), _fact(name, facts, loaded.model.options)
    yield "loaded in", f"{loaded.load_seconds:.1f} s"
    peaks = [("peak_rss_gb", "RAM"), ("peak_gpu_gb", "GPU")]
    if known := [f"{facts[name]:.2f} GB {kind}" for name, kind in peaks if name in facts]:
        yield "peak memory", ", ".join(known)


def _fact(name: str, facts: Mapping[str, Any], options: Any) -> str:
    value = facts[name]
    if name == "device" and facts.get("device_name"):
        return f"{value} ({facts['device_name']})"
    if name == "prefix_sharing" and value == getattr(options, "prefix_sharing", None) == "off":
        return "off: as asked"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _result(tried: Tried) -> str:
    if tried.result is None:
        return "not for this model"
    if isinstance(tried.result, Failure):
        return f"failed: {tried.result.reason}"
    seconds = tried.result.usage.seconds
    return answer_text(tried.result) + ("" if seconds is None else f" ({seconds:.2g} s)")


def _ran(compared: Compared) -> str:
    """The setting as options, and the batch size that ran where that is another one."""
    if compared.setting.unshared:
        return "prefix_sharing=off"
    wanted, ran = compared.setting.batch_size, compared.batch_size
    return f"batch_size={wanted}" + (f", ran {ran}" if ran != wanted else "")


def _row(setting: str, strategy: str, answers: str, flips: str, rate: str, interval: str, largest: str) -> str:
    return f"{setting:18} {strategy:20} {answers:>7} {flips:>5} {rate:>7} {interval:>10} {largest:>9}".rstrip()


def _cells(each: Difference) -> tuple[str, str, str, str, str]:
    rate, interval = each.rate, each.interval
    return (
        str(each.compared),
        str(each.flips),
        "–" if rate is None else f"{100 * rate:.1f} %",
        "–" if interval is None else f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}",
        "–" if each.largest is None else f"{each.largest:.2g}",
    )


# What it means


def meaning(findings: Sequence[Finding]) -> str | None:
    """What the comparison means for whoever uses the model, in a sentence; None where nothing was compared."""
    compared = [each for each in findings if isinstance(each, Compared) and each.differences]
    loaded = next((each for each in findings if isinstance(each, Loaded)), None)
    if not compared or loaded is None:
        return None
    totals = {_ran(each): pooled(list(each.differences.values())) for each in compared}
    worst = max(totals, key=lambda setting: totals[setting].rate or 0.0)
    total, dtype = totals[worst], str(loaded.facts.get("dtype", ""))
    if total.rate is None or total.interval is None:
        return "No question was answered under two settings, so nothing is known of them."
    exact = dtype in _EXACT and getattr(loaded.model.options, "quantization", "none") == "none"
    low, high = total.interval
    if not total.flips:
        return _unmoved(total.compared, high, dtype, exact)
    share = f"{100 * total.rate:.1f} % of the answers ({100 * low:.1f}–{100 * high:.1f} %, {worst})"
    if exact:
        sharing = ",prefix_sharing=off" if hasattr(loaded.model.options, "prefix_sharing") else ""
        return (
            f"In {dtype} answers should not depend on their company, yet {share} changed: rounding alone hardly does "
            f"that, so report it as a fault, and ask the model with batch_size=1{sharing} until it is mended."
        )
    if dtype:
        return (
            f"In {dtype} rounding changed {share}: an accuracy can move by as much with the batch size or with prefix "
            "sharing, so compare models under one setting, or load them with dtype=float32."
        )
    return f"The company of a question changed {share}: compare models under one batch size only."


def _unmoved(count: int, high: float, dtype: str, exact: bool) -> str:
    if exact:
        return f"No answer depended on its company, as {dtype} lets expect: settings change the speed alone."
    return (
        f"No answer depended on its company; with {count} answers a setting, up to {100 * high:.1f} % of all answers "
        f"may do so{f' in {dtype}' if dtype else ''} without having been seen."
    )


# As data


def as_data(findings: Sequence[Finding]) -> dict[str, Any]:
    """All findings for other programs; what was not measured is None."""
    data: dict[str, Any] = {"model": None, "facts": {}, "questions": [], "images": None, "company": [], "probes": []}
    for each in findings:
        if isinstance(each, Loaded):
            data["model"] = each.model.title
            data["facts"] = {**each.facts, "load_seconds": each.load_seconds}
        elif isinstance(each, Tried):
            data["questions"].append(_tried_data(each))
        elif isinstance(each, Pictures):
            data["images"] = {"dataset": each.source, "images": len(each.images), "unreadable": each.unreadable}
        elif isinstance(each, Trial):
            data["probes"].append({**dataclasses.asdict(each), "numbers": dict(each.numbers)})
        elif isinstance(each, Compared):
            data["company"] += [_compared_data(each, spec, one) for spec, one in each.differences.items()]
    return {**data, "meaning": meaning(findings)}


def _tried_data(tried: Tried) -> dict[str, Any]:
    failed = isinstance(tried.result, Failure)
    return {
        "kind": tried.kind.__name__,
        "declared": tried.result is not None,
        "answer": None if tried.result is None or isinstance(tried.result, Failure) else answer_text(tried.result),
        "failure": tried.result.reason if failed else None,  # type: ignore[union-attr]
    }


def _compared_data(compared: Compared, spec: str, each: Difference) -> dict[str, Any]:
    low, high = each.interval or (None, None)
    return {
        "batch_size": compared.setting.batch_size,
        "batch_size_run": compared.batch_size,
        "prefix_sharing": compared.prefix_sharing,
        "strategy": spec,
        "answers": each.compared,
        "not_answered": each.missing,
        "flips": each.flips,
        "flip_rate": each.rate,
        "flip_rate_low": low,
        "flip_rate_high": high,
        "largest_difference": each.largest,
    }

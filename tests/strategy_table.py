"""The strategies that the contract of all of them is tested on, with options; a new one needs a line here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ANY = "scripted/test_contracts:scripted"  # a model that answers every kind of question

STRATEGIES: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("binary", {}),
    ("binary", {"answer": "choose", "ahead": 3}),
    ("binary", {"decide": "argmax"}),
    ("binary-then-choose", {}),
    ("binary-then-choose", {"image": "last"}),
    ("cascade", {"first": ANY, "threshold": 0.4, "by": "likelihood"}),
    ("cascade", {"first": ANY, "threshold": 0.4, "by": "zero-shot,templates=a {name}", "then": "binary"}),
    ("cascade", {"first": ANY, "threshold": 0.4, "by": {"strategy": "vocabulary"}, "then": "(closed-set,votes=3)"}),
    ("closed-set", {}),
    ("closed-set", {"votes": 3, "image": "last"}),
    ("closed-set", {"answer": "choose"}),
    ("closed-set", {"shots": 2, "votes": 3, "image": "last"}),
    ("letters", {}),
    ("letters", {"debias": "none", "order": "given", "image": "last"}),
    ("letters", {"answer": "generate"}),
    ("likelihood", {}),
    ("likelihood", {"normalise": "mean", "calibrate": "blank", "image": "last"}),
    ("likelihood", {"prompt": "open", "normalise": "bytes", "calibrate": "text"}),
    ("linear-probe", {"shots": 1}),
    ("nearest-centroid", {"shots": 2}),
    ("open-set", {}),
    ("open-set", {"prompt": "<OD>", "image": "last", "max_tokens": 100}),
    ("open-set", {"prompt": ""}),
    ("open-set", {"encoder": ANY, "threshold": 0.2}),
    ("shortlist", {"encoder": ANY, "k": 2}),
    ("shortlist", {"encoder": ANY, "order": "similarity", "templates": "a {name}"}),
    ("tournament", {}),
    ("tournament", {"size": 2}),
    ("vocabulary", {}),
    ("vocabulary", {"rules": "exact,head", "mapping": {"hoop": "circle", "disc": None}, "among": "covered"}),
    ("zero-shot", {}),
    ("zero-shot", {"templates": "a {name}", "background": "clutter"}),
)

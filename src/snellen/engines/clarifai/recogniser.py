"""Clarifai's recognisers: an image goes in by its REST API, and concepts with their probabilities come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from snellen.remote.faults import fault_of, one_line, parsed
from snellen.remote.replies import mapping
from snellen.remote.wire import Call, Fault, Picture, Reply, Takes
from snellen.types import Answer, Question, Scores, Usage

# 20 MB and 85 megapixels a request
TAKES = Takes(
    frozenset({"image/jpeg", "image/png", "image/webp"}),
    most_bytes=14_000_000,
    most_pixels=85_000_000,
    most_in_all=14_000_000,
)
_SUCCESS = frozenset({10000, 10001, 10002})
_CROWDED = frozenset({11003, 11005})  # too many requests in an hour, or at once
_DEPLOYING = frozenset({21301, 21304, 21306})  # the model is being brought up
_PASSING = _CROWDED | _DEPLOYING | {10030}
_INTERNAL = 98000  # and above: faults inside the service
_WAIT = 5.0  # seconds for a model to come up


class Recogniser:
    """Translates for `/models/MODEL/outputs`; `path` is the model's behind `/v2`, with its user and its app."""

    takes = TAKES

    def __init__(self, path: str, base_url: str, max_concepts: int, version: str | None = None) -> None:
        self.base_url = f"{base_url.rstrip('/')}/v2"
        self._path = f"{path}/versions/{version}/outputs" if version else f"{path}/outputs"
        self._config = {"max_concepts": max_concepts, "min_value": 0.0}

    def authorisation(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Key {key}"}

    def call(self, question: Question, pictures: Sequence[Picture]) -> Call:
        (picture,) = pictures
        body = {
            "inputs": [{"data": {"image": {"base64": picture.base64}}}],
            "model": {"model_version": {"output_info": {"output_config": self._config}}},
        }
        return Call(self._path, body)

    def most_tokens(self, question: Question) -> int:
        return 0

    def usage(self, body: Mapping[str, Any]) -> Usage:
        return Usage()  # an image is paid for, not tokens

    def models(self) -> Call | None:
        return None  # its list is of what all users published, page by page

    def read(self, question: Question, reply: Reply) -> Answer | Fault:
        """The concepts in the order they came. A body tells its own status, whatever that of the reply is."""
        body = parsed(reply)
        if isinstance(body, Fault):
            return fault_of(reply) or body
        outputs = body.get("outputs")
        output = mapping(outputs[0] if isinstance(outputs, list) and outputs else None)
        for status in (output.get("status"), body.get("status")):  # that of the one picture tells more
            if found := _fault(reply, mapping(status)):
                return found
        if told := fault_of(reply):
            return told
        if not output:
            return Fault("the reply has no output in it", again=True)
        concepts = mapping(output.get("data")).get("concepts")
        if not concepts:
            return Fault("the reply has no concepts in it; is that model a recogniser?", again=False)
        return _scores(concepts)


def _fault(reply: Reply, status: Mapping[str, Any]) -> Fault | None:
    """What a status in a body means; None where it is a success or tells nothing."""
    code = status.get("code")
    if not isinstance(code, int) or code in _SUCCESS:
        return None
    said = " ".join(str(status[name]) for name in ("description", "details") if status.get(name))
    by_status = fault_of(reply)
    again = code in _PASSING or code >= _INTERNAL or (by_status is not None and by_status.again)
    wait = by_status.wait if by_status else None
    if code in _DEPLOYING and wait is None:
        wait = _WAIT
    crowded = code in _CROWDED or (by_status is not None and by_status.crowded)
    return Fault(one_line(f"Clarifai {code}: {said}"), again, wait if again else None, crowded and again)


def _scores(concepts: object) -> Scores | Fault:
    """A score for each name; of concepts of one name the more probable. A value of 0 is left out of a reply."""
    scores: dict[str, float] = {}
    try:
        for concept in cast("list[dict[str, Any]]", concepts):
            name = str(concept["name"])
            scores[name] = max(float(concept.get("value", 0.0)), scores.get(name, 0.0))
    except (TypeError, KeyError, ValueError, AttributeError):
        return Fault("the concepts are not in the expected form", again=True)
    return Scores(tuple(scores), tuple(scores.values()))

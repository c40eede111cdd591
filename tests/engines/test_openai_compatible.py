"""Models behind servers that speak OpenAI's API: whole studies through a server on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import studies
from loopback import Asked, serving
from snellen.images import Image


def test_a_study_is_answered_by_a_server(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos")
    truth = {Image(path).data: path.parent.name for path in folder.rglob("*.png")}

    def script(asked: Asked) -> str:
        ((kind, data),) = asked.pictures
        assert kind == "image/png"
        return truth[data]

    with (
        serving(script) as server,
        studies.ran(folder, f"openai-compatible/m,base_url={server.url}", out=tmp_path / "run") as results,
    ):
        (row,) = results.rows
        assert (row.answered, row.accuracy, len(server.asked)) == (12, 1.0, 12)
        body = server.asked[0].body
        assert (body["model"], body["temperature"]) == ("m", 0)
        assert body["messages"][0]["content"][0]["type"] == "image_url"
    stored = [json.loads(body) for body in studies.stored(tmp_path / "run").values()]
    assert all(tokens == [100, 3] and 0 < seconds < 5 and attempts == 1 for *_, (*tokens, seconds, attempts) in stored)

"""How much memory a hosted model takes while many large pictures are asked about, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from random import Random

from loopback import Asked, serving
from remote_models import drawn

COUNT, BYTES = 64, 3_000_000
CLIENT = """
import resource, sys
from pathlib import Path
from answering import answers
from remote_models import WHAT, hosted
from snellen.images import Image
from snellen.types import Generate, Text

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

with hosted(sys.argv[1], timeout=60.0) as model:
    images = [Image(path) for path in sorted(Path(sys.argv[2]).iterdir())]
    answers(model, [(None, Generate((f"{number}",), 8)) for number in range(200)])  # as many in flight as may be
    before = peak()
    got = answers(model, [(image, WHAT) for image in images])
    assert all(isinstance(each, Text) for each in got), got
    assert model.facts()["pictures_as_they_are"] == len(images)
    print(peak() - before)
"""


def test_memory_does_not_grow_with_the_bytes_of_pictures_in_flight(tmp_path: Path) -> None:
    pad = Random(0).randbytes(BYTES)
    for number in range(COUNT):
        (tmp_path / f"{number:03}.png").write_bytes(drawn(number).data + pad)  # what is behind a picture goes with it

    arrived: list[int] = []

    async def script(asked: Asked) -> str:
        if len(asked.body["messages"][0]["content"]) > 1:
            arrived.append(len(asked.body))
            while len(arrived) < COUNT - 4:  # most of them are in flight at once
                await asyncio.sleep(0.01)
        return "star"

    here = Path(__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(here)!r})\n{CLIENT}"
    with serving(script) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 240, "in MB; kept in all forms until they are answered they take more than 1,000"

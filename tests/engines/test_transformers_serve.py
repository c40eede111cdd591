"""A study through `transformers serve`, a server that was written elsewhere, beside the same checkpoint without it."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import studies
from conftest import draw_folder
from snellen.asking import load_engine
from snellen.plan import Request, resolve
from snellen.rows import Row
from snellen.runner import Answered, Runner
from snellen.types import MODEL, Text

SERVING = Path(sys.prefix) / "serving"  # where `make test` puts what the server needs
STRATEGIES = ("open-set", "closed-set", "binary")


@contextmanager
def serving(checkpoint: Path, log: Path) -> Iterator[str]:
    """The address of `transformers serve` with this checkpoint, once it answers."""
    assert SERVING.is_dir() or importlib.util.find_spec("fastapi"), f"{SERVING} is not there: run 'make test'"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", str(checkpoint), "--dtype", "float32", "--device", "cpu", "--port", str(port)]
    paths = (os.environ.get("PYTHONPATH", ""), str(SERVING))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", "from transformers.cli.transformers import main; main()", *words],
            env=environment,
            stdout=said,
            stderr=said,
        )
    try:
        while server.poll() is None:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                break
            time.sleep(0.05)
        assert server.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def served_texts(out: Path) -> dict[tuple[str, str], str]:
    """All texts of a run, as the model wrote them, by image and question."""
    stored = {key: json.loads(body) for key, body in studies.stored(out).items()}
    return {key: body[1] for key, body in stored.items() if body[0] == "text"}


def local_texts(model: str, folder: Path) -> dict[tuple[str, str], str]:
    """What the model says here to the same questions; a worker of its own would take seconds to start."""
    plan = resolve(Request({"path": str(folder)}, (model,), STRATEGIES))
    found = {}
    with closing(load_engine(plan.models[0])) as engine:
        runner = Runner({MODEL: engine})
        for number, example in enumerate(plan.selection):
            rows = [Row(strategy.strategy, plan.classes, plan.seed) for _, strategy in plan.pairs]
            inquiries = {place: row.inquire(example.image) for place, row in enumerate(rows)}
            runner.start(number, example.image, inquiries, {})
        while runner.busy:
            for event in runner.step(1.0):
                if isinstance(event, Answered) and isinstance(event.answer, Text):
                    _, image, question = event.asked.key
                    found[image, question.hex()] = event.answer.text
    return found


def test_a_study_through_transformers_serve_says_what_the_checkpoint_says_without_it(
    checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    family = checkpoint("llava")
    folder = draw_folder(tmp_path / "drawn", pictures=2)
    with serving(family, tmp_path / "log") as url:
        name = f"openai-compatible/{family},server=transformers,base_url={url},concurrency=1"
        with studies.ran(folder, name, *STRATEGIES, out=tmp_path / "served") as results:
            assert {row.answered + row.unparsed for row in results.rows} == {8}
    served = served_texts(tmp_path / "served")
    local = local_texts(f"hf/{family},dtype=float32,device=cpu", folder)
    assert served == local
    assert len(local) >= 3 * 8
    assert len(set(local.values())) > 5  # it does not say the same of all pictures

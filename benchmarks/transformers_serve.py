"""A checkpoint asked through `transformers serve` and without it, and what becomes of a run whose server is killed.

    python benchmarks/transformers_serve.py --model FOLDER --data demo/pictograms --classes 21 --limit 200

First the same study through both, in float32 on the CPU: how many predictions and texts are equal, and each that is
not. Then the server is killed (SIGKILL) in the middle of a run, twice: once it is back after some seconds, and the run
goes on; once it stays away until the run has ended, and the same command is given again. The server's own log tells how
many questions it answered: as many as there are answers in the store, if nothing was asked twice. Needs
`transformers[serving]`.
"""

from __future__ import annotations

import argparse
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from snellen.database import DATABASE
from snellen.results import Results

DOWN = 8.0  # seconds for which the server is away
_TEXTS = """
    SELECT e.id, json_extract(a.body, '$[1]') FROM answers a JOIN examples e ON e.digest = a.image
    WHERE json_extract(a.body, '$[0]') = 'text'
"""


class Server:
    """`transformers serve` on a port of this machine; its log goes on where it is started again."""

    def __init__(self, model: str, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._words = ["serve", model, "--dtype", "float32", "--device", "cpu", "--port", str(self.port)]
        self._log = log
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        with self._log.open("a") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from transformers.cli.transformers import main; main()", *self._words],
                stdout=said,
                stderr=said,
            )
        while self._process.poll() is None:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1):
                return
            time.sleep(0.1)
        sys.exit(f"the server ended:\n{self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """Ends it at once, whatever it does (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def answered(self) -> int:
        """How many questions it answered, by its own log."""
        return self._log.read_text().count('"POST /v1/chat/completions HTTP/1.1" 200')


class Study:
    """The command of a study, and what stands in its run folder."""

    def __init__(self, given: argparse.Namespace, model: str, out: Path) -> None:
        self.out = out
        self._words = ["run", "-d", given.data, "-m", model, "-s", given.strategy, "--out", str(out), "--no-timing"]
        for flag in ("classes", "limit"):
            if value := getattr(given, flag):
                self._words += [f"--{flag}", str(value)]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "snellen", *self._words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> tuple[int, str, float]:
        """The exit code, what was said, and the seconds."""
        start = time.perf_counter()
        running = self.start()
        out, said = running.communicate()
        return running.returncode, out + said, time.perf_counter() - start

    def stored(self) -> int:
        """How many answers are in the store."""
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"file:{self.out / DATABASE}?mode=ro", uri=True)) as store,
        ):
            return int(store.execute("SELECT count(*) FROM answers").fetchone()[0])
        return 0

    def predictions(self) -> dict[str, str | None]:
        with closing(Results(self.out)) as results:
            return {each["example"]: each["prediction"] for each in results.records()}

    def texts(self) -> dict[str, list[str]]:
        """What was said of each example."""
        found: dict[str, list[str]] = {}
        with closing(sqlite3.connect(self.out / DATABASE)) as store:
            for example, text in store.execute(_TEXTS):
                found.setdefault(example, []).append(text)
        return {example: sorted(each) for example, each in found.items()}


def compare(local: Study, served: Study) -> None:
    """Both studies, and where they differ."""
    print("| | exit code | seconds |\n| --- | ---: | ---: |")
    for name, study in (("hf/…", local), ("openai-compatible/…,server=transformers", served)):
        code, said, seconds = study.run()
        print(f"| {name} | {code} | {seconds:.1f} |", flush=True)
        if code:
            print(said, file=sys.stderr)
    one, other = local.predictions(), served.predictions()
    says, says_too = local.texts(), served.texts()
    same = sum(one[example] == other.get(example) for example in one)
    alike = sum(says.get(example) == says_too.get(example) for example in one)
    print(
        f"\n| images | predictions equal | texts equal |\n| ---: | ---: | ---: |\n| {len(one)} | {same} | {alike} |\n"
    )
    for example in one:
        if one[example] != other.get(example) or says.get(example) != says_too.get(example):
            print(
                f"- {example}: {one[example]!r} {says.get(example)} without the server, "
                f"{other.get(example)!r} {says_too.get(example)} with it"
            )


def killed(server: Server, study: Study, after: int, back: bool) -> dict[str, Any]:
    """A run whose server is killed after so many answers; it is `back` soon, or when the run has ended."""
    before = server.answered()
    running = study.start()
    while study.stored() < after and running.poll() is None:
        time.sleep(0.02)
    server.kill()
    kept = study.stored()
    start = time.perf_counter()
    if back:
        time.sleep(DOWN)
        server.start()
    out, said = running.communicate()
    ended, seconds = running.returncode, time.perf_counter() - start
    left = study.stored()
    again: int | str = "–"
    if not back:
        server.start()
        again, more, _ = study.run()
        said += more
    told = (line for line in said.splitlines() if "gives no answer" in line or "answers again" in line)
    lines = [line.partition(": ")[2] for line in told]  # without the model
    return {
        "server": f"back after {DOWN:.0f} s" if back else "back after the run",
        "kept when killed": kept,
        "exit code": ended,
        "seconds from there": f"{seconds:.0f}",
        "answers then": left,
        "exit code again": again,
        "answers": study.stored(),
        "answered by the server": server.answered() - before,
        "said": "; ".join(dict.fromkeys(lines)) or out[:200],
    }


def main() -> None:
    """Runs all and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a folder with a checkpoint of a vision-language model")
    parser.add_argument("--data", default="shapes", help="a data set as `snellen run -d` takes it")
    parser.add_argument("--classes", help="as of `snellen run`")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--strategy", default="closed-set")
    parser.add_argument("--retries", type=int, default=4, help="of the run whose server does not come back")
    given = parser.parse_args()
    model = str(Path(given.model).resolve())
    with tempfile.TemporaryDirectory() as place:
        server = Server(model, Path(place) / "server.log")
        try:
            hosted = f"openai-compatible/{model},server=transformers,base_url={server.url},concurrency=1"
            local = Study(given, f"hf/{model},dtype=float32,device=cpu", Path(place) / "local")
            served = Study(given, hosted, Path(place) / "served")
            compare(local, served)
            third = served.stored() // 3
            found = [
                killed(server, Study(given, hosted, Path(place) / "back"), third, back=True),
                killed(server, Study(given, f"{hosted},retries={given.retries}", Path(place) / "away"), third, False),
            ]
            print(f"\n| {' | '.join(found[0])} |\n|{' --- |' * len(found[0])}")
            for each in found:
                print(f"| {' | '.join(str(value) for value in each.values())} |")
            same = served.predictions()
            for name in ("back", "away"):
                again = Study(given, hosted, Path(place) / name).predictions()
                print(
                    f"\n{name}: {sum(again[key] == same[key] for key in again)} of {len(again)} "
                    "predictions as in the run without a fault"
                )
        finally:
            server.kill()


if __name__ == "__main__":
    main()

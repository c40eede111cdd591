"""What a run has left to ask goes out as batch files, and what comes back is as good as answered live."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

import studies
from conftest import Said
from loopback import completion, serving
from snellen import batch_export
from snellen.images import Image
from snellen.remote import batch
from snellen.remote.batch import Address, read_line
from snellen.rounds import asks_once
from snellen.rows import Row
from snellen.specs import strategy_plan
from snellen.types import Classes

Snellen = Callable[..., Said]
MODEL = "openai-compatible/m,base_url=http://127.0.0.1:9/v1"  # nobody is there: nothing may be asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos")


def truths(folder: Path) -> dict[bytes, str]:
    return {Image(path).data: path.parent.name for path in folder.rglob("*.png")}


def requests(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        for line in file.read_text().splitlines():
            yield json.loads(line)


def picture(request: dict[str, Any]) -> bytes:
    ((url,),) = [
        [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
        for message in request["body"]["messages"]
    ]
    return base64.b64decode(url.partition(",")[2])


def output(request: dict[str, Any], body: Any, status: int = 200, error: Any = None) -> str:
    """A line as the documentation of the Batch API shows it."""
    response = None if body is None else {"status_code": status, "request_id": "req_1", "body": body}
    return json.dumps({"id": "batch_req_1", "custom_id": request["custom_id"], "response": response, "error": error})


def exported(snellen: Snellen, folder: Path, out: Path, *more: str, model: str = MODEL) -> list[Path]:
    """The files for a run that is made without asking anything."""
    assert snellen("run", "-d", str(folder), "-m", model, *more, "--out", str(out), "--plan-only", "-q").code == 0
    said = snellen("export", "openai-batch", str(out))
    assert said.code == 0, said.err
    return [Path(line) for line in said.out.splitlines()]


def test_a_batch_there_and_back_gives_what_asking_live_gives(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    truth, out = truths(folder), tmp_path / "batched"
    files = exported(snellen, folder, out, "-s", "closed-set", "-s", "likelihood,calibrate=text")
    assert [file.name.rpartition("-")[2] for file in files] == ["001.jsonl"]
    asked = list(requests(files))
    assert {each["method"] for each in asked} == {"POST"} and {each["url"] for each in asked} == {
        "/v1/chat/completions"
    }
    assert len({each["custom_id"] for each in asked}) == len(asked)
    assert all(len(each["custom_id"]) <= 64 for each in asked)

    def said(body: dict[str, Any]) -> str:
        found = [part for part in body["messages"][0]["content"] if part["type"] == "image_url"]
        data = base64.b64decode(found[0]["image_url"]["url"].partition(",")[2]) if found else b""
        return truth.get(data, "dog")

    lines = [output(each, completion(said(each["body"]))) for each in asked]
    Random(0).shuffle(lines)
    (tmp_path / "output.jsonl").write_text("\n".join(lines) + "\n")
    read = snellen("import-batch", str(out), str(tmp_path / "output.jsonl"), "-q")
    assert read.code == 0, read.err
    assert f"{len(asked)} answers read" in read.err
    run = snellen("run", str(out / "study.yaml"), "-q")  # nothing is left, and nobody is looked for
    assert run.code == 0 and "gives no answer" not in run.err
    assert not (out / "worker.log").exists()
    live = tmp_path / "live"
    with serving(lambda asked: said(asked.body)) as server:
        more = ("-s", "closed-set", "-s", "likelihood,calibrate=text", "--out", str(live), "-q")
        assert snellen("run", "-d", str(folder), "-m", f"openai-compatible/m,base_url={server.url}", *more).code == 0
        bodies = [each.body for each in server.asked]
    assert sorted(map(json.dumps, bodies)) == sorted(json.dumps(each["body"]) for each in asked)
    fields = ("strategy", "example", "label", "state", "prediction", "outcome", "scores", "details", "questions")
    records = [[[row[field] for field in fields] for row in studies.table(place)] for place in (out, live)]
    assert records[0] == records[1]


def test_failures_are_told_and_stay_pending_and_are_exported_again(
    snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    files = exported(snellen, folder, out, "-s", "closed-set")
    asked = list(requests(files))
    refused = {"error": {"message": "filtered", "code": "content_filter"}}
    lines = [
        output(asked[0], completion("cat")),
        output(asked[0], completion("dog")),
        output(asked[1], {"error": {"message": "bad image", "code": "invalid_image"}}, 400),
        output(asked[2], None, error={"code": "batch_expired", "message": "not in time"}),
        output(asked[3], refused, 400),
        output(asked[4], {"choices": []}),
        output(asked[5], completion("cat"))[:50],
        output({"custom_id": "request-1"}, completion("cat")),
        output({"custom_id": str(Address(b"none", b"", bytes(16)))}, completion("cat")),
        json.dumps({"custom_id": asked[6]["custom_id"], "response": {"status_code": 400}, "error": {"message": "no"}}),
    ]
    (tmp_path / "out.jsonl").write_text("\n".join(lines))
    read = snellen("import-batch", str(out), str(tmp_path / "out.jsonl"), "-q")
    assert read.code == 4
    assert "2 answers read, 1 that were known" in read.err
    assert "1 of them say otherwise than the first answer, which is kept" in read.err
    assert "not answered: 1 x HTTP 400: bad image" in read.err
    assert "not answered: 1 x not in time (batch_expired)" in read.err
    assert "not answered: 1 x answered with no choices" in read.err
    assert "not answered: 1 x HTTP 400: no" in read.err
    assert "2 lines are for another run" in read.err
    assert "1 lines are none of a batch's output" in read.err
    (row,) = studies.rows(out)
    assert [row[state] for state in ("answered", "unparsed", "failed", "pending")] == [1, 1, 0, 10]
    assert row["outcomes"] == {"exact": 1, "refused": 1}
    assert snellen("export", "openai-batch", str(out)).code == 2  # what is in RUN/batch may be on its way
    again = snellen("export", "openai-batch", str(out), "-o", str(tmp_path / "again"))
    left = {each["custom_id"] for each in requests([Path(line) for line in again.out.splitlines()])}
    assert left == {each["custom_id"] for each in asked} - {asked[0]["custom_id"], asked[3]["custom_id"]}


def test_the_rest_is_asked_live_and_what_is_known_is_not_exported(
    snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    truth, out = truths(folder), tmp_path / "run"
    with serving(lambda asked: truth[asked.pictures[0][1]]) as server:
        model = f"openai-compatible/m,base_url={server.url}"
        (file,) = exported(snellen, folder, out, "-s", "closed-set", model=model)
        asked = list(requests([file]))
        assert not server.asked
        half = [output(each, completion(truth[picture(each)])) for each in asked[:5]]
        (tmp_path / "out.jsonl").write_text("\n".join(half))
        assert snellen("import-batch", str(out), str(tmp_path / "out.jsonl"), "-q").code == 4
        assert snellen("run", str(out / "study.yaml"), "-q").code == 0
        assert len(server.asked) == 7
        said = snellen("export", "openai-batch", str(out), "-o", str(tmp_path / "more"))
        assert (said.code, said.out) == (0, "") and "nothing is left to ask" in said.err
        assert not (tmp_path / "more").exists()
    assert studies.rows(out)[0]["accuracy"] == 1.0


def test_what_a_batch_cannot_ask_is_left_out_and_told(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    other = studies.model(tmp_path / "other.py", 'return Text("cat")')
    more = ("-m", other, "-s", "closed-set", "-s", "binary", "-s", "letters", "-s", "binary,ahead=3")
    out = tmp_path / "run"
    assert snellen("run", "-d", str(folder), "-m", MODEL, *more, "--out", str(out), "--plan-only").code == 0
    said = snellen("export", "openai-batch", str(out))
    assert said.code == 0
    assert "scripted/" in said.err and "its provider takes no files of OpenAI's Batch API" in said.err
    title = "openai-compatible/m,base_url=http://127.0.0.1:9/v1"
    assert f"{title} · binary is left out: it asks in rounds, each after the answers" in said.err
    assert f"{title} · letters is left out: it asks something before the first image" in said.err
    asked = list(requests([Path(line) for line in said.out.splitlines()]))
    assert len(asked) == 12 + 12 * 3
    alone = tmp_path / "alone"
    run = ("run", "-d", str(folder), "-m", MODEL, "-s", "binary", "--out", str(alone), "--plan-only")
    assert snellen(*run).code == 0
    said = snellen("export", "openai-batch", str(alone))
    assert said.code == 2 and "asks in rounds" in said.err
    assert not (alone / "batch").exists()


@pytest.mark.parametrize(
    ("spec", "once"),
    [
        ("closed-set", True),
        ("closed-set,votes=3,answer=choose", True),
        ("likelihood,normalise=mean", True),
        ("binary,decide=argmax", True),
        ("binary", False),
        ("binary,answer=choose", False),
        ("binary,ahead=5", True),
        ("binary-then-choose", False),
        ("tournament,size=2", False),
        ("vocabulary", False),
    ],
)
def test_one_round_or_more_is_found_by_answering(spec: str, once: bool) -> None:
    row = Row(strategy_plan(spec).strategy, Classes(("cat", "dog", "bird", "fish", "none"), "none"), 0)
    assert asks_once(row, Image(data=b"any")) is once


def test_files_hold_one_model_and_keep_to_the_limits(
    snellen: Snellen, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_export, "MOST_REQUESTS", 5)
    run = tmp_path / "run"
    files = exported(snellen, folder, run, "-s", "closed-set", "-m", MODEL.replace("/m,", "/n,"))
    models = [[each["body"]["model"] for each in requests([file])] for file in files]
    assert sorted(models) == [["m"] * 2, ["m"] * 5, ["m"] * 5, ["n"] * 2, ["n"] * 5, ["n"] * 5]
    monkeypatch.setattr(batch_export, "MOST_REQUESTS", 50_000)
    monkeypatch.setattr(batch_export, "MOST_BYTES", 2000)
    said = snellen("export", "openai-batch", str(run), "-o", str(tmp_path / "small"))
    files = [Path(line) for line in said.out.splitlines()]
    assert len(files) > 4 and all(0 < file.stat().st_size <= 2000 for file in files)
    assert sum(1 for _ in requests(files)) == 24


def test_an_export_that_fails_leaves_nothing(
    snellen: Snellen, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert (
        snellen("run", "-d", str(folder), "-m", MODEL, "-s", "closed-set", "--out", str(out), "--plan-only").code == 0
    )

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(batch_export, "request_line", full)
        assert snellen("export", "openai-batch", str(out)).code == 3
    assert not [path.name for path in out.iterdir() if "batch" in path.name]


def test_an_answer_goes_to_its_own_model_alone(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    files = exported(snellen, folder, tmp_path / "one", "-s", "closed-set")
    exported(snellen, folder, tmp_path / "two", "-s", "closed-set", model=MODEL.replace("/m,", "/n,"))
    lines = [output(each, completion("cat")) for each in requests(files)]
    (tmp_path / "out.jsonl").write_text("\n".join(lines))
    read = snellen("import-batch", str(tmp_path / "two"), str(tmp_path / "out.jsonl"), "-q")
    assert read.code == 4 and "12 lines are for another run" in read.err
    assert not studies.stored(tmp_path / "two")


def test_only_what_was_exported_is_read(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    """The same model, image and question, but a run that asked for no batch, or for one of other images."""
    files = exported(snellen, folder, tmp_path / "one", "-s", "closed-set")
    asked = list(requests(files))
    lines = [output(each, completion("cat")) for each in asked]
    (tmp_path / "out.jsonl").write_text("\n".join(lines))
    two = tmp_path / "two"
    assert (
        snellen("run", "-d", str(folder), "-m", MODEL, "-s", "closed-set", "--out", str(two), "--plan-only").code == 0
    )
    read = snellen("import-batch", str(two), str(tmp_path / "out.jsonl"), "-q")
    assert "12 lines are for another run, or for what this one did not export" in read.err
    assert not studies.stored(two)
    few = tmp_path / "few"
    exported(snellen, folder, few, "-s", "closed-set", "--per-class", "2")
    assert (
        snellen("run", "-d", str(folder), "-m", MODEL, "-s", "closed-set", "--out", str(few), "--plan-only").code == 0
    )
    read = snellen("import-batch", str(few), str(tmp_path / "out.jsonl"), "-q")
    assert "6 answers read" in read.err and "6 lines are for another run" in read.err


def test_a_folder_from_before_there_was_a_list_of_what_was_exported_has_one_now(
    snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    files = exported(snellen, folder, tmp_path / "run", "-s", "closed-set")
    with closing(sqlite3.connect(tmp_path / "run" / "answers.sqlite")) as database:
        database.execute("DROP TABLE exported")
    said = snellen("export", "openai-batch", str(tmp_path / "run"), "-o", str(tmp_path / "again"))
    assert len(list(requests([Path(line) for line in said.out.splitlines()]))) == len(list(requests(files)))


def test_a_line_without_an_end_is_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_LINE", 100)
    (tmp_path / "out").write_bytes(b"a\n\n" + b"x" * 99 + b"\n" + b"y" * 100 + b"\nb\n" + b"z" * 100_050)

    class Counted(io.FileIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            assert size == 100
            return super().readline(size)

    with Counted(tmp_path / "out") as file:
        assert list(batch.lines_of(file)) == [b"a\n", b"x" * 99 + b"\n", None, b"b\n", None]  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["clarifai/a/b/models/c", "openai-compatible/qwen-vl-max,server=dashscope"])
def test_providers_without_a_batch_api_of_that_form_are_left_out(
    model: str, snellen: Snellen, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert (
        snellen("run", "-d", str(folder), "-m", model, "-s", "closed-set", "--out", str(out), "--plan-only").code == 0
    )
    said = snellen("export", "openai-batch", str(out))
    assert said.code == 2 and "its provider takes no files of OpenAI's Batch API" in said.err


def test_a_wrong_run_or_file_is_told(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    assert snellen("export", "openai-batch", str(tmp_path / "none")).code == 2
    assert "openai-batch" in snellen("export", "openai-batsh", str(tmp_path)).err
    exported(snellen, folder, tmp_path / "run", "-s", "closed-set")
    assert "there is no file" in snellen("import-batch", str(tmp_path / "run"), str(tmp_path / "no.jsonl")).err
    other = studies.model(tmp_path / "other.py", 'return Text("cat")')
    assert snellen("run", "-d", str(folder), "-m", other, "--out", str(tmp_path / "s"), "--plan-only").code == 0
    said = snellen("import-batch", str(tmp_path / "s"), str(folder / "cat" / "cat0.png"))
    assert said.code == 2 and "no model of the run" in said.err


def test_an_address_comes_back_as_it_went() -> None:
    rng = Random(0)
    for image in (rng.randbytes(32).hex(), ""):
        key = rng.randbytes(16)
        address = Address.of('{"a": "b"}', image, key)
        assert Address.read(str(address)) == address
        assert address.image.hex() == image[:32] and address.question == key
    assert all(Address.read(text) is None for text in ("request-1", "snellen-", "snellen-!!", None, 7, "snellen-AAAA"))


def test_lines_that_are_none_are_none() -> None:
    assert [read_line(line) for line in (b"{", b"[1]", b"1", b'{"id": 1}', b"\xff\xfe", b"[" * 99_999)] == [None] * 6


def test_a_run_before_the_import_says_that_it_pays_again(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    out, truth = tmp_path / "run", truths(folder)
    with serving(lambda asked: truth[asked.pictures[0][1]]) as server:
        words = ("run", "-d", str(folder), "-m", f"openai-compatible/m,base_url={server.url}", "-s", "closed-set")
        assert "paid for once more" not in snellen(*words, "--limit", "1", "--out", str(out)).err
        exported(snellen, folder, out, "-s", "closed-set", model=words[4])
        said = snellen(*words, "--out", str(out))
        assert said.code == 0 and "paid for once more" in said.err and "import-batch" in said.err
        assert "paid for once more" not in snellen(*words, "--out", str(out)).err  # nothing is left to ask


def test_what_a_batch_answered_costs_the_share_of_a_batch(snellen: Snellen, folder: Path, tmp_path: Path) -> None:
    out, prices = tmp_path / "run", tmp_path / "prices.json"
    entry = {"model": "openai-compatible/*", "input": 10, "output": 100, "batch": 0.5}
    prices.write_text(json.dumps({"prices": [entry]}))
    files = exported(snellen, folder, out, "-s", "closed-set", "--prices", str(prices))
    back = tmp_path / "back.jsonl"
    back.write_text("\n".join(output(each, completion("cat")) for each in requests(files)))
    assert snellen("import-batch", str(out), str(back)).code == 0
    (row,) = studies.rows(out)
    assert row["cost_usd"] == row["spent_usd"] == pytest.approx(12 * (100 * 10 + 3 * 100) / 1e6 / 2)

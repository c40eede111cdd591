"""What all hosted models can be told, and what is refused before a key gets anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen.errors import Missing, WrongUse
from snellen.plan import Request, resolve
from snellen.remote.options import check_secrecy, is_loopback
from snellen.specs import model_plan

MODEL = "openai-compatible/m,server=vllm"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.8.9.1:80", "[::1]:8", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_known_by_its_addresses(host: str) -> None:
    assert is_loopback(f"http://{host}/v1")


@pytest.mark.parametrize(
    "host", ["127.evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1", "128.0.0.1", "[::2]", "h", "127.x"]
)
def test_no_other_machine_is_taken_for_this_one(host: str) -> None:
    assert not is_loopback(f"http://{host}/v1")


def test_a_key_goes_to_another_machine_only_with_encryption_unless_that_is_allowed() -> None:
    for url in ("https://h/v1", "http://localhost/v1", "http://127.0.0.1:8000/v1"):
        check_secrecy(url, allowed=False)
    check_secrecy("http://10.0.0.7/v1", allowed=True)
    for url in ("http://10.0.0.7:8000/v1", "http://api.example.com/v1", "http://127.evil.com/v1"):
        with pytest.raises(WrongUse, match="over http, where anyone on the way can read it"):
            check_secrecy(url, allowed=False)


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "ABCDEF0123456789ABCDEF0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "gsk_0123456789abcdefABCDEF",
        "QWERTYUIOPASDFGHJKLZXCVBNM",
        12345678901234567890,
    ],
)
def test_a_key_in_the_place_of_its_variable_is_refused_and_not_repeated(key: str | int) -> None:
    with pytest.raises(WrongUse, match="not the key") as caught:
        model_plan({"model": "openai-compatible/m", "server": "vllm", "api_key_env": key})
    assert str(key) not in str(caught.value)


def test_a_variable_that_is_not_set_ends_a_run_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_OTHER_KEY", raising=False)
    request = Request("shapes", (f"{MODEL},api_key_env=MY_OTHER_KEY",), out=str(tmp_path / "run"))
    with pytest.raises(Missing, match="set the environment variable MY_OTHER_KEY"):
        resolve(request)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("MY_OTHER_KEY", "sk-0123456789")
    assert resolve(request).models[0].options.api_key_env == "MY_OTHER_KEY"


@pytest.mark.parametrize("name", ["KEY", "OPENAI_API_KEY", "KEY_2", "HF_TOKEN"])
def test_names_of_variables_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-0123456789")
    assert model_plan(f"{MODEL},api_key_env={name}").options.api_key_env == name

"""Keys come from the environment and go nowhere but into a request."""

from __future__ import annotations

import pickle

import pytest

from snellen.errors import Missing, WrongUse
from snellen.remote.keys import Key, key_of

SECRET = "sk-0123456789abcdef"


def test_a_key_is_read_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", f" {SECRET}\n")
    key = key_of("SOME_KEY", "m")
    assert key is not None
    assert key.value == SECRET
    assert key_of(None, "m") is None


@pytest.mark.parametrize("value", ["", " ", None])
def test_a_key_that_is_not_set_is_missing(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(Missing, match="m needs a key: set the environment variable SOME_KEY"):
        key_of("SOME_KEY", "m")


@pytest.mark.parametrize("value", [f"{SECRET} {SECRET}", f"{SECRET}\u00fc", f"{SECRET}\nX-Header: 1"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(WrongUse) as caught:
        key_of("SOME_KEY", "m")
    assert SECRET not in str(caught.value)


def test_a_key_shows_itself_to_nobody() -> None:
    key = Key(SECRET)
    assert SECRET not in repr(key) + str(key) + f"{key}"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert key.scrubbed(f"a {SECRET} b".encode()) == b"a *** b"
    assert key.scrubbed_text(SECRET) == "***"
    assert Key("EMPTY").scrubbed(b"EMPTY") == b"EMPTY", "a word that is no secret"

"""Requests go through the proxy that the system names, and nothing else of its settings goes with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopback import serving
from remote_models import WHAT, answer, hosted
from snellen.errors import WrongUse
from snellen.remote.proxies import proxy_for
from snellen.types import Text


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "request_method"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_a_server_is_asked_through_the_proxy_and_no_password_of_netrc_goes_with_it(
    no_settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine models.example login me password secret-of-netrc\n", encoding="utf-8")
    netrc.chmod(0o600)
    no_settings.setenv("NETRC", str(netrc))
    with serving(lambda asked: "star") as server:
        no_settings.setenv("http_proxy", server.url.removesuffix("/v1"))
        with hosted("http://models.example/v1") as model:
            got = answer(model, WHAT)
        assert isinstance(got, Text)
        (asked,) = server.asked
        assert asked.headers["host"] == "models.example"
        assert "authorization" not in asked.headers


def test_the_proxy_is_that_of_the_scheme_unless_the_host_is_excepted(no_settings: pytest.MonkeyPatch) -> None:
    assert proxy_for("https://api.example.com/v1") is None
    no_settings.setenv("https_proxy", "proxy:3128")
    no_settings.setenv("no_proxy", "inside.example,10.0.0.7")
    assert proxy_for("https://api.example.com/v1") == "http://proxy:3128"
    for url in ("http://api.example.com", "https://inside.example", "https://10.0.0.7", "https://localhost:8000/v1"):
        assert proxy_for(url) is None
    no_settings.setenv("https_proxy", "socks5://me:secret@proxy:1080")
    with pytest.raises(WrongUse, match="of the kind socks5") as caught:
        proxy_for("https://api.example.com/v1")
    assert "secret" not in str(caught.value)

"""Who may ask the viewer, and what its answers allow."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from snellen.marks import read_marks
from snellen.viewer.guard import Guard, is_loopback
from snellen.viewer.server import Server
from studies import model, photographs, ran
from viewed import Page, Viewer, viewing


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("guard")
    with ran(photographs(place / "photos", 2), model(place / "m.py", "return truth(image)"), out=place / "run"):
        return place / "run"


@pytest.fixture(scope="module")
def viewer(run: Path) -> Iterator[Viewer]:
    with viewing(run) as viewer:
        yield viewer


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:8765", "127.0.0.1:1"])
def test_names_of_this_machine_are_answered(viewer: Viewer, host: str) -> None:
    assert viewer.ask("GET", "/runs/1/images", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "127.0.0.2", "", "localhost:x"]
)
def test_other_names_are_not(viewer: Viewer, host: str) -> None:
    page = viewer.ask("GET", "/runs/1/images", Host=host)
    assert page.status == 403 and "localhost" in page.text and "cat" not in page.text


def test_a_request_has_one_name(run: Path) -> None:
    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("in")(scope, receive, send)

    for hosts, status in ((["localhost"], 200), (["localhost", "evil.example"], 403), ([], 403)):
        sent = [(b"host", host.encode()) for host in hosts]  # a server's parser may let two of them through
        told: list[Message] = []
        asyncio.run(_called(Guard(page), {"type": "http", "method": "GET", "path": "/", "headers": sent}, told))
        assert told[0]["status"] == status


async def _called(guard: Guard, scope: Scope, told: list[Message]) -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        told.append(message)

    await guard(scope, receive, send)


def test_another_address_of_this_machine_is_a_name_where_it_is_asked_for(run: Path) -> None:
    guard = Guard(PlainTextResponse("in"), None, "127.0.0.2")
    told: list[Message] = []
    for host in (b"127.0.0.2:8765", b"localhost", b"127.0.0.3"):
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", host)]}
        asyncio.run(_called(guard, scope, told))
    assert [each["status"] for each in told if "status" in each] == [200, 200, 403]
    wide = Guard(PlainTextResponse("in"), None, "[0:0:0:0:0:0:0:1]")
    asyncio.run(_called(wide, {"type": "http", "method": "GET", "headers": [(b"host", b"[::1]:1")]}, told))
    assert told[-2]["status"] == 200
    server = Server([run], "LOCALHOST", 0)
    assert server.address == f"http://127.0.0.1:{server.port}/" and server.token is None
    server.close()


def test_pages_of_other_places_may_link_here_and_learn_nothing(viewer: Viewer) -> None:
    link = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    for site in ("cross-site", "same-site"):
        assert viewer.ask("GET", "/runs/1/answers?q=cat", Sec_Fetch_Site=site, **link).status == 200
        for mode, wanted in (("no-cors", "image"), ("no-cors", "empty"), ("cors", "empty"), ("navigate", "iframe")):
            parts = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": wanted}
            assert viewer.ask("GET", "/runs/1/answers?q=cat", **parts).status == 403
    own = {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}
    assert viewer.ask("GET", "/static/viewer.js", **own).status == 200


def test_every_answer_says_what_browsers_may_do(viewer: Viewer) -> None:
    for path in ("/", "/runs/1/", "/runs/1/images", "/nothing", "/static/viewer.js", "/runs/1/picture?d=00&side=160"):
        headers = viewer.ask("GET", path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers and "access-control-allow-origin" not in headers


def test_only_three_methods_are_answered(viewer: Viewer) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert viewer.ask(method, "/runs/1/images").status == 405
    head = viewer.ask("HEAD", "/runs/1/images")
    assert (head.status, head.body) == (200, b"")
    assert viewer.send("images", {}).status == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "", "Sec_Fetch_Site": "none"},
    ],
)
def test_forms_of_other_places_change_nothing(viewer: Viewer, run: Path, headers: dict[str, str]) -> None:
    form = {"id": "cat/cat0.png", "action": "mark", "form_token": token_of(viewer)}
    assert viewer.send("marks", form, **headers).status == 403
    assert read_marks(run) == {}


def test_browsers_tell_in_three_ways_that_a_form_is_from_here(viewer: Viewer, run: Path) -> None:
    form = {"id": "cat/cat0.png", "action": "take", "form_token": token_of(viewer)}
    own = {"Origin": f"http://127.0.0.1:{viewer.server.port}"}
    for headers in (own, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "same-origin", "Origin": "null"}):
        assert viewer.ask("POST", "/runs/1/marks", urlencode(form), **headers).status == 303
    assert viewer.ask("POST", "/runs/1/marks", urlencode(form), Origin="null").status == 403
    assert viewer.ask("POST", "/runs/1/marks", urlencode(form)).status == 403


def test_forms_need_their_token_and_have_a_greatest_length(viewer: Viewer, run: Path) -> None:
    form = {"id": "cat/cat0.png", "action": "mark"}
    assert viewer.ask("POST", "/runs/1/marks", "id=cat%2Fcat0.png&action=mark").status == 403
    assert viewer.send("marks", form).status == 403
    assert viewer.send("marks", {**form, "form_token": "ü"}).status == 403
    assert viewer.send("marks", {**form, "form_token": token_of(viewer), "note": "x" * 70_000}).status == 413
    assert read_marks(run) == {}


def token_of(viewer: Viewer) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', viewer.get("image", id="cat/cat0.png").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "path",
    [
        "/runs/1/../../../../etc/passwd",
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/runs/1//etc/passwd",
        "/runs/1/picture/../../../etc/passwd",
        "/static/%00",
        "/runs/1%00/images",
        "/runs/١/images",
    ],
)
def test_no_path_leads_to_a_file(viewer: Viewer, path: str) -> None:
    page = viewer.ask("GET", path.encode("utf-8").decode("latin-1") if path.isascii() else path.replace("١", "%D9%A1"))
    assert page.status == 404 and b"root:" not in page.body


def test_where_others_reach_it_a_token_is_asked_for(run: Path) -> None:
    with viewing(run, host="0.0.0.0") as viewer:
        token = viewer.server.token
        assert token is not None and len(token) >= 24 and viewer.server.address.endswith(f"/?token={token}")

        def ask(path: str, **headers: str) -> Page:
            return viewer.ask("GET", path, **headers)

        for path in ("/", "/runs/1/images", "/static/viewer.js", "/runs/1/images?token=wrong", "/?token="):
            assert ask(path).status == 403
        given = ask(f"/runs/1/images?answer=right&token={token}")
        assert (given.status, given.headers["location"]) == (303, "/runs/1/images?answer=right")
        linked = ask(f"/runs/1/images?token={token}", Sec_Fetch_Site="cross-site")
        assert (linked.status, linked.headers["refresh"]) == (200, "0; url=/runs/1/images")
        cookie = given.headers["set-cookie"]
        assert linked.headers["set-cookie"] == cookie
        assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
        kept = cookie.partition(";")[0]
        assert ask("/runs/1/images", Cookie=f"a=b; {kept}").status == 200
        assert ask("/runs/1/images", Cookie=f"{kept}x").status == 403
        assert ask("/runs/1/images", Cookie=kept, Host="my-machine:8765").status == 200
        for path in ("//evil.example/", "/\\evil.example/", "\\/evil.example/"):
            gone = ask(f"{path}?token={token}", Sec_Fetch_Site="cross-site")
            assert gone.headers["refresh"] == "0; url=/evil.example/"
        assert ask(f"//evil.example/?token={token}").headers["location"] == "/evil.example/"
        form = {"id": "cat/cat0.png", "action": "mark", "form_token": token_of_page(ask, kept)}
        assert viewer.send("marks", form).status == 403
        assert read_marks(run) == {}


def token_of_page(ask: object, cookie: str) -> str:
    page = ask("/runs/1/image?id=cat%2Fcat0.png", Cookie=cookie)  # type: ignore[operator]
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def test_which_hosts_are_this_machine_alone() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "my-machine", "")))

"""docs/: what the pages link to is there, and the pictures of the guide are small enough for a repository."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("guide/*.md")])
PICTURES = sorted(DOCS.glob("images/*.png"))
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors that its headings have on the usual hosts of repositories."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"https?:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}, and no heading is called so"


def test_pages_of_the_guide_are_all_reached_from_its_first() -> None:
    first = DOCS / "guide" / "README.md"
    linked = {(first.parent / link.partition("#")[0]).resolve() for link in LINK.findall(prose(first))}
    assert {page.resolve() for page in DOCS.glob("guide/*.md")} - {first.resolve()} <= linked


def test_pictures_are_used_and_small() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(prose(page))}
    assert PICTURES
    assert {picture.resolve() for picture in PICTURES} <= shown
    assert sum(picture.stat().st_size for picture in PICTURES) < 1_500_000

"""How pages are looked at: sizes of screens, colour schemes, and pictures of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SCREENS = {"desktop": DESKTOP, "phone": PHONE}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# how a page is opened on each, for `visit(**LOOKS["phone-dark"])`
LOOKS: dict[str, dict[str, Any]] = {
    f"{screen}-{scheme}": {
        "viewport": size,
        "color_scheme": scheme,
        **({"is_mobile": True, "has_touch": True} if screen == "phone" else {}),
    }
    for screen, size in SCREENS.items()
    for scheme in SCHEMES
}


def look(page: Page, name: str, full_page: bool = False) -> None:
    """Writes NAME-SCREEN-SCHEME.png for each screen and scheme where SNELLEN_SCREENSHOTS names a folder for them.

    The page is left on the screen and in the scheme that it had.
    """
    place = os.environ.get("SNELLEN_SCREENSHOTS")
    if not place:
        return
    Path(place).mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for screen, size in SCREENS.items():
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(place) / f"{name}-{screen}-{scheme}.png", full_page=full_page)
    page.emulate_media(color_scheme="dark" if dark else "light")
    if before:
        page.set_viewport_size(before)


def check_fits(page: Page) -> None:
    """Raises AssertionError where the page is wider than its window, so that one must scroll sideways to read it."""
    window = page.viewport_size["width"] if page.viewport_size else 0
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide <= window:
        return
    culprits = page.evaluate(
        "window => [...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > window)"
        ".slice(0, 5).map(each => each.outerHTML.slice(0, 120))",
        window,
    )
    raise AssertionError(f"the page is {wide} pixels wide in a window of {window}:\n" + "\n".join(culprits))

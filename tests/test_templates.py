"""Templates: the published ones, one's own, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen import plugins
from snellen.errors import WrongUse
from snellen.strategies.zero_shot import Strategy
from snellen.templates import PUBLISHED, SINGLE, filled, templates_of


def test_the_published_templates_are_eighty_different_ones() -> None:
    assert len(PUBLISHED) == len(set(PUBLISHED)) == 80
    assert all(template.count("{name}") == 1 and template.endswith(".") for template in PUBLISHED)
    assert {"itap of my {name}.", "a {name} in a video game.", "a origami {name}.", *SINGLE} <= set(PUBLISHED)


def test_a_files_templates_are_the_option_and_not_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("one {name}\n\n  two {name}s \n")
    strategy = plugins.configure(Strategy, {"templates": str(path)}, "zero-shot")
    path.unlink()
    assert strategy.templates == ("one {name}", "two {name}s")
    assert plugins.configure(Strategy, {"templates": list(strategy.templates)}, "zero-shot") == strategy


def test_a_template_may_be_written_as_it_is_and_names_with_braces_stay() -> None:
    assert templates_of("a {name} with {0}") == ("a {name} with {0}",)
    assert filled("a {name} with {0}", "{name}{0}") == "a {name}{0} with {0}"


@pytest.mark.parametrize("given", ["publishd", ("a photo",), ()])
def test_what_is_no_template_is_told(given: str | tuple[str, ...]) -> None:
    with pytest.raises(WrongUse, match="template"):
        plugins.configure(Strategy, {"templates": given}, "zero-shot")

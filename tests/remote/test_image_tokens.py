"""Pictures count as many tokens as their providers' published examples say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.remote.image_tokens import image_tokens, most_image_tokens

SIDES = st.integers(1, 9000)


@pytest.mark.parametrize(
    ("model", "width", "height", "detail", "tokens"),
    [
        ("gpt-4o", 1024, 1024, "high", 765),  # the three examples of OpenAI's page
        ("gpt-4o", 2048, 4096, "high", 1105),
        ("gpt-4o", 4096, 8192, "low", 85),
        ("gpt-4o-2024-08-06", 128, 64, "auto", 255),  # as charged: a small picture is not enlarged
        ("gpt-4o-mini-2024-07-18", 128, 64, "auto", 8500),
        ("gpt-4o-mini", 512, 512, "low", 2833),
        ("gpt-4.1", 512, 513, "auto", 425),
        ("gpt-5", 1024, 1024, "high", 630),
        ("o3", 100, 100, "high", 225),
        ("gpt-4.1-mini", 1024, 1024, "auto", 1659),  # 1024 patches
        ("gpt-4.1-mini", 1800, 2400, "auto", 2353),  # the page's example: 1452 patches
        ("gpt-4.1-mini", 128, 64, "low", 13),
        ("gpt-4.1-nano", 128, 64, "auto", 20),
        ("o4-mini", 128, 64, "auto", 14),
    ],
)
def test_openai_counts_tiles_or_patches(model: str, width: int, height: int, detail: str, tokens: int) -> None:
    assert image_tokens("openai", model, width, height, detail) == tokens


@pytest.mark.parametrize(
    ("model", "width", "height", "tokens"),
    [
        ("claude-sonnet-4-5", 200, 200, 54),  # the examples of Anthropic's page
        ("claude-sonnet-4-5", 1000, 1000, 1334),
        ("claude-3-5-sonnet-20241022", 1092, 1092, 1590),
        ("claude-haiku-4-5", 4000, 3000, 1600),
        ("claude-opus-4-7", 4000, 3000, 4784),
    ],
)
def test_anthropic_counts_pixels(model: str, width: int, height: int, tokens: int) -> None:
    assert image_tokens("anthropic", model, width, height) == tokens


@pytest.mark.parametrize(
    ("model", "width", "height", "tokens"),
    [
        ("gemini-2.5-flash", 384, 384, 258),
        ("gemini-2.5-flash", 960, 540, 6 * 258),  # Google's example
        ("gemini-2.0-flash", 1536, 1536, 4 * 258),
        ("gemini-3.1-pro-preview", 100, 100, 1120),
    ],
)
def test_google_counts_tiles(model: str, width: int, height: int, tokens: int) -> None:
    assert image_tokens("google", model, width, height) == tokens


def test_others_count_as_qwen_and_at_most_more_than_any_fixed_number() -> None:
    assert image_tokens("openai-compatible", "qwen-vl-max", 280, 56) == 20
    assert most_image_tokens("openai-compatible", "llava", 280, 56) == 3000
    assert most_image_tokens("openai", "gpt-4o", 280, 56) == 255


@given(
    st.sampled_from(
        [
            *(
                ("openai", name)
                for name in ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gpt-5-nano", "gpt-5.2", "o4-mini")
            ),
            *(("anthropic", name) for name in ("claude-3-haiku", "claude-opus-4-8")),
            *(("google", name) for name in ("gemini-2.5-pro", "gemini-3-flash")),
        ]
    ),
    SIDES,
    SIDES,
)
def test_a_picture_of_any_size_has_a_bounded_number_of_tokens(model: tuple[str, str], width: int, height: int) -> None:
    tokens = image_tokens(*model, width, height)
    if model[0] == "google":
        assert 0 < tokens <= max(1120, 258 * (width // 256 + 1) * (height // 256 + 1))
    else:
        assert 0 < tokens <= {"gpt-4o-mini": 2833 + 8 * 5667, "gpt-5-nano": 3779}.get(model[1], 4784)

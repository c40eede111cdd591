"""How many input tokens a picture counts as, by the rule that its provider publishes."""

from __future__ import annotations

import re
from math import ceil, floor, sqrt

_TILES = (  # tokens of a picture and of each of its tiles, by the beginning of the name
    ("gpt-4o-mini", 2833, 5667),
    ("gpt-4o", 85, 170),
    ("chatgpt-4o", 85, 170),
    ("gpt-4.1", 85, 170),
    ("gpt-4.5", 85, 170),
    ("gpt-4-", 85, 170),
    ("gpt-5", 70, 140),
    ("o1", 75, 150),
    ("o3", 75, 150),
)
_PATCHES = (  # tokens of a patch, and the most patches
    (re.compile(r"gpt-(4\.1|5)-mini"), 1.62, 1536),
    (re.compile(r"gpt-(4\.1|5)-nano"), 2.46, 1536),
    (re.compile(r"o4-mini"), 1.72, 1536),
    (re.compile(r"gpt-5\.[2-9]"), 1.2, 2500),
)
_CLAUDE_OF_1568 = re.compile(r"claude-(3|haiku-4|sonnet-4|opus-4-(20|[0-6]))")
_QWEN_PATCH = 28
_UNKNOWN_MOST = 3000


def image_tokens(provider: str, model: str, width: int, height: int, detail: str = "auto") -> int:
    """The tokens of a picture of this size; of a provider without a published rule those of Qwen2-VL.

    `detail` is OpenAI's: low costs the least, auto counts as high.
    """
    if provider == "openai":
        return openai_tokens(model, width, height, detail)
    if provider == "anthropic":
        return anthropic_tokens(model, width, height)
    if provider == "google":
        return google_tokens(model, width, height)
    return qwen_tokens(width, height)


def most_image_tokens(provider: str, model: str, width: int, height: int, detail: str = "auto") -> int:
    """An upper bound of them: where there is no published rule at least 3,000, more than LLaVA-NeXT's fixed 2,880."""
    tokens = image_tokens(provider, model, width, height, detail)
    return tokens if provider in ("openai", "anthropic", "google") else max(tokens, _UNKNOWN_MOST)


def openai_tokens(model: str, width: int, height: int, detail: str = "auto") -> int:
    """OpenAI's two rules (platform.openai.com/docs/guides/images-vision, "Calculating costs").

    Tiles (GPT-4o, 4.1, 4.5, o1, o3, GPT-5): shrunk to fit 2048 x 2048, then to a shorter side of 768; a base and so
    much for each tile of 512 x 512; the base alone at low detail. Patches (the newer minis and nanos): as many of
    32 x 32 as cover it, shrunk to at most 1536, times a factor of the model; detail does not matter there. Users who
    measured it were charged for fewer by the GPT-5 minis and nanos than published.
    """
    for pattern, factor, most in _PATCHES:
        if pattern.match(model):
            return ceil(_patches(width, height, most) * factor)
    base, each = next(((base, each) for name, base, each in _TILES if model.startswith(name)), (85, 170))
    if detail == "low":
        return base
    shrink = min(1.0, 2048 / max(width, height))
    shrink = min(shrink, 768 / min(width, height))
    return base + each * ceil(_whole(width * shrink) / 512) * ceil(_whole(height * shrink) / 512)


def _whole(side: float) -> int:
    return max(1, int(side + 1e-6))


def _patches(width: int, height: int, most: int) -> int:
    """Patches of 32 pixels that cover a picture, shrunk where they are more than `most`, to whole ones."""
    across, down = ceil(width / 32), ceil(height / 32)
    if across * down <= most:
        return across * down
    shrink = sqrt(32 * 32 * most / (width * height))
    shrink *= min(
        max(1, floor(width * shrink / 32)) / (width * shrink / 32),
        max(1, floor(height * shrink / 32)) / (height * shrink / 32),
    )
    return min(most, ceil(width * shrink / 32 - 1e-6) * ceil(height * shrink / 32 - 1e-6))


def anthropic_tokens(model: str, width: int, height: int) -> int:
    """Anthropic's rule: width x height / 750, of the picture shrunk to a longer side of 1568 and about 1,600 tokens.

    Models from Opus 4.7 on take 2576 pixels and 4,784 tokens (docs.claude.com, "Vision", "Calculate image costs").
    """
    side, most = (1568, 1600) if _CLAUDE_OF_1568.match(model) else (2576, 4784)
    shrink = min(1.0, side / max(width, height))
    return min(most, ceil(width * shrink * height * shrink / 750))


def google_tokens(model: str, width: int, height: int) -> int:
    """Google's rule (ai.google.dev/gemini-api/docs/tokens and /media-resolution).

    Up to Gemini 2.5: 258 where both sides are at most 384, else 258 for each tile; a tile's side is two thirds of the
    shorter side, of 256 to 768 pixels. From Gemini 3 on 1,120 whatever the size.
    """
    if (version := re.match(r"gemini-(\d+)", model)) and int(version[1]) >= 3:
        return 1120
    if max(width, height) <= 384:
        return 258
    tile = min(768, max(256, floor(min(width, height) / 1.5)))
    return 258 * ceil(width / tile) * ceil(height / tile)


def qwen_tokens(width: int, height: int) -> int:
    """Qwen2-VL's rule: a token for each 28 x 28 pixels, at least 4 and at most 16,384 (arXiv 2409.12191, section 2)."""
    return min(16384, max(4, ceil(width / _QWEN_PATCH) * ceil(height / _QWEN_PATCH)))

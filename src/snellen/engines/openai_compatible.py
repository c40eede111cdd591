"""Models on any server that speaks OpenAI's API for chat completions.

    openai-compatible/NAME,base_url=http://localhost:8000/v1
    openai-compatible/NAME,server=vllm

`server` names what runs there, with its usual address and what it can do beyond the common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from snellen.errors import WrongUse
from snellen.remote import options as remote
from snellen.remote.chat import ChatCompletions, Dialect
from snellen.remote.keys import Key, key_of
from snellen.remote.wire import Takes
from snellen.types import Choose, Generate

if TYPE_CHECKING:
    from snellen.remote.client import RemoteModel

ANSWERS: frozenset[type] = frozenset({Generate, Choose})
NEEDS = ("aiohttp",)
EXTRA = "api"
_ALL = Takes(frozenset({"image/jpeg", "image/png", "image/webp"}), 50_000_000)
_STB = Takes(frozenset({"image/jpeg", "image/png"}), 50_000_000)  # llama.cpp and Ollama decode with stb_image


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a kind of server: its usual address, how it speaks, the usual variable of its key."""

    base_url: str | None
    dialect: Dialect
    api_key_env: str | None = None


PRESETS: Mapping[str, Preset] = {
    "any": Preset(None, Dialect()),
    "vllm": Preset("http://localhost:8000/v1", Dialect("structured_outputs", logprobs=True, takes=_ALL)),
    "sglang": Preset("http://localhost:30000/v1", Dialect("regex", logprobs=True, takes=_ALL)),
    "llama-cpp": Preset("http://localhost:8080/v1", Dialect("json_schema", logprobs=True, takes=_STB)),
    "ollama": Preset("http://localhost:11434/v1", Dialect("json_schema", takes=_STB)),
    "transformers": Preset("http://localhost:8000/v1", Dialect(takes=_ALL)),
    "dashscope": Preset(
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        Dialect(batches=False, takes=Takes(_ALL.media_types, 7_000_000)),  # 10 MB in base64
        "DASHSCOPE_API_KEY",
    ),
}


@dataclass(frozen=True, slots=True)
class Options(remote.Options):
    """How a model is asked; see `snellen.remote.options` for what all hosted models share.

    - `scores`: how Choose is answered; "auto" takes log-probabilities where the server has them and the choices are
      short, else a forced choice where the server has it, else it asks for one of the choices.
    - `seed`, `detail`: sent where they are given; not every server honours them.
    - `reasoning_tokens`: added to the limit of every answer, for a model that reasons before it answers.
    """

    server: Literal["any", "vllm", "sglang", "llama-cpp", "ollama", "transformers", "dashscope"] = "any"
    scores: Literal["auto", "logprobs", "choice", "ask"] = "auto"
    seed: int | None = None
    detail: Literal["auto", "low", "high"] | None = field(default=None)
    reasoning_tokens: Annotated[int, Ge(0)] = 0


def _placed(name: str, options: Options) -> Options:
    """The options with the preset's address and variable where they name none. Raises WrongUse where there is none."""
    preset = PRESETS[options.server]
    if options.base_url is None and preset.base_url is None:
        raise WrongUse(
            f"openai-compatible/{name} needs an address: write openai-compatible/{name},base_url=http://HOST:PORT/v1, "
            f"or server= with one of {', '.join(server for server in PRESETS if server != 'any')}"
        )
    return remote.with_defaults(options, base_url=preset.base_url, api_key_env=preset.api_key_env)


def identity(name: str, options: Options) -> dict[str, Any]:
    """Where the model is and its name there; what runs behind them is not known."""
    return {"server": remote.place(_placed(name, options).base_url or ""), "model": name}


def provider(name: str, options: Options) -> ChatCompletions:
    """The translation for a model. Raises WrongUse where its server cannot be held to choices."""
    options = _placed(name, options)
    dialect = PRESETS[options.server].dialect
    if options.scores == "choice" and not dialect.forced:
        raise WrongUse(f"openai-compatible/{name}: scores=choice needs server=vllm, sglang, llama-cpp or ollama")
    return ChatCompletions(
        options.base_url or "",
        name,
        replace(dialect, thought=options.reasoning_tokens),
        temperature=options.temperature,
        seed=options.seed,
        detail=options.detail,
        scores=options.scores,
    )


def forcing(name: str, options: Options) -> Mapping[str, Mapping[str, Any]]:
    """The ways in which a server may be held to choices, as changes of the options; `doctor` tries them.

    Where a way is known to the server that is named, it is the only one.
    """
    placed = _placed(name, options)
    here = {"base_url": placed.base_url, "api_key_env": placed.api_key_env}
    if known := PRESETS[options.server].dialect.forced:
        return {known: {}}
    servers: dict[str, str] = {}
    for server, preset in PRESETS.items():
        if preset.dialect.forced:
            servers.setdefault(preset.dialect.forced, server)
    return {way: {**here, "server": server} for way, server in servers.items()}


def load(name: str, options: Options) -> RemoteModel:
    """The engine. Raises Missing where the key is not set; the server is not asked yet."""
    from snellen.remote.client import RemoteModel

    options = _placed(name, options)
    return RemoteModel(provider(name, options), key(name, options), options)


def key(name: str, options: Options) -> Key | None:
    """What it takes to be answered, None for most servers of one's own. Raises Missing where that is not set."""
    return key_of(_placed(name, options).api_key_env, f"openai-compatible/{name}")

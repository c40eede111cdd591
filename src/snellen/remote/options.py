"""The options that all hosted models share."""

from __future__ import annotations

import dataclasses
import re
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from annotated_types import Ge, Gt
from pydantic import BeforeValidator

from snellen.errors import WrongUse

NOT_THE_MODEL = {"answers": False, "title": False}
_VARIABLE = re.compile(r"[A-Z]{1,16}|[A-Z][A-Z0-9]{0,31}(_[A-Z0-9]{1,31})+")  # narrow, so that it is not a key itself


def _none(given: Any) -> Any:
    return None if given == "none" else given


def _text(given: Any) -> Any:
    return given if given is None else str(given)  # what is no text would be shown as it is refused


@dataclass(frozen=True, slots=True)
class Options:
    """Where a model is, and how it is asked.

    - `base_url`: the address before `/chat/completions` or the like.
    - `api_key_env`: the variable that holds the key; `plain_http`: whether it may go over http to another machine, as
      in a network of one's own.
    - `temperature`: 0 takes the likeliest answer; `none` leaves it to the provider, as some models want.
    - `concurrency`: the most requests in flight; fewer where the server says that it is crowded.
    - `requests_per_minute`, `tokens_per_minute`: what is kept to, but for what a second holds, which may come at once;
      the tokens of an answer are known only when it is there, and are taken to be as many as those before.
    - `timeout`: seconds for an answer to begin; `retries`: how often a question is asked again after faults.
    """

    base_url: str | None = field(default=None, metadata={"answers": False})  # host and path are in the identity
    api_key_env: Annotated[str | None, BeforeValidator(_text)] = field(default=None, metadata=NOT_THE_MODEL)
    temperature: Annotated[Annotated[float, Ge(0)] | None, BeforeValidator(_none)] = 0.0
    concurrency: Annotated[int, Ge(1)] = field(default=64, metadata=NOT_THE_MODEL)
    requests_per_minute: Annotated[float, Gt(0)] | None = field(default=None, metadata=NOT_THE_MODEL)
    tokens_per_minute: Annotated[float, Gt(0)] | None = field(default=None, metadata=NOT_THE_MODEL)
    timeout: Annotated[float, Gt(0)] = field(default=120.0, metadata=NOT_THE_MODEL)
    retries: Annotated[int, Ge(0)] = field(default=8, metadata=NOT_THE_MODEL)
    plain_http: bool = field(default=False, metadata=NOT_THE_MODEL)

    def __post_init__(self) -> None:
        if self.base_url is not None:
            check_url(self.base_url)
        if self.api_key_env is not None and not _VARIABLE.fullmatch(self.api_key_env):
            raise ValueError(
                "api_key_env is the name of an environment variable that holds the key, such as MY_SERVER_KEY "
                "(capitals, with _ between words), not the key; what was given is not repeated here"
            )


def check_url(url: str) -> None:
    """Raises ValueError where that is no address of a server, or one that holds what is secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("base_url: expected an address such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url: expected no password, ? or # in it; api_key_env names the variable with a key")
    _ = parts.port  # raises ValueError


def place(url: str) -> str:
    """Host, port and path of an address, as they stand in a model's identity."""
    parts = urlsplit(url)
    return parts.netloc.lower() + parts.path.rstrip("/")


def host(url: str) -> str:
    """Host and port of an address."""
    return urlsplit(url).netloc.lower()


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    name = urlsplit(url).hostname or ""
    with suppress(ValueError):
        address = ip_address(name)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    return name == "localhost"


def check_secrecy(url: str, allowed: bool) -> None:
    """Raises WrongUse where a key would go to another machine without encryption, unless that is allowed."""
    if urlsplit(url).scheme == "http" and not is_loopback(url) and not allowed:
        raise WrongUse(
            f"the key would go to {host(url)} over http, where anyone on the way can read it: use https, or write "
            "plain_http=true where the network is your own"
        )


T = TypeVar("T", bound=Options)


def with_defaults(options: T, base_url: str | None, api_key_env: str | None) -> T:
    """The options of a provider with its address and its variable for the key where they name none."""
    return dataclasses.replace(
        options,
        base_url=base_url if options.base_url is None else options.base_url,
        api_key_env=api_key_env if options.api_key_env is None else options.api_key_env,
    )

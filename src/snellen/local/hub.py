"""Models of the Hugging Face hub: the commit behind a name, and its files on this machine.

What the local cache holds is taken from there without asking the hub, so that a model once fetched works offline.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snellen.errors import Missing, WrongUse

_PARTS = re.compile(r"additional_chat_templates/|[0-9]_\w+/")  # folders whose files belong to a model
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SECONDS = 20.0
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
OPEN_CLIP_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json")
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_CONFIGS = ("config.json", "open_clip_config.json")


def commit_of(name: str, revision: str | None, provider: str) -> str:
    """The commit that a branch, a tag or None stands for: as the cache has it, else as the hub says.

    Raises WrongUse for what is no name of the hub, Missing where neither knows it.
    """
    with _asking(name, revision, provider) as hub:
        if (cached := _cached(hub, name, revision)) is not None:
            return cached.name
        if revision is not None and _COMMIT.fullmatch(revision):
            return revision
        commit = hub.HfApi().model_info(name, revision=revision, timeout=_SECONDS).sha
    if commit is None:
        raise Missing(f"{provider}/{name}: the hub names no commit for it; give revision=COMMIT")
    return str(commit)


def _cached(hub: Any, name: str, revision: str | None) -> Path | None:
    """The folder in which the cache keeps what it has of a revision."""
    found = (hub.try_to_load_from_cache(name, config, revision=revision) for config in _CONFIGS)
    return next((Path(file).parent for file in found if isinstance(file, str)), None)


def file_of(name: str, commit: str, file: str, provider: str) -> Path | None:
    """One small file of a commit, from the cache or the hub; None where the model has none such. Raises Missing."""
    with _asking(name, commit, provider) as hub:
        cached = hub.try_to_load_from_cache(name, file, revision=commit)
        if isinstance(cached, str):
            return Path(cached)
        try:
            return Path(hub.hf_hub_download(name, file, revision=commit))
        except hub.errors.LocalEntryNotFoundError:  # the hub cannot be asked
            if _cached(hub, name, commit) is None:
                raise
            return None
        except hub.errors.EntryNotFoundError:
            return None


def snapshot(name: str, commit: str, suffixes: Sequence[str], provider: str, needs: Sequence[Sequence[str]]) -> Path:
    """The folder of a commit's files of these suffixes, from the cache where it has what a model needs.

    `needs` is as for `is_whole`. Weights are fetched in one format, safetensors where there is the choice, and for one
    library where they are there for two. Raises Missing.
    """
    with _asking(name, commit, provider) as hub:
        if (cached := _cached(hub, name, commit)) is not None and is_whole(cached, needs):
            return cached
        listed = hub.HfApi().model_info(name, revision=commit, timeout=_SECONDS).siblings or []
        names = [file.rfilename for file in listed if file.rfilename.endswith(tuple(suffixes))]
        names = [file for file in names if "/" not in file or _PARTS.match(file)]
        foreign = WEIGHTS if OPEN_CLIP_WEIGHTS in needs else OPEN_CLIP_WEIGHTS
        names = [file for file in names if file not in foreign]
        if any(file.endswith(".safetensors") for file in names):
            names = [file for file in names if not file.endswith(".bin")]
        return Path(hub.snapshot_download(name, revision=commit, allow_patterns=names))


def is_whole(folder: Path, needs: Sequence[Sequence[str]] = (WEIGHTS, TOKENIZERS, PROCESSORS)) -> bool:
    """Whether a cached folder has of each group of files at least one; weights in parts have all of them."""
    return all(
        any((folder / file).is_file() for file in group) or (group == WEIGHTS and _has_parts(folder)) for group in needs
    )


def _has_parts(folder: Path) -> bool:
    for index in folder.glob("*.index.json"):
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if all((folder / part).is_file() for part in parts):
            return True
    return False


@contextmanager
def _asking(name: str, revision: str | None, provider: str) -> Iterator[Any]:
    """The hub's library, its errors turned into what to do about them."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise Missing(f"{provider}/{name} needs the package huggingface_hub: pip install 'snellen[hf]'")
    hub = importlib.import_module("huggingface_hub")
    errors = importlib.import_module("huggingface_hub.errors")
    wanted = f"{provider}/{name}" + (f" at revision {revision!r}" if revision else "")
    try:
        yield hub
    except errors.HFValidationError:
        raise WrongUse(f"{wanted}: expected a folder (there is none of that name) or OWNER/MODEL of the hub") from None
    except errors.RevisionNotFoundError:
        raise Missing(f"{wanted}: the hub has this model, but no such revision") from None
    except errors.RepositoryNotFoundError:
        raise Missing(
            f"{wanted}: there is no such folder here, and no such model on the hub or no access to it; "
            "check the name, or log in with 'hf auth login'"
        ) from None
    except Exception as error:  # whatever the network and its libraries raise: the model cannot be had
        raise Missing(
            f"{wanted}: it is no folder here, not (whole) in the cache {hub.constants.HF_HUB_CACHE}, and the hub "
            f"cannot be asked ({type(error).__name__}); go online, run 'hf download {name}', or name a folder"
        ) from error

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

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SECONDS = 20.0
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json")
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")


def commit_of(name: str, revision: str | None, provider: str) -> str:
    """The commit that a branch, a tag or None stands for: as the cache has it, else as the hub says.

    Raises WrongUse for what is no name of the hub, Missing where neither knows it.
    """
    with _asking(name, revision, provider) as hub:
        cached = hub.try_to_load_from_cache(name, "config.json", revision=revision)
        if isinstance(cached, str):
            return Path(cached).parent.name
        if revision is not None and _COMMIT.fullmatch(revision):
            return revision
        commit = hub.HfApi().model_info(name, revision=revision, timeout=_SECONDS).sha
    if commit is None:
        raise Missing(f"{provider}/{name}: the hub names no commit for it; give revision=COMMIT")
    return str(commit)


def snapshot(name: str, commit: str, suffixes: Sequence[str], provider: str) -> Path:
    """The folder of a commit's files of these suffixes, from the cache where it has what a model needs.

    Weights are fetched in one format, safetensors where there is the choice. Raises Missing.
    """
    with _asking(name, commit, provider) as hub:
        cached = hub.try_to_load_from_cache(name, "config.json", revision=commit)
        if isinstance(cached, str) and is_whole(Path(cached).parent):
            return Path(cached).parent
        listed = hub.HfApi().model_info(name, revision=commit, timeout=_SECONDS).siblings or []
        names = [file.rfilename for file in listed if file.rfilename.endswith(tuple(suffixes))]
        names = [file for file in names if "/" not in file or file.startswith("additional_chat_templates/")]
        if any(file.endswith(".safetensors") for file in names):
            names = [file for file in names if not file.endswith(".bin")]
        return Path(hub.snapshot_download(name, revision=commit, allow_patterns=names))


def is_whole(folder: Path) -> bool:
    """Whether a cached folder has weights with all their parts, a tokenizer and a processor."""
    for index in folder.glob("*.index.json"):
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if all((folder / part).is_file() for part in parts):
            break
    else:
        if not any((folder / file).is_file() for file in ("model.safetensors", "pytorch_model.bin")):
            return False
    return all(any((folder / file).is_file() for file in group) for group in (_TOKENIZERS, _PROCESSORS))


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

"""Where a model comes from: a folder, known by the content of its files, or a repository of the hub at one commit."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from snellen.errors import Missing, WrongUse

WEIGHTS = (".safetensors", ".bin")
DEFINING = (*WEIGHTS, ".json", ".jinja", ".model", ".py", ".tiktoken", ".txt")
TRAINING = ("training_args.bin", "trainer_state.json", "optimizer.bin", "scheduler.bin", "all_results.json")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Source:
    """`place` is a folder's absolute path (`revision` None), or a repository's name with `revision` its commit."""

    place: str
    revision: str | None

    @property
    def is_folder(self) -> bool:
        return self.revision is None

    def identity(self) -> dict[str, str]:
        """What tells this model from others, wherever it lies."""
        if self.revision is None:
            return {"files": digest_of(Path(self.place))}
        return {"repository": self.place, "commit": self.revision}


def locate(name: str, revision: str | None) -> Source:
    """The folder or repository behind a name; one that starts like a path, or is a folder, is a folder.

    Raises WrongUse for a folder without a model, Missing for a name that neither the cache nor the hub knows.
    """
    if name.startswith(("./", "../", "/", "~")) or name in (".", "..") or Path(name).is_dir():
        if revision is not None:
            raise WrongUse(f"hf/{name}: revision={revision!r} is for names of the hub, and this is a folder")
        folder = Path(name).expanduser().resolve()
        check_folder(folder, f"hf/{name}")
        return Source(str(folder), None)
    return Source(name, _commit(name, revision))


def check_folder(folder: Path, owner: str) -> None:
    """Raises WrongUse unless the folder holds a configuration and weights."""
    if not folder.is_dir():
        raise WrongUse(f"{owner}: there is no folder {folder}; a name of the hub is written OWNER/MODEL")
    if not (folder / "config.json").is_file():
        hint = ""
        if (folder / "adapter_config.json").is_file():
            hint = "; it holds an adapter: name the base model, with adapter=FOLDER"
        raise WrongUse(f"{owner}: {folder} is a model folder without a model: expected a config.json there{hint}")
    weights = [file for file in defining_files(folder) if file.suffix in WEIGHTS]
    if not weights:
        raise WrongUse(f"{owner}: {folder} holds no weights: expected *.safetensors or *.bin beside its config.json")
    for file in weights:
        with file.open("rb") as stream:
            if stream.read(23) == b"version https://git-lfs":
                raise WrongUse(f"{owner}: {file} is a Git LFS pointer, not the weights; fetch them: git lfs pull")


def defining_files(folder: Path) -> list[Path]:
    """The files that make the model what it is, sorted by name: configuration, tokenizer, template, code, weights."""
    files = [*folder.iterdir(), *folder.glob("additional_chat_templates/*.jinja")]
    return sorted(
        file
        for file in files
        if file.suffix in DEFINING
        and file.is_file()
        and file.name not in TRAINING
        and not file.name.startswith(".")
        and not file.stem.lower().startswith(("readme", "license"))
    )


def digest_of(folder: Path) -> str:
    """The sha-256 over names and contents of the folder's defining files, in hexadecimal."""
    whole = hashlib.sha256()
    for file in defining_files(folder):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def adapter_identity(adapter: str | None) -> dict[str, str]:
    """The sha-256 of an adapter's files, as part of an identity. Raises WrongUse where the folder holds none."""
    return {} if adapter is None else {"adapter_files": digest_of(adapter_folder(adapter))}


def adapter_folder(adapter: str) -> Path:
    """The adapter's absolute path. Raises WrongUse where it is no folder with an adapter."""
    folder = Path(adapter).expanduser().resolve()
    if not (folder / "adapter_config.json").is_file():
        raise WrongUse(f"adapter={adapter}: expected a folder with an adapter_config.json, found none at {folder}")
    return folder


def _commit(name: str, revision: str | None) -> str:
    """The commit that a branch, a tag or None stands for: as the local cache has it, else as the hub says."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise Missing(f"hf/{name} needs the package huggingface_hub: pip install 'snellen[hf]'")
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    wanted = f"hf/{name}" + (f" at revision {revision!r}" if revision else "")
    try:
        cached = huggingface_hub.try_to_load_from_cache(name, "config.json", revision=revision)
        if isinstance(cached, str):
            return Path(cached).parent.name
        if revision is not None and _COMMIT.fullmatch(revision):
            return revision
        answer = huggingface_hub.HfApi().model_info(name, revision=revision, timeout=_HUB_SECONDS).sha
    except HFValidationError:
        raise WrongUse(f"{wanted}: expected a folder (there is none of that name) or OWNER/MODEL of the hub") from None
    except RevisionNotFoundError:
        raise Missing(f"{wanted}: the hub has this model, but no such revision") from None
    except RepositoryNotFoundError:
        raise Missing(
            f"{wanted}: there is no such folder here, and no such model on the hub or no access to it; "
            "check the name, or log in with 'hf auth login'"
        ) from None
    except Exception as error:  # whatever the network and its libraries raise: the model cannot be found out
        raise Missing(
            f"{wanted}: it is no folder here, not in the cache {huggingface_hub.constants.HF_HUB_CACHE}, and the hub "
            f"cannot be asked ({type(error).__name__}); go online, run 'hf download {name}', or name a folder"
        ) from error
    if answer is None:
        raise Missing(f"{wanted}: the hub names no commit for it; give revision=COMMIT")
    return str(answer)

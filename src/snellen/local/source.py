"""Where a model comes from: a folder, known by the content of its files, or a repository of the hub at one commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse
from snellen.local import hub

WEIGHTS = (".safetensors", ".bin")
DEFINING = (*WEIGHTS, ".json", ".jinja", ".model", ".py", ".tiktoken", ".txt")
TRAINING = ("training_args.bin", "trainer_state.json", "optimizer.bin", "scheduler.bin", "all_results.json")


@dataclass(frozen=True, slots=True)
class Source:
    """`place` is a folder's absolute path (`commit` None), or the name of a repository; `provider` is for errors."""

    provider: str
    place: str
    commit: str | None

    def identity(self) -> dict[str, str]:
        """What tells this model from others, wherever it lies."""
        if self.commit is None:
            return {"files": digest_of(Path(self.place))}
        return {"repository": self.place, "commit": self.commit}

    def folder(self, needs: Sequence[Sequence[str]] = (hub.WEIGHTS, hub.TOKENIZERS, hub.PROCESSORS)) -> Path:
        """The model's files on this machine, fetched where they are not all there: of each group in `needs` one.

        Raises Missing.
        """
        if self.commit is None:
            return Path(self.place)
        return hub.snapshot(self.place, self.commit, DEFINING, self.provider, needs)

    def settings(self, file: str) -> dict[str, Any]:
        """One of its JSON files, before all else is fetched; empty where there is none, a list under "".

        Raises WrongUse or Missing.
        """
        place: Path | None = Path(self.place) / file
        if self.commit is not None:
            place = hub.file_of(self.place, self.commit, file, self.provider)
        if place is None or not place.is_file():
            return {}
        try:
            found = json.loads(place.read_text(encoding="utf-8"))
        except ValueError as error:
            raise WrongUse(f"{self.provider}/{self.place}: its {file} is no JSON: {error}") from None
        return found if isinstance(found, dict) else {"": found}


def locate(name: str, revision: str | None, provider: str, configs: Sequence[str] = ("config.json",)) -> Source:
    """The folder or repository behind a name; one that starts like a path, or is a folder, is a folder.

    A folder has one of the `configs`.

    Raises WrongUse for a folder without a model, Missing for a name that neither the cache nor the hub knows.
    """
    if name.startswith(("./", "../", "/", "~")) or name in (".", "..") or Path(name).is_dir():
        if revision is not None:
            raise WrongUse(f"{provider}/{name}: revision={revision!r} is for names of the hub, and this is a folder")
        folder = Path(name).expanduser().resolve()
        check_folder(folder, f"{provider}/{name}", configs)
        return Source(provider, str(folder), None)
    return Source(provider, name, hub.commit_of(name, revision, provider))


def check_folder(folder: Path, owner: str, configs: Sequence[str] = ("config.json",)) -> None:
    """Raises WrongUse unless the folder holds a configuration and weights."""
    if not folder.is_dir():
        raise WrongUse(f"{owner}: there is no folder {folder}; a name of the hub is written OWNER/MODEL")
    if not any((folder / config).is_file() for config in configs):
        hint = ""
        if (folder / "adapter_config.json").is_file():
            hint = "; it holds an adapter: name the base model, with adapter=FOLDER"
        expected = " or ".join(configs)
        raise WrongUse(f"{owner}: {folder} is a model folder without a model: expected a {expected} there{hint}")
    weights = [file for file in defining_files(folder) if file.suffix in WEIGHTS]
    if not weights:
        raise WrongUse(f"{owner}: {folder} holds no weights: expected *.safetensors or *.bin beside its config.json")
    for file in weights:
        with file.open("rb") as stream:
            if stream.read(23) == b"version https://git-lfs":
                raise WrongUse(f"{owner}: {file} is a Git LFS pointer, not the weights; fetch them: git lfs pull")


def defining_files(folder: Path) -> list[Path]:
    """The files that make the model what it is, sorted by name: configuration, tokenizer, template, code, weights.

    Those of sentence-transformers have parts in folders such as `1_Pooling`.
    """
    files = [*folder.iterdir(), *folder.glob("additional_chat_templates/*.jinja"), *folder.glob("[0-9]_*/*")]
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

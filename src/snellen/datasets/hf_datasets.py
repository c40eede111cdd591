"""`hf-datasets`: an image data set of the Hugging Face hub or of a folder, read by the package `datasets`.

    snellen run -d hf-datasets/OWNER/NAME:test -m …                 a split of a data set of the hub
    snellen run -d 'hf-datasets/OWNER/NAME:test,config=small' -m …  of one of its configurations
    snellen run -d saved -m …                                       a folder written by save_to_disk
    snellen run -d hf-datasets/./folder:train -m …                  any folder that load_dataset understands

Images stay the bytes of their files. Class names are those of the ClassLabel, made readable as names of folders are
(`apple_pie` is apple pie). From a folder nothing leads to the network or out of the folder; code that comes with a data
set is never run. What `datasets` makes of the files of the hub or of a folder stays in its cache.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.errors import Missing, SnellenError, WrongUse, nearest
from snellen.image_columns import find_columns
from snellen.image_table import Batch, ImageTable, load_table
from snellen.naming import is_printable, printable, slug

_ROWS = 16  # of a batch: their images are in memory together
_SECONDS = 20.0
_CARDS = ("README.md", ".huggingface.yaml")


@dataclass(frozen=True, slots=True)
class Options:
    """`split`: also behind a colon; by default the only one, else test. `config`, `revision`: as the hub has them.

    Columns are found by type and by usual names (image; label, class …) unless given. `id_column`: names the examples;
    by default the path of each image where each has its own, else split and row. `class_list`: the class names in the
    order of their numbers, a list or a text file. `background`: the label for "none of the others"; by default one
    called background or clutter; an empty text for none. `class_names`: a file of new class names.
    """

    split: str | None = None
    config: str | None = None
    revision: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    class_list: tuple[str, ...] | str | None = None
    background: str | None = None
    class_names: str | None = None


@dataclass(frozen=True, slots=True)
class _Split:
    """A split as a table of Arrow batches; nothing is decoded."""

    split: str
    owner: str
    folders: tuple[Path, ...]
    rows: Any

    def read(self, columns: Sequence[str]) -> Iterator[Batch]:
        wanted = [
            column.removesuffix(".path") if column not in self.rows.column_names else column for column in columns
        ]
        first = 0
        with _telling(self.owner, local=True):
            for rows in self.rows.select_columns(wanted).with_format("arrow").iter(batch_size=_ROWS):
                rows.validate(full=True)  # a damaged file may say that its values lie elsewhere in memory
                yield Batch(self.split, self.owner, self.folders, first, rows)
                first += rows.num_rows


def load(name: str, options: Options) -> ImageTable:
    """The split `NAME:split` of the hub or of a folder. Raises WrongUse, or Missing without the package or the hub."""
    try:  # more than the name: a folder "datasets" in the working directory can be imported, too
        from datasets import load_dataset  # noqa: F401
    except ImportError:
        raise Missing("the data set 'hf-datasets' needs the package datasets: pip install 'snellen[data]'") from None
    path, split = _path_and_split(name, options.split)
    place = Path(path).expanduser()
    local = place.is_dir()
    whole = os.path.abspath(place) if local else path  # noqa: PTH100 (links stay)
    shown = printable(whole)
    with _telling(shown, local):
        loaded = _local(whole, options) if local else _remote(path, options)
    split, rows = _choose(loaded, split, shown)
    owner = f"{shown}, split {split}"
    columns = find_columns(rows.features.arrow_schema, rows.features.to_dict(), options, owner)
    folders = (Path(whole),) if local else _caches()
    chosen = [f"{key}={value}" for key in ("config", "revision") if (value := getattr(options, key)) is not None]
    source = ",".join([f"hf-datasets:{shown}:{split}", *chosen])
    stem = slug(place.name if local else path.rpartition("/")[2])
    return load_table(_Split(split, owner, folders, rows), columns, len(rows), options, owner, stem, source)


def at_hand(name: str) -> bool:
    """Whether it is a folder, or a data set of the hub that the cache of the package `datasets` holds."""
    path, _ = _path_and_split(name, None)
    try:
        return Path(path).expanduser().is_dir() or _cached(path).exists()
    except ImportError:
        return False


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by `save_to_disk` of the package `datasets`: several splits, or one."""
    one = all((folder / name).is_file() for name in ("state.json", "dataset_info.json"))
    return one or (folder / "dataset_dict.json").is_file()


def _path_and_split(name: str, option: str | None) -> tuple[str, str | None]:
    path, colon, split = name.rpartition(":")
    if not colon or "/" in split or Path(name).expanduser().is_dir():
        path, split = name, ""
    if not path:
        raise WrongUse("expected hf-datasets/NAME:split, a data set of the hub or a folder; got no name")
    if split and option and split != option:
        raise WrongUse(f"hf-datasets/{name} names the split {split!r}, but split={option!r} is given too")
    return path, split or option


def _local(path: str, options: Options) -> Any:
    """What a folder holds: a data set or several splits, without a look at the network."""
    import datasets

    if options.revision is not None:
        raise WrongUse(f"{printable(path)} is a folder; a revision is for data sets of the hub")
    if is_saved(Path(path)):
        _check_saved(Path(path))
        return datasets.load_from_disk(path)
    for card in _CARDS:
        _check_card(Path(path) / card)
    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        offline = datasets.DownloadConfig(local_files_only=True)
        builder = datasets.load_dataset_builder(path, options.config, download_config=offline)
        for file in (str(file) for files in (builder.config.data_files or {}).values() for file in files):
            if not Path(os.path.normpath(file)).is_relative_to(path):
                raise WrongUse(f"{printable(path)}: its file {printable(file)} is not below it, so it is not read")
        builder.download_and_prepare(download_config=offline)
        return builder.as_dataset()
    finally:
        if shown:
            datasets.enable_progress_bars()


def _check_saved(folder: Path) -> None:
    """Raises WrongUse where the files of a saved data set are said to lie in another folder."""
    listing = folder / "dataset_dict.json"
    splits = json.loads(listing.read_bytes())["splits"] if listing.is_file() else []
    for split in splits:
        _check_part(split, folder)
    for place in [folder / split for split in splits] or [folder]:
        for file in json.loads((place / "state.json").read_bytes())["_data_files"]:
            _check_part(file["filename"], folder)


def _check_part(name: str, folder: Path) -> None:
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise WrongUse(f"{printable(str(folder))}: its part {printable(name)} is not in it, so it is not read")


def _check_card(card: Path) -> None:
    """Raises WrongUse where a folder's own description sends its reader to the network."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not card.is_file():
        return
    text = card.read_text(encoding="utf-8", errors="replace")
    if card.suffix == ".md":
        text = text.split("---", 2)[1] if text.startswith("---") else ""
    try:
        described = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        reason = " ".join(str(error).split())[:200]
        raise WrongUse(f"{printable(str(card))} does not describe a data set, it is no YAML: {reason}") from None
    if isinstance(described, dict) and "://" in str(described.get("configs")):
        raise WrongUse(
            f"{printable(str(card))} leads to a web address; name the data set of the hub, or download its files first"
        )


def _remote(name: str, options: Options) -> Any:
    """All splits of a data set of the hub, as the hub or the local cache has them."""
    import datasets
    import huggingface_hub

    if Path(name).expanduser().exists():
        raise WrongUse(f"expected a folder or a name of the hub, but {printable(name)} is a file")
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or not is_printable(name):
        raise WrongUse(f"expected a folder or OWNER/NAME of the hub, but there is no folder {printable(name)}")
    if not _cached(name).exists():  # asked first, as the package tries again and again where there is no network
        huggingface_hub.HfApi().dataset_info(name, revision=options.revision, timeout=_SECONDS)
    return datasets.load_dataset(name, options.config, revision=options.revision)


def _cached(name: str) -> Path:
    """Where the cache keeps a data set of the hub."""
    import datasets

    return Path(datasets.config.HF_DATASETS_CACHE) / name.replace("/", "___")


def _caches() -> tuple[Path, ...]:
    """Where the files of a data set of the hub may lie."""
    import datasets
    import huggingface_hub

    config = datasets.config
    places = (config.HF_DATASETS_CACHE, config.DOWNLOADED_DATASETS_PATH, config.EXTRACTED_DATASETS_PATH)
    return tuple(map(Path, (*places, huggingface_hub.constants.HF_HUB_CACHE)))


def _choose(loaded: Any, split: str | None, owner: str) -> tuple[str, Any]:
    """The wanted split with its name."""
    if not isinstance(loaded, dict):
        name = str(loaded.split or "all")
        if split not in (None, name):
            raise WrongUse(f"{owner} holds the split {name} alone, not {split!r}")
        return name, loaded
    splits = list(loaded)
    if split is None:
        split = splits[0] if len(splits) == 1 else "test" if "test" in splits else None
    if split is None:
        raise WrongUse(f"{owner} has the splits {', '.join(splits)}; say which by split=NAME")
    if split not in splits:
        raise WrongUse(f"{owner} has no split {split!r}{nearest(split, splits)}")
    return split, loaded[split]


@contextmanager
def _telling(owner: str, local: bool) -> Iterator[None]:
    """Errors of the package, of Arrow and of the network as what to do about them."""
    try:
        yield
    except SnellenError:
        raise
    except Exception as error:  # whatever the package, its parsers and the network raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        if local:
            raise WrongUse(f"{owner} cannot be read as a data set of images: {reason}") from error
        raise Missing(
            f"hf-datasets/{owner}: there is no such folder here, and it cannot be had from the hub: {reason}; check "
            "the name and the connection, or log in with 'hf auth login'"
        ) from error

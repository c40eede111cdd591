"""The images of a class folder written in every other form that a data set may have."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def files(folder: Path) -> list[Path]:
    """The images of a class folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def class_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def as_manifest(folder: Path, place: Path) -> Path:
    """A CSV table of the images, as absolute paths."""
    with place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([("image", "label"), *((path, path.parent.name) for path in files(folder))])
    return place


def as_parquet(folder: Path, place: Path) -> Path:
    """A Parquet file in the Hugging Face layout; images are named by their paths below the folder."""
    names = class_names(folder)
    rows = [
        {
            "image": {"bytes": path.read_bytes(), "path": path.relative_to(folder).as_posix()},
            "label": names.index(path.parent.name),
        }
        for path in files(folder)
    ]
    return write_parquet(place, rows, names)


def write_parquet(
    place: Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None, **more: Any
) -> Path:
    """A Parquet file of these rows; with names its label is a ClassLabel. `schema` gives the types of columns."""
    import pyarrow
    import pyarrow.parquet

    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    types = {"image": image, "label": pyarrow.string() if names is None else pyarrow.int64(), **more.pop("types", {})}
    columns = list(rows[0]) if rows else list(types)
    schema = pyarrow.schema([(column, types.get(column, pyarrow.string())) for column in columns])
    if names is not None:
        features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    arrays = [pyarrow.array([row[column] for row in rows], schema.field(column).type) for column in columns]
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), place, **more)
    return place


def as_hf(folder: Path, place: Path) -> Path:
    """A folder written by save_to_disk of the package `datasets`."""
    hf_dataset(folder).save_to_disk(place)
    return place


def hf_dataset(folder: Path) -> Any:
    """The images as a data set of the package `datasets`."""
    import datasets

    datasets.disable_progress_bars()
    names = class_names(folder)
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=names)})
    columns = {
        "image": [str(path) for path in files(folder)],
        "label": [names.index(path.parent.name) for path in files(folder)],
    }
    return datasets.Dataset.from_dict(columns, features)


def as_tar(folder: Path, place: Path) -> Path:
    """A WebDataset shard, and the names of its classes beside it."""
    names = class_names(folder)
    (place.parent / "classes.txt").write_text("\n".join(names))
    members = []
    for path in files(folder):
        key = path.relative_to(folder).with_suffix("").as_posix()
        members += [(f"{key}{path.suffix}", path.read_bytes()), (f"{key}.cls", b"%d" % names.index(path.parent.name))]
    return write_tar(place, members)


def write_tar(place: Path, members: Iterable[tuple[str | tarfile.TarInfo, bytes]], **more: Any) -> Path:
    """A tar file of these members, each a name or a header with its bytes."""
    mode: Any = "w" if place.suffix == ".tar" else "w:gz"
    with tarfile.open(place, mode, **more) as tar:
        for name, data in members:
            header = tarfile.TarInfo(name) if isinstance(name, str) else name
            if isinstance(name, str):
                header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    return place

"""The studies that come with Snellen, by name."""

from __future__ import annotations

from pathlib import Path

from snellen.errors import WrongUse, nearest

_FOLDER = Path(__file__).with_name("studies")


def shipped() -> dict[str, Path]:
    """The study files by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def study_file(study: Path) -> Path:
    """A study file as it was named: a file, or a study that comes with Snellen. Raises WrongUse where it is neither."""
    if study.is_file() or study.suffix.lower() in (".yaml", ".yml"):
        return study
    known = shipped()
    if (name := str(study)) in known:
        return known[name]
    if study.exists():
        return study
    raise WrongUse(
        f"there is no study file {study} (.yaml), and no study of that name comes with snellen{nearest(name, known)}; "
        f"to run on a data set write: snellen run -d {study} -m MODEL"
    )


def shipped_meanings() -> dict[str, str]:
    """What each study is about, by name: the first line of its file."""
    found = {}
    for name, path in shipped().items():
        with path.open(encoding="utf-8") as file:
            found[name] = file.readline().removeprefix("#").strip()
    return found


def shipped_text(name: str) -> str:
    """A study's file, to be read or to be changed. Raises WrongUse where there is none of that name."""
    known = shipped()
    if name not in known:
        raise WrongUse(f"no study {name!r} comes with snellen{nearest(name, known)}")
    return known[name].read_text(encoding="utf-8").rstrip("\n")

"""Imports run one way: each module may import what stands above it in this list, and no peer beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import snellen

SOURCE = Path(snellen.__file__).parent
LAYERS = (
    {"errors"},
    {"images"},
    {"types"},
    {
        "blank",
        "demo",
        "png",
        "codec",
        "concepts",
        "budget",
        "local",
        "plugins",
        "remote",
        "child",
        "spellings",
        "class_list",
        "words",
        "console",
        "short_names",
        "templates",
    },
    {
        "progress",
        "placing",
        "rows",
        "specs",
        "result_row",
        "matcher",
        "selection",
        "survey",
        "database",
        "vectors",
        "exemplars",
    },
    {"shipped", "runner", "rounds", "ledger", "shots", "labels", "mapping", "catalogue", "class_sets"},
    {"lint"},
    {"meters", "list_question", "lettered", "forecast"},
    {"naming", "wordnet", "stored_times"},
    {"image_files", "tables", "downloads", "unpacking"},
    {"class_folders", "public_archives", "shards", "stored_labels", "tar_samples", "image_columns"},
    {"image_table"},
    {"datasets", "strategies", "engines", "metrics", "worker", "store"},
    {"sheets", "tallies"},
    {"readers", "pairing", "shares", "costs", "stored_rows", "decisions"},
    {"comparisons", "row_figures"},
    {"results", "folder", "plan", "recall", "spending"},
    {"answer_times", "stopwatch", "deciding"},
    {"exports", "asking", "conclusion", "listing", "summary", "company", "interview", "accounting", "answered"},
    {"study_file", "terminal", "contact_sheet", "hosted", "findings", "marks"},
    {"verdict"},
    {"heartbeat", "transcripts"},
    {"study", "flags", "outline", "photographs"},
    {"doctor", "review", "batch_export", "sweep"},
    {"diagnosis", "batch_import", "exporting"},
    {"report"},
    {"viewer"},
    {"cli"},
    {"__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
HEAVY = {
    *("torch", "transformers", "onnxruntime", "pyarrow", "pandas", "scipy", "sklearn", "peft", "huggingface_hub"),
    *("timm", "open_clip", "torchvision", "datasets", "model2vec", "sentence_transformers", "aiohttp"),
    *("altair", "vl_convert", "jinja2", "markupsafe", "starlette", "uvicorn"),
    *("wandb", "mlflow"),
}
PEERS = {"datasets", "strategies", "engines", "metrics"}
# an __init__ is light, the rest is imported when a model is loaded
LOADED_WITH_ITS_ENGINE = (
    *(f"engines/classifier/{name}" for name in ("loading", "network", "timm_parts", "transformers_parts")),
    "engines/clip/",
    "engines/hf/",
    "engines/text/loading.py",
    "local/device.py",
    "local/explaining.py",
    "local/passes.py",
    "local/plain_processor.py",
    "local/quiet.py",
    "local/torchvision.py",
    "local/transforms.py",
    "remote/client.py",
    "report/",  # imported when a page is made
    "viewer/",
)


def modules() -> list[str]:
    return sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))


def group(module: str) -> str:
    """`engines/hf/engine.py` and `snellen.engines.hf` belong to `engines`."""
    return module.removeprefix("snellen.").replace("/", ".").removesuffix(".py").split(".")[0]


def own_package(module: str) -> str:
    """Whose modules may import each other: those of one plug-in such as `engines.hf`, or of one package."""
    parts = module.removeprefix("snellen.").replace("/", ".").removesuffix(".py").split(".")
    return ".".join(parts[: 2 if parts[0] in PEERS else 1])


def imports(tree: ast.AST, top_only: bool = False) -> Iterator[str]:
    nodes = ast.iter_child_nodes(tree) if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "snellen":
                yield from (f"snellen.{alias.name}" for alias in node.names)
            else:
                yield node.module


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_stands_above_it(module: str) -> None:
    if module == "__init__.py":
        return
    here = group(module)
    assert here in LEVEL, f"{module} has no place in LAYERS"
    for name in imports(ast.parse((SOURCE / module).read_text(encoding="utf-8"))):
        if not name.startswith("snellen.") or name == "snellen.__version__":
            continue
        lower = LEVEL[group(name)] < LEVEL[here]
        assert lower or own_package(name) == own_package(module), f"{module} must not import {name}"


@pytest.mark.parametrize("module", modules())
def test_heavy_libraries_are_imported_only_where_they_are_needed(module: str) -> None:
    if module.startswith(LOADED_WITH_ITS_ENGINE) and not module.endswith("__init__.py"):
        return
    tree = ast.parse((SOURCE / module).read_text(encoding="utf-8"))
    assert not {name.partition(".")[0] for name in imports(tree, top_only=True)} & HEAVY


@pytest.mark.parametrize("module", modules())
def test_the_environment_is_read_by_the_command_line_and_for_keys_alone(module: str) -> None:
    text = (SOURCE / module).read_text(encoding="utf-8")
    if group(module) != "cli" and module != "remote/keys.py":  # a key is read where it is used, and nowhere kept
        assert "environ" not in text.replace("environment", "")
        assert "getenv" not in text


@pytest.mark.parametrize("module", modules())
def test_no_file_holds_two_things(module: str) -> None:
    text = (SOURCE / module).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{module}: {node.name} is too long"

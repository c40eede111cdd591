"""Commands about one model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import ClassesOption, DatasetOption, JsonOption, ModelArgument, QuietOption, SeedOption
from snellen.cli.output import progress_shown, say, tell, tell_json


@app.command()
def ask(
    model: ModelArgument,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image file.")],
    classes: Annotated[str, typer.Option(help="The class names: cat,dog,bird.")],
    strategy: Annotated[str | None, typer.Option("-s", "--strategy", help="Default: the first that fits.")] = None,
    background: Annotated[str | None, typer.Option(help="Which of the classes means none of the others.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses orders.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Ask a model about one image: the prompts, the raw answers, the prediction.

    \b
    Example:
      snellen ask hf/./my-vlm cat.jpg --classes cat,dog,bird
    """
    from snellen.asking import as_data, ask_once, lines

    names = tuple(name.strip() for name in classes.split(","))
    events = ask_once(model, image, names, background, strategy, seed)
    if as_json:
        tell_json(as_data(events))
        return
    for line in lines(events):
        tell(line)


@app.command()
def doctor(
    model: ModelArgument,
    dataset: DatasetOption = None,
    images: Annotated[int, typer.Option(metavar="N", help="How many images to compare answers on.")] = 32,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Keep it with this run; what is kept there is shown again.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Try again what the run has kept.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find out by trying what a model can do, and whether its answers depend on batch size and prefix sharing.

    A local model is loaded anew for each setting: batch sizes 1, 7 and 32, and 1 without prefix sharing where it has
    that. A hosted one is asked some 30 questions: does it see pictures, and what does its server honour?

    \b
    Examples:
      snellen doctor hf/./my-vlm
      snellen doctor hf/./my-vlm,dtype=bfloat16 -d photos --images 200
      snellen doctor openai-compatible/my-vlm,server=vllm --run runs/photos
    """
    from snellen.diagnosis import answered, as_data, lines, meaning
    from snellen.doctor import examine
    from snellen.findings import keep, kept

    if run and (found := kept(run, model)) and not fresh:
        if as_json:
            tell_json(found.data)
        else:
            tell("\n".join(found.lines))
        say(f"found on {found.day} and kept in {run}; --fresh tries again")
        return
    findings, progress, told = [], progress_shown(quiet), []
    try:
        for finding in examine(model, dataset, images, progress):
            findings.append(finding)
            for line in lines(finding):
                told.append(line)
                if not as_json:
                    tell(line)
    finally:
        progress.end()
    if sentence := meaning(findings):
        told.append(f"\n{sentence}")
    if as_json:
        tell_json(as_data(findings))
    elif sentence:
        tell(told[-1])
    if run and answered(findings):
        keep(run, model, told, as_data(findings))
    if not answered(findings):
        say("the model answered no question")
        raise typer.Exit(4)


@app.command(name="map")
def map_vocabulary(
    model: ModelArgument,
    dataset: DatasetOption = None,
    classes: ClassesOption = None,
    seed: SeedOption = None,
    rules: Annotated[str, typer.Option(metavar="RULES", help="exact, or exact,head, or none.")] = "exact",
    mapping: Annotated[
        str | None, typer.Option(metavar="FILE", help="Concepts and their classes; they go before all rules.")
    ] = None,
    wordnet: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="WordNet's index.noun and data.noun: adds hypernyms.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(metavar="MODEL", help="text/… or clip/…: adds the nearest class by its vectors.")
    ] = None,
    threshold: Annotated[float, typer.Option(metavar="COSINE", help="How near that has to be.")] = 0.8,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.csv", help="Write the mapping, to be reviewed and used.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a recogniser's vocabulary meets the classes of a data set, and by which rules.

    A file written with -o is used by: snellen run ... -s vocabulary,mapping=FILE. Empty the class of a line to leave
    its concept out.

    \b
    Examples:
      snellen map onnx/./mobilenet.onnx -d photos
      snellen map onnx/./mobilenet.onnx -d photos --rules exact,head -o mapping.csv
      snellen map onnx/./mobilenet.onnx -d photos --encoder text/minishlab/potion-base-8M --threshold 0.75
    """
    from snellen.concepts import write_mapping
    from snellen.flags import Flags, dataset_spec
    from snellen.review import Asked, as_data, lines, mapping_lines, review

    spec = dataset_spec(None, Flags(dataset, subset={"classes": classes, "seed": seed}))
    found = review(model, spec, Asked(rules, mapping, wordnet, encoder, threshold), progress_shown(False))
    if out is not None:
        write_mapping(out, mapping_lines(found))
    if as_json:
        tell_json(as_data(found))
    else:
        tell("\n".join(lines(found)))
    if out is not None:
        say(f"wrote {out}; review it, then: -s vocabulary,mapping={out}")

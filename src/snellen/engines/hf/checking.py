"""Finds out, on drawn pictures, which way of batching leaves a model's answers as they are."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
import torch

from snellen.engines.hf.passes import Passes
from snellen.engines.hf.plain import Plain
from snellen.engines.hf.prompts import Prompts
from snellen.engines.hf.rows import Row, Rows, Stacking
from snellen.engines.hf.sharing import Sharing
from snellen.engines.hf.waiting import Asked
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.local.batching import Batches
from snellen.types import PHOTO, Answer, Choose, Failure, Generate, Scores, Text

# Largest accepted distance (total variation, 0 to 1) between the next-token distributions alone and in company. Faults
# of padding, positions or masks move them by more; half precision or quantised weights alone move them by hundredths.
_NEAR = 1e-3
_NEAR_IN_HALF = 0.15
_STEPS = 2


def first_rows(prompts: Prompts, rows: Rows, owner: str) -> list[Row]:
    """Two unlike questions on drawn pictures, as rows.

    Where no chat template places a picture, the first placeholder that the processor accepts is settled on.
    Raises WrongUse where it accepts none.
    """
    photos = [_drawn(96, 64), _drawn(40, 120)]
    texts = ["What is in this photo?", "Answer in one word: is it a dog, a chair or something else?"]
    refused: Exception | None = None
    for placeholder in (prompts.placeholder,) if prompts.has_template else prompts.placeholders:
        prompts.settle(placeholder)
        try:
            asked = zip(photos, texts, strict=True)
            return [rows.make(prompts.render((PHOTO, text), photo)) for photo, text in asked]
        except Exception as error:  # a family's code may raise anything
            refused = error
    raise _failing(owner, refused)


def working_stacking(passes: Passes, rows: Sequence[Row], owner: str) -> Stacking:
    """The first way of stacking under which the rows are answered together as they are alone.

    Raises WrongUse where the model fails on a row alone.
    """
    try:
        alone = [_written(passes, [row])[0] for row in rows]
    except Exception as error:  # as above
        raise _failing(owner, error) from error
    near = _NEAR if is_exact(passes) else _NEAR_IN_HALF
    batched: tuple[Stacking, ...] = ("rows", "processor")
    for stacking in batched:
        passes.rows.stacking = stacking
        if _distance(passes, rows, alone) <= near:
            return stacking
    passes.rows.stacking = "single"
    return "single"


def sharing_fault(sharing: Sharing, plain: Plain, batches: Batches, exact: bool) -> str | None:
    """What is wrong with the answers got by sharing, against those of full prompts; None where they are the same.

    Two pictures are asked two rounds of texts and choices, so that trunks are made, met again and left early.
    """
    photos = [_drawn(96, 64), _drawn(40, 120)]
    rounds = [
        [Choose((PHOTO, f"Answer yes or no. Is the {name} in this photo?"), ("yes", "no", "No idea")) for name in names]
        + [Generate((PHOTO, f"Choose one from {', '.join(names)}. Answer:"), 3)]
        for names in (("dog", "grand piano"), ("dog house", "chair"))
    ]
    near = _NEAR if exact else _NEAR_IN_HALF
    shared = 0
    for number, questions in enumerate(rounds):
        asked = [
            Asked(10 * number + 5 * place + ticket, photo, question)
            for place, photo in enumerate(photos)
            for ticket, question in enumerate(questions)
        ]
        try:
            answers, left = sharing.answer(asked, batches)
        except Exception as error:  # a family's code may raise anything
            return f"{type(error).__name__}: {str(error)[:200]}"
        shared += len(answers)
        for ticket, answer in plain.answer([one for one in asked if one not in left]).items():
            fault = _difference(answers[ticket], answer, near, exact)
            if fault:
                return fault
    return None if shared else "it answers nothing"


def _difference(shared: Answer | Failure, plain: Answer | Failure, near: float, exact: bool) -> str | None:
    """How an answer differs by more than rounding."""
    if isinstance(shared, Failure) or isinstance(plain, Failure):
        return None if shared == plain else f"{shared} instead of {plain}"
    if isinstance(shared, Scores) and isinstance(plain, Scores):
        pairs = zip(shared.values, plain.values, strict=True)
        # rounding in half precision grows with the logits that a small probability is the difference of
        far = [abs(mine - own) for mine, own in pairs if abs(mine - own) > near * (1 if exact else 1 + abs(own) / 5)]
        return f"log-probabilities differ by {max(far):.2g}" if far else None
    if exact and isinstance(shared, Text) and isinstance(plain, Text) and shared.text != plain.text:
        return f"{shared.text!r} instead of {plain.text!r}"
    return None


def is_exact(passes: Passes) -> bool:
    """Whether the model computes in full precision, so that rounding cannot change its answers."""
    return not getattr(passes.model, "is_quantized", False) and passes.dtype in (torch.float32, torch.float64)


def _failing(owner: str, error: Exception | None) -> WrongUse:
    return WrongUse(f"{owner}: it loads, but fails on a first question: {type(error).__name__}: {str(error)[:300]}")


def _distance(passes: Passes, rows: Sequence[Row], alone: Sequence[torch.Tensor]) -> float:
    """The largest distance between what rows say alone and in a batch that is written to, and one that is read."""
    try:
        together = _written(passes, rows)
        read = _read(passes, rows)
    except Exception:  # whatever a family's code raises for a batch: this way does not work
        return float("inf")
    pairs = [(mine[: len(own)], own) for mine, own in zip(together, alone, strict=True)]
    forced = max(0, len(passes.opening) - 1) if passes.decodes_apart else 0  # a step that is not the model's own
    pairs += [(mine, own[forced]) for mine, own in zip(read, alone, strict=True)]
    return max(float((mine - own).abs().sum(-1).max()) / 2 for mine, own in pairs)


def _written(passes: Passes, rows: Sequence[Row]) -> list[torch.Tensor]:
    """For each row the distributions (steps, vocabulary) of the first tokens it writes, up to its end."""
    out = passes.model.generate(
        **passes.batch(rows, passes.side),
        max_new_tokens=_STEPS,
        do_sample=False,
        eos_token_id=list(passes.ends),
        pad_token_id=passes.rows.padding,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return list(torch.stack(out.logits, dim=1).float().softmax(-1))


def _read(passes: Passes, rows: Sequence[Row]) -> list[torch.Tensor]:
    """For each row the distribution (vocabulary) of what its answer begins with, by a plain pass."""
    batch = dict(passes.batch(rows, "right"))
    length = batch["input_ids"].shape[1]
    if passes.decodes_apart:
        batch["decoder_input_ids"] = torch.tensor([passes.opening] * len(rows), device=passes.model.device)
    logits = passes.model(**batch, use_cache=False).logits
    if passes.decodes_apart:
        return list(logits[:, -1].float().softmax(-1))
    before = logits.shape[1] - length  # a family may have its picture there
    return [logits[number, before + len(row.tokens) - 1].float().softmax(-1) for number, row in enumerate(rows)]


def _drawn(width: int, height: int) -> Image:
    noise = np.random.default_rng(width).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(noise).resize((width, height)).save(stream, "PNG")
    return Image(data=stream.getvalue())

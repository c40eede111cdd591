"""Turns what transformers and safetensors raise while a checkpoint is loaded into errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import transformers
from safetensors import SafetensorError

from snellen.errors import Missing, SnellenError, WrongUse


def check_weights(told: Mapping[str, Any], owner: str) -> None:
    """Raises WrongUse where the checkpoint lacks weights: transformers fills them with random numbers.

    `told` is the loading information of `from_pretrained`.
    """
    missing = sorted(told["missing_keys"])
    if missing:
        raise WrongUse(
            f"{owner}: {len(missing)} of the model's weights are not in the checkpoint, such as {missing[0]}; "
            "it is incomplete, or of another architecture than its config.json says"
        )


@contextmanager
def explained(owner: str, part: str) -> Iterator[None]:
    """Turns what transformers raises while loading into errors that say what to do."""
    try:
        yield
    except SnellenError:
        raise
    except ImportError as error:
        raise Missing(f"{owner}: its {part} needs a package that is not here: {gist(error)}") from error
    except SafetensorError as error:
        raise WrongUse(f"{owner}: its weights are damaged ({gist(error)}); copy or download them again") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise _explain(owner, part, error) from error


def _explain(owner: str, part: str, error: Exception) -> SnellenError:
    text = str(error)
    if "trust_remote_code" in text:
        if not owner.startswith("hf/"):
            return WrongUse(
                f"{owner}: the checkpoint brings its own Python code, which is not run; take a checkpoint that "
                "transformers reads by itself, or export the model and name it onnx/…"
            )
        return WrongUse(
            f"{owner}: the checkpoint brings its own Python code: if you trust it, set trust_remote_code=true; "
            "or serve the model (vLLM, for one) and name it openai-compatible/…"
        )
    if "does not recognize this architecture" in text or "should have a `model_type`" in text.lower():
        return WrongUse(
            f"{owner}: transformers {transformers.__version__} does not know the architecture that its config.json "
            "names; upgrade transformers, or serve the model (vLLM, for one) and name it openai-compatible/…"
        )
    if "Unrecognized configuration class" in text:
        return WrongUse(
            f"{owner}: expected a model that answers in text about an image and a text, and its config.json names "
            f"another kind; another provider may take it (clip/, classifier/). transformers says: {gist(error)}"
        )
    if "ignore_mismatched_sizes" in text or "loading state_dict" in text:
        return WrongUse(
            f"{owner}: weights and config.json belong to different models: names or shapes of weights differ"
        )
    if isinstance(error, OSError):
        return Missing(f"{owner}: its {part} lacks a file, or one cannot be read: {gist(error)}")
    return WrongUse(f"{owner}: its {part} cannot be loaded: {type(error).__name__}: {gist(error)}")


def gist(error: BaseException) -> str:
    """The first sentence of the first line that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line), type(error).__name__).split(". ")[0][:300]

"""A model of transformers on this machine, as an engine: waiting questions are answered together, image by image."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from snellen.engines.hf.answers import timed
from snellen.engines.hf.checking import first_rows, is_exact, sharing_fault, working_stacking
from snellen.engines.hf.families import family_of, image_tokens
from snellen.engines.hf.growth import Growth
from snellen.engines.hf.options import Options
from snellen.engines.hf.passes import Passes
from snellen.engines.hf.patches import as_products
from snellen.engines.hf.pixels import Pictures
from snellen.engines.hf.plain import Plain
from snellen.engines.hf.prompt_tokens import PromptTokens
from snellen.engines.hf.prompts import Prompts
from snellen.engines.hf.rows import Rows
from snellen.engines.hf.sharing import Limits, Sharing
from snellen.engines.hf.waiting import Asked, Waiting
from snellen.images import Image
from snellen.local.batching import Batches, free_memory
from snellen.local.device import free_bytes, name_of, peak_gpu_gb, synchronise
from snellen.local.quiet import quiet
from snellen.types import Answer, Choose, Failure, Generate, Question

_AUTO_IMAGES = {"cpu": 16, "mps": 16, "cuda": 32}
_ROOM = 2  # batches that may wait: one to be taken while the next fills
_STEP_SECONDS = 60.0  # a step is the only sign of life: one of a slow model takes fewer images
_FIRST_GUESS = 6e-8  # seconds an image and parameter, on a CPU and until the first step is measured
_KEPT = 0.2  # the share of the free memory that may keep what is computed of images
# CPUs are as fast with short passes, and their caches like them
_LIMITS = {
    "cpu": Limits(least=1024, tokens=4096, kept=1 << 15, logits=1 << 26),
    "cuda": Limits(least=8192, tokens=16384, kept=1 << 18, logits=1 << 28),
}


class LocalModel:
    """Answers Generate and Choose; a Generate with choices is answered with the best-scored of them."""

    def __init__(self, model: Any, processor: Any, options: Options, owner: str) -> None:
        threads = 1 if model.device.type == "cpu" else 4
        self._pictures = Pictures(processor.image_processor, options.max_pixels, threads=threads)
        processor.image_processor = self._pictures
        self._waiting = Waiting()
        self._begun: set[str] = set()  # images with questions, until they are released
        self._device: torch.device = model.device
        size = _AUTO_IMAGES.get(self._device.type, 16) if options.batch_size == "auto" else options.batch_size
        with quiet(), torch.inference_mode():
            prompts = self._prompts = Prompts(processor, options.system, owner)
            as_products(model)
            family = family_of(model.config)
            rows = Rows(processor, self._pictures, family.one_picture)
            tokenizer = self._tokenizer = processor.tokenizer
            self._passes = Passes(model, rows, prompts.end, tokenizer, owner)
            first = first_rows(prompts, rows, owner)
            if size > 1 and working_stacking(self._passes, first, owner) == "single":
                size = 1
            self._batches = Batches(size)
            self._plain = Plain(self._passes, prompts, tokenizer, self._batches)
            self._growth = Growth(self._passes, family)
            self._tokens = PromptTokens(rows, tokenizer, image_tokens(model.config, processor))
            self._sharing, self._shared = self._share(options)
        self._forget()
        parameters = int(model.num_parameters())
        self._pace = parameters * _FIRST_GUESS if self._device.type == "cpu" else 0.0  # seconds an image
        self._known = {
            "parameters": parameters,
            "dtype": str(self._passes.dtype).removeprefix("torch."),
            "device": str(self._device),
            "device_name": name_of(self._device),
            "attention": str(getattr(model.config, "_attn_implementation", None)),
            "stacking": self._passes.rows.stacking,
            "prefix_sharing": self._shared,
            "image_processor": type(processor.image_processor.inner).__name__,
        }

    def _share(self, options: Options) -> tuple[Sharing | None, str]:
        """The way of sharing, if it is asked for and gives the answers of full prompts; and how that went."""
        if options.prefix_sharing == "off":
            return None, "off"
        kind = self._device.type
        if self._passes.decodes_apart or not self._growth.possible:
            return None, "off: not for this kind of model or attention"
        limits = _LIMITS.get(kind, _LIMITS["cpu"])
        capacity = int(_KEPT * free_bytes(self._device))
        sharing = Sharing(self._prompts, self._tokens, self._growth, self._tokenizer, limits, capacity)
        fault = sharing_fault(sharing, self._plain, self._batches, is_exact(self._passes))
        return (sharing, "on") if fault is None else (None, f"off: the check at loading failed ({fault})")

    def room(self) -> int:
        return _ROOM * self._batches.size - len(self._waiting)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        if not isinstance(question, Generate | Choose):
            raise TypeError(f"a local model answers Generate and Choose, not {type(question).__name__}")
        self._waiting.add(Asked(ticket, image, question))
        if image is not None and image.digest not in self._begun:
            self._begun.add(image.digest)
            self._pictures.prepare(image)

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        """Answers all questions about one batch of images. Each answer's seconds are its share of the batch's."""
        images = min(self._batches.size, len(self._waiting), max(1, int(_STEP_SECONDS / max(self._pace, 1e-6))))
        asked = self._waiting.take(images)
        if not asked:
            return []
        start = time.perf_counter()
        with quiet(), torch.inference_mode():
            answers, left = ({}, asked) if self._sharing is None else self._sharing.answer(asked, self._batches)
            answers |= self._plain.answer(left)
        synchronise(self._device)
        seconds = time.perf_counter() - start
        self._pace, each = seconds / images, seconds / len(asked)
        return [(one.ticket, timed(answers[one.ticket], each)) for one in asked]

    def release(self, image: Image) -> None:
        self._begun.discard(image.digest)
        self._pictures.release(image)
        if self._sharing is not None:
            self._sharing.release(image)

    def facts(self) -> Mapping[str, Any]:
        known = {**self._known, "batch_size": self._batches.size, "peak_gpu_gb": peak_gpu_gb(self._device)}
        if self._shared.startswith("off:"):
            known["notice"] = f"prefix sharing is {self._shared}; every question pays for its whole prompt"
        if self._sharing is not None and self._sharing.asked:
            known["computed_tokens_share"] = round(self._growth.computed / self._sharing.asked, 4)
        return known

    def close(self) -> None:
        self._waiting.clear()
        self._forget()
        self._pictures.close()
        self._passes.model = self._passes.speaker = None
        free_memory()

    def _forget(self) -> None:
        """Drops all that is kept of images, and counts of what was computed."""
        self._pictures.clear()
        self._growth.computed = 0
        if self._sharing is not None:
            self._sharing.clear()
            self._sharing.asked = 0

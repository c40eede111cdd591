"""Silence while libraries work: standard error belongs to progress and logs of our own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import transformers

_TALKERS = ("accelerate", "bitsandbytes", "huggingface_hub", "peft")


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings, no notices, no progress bars from the libraries; errors still raise."""
    log = transformers.utils.logging
    before, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    others = {logger: logger.level for logger in map(logging.getLogger, _TALKERS)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log.set_verbosity_error()
        log.disable_progress_bar()
        for logger in others:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.set_verbosity(before)
            for logger, level in others.items():
                logger.setLevel(level)
            if bars:
                log.enable_progress_bar()

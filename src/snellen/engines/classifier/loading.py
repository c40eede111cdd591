"""Loads a checkpoint of either library and tries it on one picture."""

from __future__ import annotations

import PIL.Image

from snellen.engines.classifier import settings
from snellen.engines.classifier.network import ClassifierNetwork
from snellen.errors import WrongUse
from snellen.local.device import pick_device
from snellen.local.encoding import NO_TEXTS, Encoder
from snellen.local.explaining import explained
from snellen.local.options import Options
from snellen.local.passes import batch_size_for
from snellen.local.quiet import quiet
from snellen.local.source import Source
from snellen.types import Embed, EmbedText


def load_engine(source: Source, owner: str, options: Options, labels_file: str | None) -> Encoder:
    """The engine. Raises WrongUse or Missing, with what to do about it."""
    device = pick_device(options.device, owner)
    with quiet():
        config = source.settings("config.json")
        if settings.is_timm(config):
            from snellen.engines.classifier.timm_parts import load_parts
        else:
            from snellen.engines.classifier.transformers_parts import load_parts
        parts = load_parts(source, owner, options, device)
        labels = settings.labels_of(config, labels_file, owner) if parts.has_head else ()
        network = ClassifierNetwork(parts, labels, settings.notice(labels))
        with explained(owner, "model"):
            outputs = network.find_head(parts.transform(PIL.Image.new("RGB", (64, 48), "gray")))
    refuses: dict[type, str] = {EmbedText: NO_TEXTS}
    if not parts.has_head:
        refuses |= settings.refused(config)
    elif outputs != len(labels):
        where = labels_file or "its config.json"
        raise WrongUse(f"{owner}: it gives {outputs} scores, but {where} has {len(labels)} names")
    elif network.head is None:
        refuses[Embed] = "the layer that makes its scores is none of those whose input is known to be features"
    return Encoder(network, batch_size_for(options.batch_size, device), refuses)

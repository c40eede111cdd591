"""Loads a checkpoint of either library and tries it on one picture and one text."""

from __future__ import annotations

import PIL.Image

from snellen.engines.clip import OPEN_CLIP
from snellen.engines.clip.network import ClipNetwork
from snellen.errors import WrongUse
from snellen.local.device import pick_device
from snellen.local.encoding import Encoder
from snellen.local.explaining import explained
from snellen.local.options import Options
from snellen.local.passes import batch_size_for
from snellen.local.quiet import quiet
from snellen.local.source import Source
from snellen.types import Embed


def load_engine(source: Source, owner: str, options: Options) -> Encoder:
    """The engine. Raises WrongUse or Missing, with what to do about it."""
    device = pick_device(options.device, owner)
    with quiet():
        if "model_type" not in source.settings("config.json") and source.settings(OPEN_CLIP):
            from snellen.engines.clip.open_clip_towers import load_towers
        else:
            from snellen.engines.clip.transformers_towers import load_towers
        network = ClipNetwork(load_towers(source, owner, options, device))
        with explained(owner, "model"):
            seen = network.see([network.towers.transform(PIL.Image.new("RGB", (64, 48), "gray"))], frozenset({Embed}))
            read, _, _ = network.read(["a photo of a cat"])
    if seen[Embed].shape != read.shape:
        raise WrongUse(
            f"{owner}: its pictures have {seen[Embed].shape[1:]} values and its texts {read.shape[1:]}: "
            "they cannot be compared, so it is no model of the CLIP kind"
        )
    return Encoder(network, batch_size_for(options.batch_size, device))

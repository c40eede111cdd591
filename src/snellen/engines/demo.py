"""`demo/NAME`: a small trained model that comes with the package: `demo/vlm`, `demo/clip` or `demo/classifier`.

`demo/vlm` is a LLaVA (a CLIP tower and a Llama), `demo/clip` a CLIP, `demo/classifier` a ResNet; each has seen drawn
pictograms and handwritten digits alone, and its folder holds a model card. They are what `hf/FOLDER`, `clip/FOLDER` and
`classifier/FOLDER` are with their folders, and take the same options.
"""

from __future__ import annotations

from snellen.demo import models
from snellen.errors import WrongUse, nearest

EXTRA = "demo"
_PROVIDERS = {"vlm": "hf", "clip": "clip", "classifier": "classifier"}


def stands_for(name: str) -> tuple[str, str]:
    """The provider of a demo model and its name there, the folder. Raises WrongUse where there is none such."""
    if name not in _PROVIDERS:
        raise WrongUse(f"the demo has no model {name!r}{nearest(name, _PROVIDERS)}; it has {', '.join(_PROVIDERS)}")
    return _PROVIDERS[name], str(models.folder(name))

"""A picture that shows nothing, for what a model says whatever it sees."""

from __future__ import annotations

from base64 import b64decode

from snellen.images import Image

# A middle grey of 336 x 336 pixels as a PNG file. It is written down because answers are kept by the bytes of pictures,
# and another version of an encoder may pack them otherwise.
BLANK = Image(
    data=b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAVAAAAFQAQMAAADTJrSaAAAAA1BMVEWAgICQdD0xAAAAJElEQVR42u3BAQEAAACCIP+vbkhAAQAAAAAA"
        "AAAAAAAAAADvBjhwAAFnshr6AAAAAElFTkSuQmCC"
    )
)

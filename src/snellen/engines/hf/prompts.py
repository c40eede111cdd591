"""How a prompt reads for the model: the chat template's rendering, and what its turns put around an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError

from snellen.errors import WrongUse
from snellen.images import Image
from snellen.types import Part, Photo

_PROBE = "accordion"
_RENDERED = 8192  # texts that are kept: those of most questions come again with every image


@dataclass(frozen=True, slots=True)
class Rendering:
    """A prompt as text, with one placeholder for each of its images."""

    text: str
    images: tuple[Image, ...]


class Prompts:
    """Renders prompts by the processor's chat template, as one turn of the user behind an optional system prompt.

    Without a chat template (base models) a prompt is its parts one after the other.

    - `separator`: what the template puts between its opening of an answer and the answer: " " or "" mostly.
    - `end`: the special token that the template puts directly behind an answer, None where it puts none.
    - `placeholder`: what stands for a picture where no template says it; `placeholders` are those worth trying.

    Raises WrongUse where the template refuses the system prompt or a picture.
    """

    def __init__(self, processor: Any, system: str | None, owner: str) -> None:
        self._processor = processor
        self._system = system
        self._template = _template_of(processor)
        token = getattr(processor, "image_token", None)
        # some processors want the token in the text, some put it there themselves
        self.placeholders = ("",) if token is None else ("", str(token))
        self.placeholder = self.placeholders[-1]
        self._rendered = lru_cache(maxsize=_RENDERED)(self._text)
        self._lists = True  # whether the template takes a turn as a list of parts, or as a text
        self.separator: str = " "
        self.end: str | None = None
        if self._template is not None:
            self._try(owner)
            self.separator, self.end = self._around_answer()

    def settle(self, placeholder: str) -> None:
        """Takes this for a picture from now on."""
        self.placeholder = placeholder
        self._rendered.cache_clear()

    @property
    def has_template(self) -> bool:
        return self._template is not None

    def render(self, prompt: Sequence[Part], photo: Image | None) -> Rendering:
        """The prompt as the model reads it, up to where its answer begins.

        Raises ValueError where the prompt has several pictures and they would not stand between its texts.
        """
        parts: list[str | Image] = []
        for part in prompt:
            if isinstance(part, Photo):
                if photo is None:
                    raise ValueError("the prompt shows the photo, but the question came without an image")
                parts.append(photo)
            elif isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part  # where a strategy cuts its text must not matter to the model
            else:
                parts.append(part)
        text = self._rendered(tuple(part if isinstance(part, str) else None for part in parts))
        images = tuple(part for part in parts if isinstance(part, Image))
        if len(images) > 1 and _moved(parts, text):
            raise ValueError(
                f"its chat template or processor does not leave the {len(images)} pictures of a prompt between the "
                "texts, so that the model could not tell which text is about which"
            )
        return Rendering(text, images)

    def _text(self, parts: Sequence[Any], answer: str | None = None) -> str:
        """`parts` are texts, and anything else for a picture."""
        if self._template is None:
            return "".join([f"{self._system}\n" if self._system else "", self._plain(parts)])
        turns = [self._turn("system", [self._system])] if self._system else []
        turns.append(self._turn("user", parts))
        if answer is not None:
            turns.append(self._turn("assistant", [answer]))
        text: str = self._processor.apply_chat_template(
            turns, chat_template=self._template, add_generation_prompt=answer is None, tokenize=False
        )
        return text

    def _turn(self, role: str, parts: Sequence[Any]) -> dict[str, Any]:
        if not self._lists:
            return {"role": role, "content": self._plain(parts)}
        content = [{"type": "text", "text": part} if isinstance(part, str) else {"type": "image"} for part in parts]
        return {"role": role, "content": content}

    def _plain(self, parts: Sequence[Any]) -> str:
        return "".join(part if isinstance(part, str) else self.placeholder for part in parts)

    def _try(self, owner: str) -> None:
        """Settles how the template takes a turn. Templates of text models know only texts."""
        for lists in (True, False) if self.placeholder else (True,):
            self._lists = lists
            try:
                text = self._text([None, _PROBE])
            except (TemplateError, TypeError, ValueError) as error:
                refused = str(error)
                continue
            if _PROBE in text and "'type'" not in text and self.placeholder in text:
                return
            refused = "it leaves the picture or the text out"
        system = " with a system prompt" if self._system else ""
        raise WrongUse(
            f"{owner}: its chat template does not take a picture and a text{system} ({refused}); "
            + ("leave out the option system" if self._system else "give the folder a chat_template.jinja that does")
        )

    def _around_answer(self) -> tuple[str, str | None]:
        """The separator before an answer and the special token behind it, read off a whole exchange."""
        opened = self._text([None, _PROBE])
        try:
            whole = self._text([None, _PROBE], answer=_PROBE)
        except (TemplateError, TypeError, ValueError):
            return "", None
        if not whole.startswith(opened) or _PROBE not in whole[len(opened) :]:
            return "", None
        before, _, behind = whole[len(opened) :].partition(_PROBE)
        special = (str(token) for token in self._processor.tokenizer.added_tokens_decoder.values() if token.special)
        ends = [token for token in special if behind.startswith(token)]
        # anything but white space is the template's own text, such as an empty thought, and not for the model to say
        return before if before.isspace() else "", max(ends, key=len, default=None)


def _moved(parts: Sequence[str | Image], text: str) -> bool:
    """Whether two texts with a picture between them stand in the rendering with nothing between them."""
    end = -1
    for part in parts:
        if isinstance(part, str) and (words := part.strip()):
            start = text.find(words, max(end, 0))
            if start < 0:  # the template writes texts its own way
                return False
            if end >= 0 and not text[end:start].strip():
                return True
            end = start + len(words)
    return False


def _template_of(processor: Any) -> str | None:
    """The chat template kept with the processor, or with its tokenizer as older checkpoints do."""
    for holder in (processor, processor.tokenizer):
        template = getattr(holder, "chat_template", None)
        if isinstance(template, dict):
            template = template.get("default")
        if template:
            return str(template)
    return None

"""Local models answer the same in every company, and as plain transformers does."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_models import FAMILIES, altered, ask, load, noise, varied

from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.types import PHOTO, Choose, Failure, Finish, Generate, Question, Text

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from snellen.engines.hf.processing import load_processor  # noqa: E402
from snellen.local.quiet import quiet  # noqa: E402

Checkpoint = Callable[[str], Path]

CLOSED = (
    "Question: Answer this question in one word: What type of object is in this photo? "
    "Choose one from {accordion, barrel, bonsai, butterfly, camera, chair, crab, cup}. Answer:"
)
BINARY = "Answer the question in one word: yes or no. Is the {} in this photo?"
NAMES = ("crab", "soccer ball", "grand piano", "cup", "flamingo head")
# what each family's template puts between its opening of an answer and the answer, and what ends the answer
AROUND = {
    "gemma3": ("", "<end_of_turn>"),
    "idefics3": (" ", "<end_of_utterance>"),
    "internvl": ("", "<|im_end|>"),
    "llava": (" ", "</s>"),
    "llava_next": (" ", "</s>"),
    "llava_next_llama3": ("", "<|eot_id|>"),
    "llava_onevision": ("", "<|im_end|>"),
    "mllama": ("", "<|eot_id|>"),
    "paligemma": ("", "<eos>"),
    "phi4_multimodal": ("", "<|end|>"),
    "qwen2_5_vl": ("", "<|im_end|>"),
    "qwen2_vl": ("", "<|im_end|>"),
    "qwen3_vl": ("", "<|im_end|>"),
    "smolvlm": (" ", "<end_of_utterance>"),
}

PICTURES_ONLY = {"paligemma"}  # families whose processor takes no prompt without a picture
MANY = {"idefics3", "llava", "llava_next", "mllama", "qwen2_vl"}  # unlike kinds of families, on many photographs


def both_kinds(images: list[Image]) -> list[tuple[Image, Question]]:
    """Texts and choices about each image, prompts and choices of many lengths."""
    asked: list[tuple[Image, Question]] = []
    for number, image in enumerate(images):
        name = NAMES[number % len(NAMES)]
        asked.append((image, Generate((PHOTO, CLOSED + "!" * (number % 4)), 5)))
        asked.append((image, Choose((PHOTO, BINARY.format(name)), ("yes", "no", "No side at all")[: 2 + number % 2])))
    return asked


def compare(folder: Path, asked: list[tuple[Image, Question]]) -> list[Any]:
    """The answers, which must not depend on the batch size."""
    alone = ask(load(folder, batch_size=1), asked)
    assert not [answer for answer in alone if isinstance(answer, Failure)]
    for size in (7, 32):
        engine = load(folder, batch_size=size)
        assert engine.facts()["stacking"] == "rows"
        for one, other in zip(alone, ask(engine, asked), strict=True):
            if isinstance(one, Text):
                assert (one.text, one.finish) == (other.text, other.finish)
            else:
                assert other.values == pytest.approx(one.values, abs=1e-4)
                assert other.best == one.best
        assert engine.facts()["batch_size"] == size
    return alone


@pytest.mark.parametrize("family", FAMILIES)
def test_the_batch_size_changes_nothing_on_drawn_pictures(checkpoint: Checkpoint, family: str) -> None:
    compare(checkpoint(family), both_kinds(varied(9)))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_batch_size_changes_nothing_on_photographs(checkpoint: Checkpoint, family: str, real_data: Path) -> None:
    photos = sorted((real_data / "data/photos/caltech101-31").glob("*/*.jpg"))[:: 15 if family in MANY else 40]
    compare(checkpoint(family), both_kinds([Image(photo) for photo in photos]))
    closed = ask(load(checkpoint(family)), [(Image(photo), Generate((PHOTO, CLOSED), 5)) for photo in photos])
    assert len({answer.text for answer in closed}) >= 5


class Plain:
    """One question at a time through transformers alone."""

    def __init__(self, folder: Path) -> None:
        with quiet():
            config = transformers.AutoConfig.from_pretrained(folder)
            # eager attention, of its implementations the one that reads Phi-4's pictures right in transformers 5.23
            how = {"attn_implementation": "eager"} if config.model_type == "phi4_multimodal" else {}
            self.model = getattr(transformers, config.architectures[0]).from_pretrained(folder, **how).eval()
            self.processor = load_processor(folder, config, trust_remote_code=False)

    def prompt(self, images: list[Image], text: str) -> str:
        template = self.processor.chat_template or self.processor.tokenizer.chat_template
        if template is None:
            return self.processor.image_token * len(images) + text
        content = [*({"type": "image"} for _ in images), {"type": "text", "text": text}]
        turns = [{"role": "user", "content": content}]
        return str(self.processor.apply_chat_template(turns, template, add_generation_prompt=True, tokenize=False))

    def inputs(self, images: list[Image], text: str, **more: Any) -> Any:
        begin = self.processor.tokenizer.bos_token
        made = self.processor(
            text=[text],
            images=[[image.pixels() for image in images]],
            add_special_tokens=not (begin and text.startswith(begin)),
            return_tensors="pt",
            **more,
        )
        made.pop("labels", None)
        return made

    @torch.no_grad()
    def write(self, images: list[Image], text: str, count: int) -> str:
        with quiet():
            inputs = self.inputs(images, self.prompt(images, text))
            tokens = self.model.generate(**inputs, max_new_tokens=count, do_sample=False)
        return str(self.processor.decode(tokens[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))

    @torch.no_grad()
    def score(self, images: list[Image], text: str, answer: str) -> float:
        """The log-probability of all that follows the prompt, read off a single pass over the whole text."""
        with quiet():
            prompt = self.prompt(images, text)
            length = self.inputs(images, prompt)["input_ids"].shape[1]
            if "suffix" in inspect.signature(self.processor.__call__).parameters:
                # the processor puts prompt and answer together as it does for training, the end token included
                inputs = self.inputs(images, prompt, suffix=[answer.removesuffix(self.processor.tokenizer.eos_token)])
            else:
                inputs = self.inputs(images, prompt + answer)
            logits = self.model(**inputs).logits[0].double().log_softmax(-1)
        tokens = inputs["input_ids"][0]
        return float(sum(logits[place - 1, tokens[place]] for place in range(length, len(tokens))))

    def count(self, images: list[Image], text: str, answer: str) -> int:
        """How many tokens follow the prompt."""
        with quiet():
            prompt = self.prompt(images, text)
            short, long = (self.inputs(images, whole)["input_ids"].shape[1] for whole in (prompt, prompt + answer))
        return int(long - short)


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_plain_transformers(checkpoint: Checkpoint, family: str) -> None:
    folder = checkpoint(family)
    plain, engine = Plain(folder), load(folder)
    images = varied(6)
    texts = ask(engine, [(image, Generate((PHOTO, CLOSED), 6)) for image in images])
    assert [answer.text for answer in texts] == [plain.write([image], CLOSED, 6) for image in images]
    choices = ("yes", "no", "bat", "bat wing", "")
    before, end = AROUND[family]
    scores = ask(engine, [(image, Choose((PHOTO, BINARY.format("bat wing")), choices)) for image in images])
    for image, answer in zip(images, scores, strict=True):
        whole = [before + choice + end if choice else end for choice in choices]
        expected = [plain.score([image], BINARY.format("bat wing"), text) for text in whole]
        assert answer.values == pytest.approx(expected, abs=1e-4)
        assert answer.lengths == tuple(plain.count([image], BINARY.format("bat wing"), text) for text in whole)


@pytest.mark.parametrize("family", FAMILIES)
def test_several_pictures_in_one_prompt(checkpoint: Checkpoint, family: str) -> None:
    folder = checkpoint(family)
    first, *photos = varied(5)
    asked: list[tuple[Image | None, Question]] = [(photo, Generate((first, PHOTO, CLOSED), 4)) for photo in photos]
    asked += [(photo, Generate((PHOTO, CLOSED), 4)) for photo in photos]
    asked += [(None, Generate((CLOSED,), 4)), (None, Choose((CLOSED,), ("yes", "no")))]
    answers = ask(load(folder, batch_size=8), asked)
    plain = Plain(folder)
    assert [answer.text for answer in answers[:4]] == [plain.write([first, photo], CLOSED, 4) for photo in photos]
    assert [answer.text for answer in answers[4:8]] == [plain.write([photo], CLOSED, 4) for photo in photos]
    if family in PICTURES_ONLY:
        assert all("`images` are expected" in answer.reason for answer in answers[8:])
    else:
        assert answers[8].text and answers[9].best in ("yes", "no")


def test_generate_with_choices_takes_the_best_scored(checkpoint: Checkpoint) -> None:
    engine = load(checkpoint("llava"))
    images, choices = varied(5), ("yes", "no", "cat")
    held = ask(engine, [(image, Generate((PHOTO, CLOSED), 1, choices)) for image in images])
    scored = ask(engine, [(image, Choose((PHOTO, CLOSED), choices)) for image in images])
    assert [answer.text for answer in held] == [answer.best for answer in scored]
    assert all(answer.finish is Finish.STOP for answer in held)


def test_how_texts_end(checkpoint: Checkpoint, tmp_path: Path) -> None:
    images, question = varied(6), Generate((PHOTO, CLOSED), 5)
    free = load(checkpoint("llava"))
    whole = ask(free, [(image, question) for image in images])
    assert all(answer.finish is Finish.LENGTH and answer.usage.tokens_out == 5 for answer in whole)
    plain = Plain(checkpoint("llava"))
    with quiet():
        inputs = plain.inputs([images[0]], plain.prompt([images[0]], CLOSED))
        third = int(plain.model.generate(**inputs, max_new_tokens=5, do_sample=False)[0, -3])
    settings = json.dumps({"eos_token_id": [2, third]})
    engine = load(altered(checkpoint("llava"), tmp_path / "ends", generation_config__json=settings))
    ended = ask(engine, [(image, question) for image in images])
    assert ended[0].finish is Finish.STOP
    assert ended[0].usage.tokens_out <= 2
    assert whole[0].text.startswith(ended[0].text)
    for one, other in zip(whole, ended, strict=True):
        assert one.text == other.text if other.finish is Finish.LENGTH else one.text.startswith(other.text)


def test_the_checkpoints_sampling_settings_are_ignored(checkpoint: Checkpoint, tmp_path: Path) -> None:
    wild = {"do_sample": True, "temperature": 9.0, "top_k": 3, "repetition_penalty": 5.0, "num_beams": 3}
    settings = json.dumps({"eos_token_id": 2, **wild})
    wilder = altered(checkpoint("llava"), tmp_path / "wild", generation_config__json=settings)
    asked = both_kinds(varied(4))
    for one, other in zip(ask(load(checkpoint("llava")), asked), ask(load(wilder), asked), strict=True):
        assert one.text == other.text if isinstance(one, Text) else one.values == other.values


def test_an_unreadable_image_fails_alone(checkpoint: Checkpoint) -> None:
    broken = Image(data=b"\xff\xd8\xff\xe0 not much of a picture")
    good = varied(3)
    asked: list[tuple[Image | None, Question]] = []
    for image in (good[0], broken, good[1], None, good[2]):
        asked += [(image, Generate((PHOTO, CLOSED), 3)), (image, Choose((PHOTO, CLOSED), ("yes", "no")))]
    answers = ask(load(checkpoint("qwen2_vl")), asked)
    failed = [number for number, answer in enumerate(answers) if isinstance(answer, Failure)]
    assert failed == [2, 3, 6, 7]
    with pytest.raises(UnreadableImage) as unreadable:
        broken.pixels()
    assert answers[2].reason == answers[3].reason == str(unreadable.value)
    assert "without an image" in answers[6].reason
    alone = ask(load(checkpoint("qwen2_vl"), batch_size=1), [asked[0]])
    assert alone[0].text == answers[0].text


def test_usage_and_facts(checkpoint: Checkpoint) -> None:
    engine = load(checkpoint("qwen2_vl"), batch_size="4")
    question = Generate((PHOTO, CLOSED), 5)
    texts = ask(engine, [(noise(56, 56), question), (noise(112, 112), question)])
    small, large = (answer.usage for answer in texts)
    assert large.tokens_in - small.tokens_in == 16 - 4  # patches of 28 x 28 pixels
    assert small.tokens_out == 5 and small.attempts == 1
    assert small.seconds > 0 and small.seconds == large.seconds
    facts = engine.facts()
    assert facts["batch_size"] == 4 and facts["dtype"] == "float32" and facts["device"] == "cpu"
    assert facts["peak_gpu_gb"] is None and facts["attention"] == "sdpa" and facts["device_name"]
    with quiet():
        model = transformers.AutoModelForImageTextToText.from_pretrained(checkpoint("qwen2_vl"))
    assert facts["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    json.dumps(dict(facts))
    engine.close()
    engine.close()


def test_options_that_change_what_is_read(checkpoint: Checkpoint) -> None:
    folder, asked = checkpoint("qwen2_vl"), [(noise(112, 112), Generate((PHOTO, CLOSED), 5))]
    plain = ask(load(folder), asked)[0]
    fewer = ask(load(folder, max_pixels=56 * 56), asked)[0]
    assert plain.usage.tokens_in - fewer.usage.tokens_in == 12
    told = ask(load(folder, system="You are a helpful assistant."), asked)[0]
    assert told.usage.tokens_in > plain.usage.tokens_in
    half = load(folder, dtype="bfloat16")
    assert half.facts()["dtype"] == "bfloat16"
    assert isinstance(ask(half, asked)[0], Text)
    eager = ask(load(folder, attn_implementation="eager"), asked)[0]
    assert eager.text == plain.text


def test_a_refused_kind_of_question(checkpoint: Checkpoint) -> None:
    from snellen.types import Recognise

    with pytest.raises(TypeError, match="Recognise"):
        load(checkpoint("llava")).add(0, noise(40, 40), Recognise())

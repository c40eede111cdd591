"""The parts of a local model: prompts, pictures, rows, batches, and the check that batching is harmless."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from local_models import FAMILIES, ask, load, noise, varied

from snellen.images import Image
from snellen.types import PHOTO, Choose, Failure, Generate, Text

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from snellen.engines.hf import rows as rows_module  # noqa: E402
from snellen.engines.hf.continuations import continuations  # noqa: E402
from snellen.engines.hf.pixels import Pictures, shrink  # noqa: E402
from snellen.engines.hf.prompts import Rendering  # noqa: E402
from snellen.engines.hf.recent import Recent  # noqa: E402
from snellen.engines.hf.rows import join  # noqa: E402
from snellen.engines.hf.waiting import Asked, Waiting  # noqa: E402
from snellen.local.batching import Batches  # noqa: E402

Checkpoint = Callable[[str], Path]
QUESTION = Generate((PHOTO, "What is it?"), 3)

QWEN = "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Is it?<|im_end|>\n<|im_start|>assistant\n"
LLAMA3 = (
    "<|start_header_id|>user<|end_header_id|>\n\n{}Is it?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)
PROMPTS = {
    "gemma3": "<bos><start_of_turn>user\n<start_of_image>Is it?<end_of_turn>\n<start_of_turn>model\n",
    "idefics3": "<|im_start|>User:<image>Is it?<end_of_utterance>\nAssistant:",
    "internvl": "<|im_start|>user\n<IMG_CONTEXT>\nIs it?<|im_end|>\n<|im_start|>assistant\n",
    "llava": "USER: <image>\nIs it? ASSISTANT:",
    "llava_next": "[INST] <image>\nIs it? [/INST]",
    "llava_next_llama3": LLAMA3.format("<image>\n"),
    "llava_onevision": "<|im_start|>user <image>\nIs it?<|im_end|><|im_start|>assistant\n",
    "mllama": "<|begin_of_text|>" + LLAMA3.format("<|image|>"),
    "paligemma": "Is it?",  # its processor puts the picture before it, and a new line behind
    "phi4_multimodal": "<|user|><|image|>Is it?<|end|><|assistant|>",
    "qwen2_5_vl": QWEN,
    "qwen2_vl": QWEN,
    "qwen3_vl": QWEN,
    "smolvlm": "<|im_start|>User:<image>Is it?<end_of_utterance>\nAssistant:",
}


GATHER = {"llava", "llava_next", "llava_next_llama3", "llava_onevision", "paligemma"}  # all pictures before all texts


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_as_the_model_reads_them(checkpoint: Checkpoint, family: str) -> None:
    engine, photo, shot = load(checkpoint(family)), noise(40, 40), noise(50, 50)
    prompts = engine._prompts
    assert prompts.render((PHOTO, "Is", " it", "?"), photo) == Rendering(PROMPTS[family], (photo,))
    if family in GATHER:
        with pytest.raises(ValueError, match="does not leave the 2 pictures of a prompt between the texts"):
            prompts.render((shot, "A cup. ", PHOTO, "Is it?"), photo)
    else:
        assert prompts.render((shot, "A cup. ", PHOTO, "Is it?"), photo).images == (shot, photo)
    assert prompts.render((shot, PHOTO, "Are they alike?"), photo).images == (shot, photo)
    passes = engine._passes
    begins = passes.rows.make(prompts.render((PHOTO, "Is it?"), photo)).tokens
    begin = engine._tokenizer.bos_token_id
    assert begin is None or begins.count(begin) == 1
    assert len(passes.ends) == 1


def test_a_system_prompt_comes_first(checkpoint: Checkpoint) -> None:
    text = load(checkpoint("qwen2_vl"), system="Be brief.")._prompts.render(("Hello",), None).text
    assert text == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"


def test_a_choice_that_merges_with_the_end_of_the_prompt(checkpoint: Checkpoint) -> None:
    """`accor` + `dion` is one word to the tokenizer: both choices are then scored from before the merge."""
    engine, photo = load(checkpoint("llava")), noise(60, 60)
    passes = engine._passes
    rendering = Rendering("USER: <image>\nIt is an accor", (photo,))
    prompt, cut = continuations(passes.rows, rendering, "", ("dion", "dance"))
    whole = engine._tokenizer(" accordion", add_special_tokens=False)["input_ids"]
    assert cut[0].row.tokens[-len(whole) :] == tuple(whole)
    assert cut[0].start == cut[1].start < len(prompt.tokens)
    assert prompt.tokens[: cut[0].start] == cut[1].row.tokens[: cut[1].start]
    for one in cut:
        with torch.no_grad():
            logits = passes.model(**passes.batch([one.row], "right")).logits[0].double().log_softmax(-1)
        ids = (*one.row.tokens, *passes.ends)
        expected = sum(float(logits[place - 1, ids[place]]) for place in range(one.start, len(ids)))
        with torch.inference_mode():
            assert passes.score([one])[0] == pytest.approx(expected, abs=1e-4)


def test_each_picture_is_decoded_and_prepared_once(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(checkpoint("qwen2_vl"), batch_size=8)
    decoded: list[str] = []
    pixels = Image.pixels

    def counting(image: Image) -> PIL.Image.Image:
        decoded.append(image.digest)
        return pixels(image)

    monkeypatch.setattr(Image, "pixels", counting)
    prepared: list[Any] = []
    inner = engine._pictures.inner
    engine._pictures.inner = lambda images, *args, **options: prepared.append(images) or inner(images, *args, **options)
    for name in ("merge_size", "fetch_images", "model_input_names"):
        setattr(engine._pictures.inner, name, getattr(inner, name))
    photos = varied(3)
    asked = [(photo, Choose((PHOTO, f"Is it a {name}?"), ("yes", "no"))) for photo in photos for name in "abcdef"]
    ask(engine, asked)
    assert sorted(decoded) == sorted(photo.digest for photo in photos)
    assert len(prepared) == 3
    engine.release(photos[0])
    assert len(engine._pictures._decoded) == len(engine._pictures._made) == 2
    ask(engine, asked[:1])
    assert len(decoded) == len(prepared) == 4


def test_pictures_are_prepared_in_the_background(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the moment a question comes, in a thread of its own; what fails there fails its question alone."""
    engine, threads = load(checkpoint("llava"), batch_size=2), []
    pixels = Image.pixels

    def noting(image: Image) -> PIL.Image.Image:
        threads.append(threading.current_thread().name)
        return pixels(image)

    monkeypatch.setattr(Image, "pixels", noting)
    kind = type(engine._pictures.inner)
    called = kind.__call__

    def noted(inner: Any, *args: Any, **given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return called(inner, *args, **given)

    monkeypatch.setattr(kind, "__call__", noted)
    photos = [*varied(3), Image(data=b"no picture")]
    answers = ask(engine, [(photo, QUESTION) for photo in photos])
    assert [isinstance(answer, Failure) for answer in answers] == [False, False, False, True]
    assert len(threads) == 4 + 3 and all(name.startswith("pictures") for name in threads)
    for photo in photos:
        engine.release(photo)
    assert not engine._begun and not engine._pictures._coming
    engine.close()


def test_a_part_of_a_picture_is_another_picture() -> None:
    made: list[tuple[int, int]] = []
    pictures = Pictures(lambda images: made.append(images[0].size) or {"size": images[0].size})
    (picture,) = pictures.open([noise(60, 40)])
    for part in (picture, picture.crop((0, 0, 30, 40)), picture, picture.resize((10, 10))):
        assert pictures([part]) == {"size": part.size}
    assert made == [(60, 40), (30, 40), (10, 10)]


def test_recent_values_are_bounded_by_bytes() -> None:
    recent: Recent[str] = Recent(10)
    for word in ("aaaa", "bbbb"):
        recent.get(word, lambda word=word: word, len)  # type: ignore[misc]
    recent.get("aaaa", lambda: "never made", len)
    recent.get("cccc", lambda: "cccc", len)
    assert recent.get("aaaa", lambda: "made anew", len) == "aaaa"
    assert recent.get("bbbb", lambda: "anew", len) == "anew"
    recent.get("huge", lambda: "x" * 99, len)
    assert len(recent) == 1
    recent.forget(lambda key: key == "huge")
    assert len(recent) == 0


@pytest.mark.parametrize("size", [(100, 50), (50, 100), (3000, 2), (640, 480), (31, 32)])
@pytest.mark.parametrize("limit", [1, 7, 1000, 5000])
def test_shrinking_keeps_the_shape_and_the_limit(size: tuple[int, int], limit: int) -> None:
    width, height = shrink(PIL.Image.new("RGB", size), limit).size
    assert width * height <= limit or size == (width, height)
    assert width * height <= max(limit, 1)
    if min(width, height) > 20:
        assert width / height == pytest.approx(size[0] / size[1], rel=0.06)


def test_joining_pads_tokens_on_a_side_and_pixels_at_the_end() -> None:
    rows = [
        {"input_ids": torch.tensor([[5, 6, 7]]), "mask": torch.ones(1, 3, 1, 2), "pixels": torch.ones(1, 2, 3)},
        {"input_ids": torch.tensor([[8]]), "mask": torch.ones(1, 1, 1, 2), "pixels": torch.ones(2, 1, 4)},
    ]
    left, right = join(rows, "left", 9), join(rows, "right", 9)
    assert left["input_ids"].tolist() == [[5, 6, 7], [9, 9, 8]]
    assert right["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert left["mask"][1, :, 0, 0].tolist() == [0, 0, 1] and right["mask"][1, :, 0, 1].tolist() == [1, 0, 0]
    assert left["pixels"].shape == (3, 2, 4)
    assert left["pixels"].sum() == 2 * 3 + 2 * 4
    with pytest.raises(ValueError, match="kinds of inputs"):
        join([rows[0], {"input_ids": torch.tensor([[1]])}], "left", 0)


def test_waiting_questions_are_taken_image_by_image() -> None:
    waiting = Waiting()
    first, second, third = varied(3)
    for ticket, image in enumerate((first, second, first, None, third, second)):
        waiting.add(Asked(ticket, image, QUESTION))
    assert len(waiting) == 4
    assert [asked.ticket for asked in waiting.take(2)] == [0, 2, 1, 5]
    waiting.add(Asked(6, first, QUESTION))
    assert [asked.ticket for asked in waiting.take(9)] == [3, 4, 6]
    assert waiting.take(4) == []


def test_a_step_of_a_slow_model_takes_fewer_images(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(checkpoint("llava"), batch_size=8)
    for ticket, image in enumerate(varied(8)):
        engine.add(ticket, image, QUESTION)
    assert len(engine.step(1.0)) == 8
    monkeypatch.setattr("snellen.engines.hf.engine._STEP_SECONDS", 1e-4)
    for ticket, image in enumerate(varied(3)):
        engine.add(ticket, image, QUESTION)
    assert len(engine.step(1.0)) == 1


def test_batches_shrink_for_good_when_memory_runs_out() -> None:
    batches, seen = Batches(8), []

    def work(items: Sequence[int]) -> list[int]:
        seen.append(len(items))
        if len(items) > 3:
            torch.empty(1 << 60, dtype=torch.uint8)  # more than any machine has: the allocator's own error
        return [item * item for item in items]

    assert batches.run(range(9), work) == [item * item for item in range(9)]
    assert seen == [8, 4, 2, 2, 2, 2, 1]
    assert batches.size == 2


def test_batches_isolate_what_fails() -> None:
    batches = Batches(8)

    def work(items: Sequence[int]) -> list[int]:
        if 5 in items:
            raise ValueError("five is not allowed\nreally")
        return list(items)

    done = batches.run(range(12), work)
    assert done == [*range(5), Failure("the model failed: ValueError: five is not allowed"), *range(6, 12)]
    assert batches.size == 8


@pytest.mark.parametrize("real", [True, False])
def test_no_question_is_lost_when_memory_runs_out(checkpoint: Checkpoint, real: bool) -> None:
    """Half of the questions are texts, half choices; the model takes three rows at a time and no more."""
    images = varied(8)
    asked: list[Any] = [(image, QUESTION) for image in images]
    asked += [(image, Choose((PHOTO, "Is it?"), ("yes", "no", "cat"))) for image in images]
    expected = ask(load(checkpoint("llava"), batch_size=2), asked)
    engine = load(checkpoint("llava"), batch_size=16)

    def limit(module: Any, args: Any, given: dict[str, Any]) -> None:
        if given["input_ids"].shape[0] > 3:
            if real:
                torch.empty(1 << 60, dtype=torch.uint8)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    engine._passes.model.register_forward_pre_hook(limit, with_kwargs=True)
    answers = ask(engine, asked)
    assert engine.facts()["batch_size"] == 2
    assert engine.room() == 4
    for one, other in zip(expected, answers, strict=True):
        assert one.text == other.text if isinstance(one, Text) else other.values == pytest.approx(one.values, abs=1e-4)


def test_out_of_memory_with_one_row_is_a_failure(checkpoint: Checkpoint) -> None:
    engine = load(checkpoint("llava"), batch_size=4)

    def limit(module: Any, args: Any) -> None:
        raise torch.OutOfMemoryError("out of memory")

    engine._passes.model.register_forward_pre_hook(limit)
    answers = ask(engine, [(image, QUESTION) for image in varied(3)])
    assert all(isinstance(answer, Failure) and "max_pixels" in answer.reason for answer in answers)


def test_a_model_that_cannot_be_batched_is_asked_row_by_row(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    family = transformers.LlavaForConditionalGeneration
    forward = family.forward

    @functools.wraps(forward)
    def blind_to_padding(self: Any, *args: Any, **given: Any) -> Any:
        return forward(self, *args, **{**given, "attention_mask": None})

    asked = [(image, QUESTION) for image in varied(4)]
    expected = ask(load(checkpoint("llava"), batch_size=1), asked)
    monkeypatch.setattr(family, "forward", blind_to_padding)
    engine = load(checkpoint("llava"), batch_size=8)
    assert engine.facts()["stacking"] == "single" and engine.facts()["batch_size"] == 1
    assert [answer.text for answer in ask(engine, asked)] == [answer.text for answer in expected]


def test_a_family_with_its_own_way_of_batching(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where joining rows is found to be wrong, the family's processor makes the batches."""
    asked: list[Any] = [(image, QUESTION) for image in varied(5)]
    asked += [(image, Choose((PHOTO, "Is it?"), ("yes", "no"))) for image in varied(5)]
    expected = ask(load(checkpoint("llava_next"), batch_size=1), asked)

    def wrong(rows: Sequence[Any], side: Any, padding: int) -> dict[str, Any]:
        joined = join(rows, side, padding)
        return {**joined, "pixel_values": joined["pixel_values"].flip(0)}

    monkeypatch.setattr(rows_module, "join", wrong)
    engine = load(checkpoint("llava_next"), batch_size=4)
    assert engine.facts()["stacking"] == "processor" and engine.facts()["batch_size"] == 4
    for one, other in zip(expected, ask(engine, asked), strict=True):
        assert one.text == other.text if isinstance(one, Text) else other.values == pytest.approx(one.values, abs=1e-4)


def test_choices_behind_a_prompt_that_the_processor_closes(checkpoint: Checkpoint) -> None:
    """They are what the processor makes of prompt and answer for training, less its end token."""
    engine, photo = load(checkpoint("paligemma")), noise(60, 90)
    rows, choices = engine._passes.rows, ("yes", "bat wing", "")
    prompt, cut = continuations(rows, engine._prompts.render((PHOTO, "Is it?"), photo), " ", choices)
    assert engine._tokenizer.decode(prompt.tokens[-1:]) == "\n"
    for choice, one in zip(choices, cut, strict=True):
        made = rows._processor(text=["Is it?"], images=[[photo.pixels()]], suffix=[choice], return_tensors="pt")
        for key in ("input_ids", "attention_mask", "token_type_ids"):
            assert torch.equal(one.row.inputs[key], made[key][:, :-1])
        assert one.tokens == tuple(made["labels"][made["labels"] != -100].tolist()[:-1])
        assert engine._passes.batch([one.row], "right").keys() == made.keys() - {"labels"}


def test_a_prompt_sees_itself_whole_and_none_of_the_answer(checkpoint: Checkpoint) -> None:
    engine, photo = load(checkpoint("paligemma")), noise(60, 90)
    passes = engine._passes

    @torch.inference_mode()
    def logits(text: str, choice: str) -> torch.Tensor:
        row = passes.rows.extend(passes.rows.make(engine._prompts.render((PHOTO, text), photo)), choice)
        return passes.model(**passes.batch([row], "right")).logits[0].double()

    one, other, third = logits("Is it a?", "yes no"), logits("Is it a?", "no no"), logits("Is it a!", "yes no")
    length = len(one) - 2
    assert len(other) == len(third) == len(one)
    assert torch.allclose(one[:length], other[:length], atol=1e-5)
    assert not torch.allclose(one[length:], other[length:], atol=1e-2)
    assert not torch.allclose(one[0], third[0], atol=1e-2)


@pytest.mark.parametrize(
    ("size", "shape", "tokens"),
    [((640, 480), (2, 2), 1065), ((449, 448), (2, 1), 561), ((4000, 2600), (6, 4), 6384), ((31, 60), (1, 1), 433)],
)
def test_crops_of_phi4_as_its_own_processor_makes_them(
    size: tuple[int, int], shape: tuple[int, int], tokens: int
) -> None:
    """The expected values are those of transformers' Phi4MultimodalImageProcessor."""
    from snellen.engines.hf.phi4 import Phi4MultimodalImageProcessorPil, grid

    assert grid(*size, 448, 36) == shape
    made = Phi4MultimodalImageProcessorPil()([PIL.Image.new("RGB", size)], return_tensors="pt")
    assert made["num_img_tokens"].tolist() == [tokens]
    assert made["image_pixel_values"].shape == (1, 1 + shape[0] * shape[1], 3, 448, 448)

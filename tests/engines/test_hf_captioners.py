"""Captioners and models with tasks: answers as plain transformers gives them, in every company."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_models import CAPTIONERS, altered, ask, load, noise, varied

from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.types import PHOTO, Choose, Failure, Generate, Question, Scores, Text

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from snellen.engines.hf.answers import written  # noqa: E402
from snellen.engines.hf.processing import load_processor  # noqa: E402
from snellen.local.quiet import quiet  # noqa: E402

Checkpoint = Callable[[str], Path]
Engines = Callable[[str], Any]
QUESTION = "Question: What is in this photo? Answer:"
TASKS = {"florence2": ("<CAPTION>", "<OD>")}
SHARES_NOTHING = "off: not for this kind of model or attention"
CHOICES = ("yes", "no", "bat", "bat wing", "")
TEXT_MODEL = ("blip2_t5", "florence2", "instructblip")  # whose answers are decoded in a row of their own


@pytest.fixture(scope="module")
def engine_of(checkpoint: Checkpoint) -> Engines:
    """The engine of a family with all options as they are, loaded once."""
    return functools.cache(lambda family: load(checkpoint(family)))


def prompts(family: str) -> list[tuple[Any, ...]]:
    texts = ("", QUESTION, "a photo of", *TASKS.get(family, ()))
    return [(PHOTO,), *((PHOTO, text) for text in texts), ("Which?", PHOTO)]


def asked_of(family: str, images: list[Image]) -> list[tuple[Image | None, Question]]:
    asked: list[tuple[Image | None, Question]] = []
    for number, image in enumerate(images):
        asked += [(image, Generate(prompt, 6)) for prompt in prompts(family)]
        asked += [(image, Choose((PHOTO, QUESTION), CHOICES)), (image, Choose((PHOTO,), CHOICES[number % 3 :]))]
    return asked


def assert_same(ones: list[Any], others: list[Any]) -> None:
    for one, other in zip(ones, others, strict=True):
        assert type(one) is type(other) and not isinstance(one, Failure)
        if isinstance(one, Text):
            assert (one.text, one.finish, one.usage.tokens_out) == (other.text, other.finish, other.usage.tokens_out)
        else:
            assert other.values == pytest.approx(one.values, abs=1e-3, rel=1e-5)
            assert one.lengths == other.lengths


@pytest.mark.parametrize("family", CAPTIONERS)
def test_the_batch_size_changes_nothing(checkpoint: Checkpoint, family: str) -> None:
    photos = sorted(Path(os.environ.get("SNELLEN_TEST_DATA", "nowhere"), "data/photos/caltech101-31").glob("*/*.jpg"))
    asked = asked_of(family, [*varied(5), *map(Image, photos[::600])])
    alone = ask(load(checkpoint(family), batch_size=1), asked)
    engine = load(checkpoint(family), batch_size=32)
    assert engine.facts()["stacking"] == "rows"
    assert_same(alone, ask(engine, asked))
    assert len({answer.text for answer in alone if isinstance(answer, Text)}) >= 5
    assert len({answer.values for answer in alone if isinstance(answer, Scores)}) >= 3


class Alone:
    """One photo at a time through transformers, as its pages on each family do it."""

    def __init__(self, folder: Path, family: str) -> None:
        self.family = family
        with quiet():
            config = transformers.AutoConfig.from_pretrained(folder)
            self.model = getattr(transformers, config.architectures[0]).from_pretrained(folder).eval()
            self.processor = load_processor(folder, config, trust_remote_code=False)
        self.config = config

    def inputs(self, image: Image, text: str) -> dict[str, Any]:
        with quiet():
            made = dict(self.processor(images=[image.pixels()], text=[text], return_tensors="pt"))
        if self.family == "git":  # the page on GIT tokenises a question without [SEP]
            made.pop("token_type_ids", None)
            made = {**made, "input_ids": made["input_ids"][:, :-1], "attention_mask": made["attention_mask"][:, :-1]}
        return made

    @torch.no_grad()
    def write(self, image: Image, text: str, count: int) -> str:
        inputs = self.inputs(image, text)
        with quiet():
            self.model.generation_config.forced_eos_token_id = None  # no model's word
            tokens = self.model.generate(**inputs, max_new_tokens=count, do_sample=False, num_beams=1)[0]
        if self.family in ("git", "blip", "blip2_opt"):
            length = inputs["input_ids"].shape[1] - (self.family == "blip")  # BLIP takes off [SEP] itself
            tokens = tokens[length:]
        if self.family == "florence2":  # its page takes special tokens out by hand, for the places are among them
            return re.sub(r"</?(s|od|cap)>|<pad>|<image>", "", self.processor.tokenizer.decode(tokens))
        return str(self.processor.tokenizer.decode(tokens, skip_special_tokens=True))

    @torch.no_grad()
    def score(self, image: Image, text: str, answer: str, end: int, opening: tuple[int, ...]) -> float:
        """The log-probability of the answer and its end, by a pass for each token."""
        inputs = self.inputs(image, text)
        if self.family == "blip":
            first = torch.full((1, 1), self.config.text_config.bos_token_id)
            inputs["input_ids"] = torch.cat([first, inputs["input_ids"][:, 1:-1]], dim=1)
        inputs.pop("attention_mask")
        fed, total = list(opening), 0.0
        before = inputs["input_ids"]
        lead = " " if self.family not in TEXT_MODEL and answer else ""
        for token in (*self.processor.tokenizer(lead + answer, add_special_tokens=False)["input_ids"], end):
            if self.family in TEXT_MODEL:
                inputs["decoder_input_ids"] = torch.tensor([fed])
            with quiet():
                logits = self.model(**inputs).logits[0, -1].double().log_softmax(-1)
            total += float(logits[token])
            fed.append(token)
            inputs["input_ids"] = torch.cat([before, torch.tensor([fed[len(opening) :]])], dim=1)
            if self.family in TEXT_MODEL:
                inputs["input_ids"] = before
        return total


@pytest.mark.parametrize("family", CAPTIONERS)
def test_answers_are_those_of_plain_transformers(checkpoint: Checkpoint, engine_of: Engines, family: str) -> None:
    alone, engine = Alone(checkpoint(family), family), engine_of(family)
    images = varied(4)
    for text in ("", QUESTION, *TASKS.get(family, ())):
        answers = ask(engine, [(image, Generate((PHOTO, text), 6)) for image in images])
        assert [answer.text for answer in answers] == [alone.write(image, text, 6) for image in images]


@pytest.mark.parametrize("family", CAPTIONERS)
def test_choices_are_scored_as_a_pass_for_each_token_does(
    checkpoint: Checkpoint, engine_of: Engines, family: str
) -> None:
    alone, engine = Alone(checkpoint(family), family), engine_of(family)
    (end,) = engine._passes.ends
    opening = engine._passes.opening if engine._passes.decodes_apart else ()
    assert engine._passes.decodes_apart == (family in TEXT_MODEL)
    images = varied(3)
    for image, answer in zip(
        images, ask(engine, [(each, Choose((PHOTO, QUESTION), CHOICES)) for each in images]), strict=True
    ):
        expected = [alone.score(image, QUESTION, choice, end, opening) for choice in CHOICES]
        assert answer.values == pytest.approx(expected, abs=1e-3, rel=1e-5)


def test_answers_begin_and_end_as_each_family_has_it(engine_of: Engines) -> None:
    opening, ends = {}, {}
    for family in CAPTIONERS:
        engine = engine_of(family)
        names = engine._tokenizer.convert_ids_to_tokens
        ends[family] = names(list(engine._passes.ends))
        opening[family] = names(list(engine._passes.opening)) if engine._passes.decodes_apart else []
    assert opening["florence2"] == ["</s>", "<s>"]  # the second one is forced, and is not the model's word
    assert opening["blip2_t5"] == opening["instructblip"] == ["<pad>"]
    assert ends["blip2_opt"] == ["Ċ"]
    assert ends["git"] == ends["blip"] == ["[SEP]"]


def test_a_picture_is_shared_where_it_stands_among_the_tokens(checkpoint: Checkpoint, engine_of: Engines) -> None:
    asked = asked_of("blip2_opt", varied(4)) * 2
    engine = load(checkpoint("blip2_opt"), batch_size=4)
    assert engine.facts()["prefix_sharing"] == "on"
    assert_same(ask(load(checkpoint("blip2_opt"), prefix_sharing="off"), asked), ask(engine, asked))
    assert engine._sharing.asked > 0
    for family in ("git", "blip", *TEXT_MODEL):
        assert engine_of(family).facts()["prefix_sharing"] == SHARES_NOTHING


def test_sharing_that_answers_nothing_is_off(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    from snellen.engines.hf.sharing import Sharing

    monkeypatch.setattr(Sharing, "_line", lambda self, asked: None)
    assert "it answers nothing" in load(checkpoint("blip2_opt")).facts()["prefix_sharing"]


@pytest.mark.parametrize("family", CAPTIONERS)
def test_questions_that_cannot_be_put_fail_alone(engine_of: Engines, family: str) -> None:
    photo, other, broken = noise(60, 60), noise(50, 50, seed=1), Image(data=b"no picture")
    one, two = Generate((PHOTO, QUESTION), 3), Generate((other, PHOTO, QUESTION), 3)
    blind, choice = Generate((QUESTION,), 3), Choose((QUESTION,), ("yes", "no"))
    answers = ask(
        engine_of(family),
        [(photo, one), (broken, one), (photo, two), (None, blind), (None, choice), (other, one)],
    )
    assert isinstance(answers[0], Text) and isinstance(answers[5], Text)
    with pytest.raises(UnreadableImage) as unreadable:
        broken.pixels()
    assert answers[1] == Failure(str(unreadable.value))
    assert "takes one picture a question, and this one shows 2" in answers[2].reason
    assert "shows none" in answers[3].reason and "shows none" in answers[4].reason
    assert answers[0].text == ask(engine_of(family), [(photo, one)])[0].text


def test_a_task_among_other_words_is_refused(engine_of: Engines) -> None:
    (answer,) = ask(engine_of("florence2"), [(noise(60, 60), Generate((PHOTO, "Please: <OD>"), 3))])
    assert isinstance(answer, Failure) and "<OD>" in answer.reason


def test_places_stay_in_a_text_and_other_special_tokens_do_not(engine_of: Engines) -> None:
    tokenizer = engine_of("florence2")._tokenizer
    spoken = "<s>bat wing<loc_52><loc_333><loc_932><loc_774> car<loc_1><od>s</s>"
    tokens = tokenizer(spoken, add_special_tokens=False)["input_ids"]
    answer = written(tokenizer, 3, tokens, ended=True)
    assert answer.text == "bat wing<loc_52><loc_333><loc_932><loc_774> car<loc_1>s"
    assert answer.usage.tokens_out == len(tokens)
    assert written(tokenizer, 3, [], ended=True).text == ""


def test_settings_of_the_text_model_are_ignored_too(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """BLIP-2 hands generation on to a model that has settings of its own."""
    folder = checkpoint("blip2_t5")
    config = json.loads((folder / "config.json").read_text())
    config["text_config"] |= {"num_beams": 4, "repetition_penalty": 9.0, "do_sample": True, "top_k": 2}
    wilder = altered(folder, tmp_path / "wild", config__json=json.dumps(config))
    asked = asked_of("blip2_t5", varied(2))
    assert_same(ask(load(folder), asked), ask(load(wilder), asked))


@pytest.mark.parametrize("family", ["blip2_opt", "instructblip"])
def test_a_processor_that_does_not_know_its_queries_is_told(
    checkpoint: Checkpoint, tmp_path: Path, family: str
) -> None:
    """As with older checkpoints, the photo of which would be left out."""
    folder = checkpoint(family)
    settings = json.loads((folder / "processor_config.json").read_text())
    assert settings.pop("num_query_tokens") == 4
    older = altered(folder, tmp_path / "older", processor_config__json=json.dumps(settings))
    asked = asked_of(family, varied(2))
    assert_same(ask(load(folder), asked), ask(load(older), asked))


@pytest.mark.parametrize("family", ["blip2_opt", "florence2", "instructblip"])
def test_half_precision(checkpoint: Checkpoint, family: str) -> None:
    """Of which BLIP-2 makes an exception for its queries: the precision that counts is the text model's."""
    engine = load(checkpoint(family), dtype="float16")
    assert (engine.facts()["dtype"], engine.facts()["stacking"]) == ("float16", "rows")
    assert engine.facts()["prefix_sharing"] == ("on" if family == "blip2_opt" else SHARES_NOTHING)
    assert not any(isinstance(answer, Failure) for answer in ask(engine, asked_of(family, varied(1))))


def test_open_set_runs(checkpoint: Checkpoint, snellen: Callable[..., Any], drawn: Path) -> None:
    strategy = "open-set,prompt=<OD>,max_tokens=9"
    said = snellen("run", "-d", drawn, "-m", f"hf/{checkpoint('florence2')}", "-s", strategy, "--no-timing", "--json")
    assert said.code == 0, said.err
    (row,) = json.loads(said.out)["rows"]
    assert row["strategy"] == strategy
    assert row["answered"] + row["unparsed"] == row["images"] == 16 and row["failed"] == 0


@pytest.mark.parametrize(("family", "prompt"), [("florence2", "<OD>"), ("blip2_opt", ""), ("git", "a photo of")])
def test_a_photo_is_asked_about(
    checkpoint: Checkpoint, snellen: Callable[..., Any], drawn: Path, family: str, prompt: str
) -> None:
    photo = min(drawn.glob("star/*"))
    strategy = f"open-set,prompt={prompt},max_tokens=9"
    said = snellen("ask", f"hf/{checkpoint(family)}", photo, "-s", strategy, "--classes", "star,ring")
    assert said.code == 0, said.err
    assert prompt in said.out


def test_doctor_examines_a_model_with_tasks(checkpoint: Checkpoint, snellen: Callable[..., Any]) -> None:
    said = snellen("doctor", f"hf/{checkpoint('florence2')},batch_size=4", "--images", 3)
    assert said.code == 0, said.err
    assert "prefix sharing   off: not for this kind of model" in said.out
    assert "failed" not in said.out
    assert "No answer depended on its company" in " ".join(said.out.split())

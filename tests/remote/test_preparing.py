"""Pictures are made once for an image and let go with it."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest

from loopback import serving
from remote_models import drawn, hosted
from snellen.engines import anthropic, clarifai, google
from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.remote.preparing import Pictures
from snellen.remote.wire import Picture, Takes
from snellen.types import PHOTO, Generate, Text

TAKES = Takes(frozenset({"image/png"}), 100_000)


def test_a_picture_is_made_once_however_often_it_is_wanted() -> None:
    async def work() -> None:
        pictures, images = Pictures(TAKES), [drawn(seed % 30, kind="BMP" if seed % 2 else "PNG") for seed in range(300)]
        made = await asyncio.gather(*(pictures.of(image) for image in images))
        assert len({id(picture) for picture in made}) == 30
        assert pictures.counts == {"pictures_as_they_are": 15, "pictures_re_encoded": 15}
        pictures.release(images[0])
        again = await pictures.of(images[0])
        assert again == made[0] and again is not made[0]
        assert await pictures.of(images[1]) is made[1]
        pictures.close()

    asyncio.run(work())


def test_an_image_that_cannot_be_read_is_told_to_all_who_want_it_and_keeps_no_other_from_being_made() -> None:
    async def work() -> None:
        pictures, broken = Pictures(TAKES), Image(data=b"no image")
        wanted = [broken, drawn(0), broken, drawn(1)]
        got = await asyncio.gather(*map(pictures.of, wanted), return_exceptions=True)
        assert [type(each) for each in got] == [UnreadableImage, Picture, UnreadableImage, Picture]
        pictures.close()

    asyncio.run(work())


def test_one_that_is_no_longer_wanted_leaves_the_others_theirs() -> None:
    async def work() -> None:
        pictures, image = Pictures(TAKES), drawn(0, (200, 200), "BMP")
        first, second = (asyncio.ensure_future(pictures.of(image)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).media_type == "image/png"
        with pytest.raises(asyncio.CancelledError):
            await first
        pictures.close()

    asyncio.run(work())


def test_pictures_that_are_too_large_for_one_request_have_an_equal_share_of_it() -> None:
    async def work() -> None:
        pictures = Pictures(dataclasses.replace(TAKES, most_in_all=40_000))
        large, small = [drawn(seed, (100, 100)) for seed in range(4)], drawn(9)
        assert [each.width for each in await pictures.together([large[0], small])] == [100, 6]
        first = await pictures.together([*large[:2], small, large[2]])
        assert sum(len(each.data) for each in first) <= 40_000
        assert all(len(each.data) <= 10_000 for each in first)
        assert (first[2].width, {each.width < 100 for each in (first[0], first[1], first[3])}) == (6, {True})
        other = await pictures.together([*large[:2], small, large[3]])
        assert [one is another for one, another in zip(first, other, strict=True)] == [True, True, True, False]
        pictures.release(large[2])
        assert large[2].digest not in pictures._smaller
        pictures.close()

    asyncio.run(work())


@pytest.mark.parametrize(
    ("takes", "request_bytes"),
    [
        (anthropic.Anthropic.takes, 32_000_000),
        (google.Google.takes, 20_000_000),
        (clarifai.recogniser.TAKES, 20_000_000),
    ],
)
def test_a_request_has_room_for_all_pictures_and_a_long_prompt(takes: Takes, request_bytes: int) -> None:
    assert takes.most_in_all is not None
    assert takes.most_bytes <= takes.most_in_all
    assert request_bytes * 0.9 < takes.most_in_all * 4 / 3 < request_bytes - 1_000_000


def test_a_prompt_with_examples_goes_out_within_the_limit_of_a_request() -> None:
    shots = tuple(drawn(seed, (200, 200)) for seed in range(8))
    question = Generate((*shots, PHOTO, "What is it?"), 8)
    with serving(lambda asked: str(len(json.dumps(asked.body)))) as server, hosted(server.url) as model:
        model._provider.takes = dataclasses.replace(model._provider.takes, most_in_all=150_000)
        model._pictures._takes = model._provider.takes
        model.add(0, drawn(50, (200, 200)), question)
        ((_, said),) = model.step(10.0)
    assert isinstance(said, Text) and 9 * 4_000 < int(said.text) < 150_000 * 4 / 3 + 2_000

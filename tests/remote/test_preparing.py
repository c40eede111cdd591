"""Pictures are made once for an image and let go with it."""

from __future__ import annotations

import asyncio

import pytest

from remote_models import drawn
from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.remote.preparing import Pictures
from snellen.remote.wire import Picture, Takes

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


def test_pictures_are_made_ahead_and_kept_as_far_as_there_is_room() -> None:
    async def work() -> None:
        images = [drawn(seed, (100, 100)) for seed in range(20)]
        (size,) = {len(image.data) // 1000 * 1000 for image in images}
        pictures = Pictures(TAKES, most=5 * size)
        for image in images:
            pictures.foresee(image)
        await pictures.of(images[19])
        await asyncio.sleep(0.1)
        assert 0 < pictures.kept < 8 * size
        for image in 2 * images:
            assert (await pictures.of(image)).data == image.data
            assert pictures.kept < 9 * size
        assert pictures.counts == {"pictures_as_they_are": 20}
        for image in images:
            pictures.release(image)
        await asyncio.sleep(0.1)
        assert pictures.kept == 0
        pictures.close()

    asyncio.run(work())

"""What the answers cost that each row of a run folder rests on, found by replaying its strategy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snellen.costs import keep_row_costs, price_of
from snellen.folder import RunFolder
from snellen.images import Image
from snellen.placing import Key, Placed
from snellen.recall import Recall
from snellen.remote.prices import Price, Tally
from snellen.remote.tariff import is_batched, tally_of
from snellen.rows import Row
from snellen.runner import replay
from snellen.shares import RECORDS_OF_ROW
from snellen.sheets import OF_ANSWERS
from snellen.types import Answer, Failure


def count_costs(folder: RunFolder, number: int, row: Row, models: Mapping[str, int], selection: int) -> None:
    """Counts and keeps what a prepared row cost, where a model of it has a price.

    An answer that serves several images, or an image that is there more than once, counts once.
    """
    priced = {role: price for role, model in models.items() if (price := price_of(folder.database, model))}
    if not priced:
        return
    settled = folder.database.value(f"SELECT count(*) FROM {RECORDS_OF_ROW} AND {OF_ANSWERS}", number)
    used = _Used(priced)
    if row.prepares:
        replay(row.prepare(), None, used.through(Recall(folder.store, models, None)))
    digests: set[str] = set()
    for page in folder.catalogue.digests(selection):
        for _, digest in page:
            if digest not in digests and used.add(row, Image(Path(), digest=digest), folder, models):
                digests.add(digest)
    costs = {"settled": settled, **used.columns(len(digests))}
    with folder.database.commit():
        keep_row_costs(folder.database, number, costs)


class _Used:
    """The answers of priced roles that were looked up, each once."""

    def __init__(self, priced: Mapping[str, Price]) -> None:
        self._priced = priced
        self._seen: set[Key] = set()  # of those about no image: others are of one image alone
        self.tallies = {(role, batched): Tally() for role in priced for batched in (False, True)}

    def through(self, recall: Recall) -> Any:
        """The lookup that counts what it finds."""

        def lookup(placed: Placed) -> Answer | None:
            answer = recall(placed)
            if answer is not None and placed.role in self._priced and placed.key not in self._seen:
                self._seen.add(placed.key)
                self.tallies[placed.role, is_batched(answer)] += tally_of(answer)
            return answer

        return lookup

    def add(self, row: Row, image: Image, folder: RunFolder, models: Mapping[str, int]) -> bool:
        """Counts what the row rests on for an image; False, with nothing counted, where that is not all known."""
        before = dict(self.tallies)
        done = replay(row.inquire(image), image, self.through(Recall(folder.store, models, image)))
        self._seen = {key for key in self._seen if not key[1]} if len(self._seen) > 4096 else self._seen
        if done is None or isinstance(done[0], Failure):
            self.tallies = before
            return False
        return True

    def columns(self, images: int) -> dict[str, Any]:
        """The columns of the row; what was asked once for it is part of the cost of its images."""
        costs = [self._priced[role].usd(tally, batched) for (role, batched), tally in self.tallies.items()]
        cost = None if None in costs or not images else sum(each for each in costs if each is not None)
        total = sum(self.tallies.values(), Tally())
        known = images and not total.unmeasured
        return {
            "cost_usd": cost,
            "cost_per_1000_usd": None if cost is None else 1000 * cost / images,
            "tokens_in": total.tokens_in if known else None,
            "tokens_out": total.tokens_out if known else None,
        }

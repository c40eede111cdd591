"""What a run would ask and what that would cost, found without asking anything."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from snellen.answered import answered
from snellen.costs import mean_seconds, spent_most, tariff_of
from snellen.database import DATABASE, Database
from snellen.errors import UnreadableImage
from snellen.forecast import Asked, forecast
from snellen.images import Image
from snellen.metrics.sequential import looks
from snellen.placing import shows_photo
from snellen.plan import Plan
from snellen.remote.prices import Tally
from snellen.remote.tariff import Demand, Size, Tariff
from snellen.rows import Row
from snellen.shots import first
from snellen.specs import ModelPlan, StrategyPlan
from snellen.summary import dollars
from snellen.types import MODEL, Example, Generate, Question

_SAMPLE = 200  # images whose questions are counted; of more it is their mean
_PROBES = 4
_ANY = 100  # tokens


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a role of a row takes, by best estimate and at most."""

    tariff: Tariff
    likely: Tally
    most: Tally

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.tariff, self.likely + other.likely, self.most + other.most)

    @property
    def usd(self) -> float | None:
        """The best estimate of its price; None where no price is known."""
        return self.tariff.price.usd(self.likely) if self.tariff.price else None

    @property
    def usd_most(self) -> float | None:
        """The most that it may cost; None where no price is known."""
        return self.tariff.price.usd(self.most) if self.tariff.price else None


def _from_to(counts: Sequence[int]) -> str:
    least, most = min(counts), max(counts)
    return f"{most}" if least == most else f"{least} to {most}"


def outline(plan: Plan) -> Iterator[str]:
    """The lines of a dry run; image files are read for their sizes, and nothing is asked."""
    yield f"data set   {plan.source}: {len(plan.selection)} images of {len(plan.classes.names)} classes"
    parts = list(map(plan.part, plan.class_lists))
    if len(parts) > 1:
        counts = [len(part.classes.names) for part in parts]
        yield f"class sets {len(parts)} of {_from_to(counts)} classes; what follows is for all of them"
    yield f"run folder {plan.out}"
    if plan.until_decided is not None:
        rounds = ", ".join(map(str, looks(len(plan.selection))))
        yield f"rounds     {rounds} images, until the best row is known with {100 * plan.until_decided:g} % confidence"
        yield "           what follows is for all images"
    photos = list(map(_Photos, parts))
    priced: list[Estimate] = []
    for model, strategy in plan.pairs:
        yield f"row        {model.title} · {strategy.title}"
        models = {MODEL: model, **strategy.roles}
        found_of = [estimate(part, models, strategy, each) for part, each in zip(parts, photos, strict=True)]
        estimates, done = _added(found_of, [each.sizes.total() for each in photos])
        if done:
            yield f"           {done:.0%} of the images are answered already"
        for role, found in estimates.items():
            who = "" if role == MODEL else f"{role}: "
            yield f"           {who}{_line(found, models[role], plan)}"
            if found.tariff.price:
                priced.append(found)
        if not estimates:
            yield "           how much it asks is not known beforehand"
    yield from plan.not_applicable
    for line in plan.warnings:
        yield f"note       {line}"
    yield from _money(plan, priced)


def _added(
    parts: Sequence[tuple[Mapping[str, Estimate], float]], sizes: Sequence[int]
) -> tuple[Mapping[str, Estimate], float]:
    """The estimates of a pair about several class lists as one, and the share of all their images that is answered."""
    done = sum(share * size for (_, share), size in zip(parts, sizes, strict=True)) / max(1, sum(sizes))
    first, *others = (estimates for estimates, _ in parts)
    if not all(others):
        return {}, done
    for other in others:
        first = {role: each + other[role] for role, each in first.items()}
    return first, done


def _money(plan: Plan, priced: Sequence[Estimate]) -> Iterator[str]:
    for model in plan.models:
        if model.missing:
            yield f"pending    {model.missing}"
        name = f"{model.provider}/{model.name}"
        if price := plan.prices.of(model.provider, model.name):
            of = f" (taken on {price.taken} from {price.source})" if price.taken else ""
            tokens = f"{price.input:g} USD for a million tokens in, {price.output:g} USD out"
            yield f"price      {name}: {f'{price.image:g} USD an answer' if price.image else tokens}{of}"
        elif plan.is_charged(model):
            yield f"note       no price is known for {name}: give it with --prices FILE"
        if thought := _thought(model):
            yield f"note       {name} may think before it answers: up to {thought:,} tokens each time, only in the most"
    if priced:
        usd, most = sum(each.usd or 0.0 for each in priced), sum(each.usd_most or 0.0 for each in priced)
        shared = "; an answer that rows share is paid once" if len(priced) > 1 else ""
        yield f"total      {dollars(usd)} USD, at most {dollars(most)} USD{shared}"
    if plan.max_cost is not None:
        yield f"limit      {plan.max_cost:g} USD, of which {dollars(_spent(plan))} USD are spent"


def _line(found: Estimate, model: ModelPlan, plan: Plan) -> str:
    """The figures of a role: tokens where they are paid for, seconds where the folder tells how long answers take."""
    likely, most = found.likely, found.most
    parts = [_count(likely.answers, most.answers, "requests")]
    if found.tariff.price or plan.is_charged(model):
        parts += [_count(likely.tokens_in, most.tokens_in, "tokens in")]
        parts += [_count(likely.tokens_out, most.tokens_out, "tokens out")]
    if (seconds := _seconds(plan, model)) is not None:
        at_once = getattr(model.options, "concurrency", None) or 1
        parts += [_count(round(likely.answers * seconds / at_once), round(most.answers * seconds / at_once), "s")]
    else:
        parts += ["seconds unknown"]
    if found.usd is not None:
        parts += [f"{dollars(found.usd)} USD (at most {dollars(found.usd_most)})"]
    return ", ".join(parts)


def _thought(model: ModelPlan) -> int:
    """The tokens that an answer may take beside what it says."""
    limit = tariff_of(model, None).most_tokens
    return limit(Generate((), _ANY)) - _ANY if limit and Generate in model.answers else 0


def _count(likely: int, most: int, what: str) -> str:
    return f"{likely:,} {what}" if likely == most else f"{likely:,} {what} (at most {most:,})"


class _Photos:
    """The images of a plan: how many of each size, and some of them with their labels, spread over all."""

    def __init__(self, plan: Plan) -> None:
        sized = any(plan.prices.of(model.provider, model.name) or plan.is_charged(model) for model in plan.models)
        every = max(1, -(-len(plan.selection) // _SAMPLE))
        self.sizes: Counter[Size | None] = Counter()
        self.sample: list[Example] = []
        for place, example in enumerate(plan.selection):
            try:
                self.sizes[example.image.size() if sized else None] += 1
                if place % every == 0:
                    self.sample.append(Example(example.id, _known(example), example.label))
            except UnreadableImage:  # it will not be asked about
                continue

    def tally(self, tariff: Tariff, demand: Demand, over: float, most: bool = False) -> Tally:
        """What all images take, where `over` of them take the demand."""
        photos = sum(
            count * (tariff.tally(Demand(photos=1), size, most).tokens_in if size else 0)
            for size, count in self.sizes.items()
        )
        share = self.sizes.total() / over
        return Tally(
            round(demand.requests * share),
            round(demand.tokens_in * share + demand.photos / over * photos),
            round(demand.tokens_out * share),
        )


def _known(example: Example) -> Image:
    """The image by its digest alone, so that a sample holds no files in memory."""
    return Image(Path(), digest=example.image.digest)


def estimate(
    plan: Plan, models: Mapping[str, ModelPlan], strategy: StrategyPlan, photos: _Photos
) -> tuple[dict[str, Estimate], float]:
    """What each role of a row takes, nothing where that cannot be told; and the share that is answered already."""
    shots = first(plan.selection.shots, strategy.shots)
    row = Row(strategy.strategy, plan.classes, plan.seed, shots, blind=strategy.blind)
    found = forecast(row)
    if found is None or not photos.sample:
        return {}, 0.0
    with answered(plan.out, row, models) as settles:
        left = [each for each in photos.sample if settles is None or not settles(each.image)]
    done = 1 - len(left) / len(photos.sample)
    likely = [course for each in left if (course := found.likely(each.image, each.label)) is not None]
    longest = [tuple(found.longest(each.image)) for each in photos.sample[:_PROBES]]
    if (left and not likely) or not any(longest):
        return {}, done
    first_asked = found.first if settles is None else ()
    likely, once = _apart(likely, _of_several([[course] for course in likely]))
    courses, once_most = _apart([course for each in longest for course in each], _of_several(longest))
    estimates = {}
    for role, model in models.items():
        tariff = tariff_of(model, plan.prices.of(model.provider, model.name))
        expected = sum((_likely(tariff, role, course) for course in likely), Demand())
        most = max((_most(tariff, role, course) for course in courses), key=lambda demand: _weight(tariff, demand))
        estimates[role] = Estimate(
            tariff,
            photos.tally(tariff, expected, len(likely) / (1 - done) if likely else 1)
            + tariff.tally(_likely(tariff, role, (*first_asked, *once)), None),
            photos.tally(tariff, most if left else Demand(), 1 / (1 - done) if left else 1, most=True)
            + tariff.tally(_most(tariff, role, (*first_asked, *(once_most if left else ()))), None),
        )
    return estimates, done


def _of_several(courses: Sequence[Sequence[Asked]]) -> set[Question]:
    """What is asked about no photo in the courses of several images: its one answer serves all of them."""
    asked = Counter(
        question
        for of_image in courses
        for question in {question for course in of_image for question, _ in course if not shows_photo(question)}
    )
    return {question for question, images in asked.items() if images > 1}


def _apart(courses: Sequence[Asked], shared: set[Question]) -> tuple[list[Asked], Asked]:
    """The courses without what is shared, and that, each question once."""
    once = {question: answer for course in courses for question, answer in course if question in shared}
    return [[each for each in course if each[0] not in shared] for course in courses], tuple(once.items())


def _likely(tariff: Tariff, role: str, asked: Asked) -> Demand:
    return sum((tariff.likely(question, answer) for question, answer in asked if question.to == role), Demand())


def _most(tariff: Tariff, role: str, asked: Asked) -> Demand:
    return sum((tariff.most(question) for question, _ in asked if question.to == role), Demand())


def _weight(tariff: Tariff, demand: Demand) -> tuple[float, int]:
    return tariff.usd_most(demand, (1024, 1024)), demand.requests


# What the run folder tells


def _database(plan: Plan) -> Database | None:
    return Database(plan.out / DATABASE, read_only=True) if (plan.out / DATABASE).exists() else None


def _spent(plan: Plan) -> float:
    if (database := _database(plan)) is None:
        return 0.0
    with closing(database):
        return spent_most(database)


def _seconds(plan: Plan, model: ModelPlan) -> float | None:
    """How long the model took for an answer on average, where it has answered in this folder before."""
    if (database := _database(plan)) is None:
        return None
    with closing(database):
        key = json.dumps(model.identity, sort_keys=True, ensure_ascii=False)
        number = database.value("SELECT number FROM models WHERE key = ?", key)
        return None if number is None else mean_seconds(database, number)

"""About 600 invented youths, always the same for a seed.

**Every person is invented.** Names are drawn from lists, birth dates and notes from a seeded generator.
Telephone numbers are valid mobile numbers in three counted-up blocks: 0590 1…, 0700 000 … and 0380 000 …
(the last two so that they have a form from before 2018). The demo never sends to a network: its gateway
is a sink on this machine, which by their endings never delivers …999990 and refuses …999991.
Mail addresses end in the reserved name `.example`.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from deploy.local.district.district import Branch, CommunePlan, Person, PersonKind, Sex
from deploy.local.district.names import AWAY_NOTES, GIVEN_NAMES, HOME_NOTES, MIDDLE_NAMES, SURNAMES
from deploy.local.district.spelling import ascii_folded
from deploy.local.sms_gateway import BLOCKED, NEVER_ARRIVES

DEFAULT_SEED = 1931
"""The year in which the Union was founded."""

GROWN_PER_BRANCH = 3
"""The first of each branch are of an age and a steadiness for posts: always with phone and e-mail."""

_SHARED_PHONES_PER_COMMUNE = 4
_NEVER_DELIVERED_PER_COMMUNE = 4
_REFUSED_PER_COMMUNE = 2
_SIMULATED_BLOCKS = {"6": "56", "9": "59", "5": "58"}
"""By the last digit of the commune's code."""


@dataclass
class _Registry:
    """Hands out what must not occur twice: names within a birth year, and numbers."""

    rng: random.Random
    taken: set[tuple[str, int]]
    numbers: Iterator[str]
    old_style_numbers: Iterator[str]

    def name(self, sex: Sex, birth_year: int) -> str:
        """A name that nobody of that birth year has, also not in another spelling."""
        while True:
            parts = (self.rng.choice(SURNAMES), self.rng.choice(MIDDLE_NAMES[sex]), self.rng.choice(GIVEN_NAMES[sex]))
            name = " ".join(parts)
            if parts[2] not in parts[1].split() and self.claim(name, birth_year):
                return name

    def claim(self, name: str, birth_year: int) -> bool:
        """Take this name for that year; False where somebody has it."""
        wanted = (ascii_folded(name), birth_year)
        if wanted in self.taken:
            return False
        self.taken.add(wanted)
        return True


def _counted(*blocks: tuple[str, int]) -> Iterator[str]:
    """Numbers of the blocks in turn, upwards."""
    step = 0
    while True:
        for prefix, start in blocks:
            number = start + step
            yield f"{prefix}{number:0{12 - len(prefix)}d}"
        step += 1


def generate_people(
    branches: Sequence[Branch], plans: Sequence[CommunePlan], seed: int = DEFAULT_SEED
) -> tuple[Person, ...]:
    """The youths of all branches, as many per commune as its plan says, in the order of the branches."""
    rng = random.Random(f"{seed}:people")
    registry = _Registry(rng, set(), _counted(("+84590", 100101)), _counted(("+84700", 101), ("+84380", 101)))
    everyone: list[Person] = []
    for plan in plans:
        own = [branch for branch in branches if branch.commune_code == plan.code]
        sizes = _sizes(rng, plan.youths, len(own))
        people = [
            _person(rng, registry, branch, number, grown=number <= GROWN_PER_BRANCH)
            for branch, size in zip(own, sizes, strict=True)
            for number in range(1, size + 1)
        ]
        _share_phones(rng, registry, people)
        _simulate_failures(rng, people, plan)
        everyone += people
    return tuple(everyone)


def _sizes(rng: random.Random, total: int, parts: int) -> list[int]:
    """Branch sizes around the mean that add up to the total."""
    sizes = [total // parts + (1 if index < total % parts else 0) for index in range(parts)]
    for _ in range(parts * 2):
        smaller, larger = rng.sample(range(parts), 2)
        if sizes[smaller] > 9:
            sizes[smaller] -= 1
            sizes[larger] += 1
    return sizes


def _person(rng: random.Random, registry: _Registry, branch: Branch, number: int, *, grown: bool) -> Person:
    sex = rng.choice((Sex.MALE, Sex.FEMALE))
    born = date(rng.randint(1992, 2001) if grown else rng.randint(1997, 2010), rng.randint(1, 12), rng.randint(1, 28))
    name = registry.name(sex, born.year)
    away = not grown and rng.random() < 0.45
    key = f"{branch.code}-{number:02d}"
    only_year = not grown and rng.random() < 0.05
    return Person(
        key=key,
        full_name=name,
        sex=sex,
        birth_year=born.year,
        born=None if only_year else born,
        phone=_phone(rng, registry, grown=grown),
        email=_email(name, key) if grown or rng.random() < 0.06 else None,
        branch_code=branch.code,
        kind=PersonKind.MEMBER if grown or rng.random() < 0.6 else PersonKind.YOUTH,
        note=rng.choice(AWAY_NOTES) if away else (rng.choice(HOME_NOTES) if rng.random() < 0.12 else ""),
        works_away=away,
    )


def _phone(rng: random.Random, registry: _Registry, *, grown: bool) -> str | None:
    draw = rng.random()
    if draw < 0.07 and not grown:
        return None
    return next(registry.old_style_numbers if draw > 0.88 else registry.numbers)


def _email(name: str, key: str) -> str:
    parts = ascii_folded(name).split()
    return f"{parts[-1]}.{parts[0]}.{key.replace('-', '')}@thanhnien.example"


def _ordinary(people: Iterable[Person]) -> list[int]:
    """Positions of those who hold no post and have a phone of their own."""
    return [
        index
        for index, person in enumerate(people)
        if int(person.key.rpartition("-")[2]) > GROWN_PER_BRANCH and person.phone is not None
    ]


def _share_phones(rng: random.Random, registry: _Registry, people: list[Person]) -> None:
    """Brothers and sisters on one phone: neighbours in a list get one surname and the first one's number."""
    ordinary = set(_ordinary(people))
    pairs = [
        first
        for first in sorted(ordinary)
        if first + 1 in ordinary
        and people[first].branch_code == people[first + 1].branch_code
        and people[first + 1].email is None
    ]
    for first in rng.sample(pairs[::3], _SHARED_PHONES_PER_COMMUNE):
        elder, younger = people[first], people[first + 1]
        name = " ".join((elder.full_name.split()[0], *younger.full_name.split()[1:]))
        if name != younger.full_name and not registry.claim(name, younger.birth_year):
            name = younger.full_name
        people[first + 1] = replace(younger, full_name=name, phone=elder.phone)


def _simulate_failures(rng: random.Random, people: list[Person], plan: CommunePlan) -> None:
    """Numbers that the gateway sink never delivers or refuses; one belongs to a branch secretary."""
    shared = {p.phone for p in people if p.phone and sum(q.phone == p.phone for q in people) > 1}
    free = [index for index in _ordinary(people) if people[index].phone not in shared]
    count = _NEVER_DELIVERED_PER_COMMUNE - 1 + _REFUSED_PER_COMMUNE
    third_secretary = next(i for i, person in enumerate(people) if person.key == f"{plan.code}-03-01")
    chosen = [third_secretary, *rng.sample(free, count)]
    block = _SIMULATED_BLOCKS[plan.code[-1]]
    for position, index in enumerate(chosen):
        ending = NEVER_ARRIVES if position < _NEVER_DELIVERED_PER_COMMUNE else BLOCKED
        people[index] = replace(people[index], phone=f"+84{block}{position}{ending}")

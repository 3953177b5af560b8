"""What the demo district consists of, as plain values that a player gives to the system through its public API.

Codes are the player's keys while it loads; the system gives its own ids. Nothing here knows the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from deploy.local.district.official_units import UNITS_FILE

FOUNDED = date(2025, 7, 1)
"""The day on which the commune-level units of 2025 began, and with them their unions."""


class PersonKind(StrEnum):
    """Whether someone is admitted to the Union or one of the youth it gathers."""

    MEMBER = "member"
    """Đoàn viên."""
    YOUTH = "youth"
    """Thanh niên."""


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class PostKind(StrEnum):
    """The posts of a commune union's committee and of a branch, by their keys in contracts/grammar.yaml."""

    SECRETARY = "commune_secretary"
    """Bí thư đoàn xã; with the deputies the thường trực."""
    DEPUTY = "commune_deputy"
    """Phó bí thư đoàn xã."""
    STANDING_MEMBER = "standing_member"
    """Ủy viên Ban Thường vụ (UV BTV)."""
    COMMITTEE_MEMBER = "committee_member"
    """Ủy viên Ban Chấp hành (UV BCH)."""
    BRANCH_SECRETARY = "branch_secretary"
    """Bí thư chi đoàn."""
    BRANCH_DEPUTY = "branch_deputy"
    """Phó bí thư chi đoàn."""


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune-level unit by its official name; its union bears the name of the commune."""

    code: str
    name: str
    kind: str
    """xã, phường or đặc khu."""
    cluster_code: str

    @property
    def place(self) -> str:
        """The name without its kind: “Nông Sơn”."""
        return self.name[len(self.kind) + 1 :]

    @property
    def union_name(self) -> str:
        """The name of its Youth Union: “Đoàn xã Nông Sơn”."""
        return f"Đoàn {self.kind} {self.place}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cụm of communes under the city: invented."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A chi đoàn by village."""

    code: str
    """The commune's code and a running number: “20656-07”. Not official."""
    village: str
    commune_code: str
    pilot: bool
    meets_every_months: int
    """1, or 3 where the commune union has consented in writing."""
    consent: str | None
    """That document, where meetings are quarterly."""

    @property
    def name(self) -> str:
        """“Chi đoàn thôn Đại Bình”."""
        return f"Chi đoàn thôn {self.village}"

    @property
    def short_name(self) -> str:
        """For SMS, at most 30 characters: “Chi đoàn Đại Bình”."""
        return f"Chi đoàn {self.village}"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented youth, as he truly is; the member lists show him with an officer's slips."""

    key: str
    full_name: str
    sex: Sex
    birth_year: int
    born: date | None
    """None where nobody knows more than the year."""
    phone: str | None
    """E.164, a valid mobile number; may be shared within a family. None: no phone."""
    email: str | None
    branch_code: str
    kind: PersonKind
    note: str
    works_away: bool
    """Works or studies away from the village."""

    @property
    def commune_code(self) -> str:
        return self.branch_code.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Post:
    """Who holds which post where, since when and on what basis."""

    person_key: str
    unit_code: str
    """A commune's code for the committee, a branch's code for branch posts."""
    kind: PostKind
    since: date
    basis: str
    """`appointed` (chỉ định) or `confirmed` (chuẩn y), as in the post's state."""
    decision: str


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A post that nobody holds: a normal state (khuyết)."""

    unit_code: str
    kind: PostKind


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The member of the standing committee who is in charge (phụ trách) of a branch."""

    person_key: str
    branch_code: str
    since: date
    decision: str


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account, named after the post and not after the person: “nongson.bithu”."""

    username: str
    person_key: str
    unit_code: str
    post: PostKind


@dataclass(frozen=True)
class District:
    """The whole demo district."""

    city_code: str
    city_name: str
    union_name: str
    clusters: tuple[Cluster, ...]
    communes: tuple[Commune, ...]
    branches: tuple[Branch, ...]
    people: tuple[Person, ...]
    posts: tuple[Post, ...]
    vacancies: tuple[Vacancy, ...]
    portfolios: tuple[Portfolio, ...]
    accounts: tuple[Account, ...]

    @cached_property
    def _people(self) -> Mapping[str, Person]:
        return {person.key: person for person in self.people}

    @cached_property
    def _branches(self) -> Mapping[str, Branch]:
        return {branch.code: branch for branch in self.branches}

    @cached_property
    def _communes(self) -> Mapping[str, Commune]:
        return {commune.code: commune for commune in self.communes}

    def person(self, key: str) -> Person:
        """The person of that key; KeyError where there is none."""
        return self._people[key]

    def branch(self, code: str) -> Branch:
        """The branch of that code; KeyError where there is none."""
        return self._branches[code]

    def commune(self, code: str) -> Commune:
        """The commune of that code; KeyError where there is none."""
        return self._communes[code]

    def branches_of(self, commune_code: str) -> tuple[Branch, ...]:
        return tuple(branch for branch in self.branches if branch.commune_code == commune_code)

    def people_of(self, unit_code: str) -> tuple[Person, ...]:
        """Those of a branch, or of all branches of a commune."""
        return tuple(p for p in self.people if unit_code in (p.branch_code, p.commune_code))

    def posts_of(self, unit_code: str, kind: PostKind | None = None) -> tuple[Post, ...]:
        """The posts held in exactly this unit, of one kind or of all."""
        return tuple(p for p in self.posts if p.unit_code == unit_code and kind in (None, p.kind))

    @property
    def played_communes(self) -> tuple[Commune, ...]:
        """The communes that have branches and people, Nông Sơn first."""
        return tuple(self.commune(code) for code in dict.fromkeys(b.commune_code for b in self.branches))


@dataclass(frozen=True, slots=True)
class CommunePlan:
    """What `branches.yaml` says of one of the played communes, beside its branches."""

    code: str
    youths: int
    deputies: int
    standing_members: int
    committee: int
    """Size of the BCH, the standing committee counted."""
    vacant_secretary: frozenset[str]
    vacant_deputy: frozenset[str]
    """Villages."""


def _read(name: str) -> Any:
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def read_city() -> tuple[str, str]:
    """Code and official name of the city."""
    city = yaml.safe_load(UNITS_FILE.read_text(encoding="utf-8"))["city"]
    return city["code"], city["name"]


def read_clusters() -> tuple[Cluster, ...]:
    """The invented clusters, in the order of their codes."""
    return tuple(Cluster(item["code"], item["name"]) for item in _read("clusters.yaml")["clusters"])


def read_communes() -> tuple[Commune, ...]:
    """The 94 official units with their invented clusters; KeyError if one has no cluster."""
    cluster_of = {
        name: cluster["code"] for cluster in _read("clusters.yaml")["clusters"] for name in cluster["communes"]
    }
    return tuple(
        Commune(item["code"], item["name"], item["kind"], cluster_of[item["name"]])
        for item in _read("units.yaml")["communes"]
    )


def read_branches() -> tuple[Branch, ...]:
    """The branches of the played communes, numbered in the order of the file."""
    return tuple(
        Branch(
            code=f"{commune['code']}-{number:02d}",
            village=village["name"],
            commune_code=commune["code"],
            pilot=village.get("pilot", False),
            meets_every_months=3 if village.get("quarterly") else 1,
            consent=village.get("consent"),
        )
        for commune in _read("branches.yaml")["communes"]
        for number, village in enumerate(commune["villages"], start=1)
    )


def read_plans() -> tuple[CommunePlan, ...]:
    """Sizes and vacancies of the played communes."""
    return tuple(
        CommunePlan(
            code=item["code"],
            youths=item["youths"],
            deputies=item["committee"]["deputies"],
            standing_members=item["committee"]["standing_members"],
            committee=item["committee"]["committee"],
            vacant_secretary=frozenset(item["vacant"]["secretary"]),
            vacant_deputy=frozenset(item["vacant"]["deputy"]),
        )
        for item in _read("branches.yaml")["communes"]
    )

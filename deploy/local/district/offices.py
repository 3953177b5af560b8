"""Who holds which post and who is in charge of which branch: worked out from the people, without chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from deploy.local.district.district import (
    FOUNDED,
    Account,
    Branch,
    Commune,
    CommunePlan,
    District,
    Person,
    Portfolio,
    Post,
    PostKind,
    Vacancy,
    read_branches,
    read_city,
    read_clusters,
    read_communes,
    read_plans,
)
from deploy.local.district.people import DEFAULT_SEED, generate_people
from deploy.local.district.spelling import ascii_folded

_BRANCH_OFFICERS_SINCE = date(2025, 9, 15)
_PORTFOLIOS_SINCE = date(2025, 10, 1)
_APPOINTED = ("appointed", "Quyết định số 112-QĐ/TĐTN ngày 28/6/2025")
_CONFIRMED = ("confirmed", "Quyết định số 09-QĐ/ĐTN ngày 15/9/2025")
_ASSIGNED = "Thông báo phân công số 04-TB/ĐTN ngày 30/9/2025"


@dataclass(frozen=True)
class _Offices:
    posts: tuple[Post, ...]
    vacancies: tuple[Vacancy, ...]
    portfolios: tuple[Portfolio, ...]
    accounts: tuple[Account, ...]


def load_district(seed: int = DEFAULT_SEED) -> District:
    """The demo district, the same one for the same seed."""
    city_code, city_name = read_city()
    communes, branches, plans = read_communes(), read_branches(), read_plans()
    people = generate_people(branches, plans, seed)
    by_code = {commune.code: commune for commune in communes}
    offices = [_offices(by_code[plan.code], plan, branches, people) for plan in plans]
    return District(
        city_code=city_code,
        city_name=city_name,
        union_name="Thành Đoàn Đà Nẵng",
        clusters=read_clusters(),
        communes=communes,
        branches=branches,
        people=people,
        posts=tuple(post for o in offices for post in o.posts),
        vacancies=tuple(vacancy for o in offices for vacancy in o.vacancies),
        portfolios=tuple(portfolio for o in offices for portfolio in o.portfolios),
        accounts=tuple(account for o in offices for account in o.accounts),
    )


def _offices(commune: Commune, plan: CommunePlan, branches: Sequence[Branch], people: Sequence[Person]) -> _Offices:
    """Per branch the first two lead it, and the third serves in the commune's committee."""
    own = [branch for branch in branches if branch.commune_code == commune.code]
    person_of = {person.key: person for person in people}
    posts, vacancies = _branch_posts(plan, own)
    committee = _committee(commune, plan, own, posts)
    in_charge = [post.person_key for post in committee if post.kind is PostKind.STANDING_MEMBER]
    portfolios = tuple(
        Portfolio(in_charge[index * len(in_charge) // len(own)], branch.code, _PORTFOLIOS_SINCE, _ASSIGNED)
        for index, branch in enumerate(own)
    )
    assert all(post.person_key in person_of for post in (*posts, *committee))
    accounts = tuple(_accounts(commune, {branch.code: branch for branch in own}, (*committee, *posts)))
    return _Offices((*committee, *posts), tuple(vacancies), portfolios, accounts)


def _branch_posts(plan: CommunePlan, own: Sequence[Branch]) -> tuple[list[Post], list[Vacancy]]:
    posts: list[Post] = []
    vacancies: list[Vacancy] = []
    for branch in own:
        for kind, number, vacant in (
            (PostKind.BRANCH_SECRETARY, 1, plan.vacant_secretary),
            (PostKind.BRANCH_DEPUTY, 2, plan.vacant_deputy),
        ):
            if branch.village in vacant:
                vacancies.append(Vacancy(branch.code, kind))
            else:
                key = f"{branch.code}-{number:02d}"
                posts.append(Post(key, branch.code, kind, _BRANCH_OFFICERS_SINCE, *_CONFIRMED))
    return posts, vacancies


def _committee(commune: Commune, plan: CommunePlan, own: Sequence[Branch], branch_posts: Sequence[Post]) -> list[Post]:
    """BTV first; the rest of the BCH are the other third persons and then branch secretaries."""
    thirds = [f"{branch.code}-03" for branch in own]
    secretaries = [post.person_key for post in branch_posts if post.kind is PostKind.BRANCH_SECRETARY]
    kinds = [
        PostKind.SECRETARY,
        *[PostKind.DEPUTY] * plan.deputies,
        *[PostKind.STANDING_MEMBER] * plan.standing_members,
    ]
    kinds += [PostKind.COMMITTEE_MEMBER] * (plan.committee - len(kinds))
    holders = (*thirds, *secretaries)[: plan.committee]
    return [Post(holder, commune.code, kind, FOUNDED, *_APPOINTED) for holder, kind in zip(holders, kinds, strict=True)]


def _accounts(commune: Commune, branches: Mapping[str, Branch], posts: Sequence[Post]) -> Iterator[Account]:
    """Accounts for the standing committee and the branch secretaries."""
    place = _slug(commune.place)
    short = {PostKind.SECRETARY: "bithu", PostKind.DEPUTY: "phobithu", PostKind.STANDING_MEMBER: "btv"}
    numbers = dict.fromkeys(PostKind, 0)
    for post in posts:
        numbers[post.kind] += 1
        if post.kind is PostKind.SECRETARY:
            name = f"{place}.bithu"
        elif post.kind in short:
            name = f"{place}.{short[post.kind]}{numbers[post.kind]}"
        elif post.kind is PostKind.BRANCH_SECRETARY:
            name = f"{place}.{_slug(branches[post.unit_code].village)}"
        else:
            continue
        yield Account(name, post.person_key, post.unit_code, post.kind)


def _slug(text: str) -> str:
    return ascii_folded(text).replace(" ", "")

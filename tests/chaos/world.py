"""A commune made through the public API: branches, youth with telephones, officers with accounts."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.local.system import SystemUrls
from tests.chaos.commands import Account, Command, Ledger
from tests.support.eventually import eventually

FOUNDED = "2025-07-01"
PASSWORD = "mat-khau-thu-nghiem-9"
STATES = ("vn.nhipdoan.members.person.state.v1", "vn.nhipdoan.members.contact.state.v1")


@dataclass(frozen=True)
class Person:
    id: str
    phone: str | None
    email: str | None
    branch_id: str


@dataclass
class World:
    """What the load knows to act on; grows as it acts."""

    urls: Mapping[str, str]
    ledger: Ledger
    admin: Account
    prefix: str
    commune_id: str = ""
    branch_ids: list[str] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    secretary: Account = field(init=False)
    member: Account = field(init=False)
    member_person: str = ""
    branch_secretary: Account = field(init=False)
    accounts: list[Account] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        for account in self.accounts:
            account.close()


def urls_of(urls: SystemUrls) -> dict[str, str]:
    return {"members": urls.members, "scheduling": urls.scheduling, "notifications": urls.notifications}


def made_world(
    urls: Mapping[str, str],
    admin: tuple[str, str],
    ledger: Ledger,
    *,
    prefix: str = "a",
    branches: int = 3,
    youth: int = 8,
) -> World:
    """A commune of its own. `prefix` keeps the usernames and telephones of several communes apart."""
    account = Account(urls, ledger, *admin)
    world = World(urls, ledger, account, prefix)
    world.accounts.append(account)
    root = eventually(lambda: account.get("members", "/v1/units?kind=province"), within=20)["items"][0]["id"]
    world.commune_id = _unit(world, "commune", f"Đoàn xã Thử Nghiệm {prefix.upper()}", root)
    for number in range(branches):
        branch = _unit(world, "branch", f"Chi đoàn thôn {prefix.upper()}{number + 1}", world.commune_id)
        world.branch_ids.append(branch)
        for _ in range(youth):
            world.people.append(registered(world, branch, len(world.people)))
    _officers(world)
    return world


def registered(world: World, branch_id: str, number: int) -> Person:
    """A youth of the branch: every seventh without a telephone, every third without an e-mail address."""
    line = 5900 + ord(world.prefix) % 10
    phone = None if number % 7 == 6 else f"+84{line}{number:05d}"
    email = None if number % 3 == 2 else f"{world.prefix}{number}@thanhnien.example"
    points = [("sms", phone), ("email", email)]
    command = world.admin.command(
        "person registered",
        "members",
        "/v1/people",
        {
            "full_name": f"Trần Thị {_syllable(number)} {_syllable(number * 7 + 3)}",
            "unit_id": branch_id,
            "kind": "member" if number % 2 else "youth",
            "starts": FOUNDED,
            "birth_year": 2000 + number % 8,
            "points": [{"channel": channel, "address": address} for channel, address in points if address],
        },
        events=STATES,
    )
    return Person(_made(command)["id"], phone, email, branch_id)


def _officers(world: World) -> None:
    """The commune's secretary, a committee member in charge of all branches, a secretary per branch."""
    secretary, member, *_ = world.people
    world.secretary = _with_post(world, secretary, world.commune_id, "commune_secretary")
    world.member = _with_post(world, member, world.commune_id, "standing_member")
    world.member_person = member.id
    for number, branch in enumerate(world.branch_ids):
        leader = next(one for one in world.people[2:] if one.branch_id == branch)
        account = _with_post(world, leader, branch, "branch_secretary")
        if number == 0:
            world.branch_secretary = account
        body = {"person_id": member.id, "branch_id": branch, "starts": FOUNDED}
        _made(world.admin.command("portfolio given", "members", "/v1/portfolios", body))


def _with_post(world: World, person: Person, unit_id: str, post: str) -> Account:
    """The person's account, after the appointment."""
    body = {"person_id": person.id, "unit_id": unit_id, "post": post, "basis": "elected", "starts": FOUNDED}
    _made(world.admin.command("post filled", "members", "/v1/posts", body))
    username = f"{world.prefix}.{post.replace('_', '.')}.{len(world.accounts)}"
    new = {"person_id": person.id, "username": username, "password": PASSWORD}
    _made(world.admin.command("account opened", "members", "/v1/accounts", new))
    account = Account(world.urls, world.ledger, username, PASSWORD)
    account.id = person.id
    world.accounts.append(account)
    return account


def _unit(world: World, kind: str, name: str, parent_id: str) -> str:
    body = {"kind": kind, "name": name, "parent_id": parent_id, "starts": FOUNDED}
    return str(_made(world.admin.command("unit created", "members", "/v1/units", body))["id"])


def _made(command: Command) -> Any:
    assert command.accepted, f"{command.name}: {command.status} {command.answer}"
    return command.answer


_SYLLABLES: Sequence[str] = ("An", "Bình", "Châu", "Dương", "Giang", "Hạnh", "Khánh", "Lan", "Minh", "Ngọc", "Phương")


def _syllable(number: int) -> str:
    return _SYLLABLES[number % len(_SYLLABLES)]


def wait_until_known(world: World) -> None:
    """scheduling knows the commune when its secretary may convene there, and everyone is known to be invitable."""

    def known() -> bool:
        listed = world.secretary.get("scheduling", "/v1/meetings")
        return listed is not None

    eventually(known, within=30, because="scheduling has not heard of the officers")

"""Gives the demo district to the system through its public API: units, people from officers' lists, posts, accounts."""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from deploy.local.demo.api import Session, until
from deploy.local.district.district import FOUNDED, District, Person, PostKind
from deploy.local.district.member_lists import MemberList, member_lists, write_member_lists
from deploy.local.system import SystemUrls


@dataclass
class Founded:
    """The district as the system knows it: its ids by the district's own keys."""

    urls: SystemUrls
    http: urllib3.PoolManager
    district: District
    password: str
    admin: Session
    units: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    imports: list[dict[str, Any]] = field(default_factory=list)
    _sessions: dict[str, Session] = field(default_factory=dict)

    def session(self, username: str) -> Session:
        """That account's calls; one sign-in for each account."""
        if username not in self._sessions:
            self._sessions[username] = Session(self.urls, self.http, username, self.password)
        return self._sessions[username]

    def has_account(self, person_key: str) -> bool:
        return any(account.person_key == person_key for account in self.district.accounts)

    def session_of_person(self, person_key: str) -> Session:
        return self.session(next(one.username for one in self.district.accounts if one.person_key == person_key))

    def phone_of(self, person_id: str) -> str:
        """The number of a person who has one."""
        key = next(key for key, id in self.people.items() if id == person_id)
        phone = self.district.person(key).phone
        assert phone is not None
        return phone

    def reply(self, phone: str, about: str, answer: str) -> None:
        """The subscriber answers the newest SMS that says `about` and asks for it, with its code where it names one."""
        received = self.http.request("GET", f"{self.urls.inbox}/api/messages", fields={"person": phone}).json()
        texts = [one["text"] for one in reversed(received["messages"]) if one["kind"] == "sms" and about in one["text"]]
        asked = next(filter(None, (re.search(rf"{answer}( [A-Z0-9]+)?:", text) for text in texts)))
        said = answer + (asked.group(1) or "")
        body = json.dumps({"phone": phone, "text": said}).encode()
        self.http.request("POST", f"{self.urls.inbox}/api/reply", body=body)


def found(founded: Founded, tell: Callable[[str], None]) -> None:
    """Create, import, appoint; returns when the other services know all of it."""
    create_units(founded)
    district = founded.district
    tell(f"{len(founded.units)} units: the city, {len(district.clusters)} clusters, {len(district.communes)} communes")
    import_people(founded)
    read = sum(one["rows"] for one in founded.imports)
    kept = sum(one["created"] + one["changed"] for one in founded.imports)
    tell(f"{kept} people from {read} rows of {len(founded.imports)} Excel lists; the rest waits for an officer")
    fill_posts(founded)
    open_accounts(founded)
    tell(f"{len(district.posts)} posts, {len(district.portfolios)} portfolios, {len(district.accounts)} accounts")
    name_the_phones(founded)
    wait_for_the_others(founded)


def create_units(founded: Founded) -> None:
    district, admin, units = founded.district, founded.admin, founded.units
    root = next(iter(admin.every("members", "/v1/units", kind="province")))
    units[district.city_code] = root["id"]
    for cluster in district.clusters:
        units[cluster.code] = _created(founded, "cluster", cluster.name, root["id"])
    for commune in district.communes:
        clusters = [units[commune.cluster_code]]
        units[commune.code] = _created(
            founded, "commune", commune.union_name, root["id"], code=commune.code, clusters=clusters
        )
    for branch in district.branches:
        units[branch.code] = _created(
            founded,
            "branch",
            branch.name,
            units[branch.commune_code],
            short_name=branch.short_name,
            code=branch.code,
            pilot=branch.pilot,
            meets_every_months=branch.meets_every_months,
            **({"meeting_consent": branch.consent} if branch.consent else {}),
        )


def _created(founded: Founded, kind: str, name: str, parent_id: str, **more: Any) -> str:
    body = {"kind": kind, "name": name, "parent_id": parent_id, "starts": FOUNDED, **more}
    return str(founded.admin.post("members", "/v1/units", body)["id"])


def import_people(founded: Founded) -> None:
    """Each officer's list: uploaded, previewed, confirmed; then wait until it is carried out."""
    with tempfile.TemporaryDirectory() as folder:
        write_member_lists(Path(folder))
        for listed in member_lists(founded.district):
            founded.imports.append(_imported(founded, listed, (Path(folder) / listed.file_name).read_bytes()))
    found = {
        _identity(one["full_name"], one["birth_year"]): one["id"]
        for commune in founded.district.played_communes
        for one in founded.admin.every("members", "/v1/people", unit_id=founded.units[commune.code])
    }
    for person in founded.district.people:
        if id := found.get(_identity(person.full_name, person.birth_year)):
            founded.people[person.key] = id


def _imported(founded: Founded, listed: MemberList, content: bytes) -> dict[str, Any]:
    uploaded = founded.admin.upload(
        "members", "/v1/imports", listed.file_name, content, unit_id=founded.units[listed.commune_code]
    )
    path = f"/v1/imports/{uploaded['id']}"
    founded.admin.post("members", f"{path}/confirm")

    def done() -> Any:
        progress = founded.admin.get("members", path)
        return progress if progress["state"] == "done" else None

    carried_out: dict[str, Any] = until(f"the import of {listed.file_name} is carried out", done)
    return carried_out


def fill_posts(founded: Founded) -> None:
    for post in founded.district.posts:
        founded.admin.post(
            "members",
            "/v1/posts",
            {
                "person_id": founded.people[post.person_key],
                "unit_id": founded.units[post.unit_code],
                "post": post.kind,
                "basis": post.basis,
                "starts": post.since,
                "decision": post.decision,
            },
        )
    for portfolio in founded.district.portfolios:
        founded.admin.post(
            "members",
            "/v1/portfolios",
            {
                "person_id": founded.people[portfolio.person_key],
                "branch_id": founded.units[portfolio.branch_code],
                "starts": portfolio.since,
                "decision": portfolio.decision,
            },
        )


def open_accounts(founded: Founded) -> None:
    for account in founded.district.accounts:
        founded.admin.post(
            "members",
            "/v1/accounts",
            {
                "person_id": founded.people[account.person_key],
                "username": account.username,
                "password": founded.password,
            },
        )


def name_the_phones(founded: Founded) -> None:
    """So that the demo inbox shows names instead of numbers; whoever shares a phone is named with the other."""
    names: dict[str, str] = {}
    for person in founded.district.people:
        for address in _addresses(person):
            names[address] = f"{names[address]} · {person.full_name}" if address in names else person.full_name
    founded.http.request("POST", f"{founded.urls.inbox}/api/people", body=json.dumps(names).encode())


def wait_for_the_others(founded: Founded) -> None:
    """Until scheduling knows every branch's secretary: it learns of posts from their state topic."""
    secretary = founded.session("nongson.bithu")
    commune = founded.units["20656"]
    until(
        "scheduling knows the account, the unit and its posts",
        lambda: secretary.get("scheduling", "/v1/model-calendar", unit_id=commune, year="2026"),
    )


def accounts_to_show(founded: Founded) -> list[dict[str, str]]:
    """A few accounts of each kind, for the table that `make run` ends with."""
    who = {
        PostKind.SECRETARY: "bí thư đoàn xã",
        PostKind.STANDING_MEMBER: "ủy viên Ban Thường vụ",
        PostKind.BRANCH_SECRETARY: "bí thư chi đoàn",
    }
    shown: list[dict[str, str]] = []
    for post, told in who.items():
        chosen = [one for one in founded.district.accounts if one.post == post][
            : 3 if post is PostKind.SECRETARY else 1
        ]
        shown += [{"account": one.username, "password": founded.password, "who": told} for one in chosen]
    return shown


def _addresses(person: Person) -> list[str]:
    return [address for address in (person.phone, person.email) if address]


def _identity(name: str, birth_year: int | None) -> tuple[str, int | None]:
    bare = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join("".join(one for one in bare if not unicodedata.combining(one)).split()), birth_year

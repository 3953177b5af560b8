"""The demo district: official units as the package says, everything else invented, whole and consistent."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import phonenumbers
import pytest
import yaml
from phonenumbers import PhoneNumberType

from contracts.grammar import grammar
from deploy.local.district import __doc__ as statement
from deploy.local.district.district import District, PostKind
from deploy.local.district.offices import load_district
from deploy.local.district.official_units import UNITS_FILE, official_units, write_official_units
from deploy.local.district.spelling import ascii_folded, with_marks_moved
from deploy.local.sms_gateway import BLOCKED, NEVER_ARRIVES

TOP = (PostKind.SECRETARY, PostKind.DEPUTY, PostKind.STANDING_MEMBER)
PLAYED = ("20656", "20669", "20635")


@pytest.fixture(scope="module")
def district() -> District:
    return load_district()


def test_the_committed_units_are_what_the_package_says() -> None:
    assert yaml.safe_load(UNITS_FILE.read_text(encoding="utf-8")) == official_units()


def test_rewriting_the_units_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "units.yaml"
    assert write_official_units(copy) == 94
    assert copy.read_bytes() == UNITS_FILE.read_bytes()


def test_there_are_23_phuong_70_xa_and_1_dac_khu(district: District) -> None:
    assert Counter(commune.kind for commune in district.communes) == {"phường": 23, "xã": 70, "đặc khu": 1}
    assert len({commune.code for commune in district.communes}) == 94
    names = {commune.code: commune.name for commune in district.communes}
    assert (names["20656"], names["20669"]) == ("Xã Nông Sơn", "Xã Quế Phước")


def test_a_commune_union_bears_the_name_of_its_commune(district: District) -> None:
    assert district.commune("20656").union_name == "Đoàn xã Nông Sơn"
    assert district.commune("20333").union_name == "Đoàn đặc khu Hoàng Sa"
    assert district.union_name == "Thành Đoàn Đà Nẵng"


def test_every_commune_is_in_one_cluster_and_no_cluster_is_empty(district: District) -> None:
    sizes = Counter(commune.cluster_code for commune in district.communes)
    assert set(sizes) == {cluster.code for cluster in district.clusters}
    assert all(5 <= size <= 10 for size in sizes.values())


def test_invented_data_says_so() -> None:
    assert statement is not None
    assert "invented" in statement
    for name in ("clusters.yaml", "branches.yaml"):
        assert UNITS_FILE.with_name(name).read_text(encoding="utf-8").startswith("# INVENTED")


def test_three_communes_have_branches_by_village(district: District) -> None:
    assert tuple(commune.code for commune in district.played_communes) == PLAYED
    assert [len(district.branches_of(code)) for code in PLAYED] == [17, 11, 12]
    for code in PLAYED:
        villages = [ascii_folded(branch.village) for branch in district.branches_of(code)]
        assert len(set(villages)) == len(villages)


def test_pilots_are_two_or_three_and_remote_branches_have_a_consent(district: District) -> None:
    for code in PLAYED:
        assert 2 <= sum(branch.pilot for branch in district.branches_of(code)) <= 3
    quarterly = [branch for branch in district.branches if branch.meets_every_months == 3]
    assert [branch.village for branch in quarterly] == ["Khe Rinh", "Tứ Nhũ"]
    assert all((branch.consent is not None) == (branch in quarterly) for branch in district.branches)


def test_committees_have_the_sizes_of_the_mergers_of_2025(district: District) -> None:
    for code in PLAYED:
        kinds = Counter(post.kind for post in district.posts_of(code))
        assert kinds[PostKind.SECRETARY] == 1
        assert 5 <= sum(kinds[kind] for kind in TOP) <= 9
        assert 18 <= kinds.total() <= 27
        holders = [post.person_key for post in district.posts_of(code)]
        assert len(set(holders)) == len(holders)


def test_each_branch_post_is_held_or_known_to_be_vacant(district: District) -> None:
    vacant = {(vacancy.unit_code, vacancy.kind) for vacancy in district.vacancies}
    assert len(vacant) == 8
    for branch in district.branches:
        for kind in (PostKind.BRANCH_SECRETARY, PostKind.BRANCH_DEPUTY):
            held = district.posts_of(branch.code, kind)
            assert len(held) == (0 if (branch.code, kind) in vacant else 1)
            assert all(district.person(post.person_key).branch_code == branch.code for post in held)
    without_secretary = [code for code, kind in vacant if kind is PostKind.BRANCH_SECRETARY]
    assert all(district.posts_of(code, PostKind.BRANCH_DEPUTY) for code in without_secretary)


def test_each_branch_has_exactly_one_standing_member_in_charge(district: District) -> None:
    assert Counter(p.branch_code for p in district.portfolios) == {b.code: 1 for b in district.branches}
    for portfolio in district.portfolios:
        commune = district.branch(portfolio.branch_code).commune_code
        kinds = [p.kind for p in district.posts_of(commune) if p.person_key == portfolio.person_key]
        assert kinds == [PostKind.STANDING_MEMBER]
    loads = Counter(portfolio.person_key for portfolio in district.portfolios)
    assert set(loads.values()) <= {2, 3}


def test_posts_and_their_bases_are_words_of_the_contracts(district: District) -> None:
    posts = grammar().posts
    assert all("branch" in posts[post.kind].kinds or "commune" in posts[post.kind].kinds for post in district.posts)
    assert {post.kind for post in district.posts if posts[post.kind].standing} == set(TOP[:2])
    assert {post.kind for post in district.posts if posts[post.kind].committee} == {PostKind.STANDING_MEMBER}
    assert {post.basis for post in district.posts} == {"appointed", "confirmed"}


def test_names_are_short_enough_for_an_sms(district: District) -> None:
    names = [*(c.union_name for c in district.communes), *(b.short_name for b in district.branches)]
    assert max(len(name) for name in (*names, *(c.name for c in district.clusters))) <= 30


def test_accounts_are_named_after_posts(district: District) -> None:
    names = [account.username for account in district.accounts]
    assert len(set(names)) == len(names) == 60
    assert {"nongson.bithu", "nongson.btv1", "nongson.daibinh", "quephuoc.bithu", "duynghia.bithu"} <= set(names)
    held = {(post.person_key, post.unit_code, post.kind) for post in district.posts}
    assert all((a.person_key, a.unit_code, a.post) in held for a in district.accounts)


def test_there_are_600_people_the_same_each_time(district: District) -> None:
    assert [len(district.people_of(code)) for code in PLAYED] == [270, 155, 175]
    assert load_district() == district
    assert load_district(seed=7).people != district.people


def test_no_two_people_share_name_and_birth_year(district: District) -> None:
    seen = Counter((ascii_folded(person.full_name), person.birth_year) for person in district.people)
    assert max(seen.values()) == 1


def test_phones_are_mobile_numbers_of_the_invented_blocks(district: District) -> None:
    for person in district.people:
        if person.phone:
            number = phonenumbers.parse(person.phone)
            assert phonenumbers.number_type(number) == PhoneNumberType.MOBILE
            assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == person.phone
            assert re.match(r"\+84(590\d{6}|700000\d{3}|380000\d{3}|5[689]\d99999[01])$", person.phone)


def test_some_numbers_fail_at_the_gateway_one_of_them_a_branch_secretary(district: District) -> None:
    endings = Counter(person.phone[-6:] for person in district.people if person.phone)
    assert (endings[NEVER_ARRIVES], endings[BLOCKED]) == (12, 6)
    for code in PLAYED:
        secretary = district.posts_of(f"{code}-03", PostKind.BRANCH_SECRETARY)[0]
        assert (district.person(secretary.person_key).phone or "").endswith(NEVER_ARRIVES)


def test_families_share_phones_and_some_have_none(district: District) -> None:
    times = Counter(person.phone for person in district.people)
    assert times[None] == sum(person.phone is None for person in district.people) > 20
    assert sum(count == 2 for phone, count in times.items() if phone) == 12
    assert max(count for phone, count in times.items() if phone) == 2


def test_officers_can_be_reached_and_few_others_have_an_email(district: District) -> None:
    officers = {post.person_key for post in district.posts}
    for key in officers:
        person = district.person(key)
        assert person.phone
        assert person.email
        assert person.born
        assert date(1991, 1, 1) < person.born < date(2002, 1, 1)
    others = [person for person in district.people if person.key not in officers]
    assert 10 < sum(person.email is not None for person in others) < len(others) / 8
    assert all(person.email.endswith(".example") for person in district.people if person.email)


def test_youths_are_of_age_and_many_are_away(district: District) -> None:
    assert {person.birth_year for person in district.people} <= set(range(1992, 2011))
    assert 0.3 < sum(person.works_away for person in district.people) / len(district.people) < 0.5
    assert all(person.note for person in district.people if person.works_away)
    assert 10 < sum(person.born is None for person in district.people) < 40


@pytest.mark.parametrize(
    ("name", "moved"),
    [("Võ Hòa", "Võ Hoà"), ("Lê Thúy", "Lê Thuý"), ("Trần Toàn", "Trần Toàn"), ("Đỗ Quý", "Đỗ Quý")],
)
def test_tone_marks_move_only_where_spelling_leaves_the_choice(name: str, moved: str) -> None:
    assert with_marks_moved(name) == moved
    assert ascii_folded(moved) == ascii_folded(name)

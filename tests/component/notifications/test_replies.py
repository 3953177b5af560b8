"""A reply by SMS becomes the answer of the right person to the right meeting, or a line for an officer."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from itertools import count

import pytest

from contracts.members_states import ContactChannel
from contracts.notifications_events import OptedOut, ReplyMeaning, ReplyReceived
from notifications.application.receive_reply import REPLIES
from notifications.application.refusals import REFUSALS, forget_settled_refusals
from notifications.domain.delivery import State
from notifications.domain.reply import invitation_code
from tests.component.notifications.world import (
    COMMUNE,
    MEETING,
    SATURDAY_EVENING,
    World,
    facts,
    moved,
    scheduled,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.units()
    world.person("p-1", "Lê Thị Hoa")
    return world


def invite(world: World, *people: str, meeting: str = MEETING, title: str = "Giao ban 6 tháng đầu năm") -> None:
    starts_at = SATURDAY_EVENING + timedelta(days=meeting != MEETING)
    world.hear(scheduled(people, meeting_id=meeting, meeting=facts(title=title, starts_at=starts_at)))
    world.deliver()


def brief(meeting: str, person: str = "p-1") -> str:
    return invitation_code(meeting, person)[:2]


def alike() -> tuple[str, str, str]:
    """Three meetings whose codes for p-1 begin alike."""
    of_code: dict[str, list[str]] = defaultdict(list)
    for meeting in map("m-{}".format, count()):
        of_code[brief(meeting)].append(meeting)
        if len(of_code[brief(meeting)]) == 3:
            first, second, third = of_code[brief(meeting)]
            return first, second, third
    raise AssertionError("count() ended")


def answers(world: World) -> list[tuple[str, str, ReplyMeaning]]:
    return [(event.person_id, event.meeting_id, event.meaning) for event in world.published(ReplyReceived)]


@pytest.mark.parametrize("phone", ["0912345678", "84912345678", "+84912345678", "0912 345 678"])
def test_a_bare_digit_answers_the_open_invitation(world: World, phone: str) -> None:
    invite(world, "p-1")
    assert world.reply("1", phone=phone) == "answer"
    assert answers(world) == [("p-1", MEETING, ReplyMeaning.COMING)]


def test_the_same_reply_twice_is_one_answer(world: World) -> None:
    invite(world, "p-1")
    world.reply("2", sms_id="same")
    assert world.reply("2", sms_id="same") == "answer"
    assert answers(world) == [("p-1", MEETING, ReplyMeaning.NOT_COMING)]


def test_a_person_may_change_his_mind(world: World) -> None:
    invite(world, "p-1")
    world.reply("1")
    world.reply("2")
    assert [meaning for _, _, meaning in answers(world)] == [ReplyMeaning.COMING, ReplyMeaning.NOT_COMING]


def test_with_two_open_meetings_a_bare_digit_is_asked_back_and_a_code_decides(world: World) -> None:
    invite(world, "p-1")
    invite(world, "p-1", meeting="m-2", title="Họp bàn trại hè")
    world.sms.sent.clear()
    assert world.reply("1") == "asked_which"
    world.deliver()
    [question] = world.sms.texts()
    first, second = brief(MEETING), brief("m-2")
    assert question == (
        f"Le Thi Hoa co nhieu loi moi, xin nhan kem ma: 1 {first} = du Giao ban 6 thang dau nam T7 13/6; "
        f"1 {second} = du Hop ban trai he CN 14/6"
    )
    assert answers(world) == []
    assert world.reply(f"2 {second}") == "answer"
    assert answers(world) == [("p-1", "m-2", ReplyMeaning.NOT_COMING)]


def test_codes_that_begin_alike_are_told_apart_by_a_third_sign(world: World) -> None:
    first, second, third = alike()
    for meeting in (first, second):
        invite(world, "p-1", meeting=meeting)
    assert world.row("p-1", about=first).code == ""
    code = world.row("p-1", about=second).code
    assert code == invitation_code(second, "p-1")[:3]
    assert f"Tra loi 1 {code}: du, 2 {code}: vang" in world.sms.texts()[-1]
    assert world.reply(f"1 {code}") == "answer"
    invite(world, "p-1", meeting=third)
    invite(world, "p-1")
    assert world.reply(f"2 {code[:2]}") == "asked_which", "two signs may mean any of them"
    world.deliver()
    offered = re.findall("1 ([A-Z0-9]+) = ", world.sms.texts()[-1])
    assert [len(one) for one in offered] == [3, 3, 3], "those that it may mean, and no other"
    for one in offered:
        assert world.reply(f"2 {one}") == "answer"
    assert {meeting for _, meeting, meaning in answers(world) if meaning is ReplyMeaning.NOT_COMING} == set(alike())


def test_with_one_of_two_answered_a_bare_digit_means_the_other(world: World) -> None:
    invite(world, "p-1")
    world.reply("1")
    invite(world, "p-1", meeting="m-2")
    assert world.reply("2") == "answer"
    assert answers(world)[-1] == ("p-1", "m-2", ReplyMeaning.NOT_COMING)


def test_a_family_on_one_phone_answers_each_for_himself(world: World) -> None:
    world.person("p-2", "Lê Văn Nam")
    invite(world, "p-1", "p-2")
    assert world.reply("1") == "asked_which"
    assert world.reply(f"1 {brief(MEETING, 'p-2')}") == "answer"
    assert world.reply("2") == "answer", "only one of the two is still open"
    assert answers(world) == [("p-2", MEETING, ReplyMeaning.COMING), ("p-1", MEETING, ReplyMeaning.NOT_COMING)]


def test_two_machines_do_not_talk_to_each_other_for_ever(world: World) -> None:
    world.person("p-2", "Lê Văn Nam")
    invite(world, "p-1", "p-2")
    assert [world.reply("1") for _ in range(4)] == ["asked_which", "asked_which", "unclear", "unclear"]


def test_a_wrong_code_is_asked_back(world: World) -> None:
    invite(world, "p-1")
    wrong = "BB" if brief(MEETING) != "BB" else "CC"
    assert world.reply(f"1 {wrong}") == "asked_which"


def test_after_a_move_the_answer_counts_for_the_same_meeting(world: World) -> None:
    invite(world, "p-1")
    world.hear(moved(SATURDAY_EVENING + timedelta(days=1)), sequence=2)
    world.deliver()
    assert world.reply("1") == "answer"
    assert answers(world) == [("p-1", MEETING, ReplyMeaning.COMING)]


def test_after_the_meeting_began_nothing_is_open(world: World) -> None:
    invite(world, "p-1")
    world.clock.now = SATURDAY_EVENING + timedelta(minutes=1)
    assert world.reply("1") == "nothing_open"


def test_other_words_are_kept_for_those_who_may_read_them(world: World) -> None:
    invite(world, "p-1")
    assert world.reply("Em đến trễ 15 phút được không ạ?") == "unclear"
    [row] = world.store.find(REPLIES, {})
    assert COMMUNE in row.unit_path
    assert row.person_ids == ("p-1",)


def test_an_unknown_phone_is_kept_too(world: World) -> None:
    assert world.reply("1", phone="0987654321") == "unknown_phone"
    assert answers(world) == []


def test_opting_out_holds_at_once_for_the_whole_phone_and_is_confirmed_once(world: World) -> None:
    world.person("p-2", "Lê Văn Nam")
    assert world.reply("TC") == "opt_out"
    assert world.reply("HUY") == "opt_out"
    world.deliver()
    assert world.sms.texts() == ["Nhip Doan se khong nhan tin den so nay nua. Muon nhan lai, xin bao Bi thu chi doan"]
    assert {event.person_id for event in world.published(OptedOut)} == {"p-1", "p-2"}
    world.hear(scheduled(["p-1", "p-2"]))
    assert set(world.states().values()) == {(State.SKIPPED, "refused")}


def test_what_is_queued_when_somebody_opts_out_is_not_sent(world: World) -> None:
    world.hear(scheduled(["p-1"]))
    world.reply("TC")
    world.deliver()
    assert world.states() == {"p-1": (State.SKIPPED, "refused")}


def test_once_members_knows_of_the_refusal_its_word_alone_counts(world: World) -> None:
    world.reply("TC")
    world.person("p-1", refused=[ContactChannel.SMS], version=2)
    world.store.commit(forget_settled_refusals(world.store))
    assert world.store.find(REFUSALS, {}) == []
    world.person("p-1", version=3)
    invite(world, "p-1")
    assert world.states() == {"p-1": (State.ACCEPTED, None)}

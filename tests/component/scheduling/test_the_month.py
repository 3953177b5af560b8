"""A commune's month through the public API: briefing, concern, task, rotation, joint activity."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.scheduling_events import MeetingScheduled
from scheduling.application.records import INVITATIONS
from scheduling.workers.what_time_does import pass_meetings
from tests.component.scheduling.desk import Desk, instant, ok, problem
from tests.unit.scheduling.commune import (
    BRANCH_DEPUTY,
    BRANCH_SECRETARY,
    BRANCHES,
    CLERK,
    COMMUNE,
    DEPUTY,
    MEMBER,
    OTHER_SECRETARY,
    PROVINCE,
    PROVINCE_OFFICER,
    SECRETARY,
    all_published,
    context_of,
    in_days,
    youth,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def briefing(days: int = 12, **changes: Any) -> dict[str, Any]:
    body = {
        "unit_id": COMMUNE,
        "title": "Giao ban 6 tháng cuối năm",
        "starts_at": instant(days),
        "ends_at": instant(days, 21),
        "place": "Hội trường UBND xã",
    }
    return body | changes


def test_a_briefing_from_convening_to_its_minutes(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    answer = office.post("/v1/briefings", json=briefing())
    arranged = ok(answer, 201)
    meeting = arranged["meeting"]
    assert answer.headers["Location"] == f"/v1/meetings/{meeting['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (meeting["invited"], meeting["kind"], meeting["state"]) == (4, "briefing", "scheduled")
    assert meeting["unreached"] == [{"branch_id": BRANCHES[2], "reason": "no_secretary_and_no_deputy"}]
    assert [warning["code"] for warning in arranged["warnings"]] == ["branch-unreached"]
    at = f"/v1/meetings/{meeting['id']}"

    move = {"starts_at": instant(13, 8), "ends_at": instant(13, 10), "reason": "Hội trường bận"}
    moved = ok(office.post(f"{at}/reschedule", json=move))
    assert moved["meeting"]["moves"][0]["was_place"] == "Hội trường UBND xã"

    ok(desk.client(BRANCH_SECRETARY).post(f"{at}/answers", json={"coming": True}))
    told = {"person_id": BRANCH_DEPUTY, "coming": False, "note": "Đi làm xa"}
    assert ok(desk.client(CLERK).post(f"{at}/answers", json=told))["answered_by"] == "officer"
    board = ok(office.get(f"{at}/answers"))
    assert board["total"] == {"coming": 1, "not_coming": 1, "silent": 2}
    silent = ok(office.get(f"{at}/invitations?answer=silent"))["items"]
    assert {one["person_name"] for one in silent} == {"Nguyễn Thị Hạnh", "Trần Văn Bình"}

    desk.clock.now = in_days(13, 8)
    clerk = desk.client(CLERK)
    call = {
        "present": [SECRETARY, DEPUTY, BRANCH_SECRETARY],
        "absent": [{"person_id": BRANCH_DEPUTY, "because": "works_away"}],
        "guests": [{"count": 2, "name": "Hội Nông dân"}],
    }
    assert ok(clerk.post(f"{at}/attendance", json=call))["attendance"] == {"present": 3, "absent": 1, "guests": 2}
    minutes = {"conclusions": "Kết luận", "directions": [{"branch_id": BRANCHES[0], "text": "Dọn bến đò"}]}
    ok(clerk.post(f"{at}/minutes", json=minutes))
    assert ok(clerk.post(f"{at}/close"))["state"] == "held"
    year = ok(clerk.get(f"/v1/model-calendar?unit_id={COMMUNE}&year=2026"))["periods"]
    assert [one["state"] for one in year if one["kind"] == "briefing"] == ["missing", "done"]


def test_a_concern_from_the_branch_and_back_to_it(desk: Desk) -> None:
    branch = desk.client(BRANCH_SECRETARY)
    body = {"branch_id": BRANCHES[0], "category": "rights", "title": "Phụ cấp", "text": "Chưa nhận", "anonymous": True}
    concern = ok(branch.post("/v1/concerns", json=body), 201)
    assert concern["number"] == "KN-01"
    at = f"/v1/concerns/{concern['id']}"
    office = desk.client(SECRETARY)
    ok(office.post(f"{at}/classify", json={"category": "rights"}))
    ok(office.post(f"{at}/start", json={"expected_by": "2026-11-20"}))
    ok(office.post(f"{at}/escalate", json={"to": "UBND xã", "expected_by": "2026-11-25"}))
    ok(office.post(f"{at}/answer", json={"answer": "Đã chi trả."}))
    assert ok(branch.post(f"{at}/confirm", json={"satisfied": True}))["state"] == "confirmed"
    assert ok(office.post(f"{at}/close", json={}))["state"] == "closed"

    seen = ok(office.get(at))
    assert (seen["raised_by"], seen["branch_id"]) == (BRANCH_SECRETARY, BRANCHES[0])
    clerk = desk.client(CLERK)
    hidden = ok(clerk.get(at))
    assert (hidden["raised_by"], hidden["branch_id"]) == (None, None)
    assert ok(clerk.get(f"/v1/concerns?unit_id={BRANCHES[0]}"))["items"] == []
    assert len(ok(clerk.get(f"/v1/concerns?unit_id={COMMUNE}"))["items"]) == 1
    assert len(ok(branch.get(f"/v1/concerns?unit_id={BRANCHES[0]}"))["items"]) == 1


def test_concerns_open_for_more_than_thirty_days_are_listed_oldest_first(desk: Desk) -> None:
    body = {"branch_id": BRANCHES[0], "category": "loan", "title": "Vay vốn", "text": "Xin hướng dẫn"}
    first = ok(desk.client(BRANCH_SECRETARY).post("/v1/concerns", json=body), 201)
    desk.clock.now = in_days(5)
    answered = ok(desk.client(BRANCH_SECRETARY).post("/v1/concerns", json=body), 201)
    ok(desk.client(SECRETARY).post(f"/v1/concerns/{answered['id']}/answer", json={"answer": "Xong."}))
    desk.clock.now = in_days(30)
    assert ok(desk.client(SECRETARY).get("/v1/concerns?overdue=true"))["items"] == []
    desk.clock.now = in_days(60)
    assert [one["id"] for one in ok(desk.client(SECRETARY).get("/v1/concerns?overdue=true"))["items"]] == [first["id"]]


def test_a_task_handed_over_in_the_monthly_meeting(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    body = briefing(7, title="Họp BTV tháng 11", starts_at=instant(7, 8), ends_at=instant(7, 10))
    meeting = ok(office.post("/v1/assignment-meetings", json=body), 201)["meeting"]
    assignment = {
        "branch_id": BRANCHES[0],
        "assignee_id": MEMBER,
        "title": "Rà soát danh sách",
        "due_on": "2026-11-20",
        "meeting_id": meeting["id"],
    }
    wrong = office.post("/v1/tasks", json=assignment | {"assignee_id": DEPUTY})
    assert problem(wrong, 409) == "not-in-charge"
    assert "Lê Văn Tài" in wrong.get_json()["detail"]
    task = ok(office.post("/v1/tasks", json=assignment), 201)
    at = f"/v1/tasks/{task['id']}"
    member = desk.client(MEMBER)
    ok(member.post(f"{at}/acknowledge"))
    ok(member.post(f"{at}/report", json={"text": "Được nửa"}))
    ok(member.post(f"{at}/complete", json={"text": "Xong"}))
    ok(office.post(f"{at}/return", json={"text": "Thiếu", "due_on": "2026-11-27"}))
    ok(member.post(f"{at}/complete", json={"text": "Đã bổ sung"}))
    assert ok(office.post(f"{at}/accept", json={}))["state"] == "accepted"
    mine = ok(member.get("/v1/tasks/mine"))
    assert [one["name"] for one in mine["branches"]] == ["Chi đoàn thôn Trung Hạ", "Chi đoàn thôn Trung Thượng"]
    assert [one["branch_name"] for one in mine["this_month"]] == ["Chi đoàn thôn Trung Hạ"]
    results = ok(office.get(f"/v1/tasks/results?unit_id={COMMUNE}&month=2026-11"))
    assert {one["state"]: one["count"] for one in results["counts"]}["accepted"] == 1
    assert results["tasks"][0]["assignee_name"] == "Lê Văn Tài"


def test_a_joint_activity_from_rotation_to_attendance(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    rotation = ok(office.post("/v1/rotations", json={"unit_id": COMMUNE, "year": 2026}), 201)
    assert rotation["hosts"][10]["branch_name"] == "Chi đoàn thôn Trung Hạ"
    upcoming = ok(desk.client(BRANCH_SECRETARY).get(f"/v1/rotations/upcoming?unit_id={COMMUNE}"))
    assert [one["month"] for one in upcoming["hosts"]] == [11, 12]
    said = {
        "host_branch_id": BRANCHES[0],
        "partner_branch_ids": [BRANCHES[1]],
        "title": "Giao lưu bóng chuyền",
        "starts_at": instant(26),
        "ends_at": instant(26, 21),
        "place": "Nhà văn hóa thôn",
        "budget_vnd": 3_000_000,
    }
    proposed = ok(desk.client(BRANCH_SECRETARY).post("/v1/proposals", json=said), 201)
    assert proposed["warnings"] == []
    at = f"/v1/proposals/{proposed['proposal']['id']}"
    assert ok(desk.client(BRANCH_DEPUTY).get(at))["state"] == "submitted"
    word = {"agreed": True, "said_by": "Bí thư chi bộ", "said_on": "2026-11-01", "how": "họp chi bộ"}
    assert ok(desk.client(CLERK).post(f"{at}/party-consent", json=word))["proposal"]["state"] == "party_agreed"
    approved = ok(office.post(f"{at}/decision", json={"agreed": True}))["proposal"]
    meeting_id = approved["meeting_id"]
    (event,) = all_published(desk.store, MeetingScheduled)
    assert {one.person_id for one in event.invitees} == set(youth(1) + youth(2))

    someone = desk.client(youth(1)[0], grants=())
    own = ok(someone.get("/v1/invitations"))["items"]
    assert [one["meeting"]["id"] for one in own] == [meeting_id]
    ok(someone.post(f"/v1/meetings/{meeting_id}/answers", json={"coming": True}))
    assert ok(someone.get(f"/v1/meetings/{meeting_id}"))["title"] == "Giao lưu bóng chuyền"
    assert problem(desk.client(youth(3)[0], grants=()).get(f"/v1/meetings/{meeting_id}"), 404)
    desk.clock.now = in_days(26)
    call = {
        "present": youth(1),
        "absent": [{"person_id": youth(2)[0], "because": "works_away"}],
        "guests": [{"count": 9}],
    }
    attended = ok(desk.client(BRANCH_SECRETARY).post(f"/v1/meetings/{meeting_id}/attendance", json=call))
    assert attended["attendance"] == {"present": 5, "absent": 1, "guests": 9}


def test_the_province_sees_which_communes_keep_the_cycle(desk: Desk) -> None:
    ok(desk.client(SECRETARY).post("/v1/briefings", json=briefing()), 201)
    officer = desk.client(PROVINCE_OFFICER)
    covered = ok(officer.get(f"/v1/model-calendar/coverage?unit_id={PROVINCE}&year=2026"))["items"]
    by_name = {one["unit_name"]: one for one in covered}
    assert set(by_name) == {"Đoàn xã Nông Sơn", "Đoàn xã Quế Phước"}
    (kept,) = [one for one in by_name["Đoàn xã Nông Sơn"]["kept"] if one["kind"] == "briefing"]
    assert kept == {"kind": "briefing", "wanted": 2, "done": 0, "planned": 1, "missing": 1}
    assert by_name["Đoàn xã Quế Phước"]["half_years_without_briefing"] == ["2026-01-01"]
    assert problem(desk.client(SECRETARY).get(f"/v1/model-calendar/coverage?unit_id={PROVINCE}&year=2026"), 404)


def test_a_day_set_by_an_officer_is_warned_of(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    day = {"unit_id": COMMUNE, "day": in_days(12).date().isoformat(), "name": "Lễ hội Bà Thu Bồn"}
    ok(office.put("/v1/model-calendar/days", json=day))
    ok(office.put("/v1/model-calendar/days", json=day))
    warnings = ok(office.post("/v1/briefings", json=briefing()), 201)["warnings"]
    assert any("Lễ hội Bà Thu Bồn" in warning["text"] for warning in warnings)


def test_lists_show_what_reading_would_show_and_no_more(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    for days in (12, 13, 14):
        ok(office.post("/v1/briefings", json=briefing(days)), 201)
    first = ok(office.get("/v1/meetings?limit=2"))
    rest = ok(office.get(f"/v1/meetings?limit=2&cursor={first['next_cursor']}"))
    assert len(first["items"]) + len(rest["items"]) == 3
    assert rest["next_cursor"] is None
    assert len(ok(desk.client(BRANCH_SECRETARY).get("/v1/meetings"))["items"]) == 3
    assert len(ok(desk.client(PROVINCE_OFFICER).get("/v1/meetings?kind=briefing"))["items"]) == 3
    assert ok(desk.client(OTHER_SECRETARY).get("/v1/meetings"))["items"] == []
    for listing in ("concerns", "tasks", "rotations", "proposals", "invitations"):
        assert ok(desk.client(OTHER_SECRETARY).get(f"/v1/{listing}"))["items"] == []


def test_a_branch_sees_its_own_people_on_the_list_and_the_reading_is_on_record(desk: Desk) -> None:
    meeting = ok(desk.client(SECRETARY).post("/v1/briefings", json=briefing()), 201)["meeting"]
    seen = ok(desk.client(BRANCH_SECRETARY).get(f"/v1/meetings/{meeting['id']}/invitations"))["items"]
    assert [one["person_id"] for one in seen] == [BRANCH_SECRETARY]
    rows = desk.memory._rows["access_log"].values()
    assert [(row["what"], row["people"], row["unit_id"]) for row in rows] == [
        ("invitations.read", [BRANCH_SECRETARY], COMMUNE)
    ]


def test_the_same_post_sent_again_convenes_once(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    key = {"Idempotency-Key": "once"}
    one = ok(office.post("/v1/briefings", json=briefing(), headers=key), 201)
    again = ok(office.post("/v1/briefings", json=briefing(), headers=key), 201)
    assert one == again
    assert desk.store.count(INVITATIONS, {"meeting_id": one["meeting"]["id"]}) == 4


def test_two_officers_do_not_overwrite_each_other(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    meeting = ok(office.post("/v1/briefings", json=briefing()), 201)["meeting"]
    at = f"/v1/meetings/{meeting['id']}"
    move = {"starts_at": instant(13, 8), "ends_at": instant(13, 10), "reason": "x"}
    ok(office.post(f"{at}/reschedule", json=move, headers={"If-Match": '"1"'}))
    stale = desk.client(DEPUTY).post(f"{at}/cancel", json={"reason": "x"}, headers={"If-Match": '"1"'})
    assert problem(stale, 412) == "changed-meanwhile"


def test_refusals_are_sentences_in_the_language_asked_for(desk: Desk) -> None:
    office = desk.client(SECRETARY)
    past = briefing(starts_at=instant(-1), ends_at=instant(-1, 21))
    vietnamese = office.post("/v1/briefings", json=past)
    assert problem(vietnamese, 422) == "in-the-past"
    assert "Khung giờ còn trống" in vietnamese.get_json()["detail"]
    english = office.post("/v1/briefings", json=past, headers={"Accept-Language": "en"})
    assert "has passed" in english.get_json()["detail"]
    assert problem(office.post("/v1/briefings", json=briefing(tittle="x")), 422) == "invalid"


def test_answers_after_the_end_are_refused(desk: Desk) -> None:
    meeting = ok(desk.client(SECRETARY).post("/v1/briefings", json=briefing()), 201)["meeting"]
    desk.clock.now = in_days(12, 21)
    pass_meetings(desk.store, context_of(None, desk.clock.now))
    late = desk.client(BRANCH_SECRETARY).post(f"/v1/meetings/{meeting['id']}/answers", json={"coming": True})
    assert problem(late, 409) == "wrong-state"


@pytest.mark.parametrize("person_id", [OTHER_SECRETARY, youth(4)[0]])
def test_another_communes_things_are_not_there(desk: Desk, person_id: str) -> None:
    office, branch = desk.client(SECRETARY), desk.client(BRANCH_SECRETARY)
    meeting = ok(office.post("/v1/briefings", json=briefing()), 201)["meeting"]["id"]
    said = {"branch_id": BRANCHES[0], "category": "other", "title": "a", "text": "b"}
    concern = ok(branch.post("/v1/concerns", json=said), 201)["id"]
    line = {"branch_id": BRANCHES[0], "assignee_id": MEMBER, "title": "a", "due_on": "2026-11-20"}
    task = ok(office.post("/v1/tasks", json=line), 201)["id"]
    rotation = ok(office.post("/v1/rotations", json={"unit_id": COMMUNE, "year": 2026}), 201)["id"]
    outsider = desk.client(person_id)
    for path in (
        f"/v1/meetings/{meeting}",
        f"/v1/meetings/{meeting}/invitations",
        f"/v1/meetings/{meeting}/answers",
        f"/v1/concerns/{concern}",
        f"/v1/tasks/{task}",
        f"/v1/rotations/{rotation}",
        f"/v1/rotations/upcoming?unit_id={COMMUNE}",
        f"/v1/model-calendar?unit_id={COMMUNE}&year=2026",
        f"/v1/model-calendar/coverage?unit_id={COMMUNE}&year=2026",
        f"/v1/tasks/results?unit_id={COMMUNE}&month=2026-11",
    ):
        assert problem(outsider.get(path), 404) == "not-found", path
    commands: list[tuple[str, dict[str, Any]]] = [
        (f"/v1/meetings/{meeting}/cancel", {"reason": "x"}),
        (f"/v1/meetings/{meeting}/answers", {"coming": True}),
        (f"/v1/meetings/{meeting}/attendance", {"present": [SECRETARY]}),
        (f"/v1/concerns/{concern}/answer", {"answer": "x"}),
        (f"/v1/tasks/{task}/accept", {}),
        (f"/v1/rotations/{rotation}/swap", {"month": 11, "with_month": 12, "reason": "x"}),
        ("/v1/briefings", briefing()),
        ("/v1/rotations", {"unit_id": COMMUNE, "year": 2027}),
    ]
    for path, body in commands:
        assert problem(outsider.post(path, json=body), 404) == "not-found", path

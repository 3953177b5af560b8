"""A month of “2 giao, 1 liên kết” in xã Nông Sơn, played through the public API as its officers would.

Times lie so that the roll call of what is held is open now: the meetings that take place begin within the hour, and the
answers say honestly that this is short notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.demo.api import Session, until
from deploy.local.demo.founding import Founded
from deploy.local.district.district import PostKind

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass
class Month:
    """What was played, by the system's ids; the system test counts against it."""

    briefing: dict[str, Any] = field(default_factory=dict)
    cancelled: dict[str, Any] = field(default_factory=dict)
    assignment_meeting: dict[str, Any] = field(default_factory=dict)
    task: dict[str, Any] = field(default_factory=dict)
    returned_task: dict[str, Any] = field(default_factory=dict)
    concern: dict[str, Any] = field(default_factory=dict)
    rotation_this_year: dict[str, Any] = field(default_factory=dict)
    rotation: dict[str, Any] = field(default_factory=dict)
    """Next year's: all twelve months."""
    proposal: dict[str, Any] = field(default_factory=dict)
    joint_activity: dict[str, Any] = field(default_factory=dict)


class Player:
    """Plays the month step by step; `tell` gets one sentence per step."""

    def __init__(self, founded: Founded, now: datetime, tell: Callable[[str], None]) -> None:
        self.founded = founded
        self.now = now.astimezone(ZONE)
        self._tell = tell
        self.month = Month()
        commune = founded.district.commune("20656")
        self.commune_id = founded.units[commune.code]
        self.branches = founded.district.branches_of(commune.code)
        self.secretary = founded.session("nongson.bithu")

    def play(self) -> Month:
        self.convene_and_move_the_briefing()
        self.convene_and_cancel_another()
        self.hand_over_tasks()
        self.raise_and_answer_a_concern()
        self.name_the_hosts()
        self.propose_and_hold_a_joint_activity()
        return self.month

    def convene_and_move_the_briefing(self) -> None:
        """Giao ban: thường trực and all branch secretaries, half a year's second."""
        starts = self._evening(days=12, hour=19)
        arranged = self.secretary.post(
            "scheduling",
            "/v1/briefings",
            {
                "unit_id": self.commune_id,
                "title": "Giao ban 6 tháng cuối năm",
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=2),
                "place": "Hội trường UBND xã Nông Sơn",
                "agenda": "1. Nghe tâm tư, kiến nghị của các chi đoàn\n2. Định hướng hoạt động\n3. Chế độ, vay vốn",
            },
        )
        meeting = arranged["meeting"]
        self._settled(meeting["id"])
        moved = starts + timedelta(days=2)
        self.secretary.post(
            "scheduling",
            f"/v1/meetings/{meeting['id']}/reschedule",
            {
                "starts_at": moved,
                "ends_at": moved + timedelta(hours=2),
                "place": "Nhà văn hóa thôn Trung Hạ",
                "reason": "Hội trường UBND xã bận",
            },
        )
        self._settled(meeting["id"])
        self.month.briefing = self.secretary.get("scheduling", f"/v1/meetings/{meeting['id']}")
        self._tell("Giao ban: convened and moved; its invitees were told twice")

    def convene_and_cancel_another(self) -> None:
        """One more meeting, called off: who was told is told again."""
        other = self.founded.session("quephuoc.bithu")
        starts = self._evening(days=9, hour=19)
        arranged = other.post(
            "scheduling",
            "/v1/briefings",
            {
                "unit_id": self.founded.units["20669"],
                "title": "Giao ban 6 tháng cuối năm",
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=2),
                "place": "Hội trường UBND xã Quế Phước",
            },
        )
        meeting_id = arranged["meeting"]["id"]
        self._settled(meeting_id, other)
        self.month.cancelled = other.post(
            "scheduling", f"/v1/meetings/{meeting_id}/cancel", {"reason": "Mưa lũ, đường vào xã bị chia cắt"}
        )
        self._tell("Giao ban of xã Quế Phước: convened and called off because of flood")

    def hand_over_tasks(self) -> None:
        """Họp BTV: concrete tasks for members in charge; one accepted, one returned."""
        starts = self._soon()
        arranged = self.secretary.post(
            "scheduling",
            "/v1/assignment-meetings",
            {
                "unit_id": self.commune_id,
                "title": f"Họp Ban Thường vụ tháng {self.now.month}",
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=2),
                "place": "Phòng họp Đoàn xã",
            },
        )
        meeting_id = arranged["meeting"]["id"]
        portfolios = [one for one in self.founded.district.portfolios if one.branch_code.startswith("20656")]
        first, second = portfolios[0], next(one for one in portfolios if one.person_key != portfolios[0].person_key)
        self.month.task = self._carried_out(first.person_key, first.branch_code, meeting_id)
        self.month.returned_task = self._returned(second.person_key, second.branch_code, meeting_id)
        self._hold(meeting_id, "Giao nhiệm vụ tháng cho các ủy viên Ban Thường vụ phụ trách chi đoàn.")
        self.month.assignment_meeting = self.secretary.get("scheduling", f"/v1/meetings/{meeting_id}")
        self._tell("Họp Ban Thường vụ: two tasks handed over; one accepted, one returned")

    def raise_and_answer_a_concern(self) -> None:
        """Kiến nghị of a branch secretary about allowances, answered and confirmed."""
        branch = self._branch_with_secretary()
        asking = self._secretary_of(branch.code)
        raised = asking.post(
            "scheduling",
            "/v1/concerns",
            {
                "branch_id": self.founded.units[branch.code],
                "category": "rights",
                "title": "Phụ cấp quý III của bí thư chi đoàn thôn",
                "text": "Từ tháng 7 đến nay chúng tôi chưa nhận được phụ cấp hằng tháng.",
                "meeting_id": self.month.briefing["id"],
            },
        )
        path = f"/v1/concerns/{raised['id']}"
        self.secretary.post("scheduling", f"{path}/classify", {"category": "rights"})
        self.secretary.post("scheduling", f"{path}/start", {"note": "Làm việc với bộ phận tài chính của UBND xã"})
        answer = "Phụ cấp quý III được chi trả trước ngày 10 tháng sau, cùng phần hỗ trợ bảo hiểm y tế."
        self.secretary.post("scheduling", f"{path}/answer", {"answer": answer})
        self.month.concern = asking.post("scheduling", f"{path}/confirm", {"satisfied": True})
        self._tell(f"Kiến nghị {raised['number']}: raised by a branch, answered, confirmed")

    def name_the_hosts(self) -> None:
        """Luân phiên: who hosts in which month, for the rest of this year and for the next."""
        self.month.rotation_this_year = self._rotation(self.now.year)
        self.month.rotation = self._rotation(self.now.year + 1)
        self._tell(f"Host rotation until the end of {self.now.year + 1}: a host branch and a reason for each month")

    def _rotation(self, year: int) -> Any:
        wanted = {"unit_id": self.commune_id, "year": year}
        planned = list(self.secretary.every("scheduling", "/v1/rotations", unit_id=self.commune_id, year=str(year)))
        return planned[0] if planned else self.secretary.post("scheduling", "/v1/rotations", wanted)

    def propose_and_hold_a_joint_activity(self) -> None:
        """Sinh hoạt liên chi đoàn: the host proposes, chi bộ and Đoàn xã agree, all youth are invited."""
        host, partner = self._host_and_partner()
        proposing = self._secretary_of(host)
        starts = self._soon()
        proposed = proposing.post(
            "scheduling",
            "/v1/proposals",
            {
                "host_branch_id": self.founded.units[host],
                "partner_branch_ids": [self.founded.units[partner]],
                "title": "Dọn vệ sinh bến sông và giao lưu bóng chuyền",
                "theme": "Môi trường, đoàn kết thanh niên địa bàn dân cư",
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=2),
                "place": f"Nhà văn hóa thôn {self.founded.district.branch(host).village}",
                "budget_vnd": 1_500_000,
            },
        )
        path = f"/v1/proposals/{proposed['proposal']['id']}"
        self.secretary.post(
            "scheduling",
            f"{path}/party-consent",
            {
                "agreed": True,
                "said_by": "Bí thư chi bộ thôn",
                "said_on": self.now.date(),
                "how": "họp chi bộ",
            },
        )
        decided = self.secretary.post("scheduling", f"{path}/decision", {"agreed": True})
        self.month.proposal = decided["proposal"]
        meeting_id = decided["proposal"]["meeting_id"]
        self._settled(meeting_id)
        self._answers_by_sms(meeting_id)
        self._hold(meeting_id, "Hai chi đoàn thống nhất duy trì sinh hoạt chung mỗi quý.", guests=4)
        self.month.joint_activity = self.secretary.get("scheduling", f"/v1/meetings/{meeting_id}")
        self._tell("Sinh hoạt liên chi đoàn: proposed, agreed by chi bộ and Đoàn xã, held with guests")

    def _carried_out(self, person_key: str, branch_code: str, meeting_id: str) -> Any:
        task = self._handed_over(person_key, branch_code, meeting_id, "Củng cố sinh hoạt của chi đoàn")
        doing = self.founded.session_of_person(person_key)
        doing.post("scheduling", f"/v1/tasks/{task['id']}/acknowledge")
        doing.post("scheduling", f"/v1/tasks/{task['id']}/report", {"text": "Đã dự sinh hoạt, 14 đoàn viên có mặt."})
        doing.post("scheduling", f"/v1/tasks/{task['id']}/complete", {"text": "Chi đoàn đã kiện toàn ban chấp hành."})
        return self.secretary.post("scheduling", f"/v1/tasks/{task['id']}/accept", {"text": "Làm tốt."})

    def _returned(self, person_key: str, branch_code: str, meeting_id: str) -> Any:
        task = self._handed_over(person_key, branch_code, meeting_id, "Lập danh sách thanh niên đi làm xa")
        doing = self.founded.session_of_person(person_key)
        doing.post("scheduling", f"/v1/tasks/{task['id']}/acknowledge")
        doing.post("scheduling", f"/v1/tasks/{task['id']}/complete", {"text": "Đã lập danh sách."})
        due = self.now.date() + timedelta(days=14)
        return self.secretary.post(
            "scheduling", f"/v1/tasks/{task['id']}/return", {"text": "Còn thiếu số điện thoại.", "due_on": due}
        )

    def _handed_over(self, person_key: str, branch_code: str, meeting_id: str, title: str) -> Any:
        return self.secretary.post(
            "scheduling",
            "/v1/tasks",
            {
                "branch_id": self.founded.units[branch_code],
                "assignee_id": self.founded.people[person_key],
                "title": title,
                "due_on": self.now.date() + timedelta(days=7),
                "meeting_id": meeting_id,
            },
        )

    def _answers_by_sms(self, meeting_id: str) -> None:
        """A few of the invited reply on their phones; the answers come back by the gateway."""
        told = [
            self.founded.phone_of(row["person_id"])
            for row in self.secretary.every("notifications", "/v1/deliveries", about=meeting_id)
            if row["channel"] == "sms" and row["state"] == "delivered"
        ]
        answering = [phone for phone in told if told.count(phone) == 1][:6]
        for phone in answering[1:]:
            self.founded.reply(phone, "giao luu bong chuyen", "1")
        self.founded.reply(answering[0], "giao luu bong chuyen", "2")
        until("the replies are answers", lambda: self._answered(meeting_id) >= len(answering))

    def _answered(self, meeting_id: str) -> int:
        invitations = self.secretary.every("scheduling", f"/v1/meetings/{meeting_id}/invitations")
        return sum(1 for one in invitations if one["answer"] != "silent")

    def _hold(self, meeting_id: str, conclusions: str, guests: int = 0) -> None:
        invited = [
            one["person_id"] for one in self.secretary.every("scheduling", f"/v1/meetings/{meeting_id}/invitations")
        ]
        away = invited[:: max(len(invited) // 4, 2)]
        body: dict[str, Any] = {
            "present": [one for one in invited if one not in away],
            "absent": [{"person_id": one, "because": "works_away"} for one in away],
        }
        if guests:
            body["guests"] = [{"count": guests, "name": "Thanh niên ngoài Đoàn"}]
        self.secretary.post("scheduling", f"/v1/meetings/{meeting_id}/attendance", body)
        self.secretary.post("scheduling", f"/v1/meetings/{meeting_id}/minutes", {"conclusions": conclusions})

    def _settled(self, meeting_id: str, reader: Session | None = None) -> None:
        """Wait until nobody's message about this meeting is still on its way."""
        session = reader or self.secretary

        def settled() -> bool:
            counts = session.get("notifications", "/v1/deliveries", about=meeting_id)["counts"]
            return bool(counts) and not any(_is_on_its_way(one) for one in counts)

        until("every message is delivered or has a reason", settled)

    def _branch_with_secretary(self) -> Any:
        return next(one for one in self.branches if self._holder(one.code) is not None)

    def _holder(self, branch_code: str) -> str | None:
        posts = self.founded.district.posts_of(branch_code, PostKind.BRANCH_SECRETARY)
        return posts[0].person_key if posts and self.founded.has_account(posts[0].person_key) else None

    def _secretary_of(self, branch_code: str) -> Session:
        holder = self._holder(branch_code)
        assert holder is not None
        return self.founded.session_of_person(holder)

    def _host_and_partner(self) -> tuple[str, str]:
        codes = {self.founded.units[one.code]: one.code for one in self.branches}
        named = [*self.month.rotation_this_year["hosts"], *self.month.rotation["hosts"]]
        hosts = [codes[one["branch_id"]] for one in named if one["branch_id"] in codes]
        able = [one for one in dict.fromkeys(hosts) if self._holder(one) is not None]
        return able[0], able[1]

    def _evening(self, *, days: int, hour: int) -> datetime:
        day = self.now + timedelta(days=days)
        return day.replace(hour=hour, minute=0, second=0, microsecond=0)

    def _soon(self) -> datetime:
        return (self.now + timedelta(minutes=50)).replace(second=0, microsecond=0)


def _is_on_its_way(count: Mapping[str, Any]) -> bool:
    """A mail server's word is the last one there is; a phone's gateway reports later."""
    if count["state"] == "accepted":
        return bool(count["channel"] == "sms")
    return count["state"] in {"queued", "sending", "unknown", "asking"}

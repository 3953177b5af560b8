"""A steady mixed load through the public API: what officers, members and phones do all day, several at once."""

from __future__ import annotations

import io
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3
import xlsxwriter

from tests.chaos.commands import Account, Command
from tests.chaos.steps import ASKS, CONCERN_STEPS, TASK_STEPS, answer_to, concern_body
from tests.chaos.world import World, registered
from tests.support.inbox_client import InboxClient

SCHEDULING = "vn.nhipdoan.scheduling."
WORKERS = 6
AGAIN = 0.06
"""Share of accepted commands that a client sends once more, because it did not see the answer."""


@dataclass
class Known:
    """What the load has made and may act on."""

    meetings: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)
    concerns: dict[str, str] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    answered_differently: list[str] = field(default_factory=list)


class Load:
    """Workers that act until they are told to stop. `rest` is the mean pause of a worker, in seconds."""

    def __init__(self, world: World, inbox: InboxClient, seed: int, *, rest: float = 0.5) -> None:
        self._world, self._inbox, self._rest = world, inbox, rest
        self.known = Known()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._number = 1000
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(f"{seed}-{number}"),), name=f"load-{number}")
            for number in range(WORKERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new commands; those begun go on until they are answered (see `join`)."""
        self._stop.set()

    @property
    def ended(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def join(self) -> None:
        """Raises what a worker stumbled over, which would be a fault of the load itself."""
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _work(self, chance: random.Random) -> None:
        acts, weights = zip(*ACTS, strict=True)
        try:
            while not self._stop.is_set():
                chance.choices(acts, weights)[0](self, chance)
                self._stop.wait(chance.expovariate(1 / self._rest))
        except BaseException as error:
            self._failures.append(error)

    # --- what is done

    def convene(self, chance: random.Random) -> None:
        kind = chance.choice(("briefings", "assignment-meetings"))
        made = self._ask(
            self._world.secretary,
            chance,
            "meeting convened",
            "scheduling",
            f"/v1/{kind}",
            self._plan(chance),
            events=(f"{SCHEDULING}meeting.scheduled.v1",),
        )
        if made.accepted:
            self._keep_meeting(made.answer["meeting"])

    def move(self, chance: random.Random) -> None:
        meeting = self._some(chance, self.known.meetings)
        if meeting is None:
            return
        body = {name: value for name, value in self._plan(chance).items() if name in ("starts_at", "ends_at", "place")}
        moved = self._ask(
            self._world.secretary,
            chance,
            "meeting moved",
            "scheduling",
            f"/v1/meetings/{meeting['id']}/reschedule",
            {**body, "reason": "Trùng lịch"},
            events=(f"{SCHEDULING}meeting.rescheduled.v1",),
            if_match=meeting["version"] if chance.random() < 0.5 else None,
        )
        if moved.accepted:
            meeting["version"] = moved.answer["meeting"]["version"]

    def cancel(self, chance: random.Random) -> None:
        meeting = self._some(chance, self.known.meetings)
        if meeting is None:
            return
        done = self._ask(
            self._world.secretary,
            chance,
            "meeting cancelled",
            "scheduling",
            f"/v1/meetings/{meeting['id']}/cancel",
            {"reason": "Mưa lũ"},
            events=(f"{SCHEDULING}meeting.cancelled.v1",),
        )
        if done.accepted:
            with self._lock:
                self.known.meetings = [one for one in self.known.meetings if one["id"] != meeting["id"]]

    def gather(self, chance: random.Random) -> None:
        """A joint activity: proposed by a branch, agreed by chi bộ and the commune; all youth are invited."""
        host, partner = self._world.branch_ids[0], chance.choice(self._world.branch_ids[1:])
        plan = {name: value for name, value in self._plan(chance).items() if name not in ("unit_id", "agenda")}
        body = {"host_branch_id": host, "partner_branch_ids": [partner], **plan}
        proposed = self._ask(
            self._world.branch_secretary,
            chance,
            "activity proposed",
            "scheduling",
            "/v1/proposals",
            body,
            events=(f"{SCHEDULING}link-proposal.submitted.v1",),
        )
        if not proposed.accepted:
            return
        path = f"/v1/proposals/{proposed.answer['proposal']['id']}"
        consent = {"agreed": True, "said_by": "Bí thư chi bộ", "said_on": datetime.now(UTC).date(), "how": "họp chi bộ"}
        self._ask(self._world.secretary, chance, "chi bộ agreed", "scheduling", f"{path}/party-consent", consent)
        decided = self._ask(
            self._world.secretary,
            chance,
            "activity approved",
            "scheduling",
            f"{path}/decision",
            {"agreed": True},
            events=(f"{SCHEDULING}link-proposal.approved.v1", f"{SCHEDULING}meeting.scheduled.v1"),
        )
        if decided.accepted and decided.answer["proposal"].get("meeting_id"):
            self._keep_meeting({"id": decided.answer["proposal"]["meeting_id"], "version": 1})

    def hand_over(self, chance: random.Random) -> None:
        body = {
            "branch_id": chance.choice(self._world.branch_ids),
            "assignee_id": self._world.member_person,
            "title": "Rà soát đoàn viên",
            "due_on": (datetime.now(UTC) + timedelta(days=chance.randrange(3, 30))).date(),
        }
        given = self._ask(
            self._world.secretary,
            chance,
            "task assigned",
            "scheduling",
            "/v1/tasks",
            body,
            events=(f"{SCHEDULING}task.assigned.v1",),
        )
        if given.accepted:
            self.known.tasks[given.answer["id"]] = "acknowledge"

    def work_on_task(self, chance: random.Random) -> None:
        found = self._some(chance, list(self.known.tasks.items()))
        if found is None:
            return
        task, step = found
        account, event, onward = TASK_STEPS[step]
        body: dict[str, Any] = {} if step == "acknowledge" else {"text": "Đã làm"}
        if step == "return":
            body["due_on"] = (datetime.now(UTC) + timedelta(days=10)).date()
        done = self._ask(
            getattr(self._world, account),
            chance,
            f"task: {step}",
            "scheduling",
            f"/v1/tasks/{task}/{step}",
            body,
            events=(f"{SCHEDULING}task.{event}.v1",),
        )
        if done.accepted:
            self.known.tasks[task] = chance.choice(onward)

    def answer(self, chance: random.Random) -> None:
        meeting = self._some(chance, self.known.meetings)
        if meeting is None:
            return
        body = {
            "person_id": chance.choice(self._world.people[: chance.choice((2, 4, 40))]).id,
            "coming": chance.random() < 0.7,
        }
        self._ask(
            self._world.secretary,
            chance,
            "answer recorded",
            "scheduling",
            f"/v1/meetings/{meeting['id']}/answers",
            body,
            events=(f"{SCHEDULING}invitation.answered.v1",),
        )

    def reply(self, chance: random.Random) -> None:
        """Someone answers the last SMS on the phone, with its code where it has one."""
        try:
            received = self._inbox.messages(kind="sms", since=max(0, self._revision() - 150))
            one = self._some(chance, [one for one in received if ASKS.search(one["text"])])
            if one is not None:
                self._inbox.reply(one["person"], answer_to(one["text"], chance))
        except (urllib3.exceptions.HTTPError, AssertionError):
            pass  # the sinks are no part of the product

    def register(self, chance: random.Random) -> None:
        with self._lock:
            self._number += 1
            number = self._number
        registered(self._world, chance.choice(self._world.branch_ids), number)

    def edit(self, chance: random.Random) -> None:
        person = chance.choice(self._world.people)
        self._ask(
            self._world.admin,
            chance,
            "person edited",
            "members",
            f"/v1/people/{person.id}",
            {"works_away": chance.random() < 0.5},
            method="PATCH",
        )

    def take_in_list(self, chance: random.Random) -> None:
        """A member list is uploaded and, when it is judged, confirmed."""
        body = {"unit_id": self._world.commune_id}
        file = ("danh-sach.xlsx", self._workbook(chance))
        uploaded = self._ask(
            self._world.secretary, chance, "list uploaded", "members", "/v1/imports", body, upload=file
        )
        if uploaded.accepted:
            import_id = uploaded.answer["id"]
            self._ask(self._world.secretary, chance, "list confirmed", "members", f"/v1/imports/{import_id}/confirm")
            self.known.imports.append(import_id)

    def raise_concern(self, chance: random.Random) -> None:
        body = {"branch_id": self._world.branch_ids[0], "category": "rights", "title": "Phụ cấp", "text": "Chưa nhận"}
        raised = self._ask(
            self._world.branch_secretary,
            chance,
            "concern raised",
            "scheduling",
            "/v1/concerns",
            body,
            events=(f"{SCHEDULING}concern.raised.v1",),
        )
        if raised.accepted:
            self.known.concerns[raised.answer["id"]] = "classify"

    def work_on_concern(self, chance: random.Random) -> None:
        """The next step of some concern, until its branch is content."""
        found = self._some(chance, list(self.known.concerns.items()))
        if found is None:
            return
        concern, step = found
        account, name, verb, onward = CONCERN_STEPS[step]
        told = ("concern.answered", "concern-answer.state") if step == "answer" else ()
        done = self._ask(
            getattr(self._world, account),
            chance,
            f"concern {name}",
            "scheduling",
            f"/v1/concerns/{concern}/{verb}",
            concern_body(step),
            events=tuple(f"{SCHEDULING}{event}.v1" for event in told),
        )
        if done.accepted:
            self.known.concerns[concern] = chance.choice(onward)

    # --- how

    def _ask(self, account: Account, chance: random.Random, name: str, *where: Any, **how: Any) -> Command:
        """The command's answer; now and then the command is sent once more, and must be answered the same."""
        command = account.command(name, *where, **how)
        if command.accepted and command.method == "POST" and chance.random() < AGAIN:
            again = account.command(name, *where, **{**how, "key": command.key})
            if again.status and (again.status, again.answer) != (command.status, command.answer):
                self.known.answered_differently.append(f"{name} {command.key}: {command.status} then {again.status}")
        return command

    def _plan(self, chance: random.Random) -> dict[str, Any]:
        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=chance.randrange(6_000, 60_000))
        return {
            "unit_id": self._world.commune_id,
            "title": f"Họp số {chance.randrange(10_000)}",
            "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(hours=1)).isoformat(),
            "place": f"Nhà văn hóa {chance.randrange(100)}",
            "agenda": "Nghe tâm tư",
        }

    def _keep_meeting(self, meeting: dict[str, Any]) -> None:
        with self._lock:
            self.known.meetings.append({"id": meeting["id"], "version": meeting["version"]})

    def _revision(self) -> int:
        return int(self._inbox.summary()["revision"])

    def _workbook(self, chance: random.Random) -> bytes:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
            sheet = book.add_worksheet("DS")
            sheet.write_row(0, 0, ["STT", "Họ và tên", "Năm sinh", "Số điện thoại", "Chi đoàn"])
            for row in range(1, 5):
                branch = (
                    f"Chi đoàn thôn {self._world.prefix.upper()}{chance.randrange(len(self._world.branch_ids)) + 1}"
                )
                name = f"Lê Văn {chance.choice('ABCDEGHKLM')}{chance.randrange(10**6)}"
                phone = f"0{chance.choice('35789')}{chance.randrange(10**7, 10**8)}"
                sheet.write_row(row, 0, [row, name, chance.randrange(1998, 2010), phone, branch])
        return buffer.getvalue()

    @staticmethod
    def _some(chance: random.Random, things: Sequence[Any]) -> Any:
        return chance.choice(things) if things else None


Act = Callable[[Load, random.Random], None]

ACTS: tuple[tuple[Act, float], ...] = (
    (Load.convene, 4),
    (Load.move, 4),
    (Load.cancel, 1),
    (Load.gather, 0.7),
    (Load.hand_over, 2),
    (Load.work_on_task, 4),
    (Load.answer, 4),
    (Load.reply, 6),
    (Load.register, 1),
    (Load.edit, 2),
    (Load.take_in_list, 2.5),
    (Load.raise_concern, 0.7),
    (Load.work_on_concern, 2.5),
)


def paced(load: Load, seconds: float) -> None:
    """For a quick look without faults."""
    load.start()
    time.sleep(seconds)
    load.stop()
    load.join()

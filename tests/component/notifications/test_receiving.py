"""Receipts come in by the address that the gateway was given: by the receiver's own lane, or by the route behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from chassis.failures import Unavailable
from chassis.web.asgi import InThreads
from notifications.adapters.receipt_box import ReceiptBox
from notifications.application.receipts import RECEIPTS, put_by
from notifications.domain.receipt import Receipt
from notifications.web.receiver import Receiver
from tests.component.notifications.test_web import HOA, MEETING, Web, uuid
from tests.component.notifications.world import Clock
from tests.support.asgi import Answered, call, get

REPORT = "SMSID=s-1&SendStatus=5&SendSuccess=1&SendFailed=0&TotalPrice=850&phonenumber=0912345678&RequestId=x"
BY_THE_ROUTE = {"X-Correlation-Id": uuid(1)}
"""Odd enough for the route."""


class Gateway:
    """A world with an invitation sent, and the receiver that its gateway calls."""

    def __init__(self) -> None:
        self.web = Web(clock=Clock())
        self.web.invite()
        self.executor = ThreadPoolExecutor(1)
        box = ReceiptBox(self.keep, self.executor)
        rest = InThreads(self.web.app, threads=2, receive_seconds=5)
        self.receiver = Receiver(self.web.app, rest, self.web.edge.receipts, box)
        self.failure: Exception | None = None
        self.writes: list[int] = []

    def keep(self, receipts: Sequence[Receipt]) -> None:
        self.writes.append(len(receipts))
        if self.failure is not None:
            raise self.failure
        self.web.store.commit(put_by(receipts, self.web.clock()))

    @property
    def delivery(self) -> str:
        return next(row.id for row in self.web.rows(about=MEETING) if row.person_id == HOA)

    def address(self, query: str = REPORT) -> str:
        """The one that the gateway was given with HOA's SMS."""
        return f"/v1/gateways/esms/receipts/{self.web.edge.receipts.of(self.delivery)}?{query}"

    def call(self, url: str, headers: dict[str, str] | None = None) -> Answered:
        return call(self.receiver, url, headers)

    def kept(self) -> list[Receipt]:
        return [receipt for batch in self.web.store.find(RECEIPTS, {}) for receipt in batch.receipts]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    made.executor.shutdown()


@pytest.mark.parametrize("headers", [{}, BY_THE_ROUTE], ids=["lane", "route"])
def test_a_receipt_comes_in_by_the_address_we_gave(gateway: Gateway, headers: dict[str, str]) -> None:
    for _ in range(2):
        answer = gateway.call(gateway.address(), headers)
        assert (answer.status, orjson.loads(answer.body)) == (200, {"status": "kept"})
    assert set(gateway.kept()) == {Receipt(gateway.delivery, True, "s-1", 850)}
    assert "0912345678" not in str(gateway.web.store.find(RECEIPTS, {}))
    nothing_final = gateway.call(gateway.address(REPORT.replace("SendSuccess=1", "SendSuccess=0")), headers)
    assert orjson.loads(nothing_final.body)["status"] == "nothing_final"
    for proof in ("0" * 64, "guess"):
        assert gateway.call(f"/v1/gateways/esms/receipts/{proof}?{REPORT}", headers).status == 404


def test_the_lane_answers_with_the_routes_headers(gateway: Gateway) -> None:
    lane, route = gateway.call(gateway.address()), gateway.call(gateway.address(), BY_THE_ROUTE)
    assert gateway.writes == [1], "the second went by the route"
    assert route.headers["x-correlation-id"] == uuid(1)
    assert lane.body == route.body
    assert lane.headers | {"x-correlation-id": uuid(1)} == route.headers


@pytest.mark.parametrize("query", [REPORT + "&SMSID=s-2", REPORT.replace("s-1", "s" * 65), "SendSuccess=%00"])
def test_a_receipt_that_cannot_be_read_is_told_what_is_wrong(gateway: Gateway, query: str) -> None:
    answer = gateway.call(gateway.address(query))
    assert answer.status == 422
    assert orjson.loads(answer.body)["errors"][0]["pointer"].startswith("/query/S")
    assert gateway.kept() == []


def test_a_gateway_is_told_to_call_again_when_its_receipt_could_not_be_kept(gateway: Gateway) -> None:
    gateway.failure = Unavailable("MongoDB")
    refused = gateway.call(gateway.address())
    assert (refused.status, refused.headers["content-type"]) == (503, "application/problem+json")
    assert refused.headers["retry-after"]
    assert orjson.loads(refused.body)["instance"] == gateway.address().partition("?")[0]
    gateway.failure = None
    assert gateway.call(gateway.address()).status == 200
    assert len(gateway.kept()) == 1


def test_what_else_the_gateway_calls_is_answered_by_the_application(gateway: Gateway) -> None:
    assert gateway.call("/livez").status == 200
    assert gateway.call("/v1/deliveries").status == 401


def test_receipts_that_come_while_a_write_is_under_way_share_the_next_and_each_waits_for_his(gateway: Gateway) -> None:
    written, may_write = [], threading.Event()

    def keep(receipts: Sequence[Receipt]) -> None:
        assert may_write.wait(10)
        written.append(len(receipts))

    async def all_call() -> list[bool]:
        box = ReceiptBox(keep, gateway.executor)
        putting = [asyncio.create_task(box.put(Receipt(f"{number:032x}", True))) for number in range(250)]
        await asyncio.sleep(0.05)
        nobody_yet = [each.done() for each in putting]
        may_write.set()
        await asyncio.gather(*putting)
        return nobody_yet

    assert not any(asyncio.run(all_call()))
    assert sum(written) == 250
    assert max(written) == 100
    assert len(written) <= 4


def test_a_caller_who_hangs_up_keeps_nobody_elses_receipt_back(gateway: Gateway) -> None:
    async def one_hangs_up() -> Answered:
        hanging = asyncio.create_task(get(gateway.receiver, gateway.address()))
        other = asyncio.create_task(get(gateway.receiver, gateway.address(REPORT.replace("s-1", "s-2"))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        hanging.cancel()
        return await other

    assert asyncio.run(one_hangs_up()).status == 200
    assert Receipt(gateway.delivery, True, "s-2", 850) in gateway.kept()


def test_a_failure_is_everybodys_of_that_write_and_nobody_elses(gateway: Gateway) -> None:
    failures: list[Exception | None] = [Unavailable("MongoDB"), None]

    def keep(_: Sequence[Receipt]) -> None:
        failure = failures.pop(0)
        if failure is not None:
            raise failure

    async def outcomes() -> list[object]:
        box = ReceiptBox(keep, gateway.executor, gathering_seconds=0)
        both = await asyncio.gather(*(_outcome(box) for _ in range(2)))
        return [*both, await _outcome(box)]

    assert asyncio.run(outcomes()) == ["Unavailable", "Unavailable", "kept"]


async def _outcome(box: ReceiptBox) -> str:
    try:
        await box.put(Receipt("d" * 32, True))
    except Unavailable:
        return "Unavailable"
    return "kept"

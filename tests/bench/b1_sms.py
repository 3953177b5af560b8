"""B1: one joint activity becomes 10,000 personal SMS at a gateway that answers at once, then with receipts too."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

from notifications.domain.delivery import DELIVERIES
from tests.bench.b7_consume import produce
from tests.bench.district import phone_of
from tests.bench.edge import GATEWAY, Edge, arrived, everyone, instants, meeting, notifications, running_edge
from tests.bench.figures import Figure, Findings
from tests.bench.metering import OWN
from tests.support.eventually import eventually

TITLE = "one event to 10,000 personal SMS, gateway of 0 ms"
PER_SECOND, CPU_SENDING, CPU_WITH_RECEIPTS = 1_500, 1.0, 1.6
SEND = "/gateway/esms/MainService.svc/json/SendMultipleMessage_V4_post_json/"


def run(small: bool) -> Findings:
    findings = Findings("b1", TITLE)
    people = 200 if small else 10_000
    with running_edge(people, {"LOG_LEVEL": "WARNING"}) as edge:
        floor = bare_calls(edge, people)
        edge.start(*notifications("consume", "deliver", "relay", "receive", "timers"))
        warm_up(edge, min(people, 500))
        sending = send(edge, people, "sending", receipts=False)
        receipts = send(edge, people, "sending with a receipt each", receipts=True)
    findings.figures += [floor, sending, receipts]
    apart = (GATEWAY, OWN)
    findings.at_least("sent, from the event on", sending.per_second, PER_SECOND, "/s")
    findings.at_most("sending", sending.cpu_per_1000(without=apart), CPU_SENDING, "CPU-s/1,000")
    findings.at_most("with receipts", receipts.cpu_per_1000(without=apart), CPU_WITH_RECEIPTS, "CPU-s/1,000")
    findings.notes.append("consent and contact read anew for every batch; gateway and bench are not in the CPU targets")
    findings.notes.append(f"bare http.client ÷ sent {floor.per_second / sending.per_second:.2f}")
    return findings


def warm_up(edge: Edge, people: int) -> None:
    """Once through everything, so that no figure holds a first connection or a compilation."""
    edge.faults(no_receipt_rate=1.0)
    produce(edge.ground, "scheduling", [((told := meeting(everyone(people))), told.meeting_id, 1)])
    arrived(edge, "sms", people, within=60)
    edge.inbox.reset()


def send(edge: Edge, people: int, name: str, *, receipts: bool, latency_ms: int = 0) -> Figure:
    """From the event's publication to the last SMS at the gateway, or to the last receipt folded in."""
    edge.faults(latency_ms=latency_ms, delivery_ms=0, no_receipt_rate=0.0 if receipts else 1.0)
    told = meeting(everyone(people))
    with edge.meter().reading(name) as reading:
        began = time.time()
        produce(edge.ground, "scheduling", [(told, told.meeting_id, 1)])
        messages = arrived(edge, "sms", people, within=240)
        if receipts:
            _settled(edge, told.meeting_id, people)
            reading.seconds = time.time() - began
        reading.count = len(messages)
        handed_over = instants(messages)
        if not receipts:
            reading.seconds = max(handed_over) - began
    reading.latencies_ms = [(at - began) * 1000 for at in handed_over]
    assert len({message["person"] for message in messages}) == people, "each person got it once"
    edge.inbox.reset()
    return reading.figure()


def _settled(edge: Edge, about: str, people: int) -> None:
    deliveries = edge.ground.database("notifications")[DELIVERIES.name]
    wanted = {"about": about, "channel": "sms", "state": "delivered"}
    try:
        # Each look has mongod read every row: rarely, or the bench's own questions are in the figures.
        eventually(lambda: deliveries.count_documents(wanted) >= people, within=240, pause=1.0)
    finally:
        deliveries.database.client.close()


def bare_calls(edge: Edge, people: int) -> Figure:
    """http.client alone: one kept connection, a prebuilt body per person, the answer read."""
    edge.faults(no_receipt_rate=1.0)
    keys = edge.system._gateway_environment()
    bodies = [_order(keys, number) for number in range(people)]
    connection = http.client.HTTPConnection("127.0.0.1", edge.ports.inbox)
    with edge.meter().reading("bare http.client loop") as reading:
        for body in bodies:
            connection.request("POST", SEND, body, {"Content-Type": "application/json"})
            assert b'"100"' in connection.getresponse().read()
        reading.count = people
    connection.close()
    edge.inbox.reset()
    return reading.figure()


def _order(keys: Any, number: int) -> bytes:
    text = f"Moi dong chi {number} du sinh hoat lien chi doan 19h30 ngay 12/12 tai nha van hoa Trung Ha. Tra loi 1/2"
    order = {
        "ApiKey": keys["SMS_GATEWAY_API_KEY"],
        "SecretKey": keys["SMS_GATEWAY_SECRET_KEY"],
        "Brandname": keys["SMS_BRANDNAME"],
        "SmsType": "2",
        "Sandbox": "0",
        "Phone": "0" + phone_of(number)[3:],
        "Content": text,
        "IsUnicode": "0",
        "RequestId": f"bare-{number}",
    }
    return json.dumps(order).encode()

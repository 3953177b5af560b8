"""B2: the same 10,000 SMS where the gateway takes 100 ms for each: what counts is how many calls wait at once."""

from __future__ import annotations

from tests.bench.b1_sms import send, warm_up
from tests.bench.edge import DELIVERERS, GATEWAY, notifications, running_edge
from tests.bench.figures import Findings
from tests.bench.metering import OWN

TITLE = "one event to 10,000 personal SMS, gateway of 100 ms"
LATENCY_MS, WINDOW = 100, 96
PER_SECOND, DELIVERERS_MB = 600, 200


def run(small: bool) -> Findings:
    findings = Findings("b2", TITLE)
    people = 200 if small else 10_000
    settings = {"LOG_LEVEL": "WARNING", "DELIVER_SMS_THREADS": str(WINDOW)}
    with running_edge(people, settings) as edge:
        edge.start(*notifications("consume", "deliver", "relay", "timers"))
        warm_up(edge, min(people, 500))
        sent = send(edge, people, "sending", receipts=False, latency_ms=LATENCY_MS)
    findings.figures.append(sent)
    possible = WINDOW / (LATENCY_MS / 1000)
    findings.at_least("sent, from the event on", sent.per_second, PER_SECOND, "/s")
    findings.at_most("deliverers", sent.memory[DELIVERERS], DELIVERERS_MB, "MB")
    findings.notes.append(f"window ÷ latency {possible:.0f}/s: {sent.per_second / possible:.0%} of it is used")
    findings.notes.append(f"CPU without gateway and bench {sent.cpu_per_1000(without=(GATEWAY, OWN)):.2f} s per 1,000")
    return findings

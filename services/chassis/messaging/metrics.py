"""What messaging counts. Labels are topics, partitions and reasons: never a key, an id or anything of a person."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

OUTBOX_PENDING = Gauge("outbox_pending", "Messages that wait to be published")
OUTBOX_OLDEST_SECONDS = Gauge("outbox_oldest_seconds", "Age of the oldest message that waits to be published")
OUTBOX_REFUSED = Gauge("outbox_refused", "Messages that the broker cannot take, with their aggregates' later ones")
KAFKA_UNANSWERED_SECONDS = Gauge(
    "kafka_unanswered_seconds", "For how long Kafka has owed an answer; 0 when it owes none"
)
PUBLISHED = Counter("relay_published", "Messages acknowledged by the broker", ["topic"])
REPUBLISHED = Counter("relay_republished", "States published again after a take-over", ["topic"])
CONSUMED = Counter("consumer_consumed", "Records taken from the log", ["topic"])
APPLIED = Counter("consumer_applied", "Records that were applied", ["topic"])
IGNORED = Counter("consumer_ignored", "Records that changed nothing", ["topic", "reason"])
PARKED = Counter("consumer_parked", "Records parked until their data comes", ["topic"])
DEAD_LETTERED = Counter("consumer_dead_lettered", "Records put aside for a person to look at", ["topic", "error"])
PARKED_NOW = Gauge("consumer_parked_now", "Records that are parked now")
DEAD_LETTERS_OPEN = Gauge("consumer_dead_letters_open", "Dead letters that nobody has looked at yet")
LAG = Gauge("consumer_lag", "Records between this consumer and the end of the log", ["topic", "partition"])
HALTED = Gauge("consumer_halted", "1 when the consumer stopped because too much was dead-lettered")
TIMER_RUNS = Counter("timer_runs", "Runs of a timer", ["timer", "outcome"])

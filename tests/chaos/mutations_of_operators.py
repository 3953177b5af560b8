"""Of what operators do beside the running services: `rebuild`, `republish`, `migrate`, `unused-indexes`; and mongod."""

from __future__ import annotations

from tests.chaos.mutation import REBUILDING, REPUBLISHING, UNUSED_INDEXES, Mutation

MUTATIONS = (
    Mutation(
        "republish: only what is still as it was read is told",
        "services/chassis/messaging/mongo/told_documents.py",
        'UpdateOne({"_id": one.id, "version": one.version}, seal)',
        'UpdateOne({"_id": one.id}, seal)',
        REPUBLISHING,
        real=True,
    ),
    Mutation(
        "republish: a service's own messages do not queue behind everything",
        "services/chassis/messaging/republishing.py",
        "            self._wait_for_the_relay(told.topic, at_most=self._ahead)\n",
        "",
        REPUBLISHING,
        real=True,
    ),
    Mutation(
        "rebuild: what a consumer writes meanwhile is not set back",
        "services/chassis/messaging/rebuilding.py",
        "        before = self._rows.versions()\n        for records in self._topic.batches(self._topic.ends()):\n",
        "        until = self._topic.ends()\n        before = self._rows.versions()\n"
        "        for records in self._topic.batches(until):\n",
        REBUILDING,
        real=True,
    ),
    Mutation(
        "rebuild: what was erased is not revived by an old record",
        "services/chassis/messaging/mongo/read_model_rows.py",
        "({} if row.get(ERASED) else _LIVING)",
        "{}",
        REBUILDING,
        real=True,
    ),
    Mutation(
        "rebuild: an empty topic takes nothing away",
        "services/chassis/messaging/rebuilding.py",
        "        if not known:\n            raise Refusal(",
        "        if False:\n            raise Refusal(",
        REBUILDING,
        real=True,
    ),
    Mutation(
        "unused-indexes: an operator's own index is never dropped",
        "services/chassis/messaging/mongo/unused_indexes.py",
        "for one in _there(database) & ours if",
        "for one in _there(database) if",
        UNUSED_INDEXES,
        real=True,
    ),
    Mutation(
        "migrate: an index that serves is left as it is",
        "services/chassis/messaging/mongo/collections.py",
        "return ours(known) != ours(model.document)",
        "return any(known.get(name) != model.document.get(name) for name in _OPTIONS)",
        UNUSED_INDEXES,
        real=True,
    ),
    Mutation(
        "§4: a transaction whose process was killed is ended soon",
        "deploy/local/embedded_mongod.py",
        '            f"transactionLifetimeLimitSeconds={TRANSACTION_LIFETIME_SECONDS}",\n',
        "",
        ("tests/integration/test_killed_in_a_transaction.py",),
        real=True,
    ),
)

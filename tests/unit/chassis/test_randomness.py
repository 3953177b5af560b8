"""Ids that nobody makes twice: not in other threads, not after a fork; and that sort as they were made."""

from __future__ import annotations

import os
import threading
import uuid

from chassis.context import new_uuid7
from chassis.randomness import random_bytes


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(new_uuid7())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_ids_of_one_thread_sort_as_they_were_made() -> None:
    ids = [new_uuid7() for _ in range(5_000)]
    assert ids == sorted(set(ids))


def test_threads_make_ids_of_their_own() -> None:
    made: list[list[str]] = []
    threads = [threading.Thread(target=lambda: made.append([new_uuid7() for _ in range(2_000)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id for ids in made for id in ids}) == 16_000


def test_bytes_are_given_once_and_as_many_as_were_asked_for() -> None:
    given = [random_bytes(16) for _ in range(1_000)]
    assert {len(one) for one in given} == {16}
    assert len(set(given)) == 1_000


def test_a_forked_process_does_not_give_what_its_parent_gives() -> None:
    random_bytes(8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(32))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 32) != random_bytes(32)
    os.close(reading)
    os.close(writing)

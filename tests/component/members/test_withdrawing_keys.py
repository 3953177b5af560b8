"""A private key became known: what it signed counts nowhere any more, and people can sign in at once."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.failures import Refusal
from chassis.runtime.command_line import WrongCall
from contracts.members_states import SigningKeyState
from members.application.collections import SIGNING_KEYS
from members.workers.signing_key_commands import signing_key_commands
from tests.component.members.world import ADMIN_PASSWORD, World, refused


def told(world: World, *arguments: str) -> list[str]:
    return list(signing_key_commands(world.context(), world.store, world.keys, arguments))


def states(world: World) -> list[Any]:
    return world.told(SigningKeyState)


def test_tokens_of_a_withdrawn_key_open_nothing_and_a_new_one_signs_at_once(world: World) -> None:
    before = world.admin
    (key,) = world.store.find(SIGNING_KEYS, {})
    (listed,) = told(world, "list")
    assert listed.startswith(key.id)
    said = told(world, "withdraw", key.id)
    world.pass_time(seconds=3)
    assert refused(before.get("/v1/me")) == (401, "unauthenticated")
    (fresh,) = world.store.find(SIGNING_KEYS, {})
    assert fresh.id != key.id
    assert (said[0].startswith(f"{key.id} is withdrawn"), said[1].startswith(fresh.id)) == (True, True)
    assert states(world)[-2] is None, "others hear that it is gone"
    assert states(world)[-1].key_id == fresh.id
    assert world.sign_in("quantri", ADMIN_PASSWORD).get("/v1/me").status_code == 200
    jwks = world.caller().get("/.well-known/jwks.json").json["keys"]
    assert [one["kid"] for one in jwks] == [fresh.id]


def test_a_key_that_only_waits_for_its_turn_signs_nothing_yet(world: World) -> None:
    """Near the end of the first key the next one is made; with the first gone, nobody could sign in until its day."""
    world.pass_time(days=29)
    world.run_timers()
    first, following = sorted(world.store.find(SIGNING_KEYS, {}), key=lambda key: key.signs_from)
    assert len(told(world, "withdraw", first.id)) == 2
    assert following.id in {key.id for key in world.store.find(SIGNING_KEYS, {})}
    assert world.sign_in("quantri", ADMIN_PASSWORD).get("/v1/me").status_code == 200


def test_all_are_withdrawn_together(world: World) -> None:
    world.pass_time(days=29)
    world.run_timers()
    old = {key.id for key in world.store.find(SIGNING_KEYS, {})}
    assert len(told(world, "withdraw", "all")) == 3
    assert old.isdisjoint(key.id for key in world.store.find(SIGNING_KEYS, {}))


def test_what_is_not_there_is_told_and_nothing_happens(world: World) -> None:
    (key,) = world.store.find(SIGNING_KEYS, {})
    with pytest.raises(Refusal, match="No such signing key"):
        told(world, "withdraw", key.id, "another")
    assert world.store.find(SIGNING_KEYS, {}) == [key]
    with pytest.raises(WrongCall):
        told(world, "burn")

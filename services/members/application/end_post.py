"""End a post (thôi giữ chức vụ) on a day; from then on its holder's tokens no longer carry its permissions."""

from __future__ import annotations

from datetime import date

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.members_events import PostEnded
from members.application.authority import POST, as_read, at, demand
from members.application.collections import ACCOUNTS, POSTS, SEATS
from members.application.find_accounts import account_of
from members.application.states import tell_account, tell_post
from members.domain.account import tokens_void
from members.domain.office import Post, seat_id, vacated
from members.domain.spans import revised


def end_post(
    context: Context, store: Store, id: str, *, ends: date, decision: str | None, expected: int | None
) -> Outcome[Post]:
    """The post ended: `ends` is the first day on which it is no longer held."""
    post = store.get(POSTS, id)
    if post is None:
        raise missing(*POST)
    demand(context, "posts.appoint", at(post.unit_path, post.person_id), seen_with="posts.read", what=POST)
    as_read(post, POSTS, expected)
    if post.ends is not None and post.ends <= max(ends, context.today):
        raise Refusal(
            "post-ended",
            vi=f"Chức vụ này đã kết thúc từ ngày {post.ends:%d/%m/%Y}.",
            en=f"The post ended on {post.ends} already.",
            because="conflict",
        )
    if ends < post.starts:
        raise Refusal(
            "ends-before-start",
            vi="Ngày kết thúc không được trước ngày bắt đầu.",
            en="A post can't end before it began.",
            pointer="/ends",
        )
    changes = Changes()
    ended = ended_post(context, post, ends, decision, changes)
    if (seat := store.get(SEATS, seat_id(post.unit_id, post.post))) is not None:
        changes.replace(SEATS, vacated(seat, post.id, ends))
    if ends <= context.today:
        void_tokens(context, store, post.person_id, changes)
    return Outcome(ended, changes)


def ended_post(context: Context, post: Post, ends: date, decision: str | None, changes: Changes) -> Post:
    """Add the ended post and what is told of it; return it."""
    ended = revised(post, ends=ends, ended_by=decision)
    tell_post(changes.replace(POSTS, ended), context, ended)
    event = PostEnded(post_id=post.id, person_id=post.person_id, unit_id=post.unit_id, post=post.post, ends=ends)
    publish(changes, context.message(event, key=post.id, sequence=ended.version))
    return ended


def void_tokens(context: Context, store: Store, person_id: str, changes: Changes) -> None:
    """Access tokens of the person's account no longer count; a refreshed one has the rights of today."""
    if (account := account_of(store, person_id)) is not None:
        voided = tokens_void(account, context.now)
        tell_account(changes.replace(ACCOUNTS, voided), context, voided)

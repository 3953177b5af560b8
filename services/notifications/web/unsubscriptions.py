"""`/v1/unsubscriptions/…`: refusing e-mail by the link that each mail carries (RFC 2369, one click: RFC 8058)."""

from __future__ import annotations

from flask import Response

from chassis.context import Context
from chassis.failures import missing
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.web.app import blueprint, example, public
from chassis.web.commands import Reply, run_command
from notifications.application.refusals import REFUSALS, refusal_id, refuse
from notifications.domain.delivery import DELIVERIES, Channel
from notifications.web.gateways import Kept, ProofPath
from notifications.web.parts import edge, store

unsubscriptions = blueprint("unsubscriptions", "/v1/unsubscriptions", about="Từ chối nhận thư điện tử")

_PAGE = """<!doctype html>
<html lang="vi">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ngừng nhận thư</title></head>
<body style="font-family:sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;line-height:1.6">
<h1 style="font-size:1.4rem">Ngừng nhận thư điện tử</h1>
<p>Nhịp Đoàn sẽ không gửi thư điện tử đến bạn nữa. Tin SMS vẫn gửi như thường.</p>
<form method="post"><button style="font-size:1rem;padding:.6rem 1.2rem">Ngừng nhận thư</button></form>
</body></html>
"""
_HTML = {"description": "A page with one button", "content": {"text/html": {"schema": {"type": "string"}}}}


@unsubscriptions.get("/<proof>", summary="The page behind a mail's link", responses={200: _HTML})
@public
def show_page(path: ProofPath) -> Response:
    """Asks once more: mail programs open links by themselves, so opening one changes nothing."""
    _delivery(path)
    return Response(_PAGE, content_type="text/html; charset=utf-8")


@unsubscriptions.post("/<proof>", summary="Refuse e-mail", responses={200: Kept})
@example(response=Kept(status="kept"))
@public
def unsubscribe(path: ProofPath) -> Response:
    """From now on no e-mail to this person; again is all the same."""
    id = _delivery(path)

    def decide(context: Context) -> Outcome[str]:
        row = store().get(DELIVERIES, id)
        if row is None:
            raise missing("thư", "mail")
        if store().get(REFUSALS, refusal_id(Channel.EMAIL, row.person_id)) is not None:
            return Outcome("kept")
        return Outcome("kept", refuse(Changes(), row.person_id, Channel.EMAIL, context))

    return run_command(decide, lambda status: Reply(Kept(status=status)))


def _delivery(path: ProofPath) -> str:
    id = edge().refusals.delivery(path.proof)
    if id is None:
        raise missing("thư", "mail")
    return id

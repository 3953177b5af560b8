"""Where the SMS gateway calls us: receipts and replies. What it sends holds phone numbers: none is logged."""

from __future__ import annotations

import hmac
from typing import Annotated

from flask import Response
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field

from chassis.failures import missing
from chassis.web.app import blueprint, example, public
from chassis.web.commands import Reply, rendered, run_command
from notifications.adapters.esms_gateway import parse_receipt
from notifications.application import receive_reply as use_case
from notifications.application.receipts import put_by
from notifications.web.parts import MESSAGE, edge, store

gateways = blueprint("gateways", "/v1/gateways", about="Nhà cung cấp tin nhắn gọi vào đây")

CALLS = Counter("notifications_gateway_calls_in_total", "Calls of the gateway to us", ("what", "outcome"))

Said = Annotated[str | None, Field(max_length=64)]


class ProofPath(BaseModel):
    """The last part of the address that we gave the gateway with the message: nobody can guess it."""

    proof: Annotated[str, Field(pattern="^[0-9a-f]{64}$", min_length=64, max_length=64, examples=[MESSAGE * 2])]


class ReceiptQuery(BaseModel):
    """As eSMS calls back. SendSuccess and SendFailed decide; SendStatus 5 comes with failures too."""

    model_config = ConfigDict(extra="ignore")  # the gateway may send more than we read

    SMSID: Said = None
    SendStatus: Said = None
    SendSuccess: Said = None
    SendFailed: Said = None
    TotalPrice: Said = None
    TypeId: Said = None
    telcoid: Said = None
    phonenumber: Said = Field(default=None, description="Not read: the address already names the message")


class Kept(BaseModel):
    status: str = Field(description="`kept`, or `nothing_final` where the report decides nothing yet")


@gateways.get("/esms/receipts/<proof>", summary="A receipt from eSMS", responses={200: Kept})
@example(response=Kept(status="kept"))
@public
def receive_receipt(path: ProofPath, query: ReceiptQuery) -> Response:
    """Answered once it is stored; twice, late or out of order is all the same. Any other address answers 404."""
    # The usual call does not come as far as here: receiver.py answers it.
    delivery_id = edge().receipts.delivery(path.proof)
    if delivery_id is None:
        CALLS.labels("receipt", "forged").inc()
        raise missing("tin nhắn", "message")
    receipt = parse_receipt(delivery_id, query.model_dump())
    if receipt is None:
        CALLS.labels("receipt", "nothing_final").inc()
        return rendered(Reply(Kept(status="nothing_final")))
    store().commit(put_by([receipt], edge().clock()))
    CALLS.labels("receipt", "arrived" if receipt.arrived else "lost").inc()
    return rendered(Reply(Kept(status="kept")))


class ReplyBody(BaseModel):
    """As the gateway tells of a reply. `ReceivedTime` is not relied on: gateways write it in many ways."""

    Phone: Annotated[str, Field(min_length=3, max_length=20, examples=["0912345678"])]
    Message: Annotated[str, Field(max_length=2000, examples=["1"])]
    ReceivedTime: Annotated[str, Field(max_length=40, examples=["2026-06-08 09:10:00"])] = ""
    SmsId: Annotated[str, Field(min_length=1, max_length=100, examples=["a5f0c1d2200"])]
    Key: Annotated[str, Field(max_length=200, description="The key agreed with the gateway")]


class ReplyTaken(BaseModel):
    became: str = Field(description="What the reply became: answer, opt_out, asked_which, unclear, …")


@gateways.post("/esms/replies", summary="A reply by SMS", responses={200: ReplyTaken})
@example(
    request=ReplyBody(Phone="0912345678", Message="1", SmsId="a5f0c1d2200", Key="…"),
    response=ReplyTaken(became="answer"),
)
@public
def receive_reply(body: ReplyBody) -> Response:
    """Idempotent by SmsId. With a wrong Key there is nothing here: 404."""
    if not hmac.compare_digest(body.Key.encode(), edge().gateway_key.encode()):
        CALLS.labels("reply", "forged").inc()
        raise missing("nhà cung cấp", "gateway")
    reply = use_case.Reply(sms_id=body.SmsId, phone=body.Phone, text=body.Message)

    def respond(became: str) -> Reply:
        CALLS.labels("reply", became).inc()
        return Reply(ReplyTaken(became=became))

    return run_command(lambda context: use_case.receive_reply(reply, store(), edge().desk, context), respond)

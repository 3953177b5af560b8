"""The demo inbox: what each person received, as a page and as JSON.

GET  /                                       the page
GET  /api/messages?since=<revision>          {revision, messages}; `since` 0 is everything
GET  /api/messages?person=<number or mailbox>
GET  /api/summary                            {revision, sms, emails, replies, parts, dong, refused, disturbed, …};
                                             `calls_unfinished`: receipts and replies still to be told
GET  /api/stream                             an event at every change (text/event-stream)
GET  /api/mails/<id>                         the HTML of a mail
GET  /api/attachments/<id>-<position>        an attachment
GET  /api/people                             names by number or mailbox
POST /api/people   {"+84…": "name", …}       adds names, for the page
POST /api/reply    {"phone", "text"}         a subscriber answers; goes to notifications' webhook
POST /api/faults   see gateway_faults.py     GET shows those in force
POST /api/reset                              forgets all messages, faults back to their defaults
"""

from __future__ import annotations

import asyncio
import mimetypes
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import orjson

from deploy.local.address_book import AddressBook
from deploy.local.gateway_faults import Faults
from deploy.local.http_server import Answer, HttpServer, Request, Response, json_response
from deploy.local.message_log import Kind, MessageLog, State, now
from deploy.local.sms_gateway import VIETNAMESE_MOBILE, GatewayAccount, SmsGateway
from deploy.local.smtp_sink import MailStore, attachments, html_text, plain_text
from deploy.local.web_calls import Call, WebCaller

PAGE = Path(__file__).with_name("inbox_page")
KEEP_ALIVE_SECONDS = 15.0
# A mail may show pictures of its own and styles, and do nothing else.
MAIL_POLICY = "default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'; sandbox"


class Inbox:
    """Serves the page and the JSON beside it."""

    def __init__(
        self,
        log: MessageLog,
        mails: MailStore,
        people: AddressBook,
        gateway: SmsGateway,
        caller: WebCaller,
        *,
        account: GatewayAccount,
        quiet_hours: str = "",
    ) -> None:
        self._log = log
        self._mails = mails
        self._people = people
        self._gateway = gateway
        self._caller = caller
        self._account = account
        self._quiet_hours = quiet_hours

    def add_routes(self, server: HttpServer) -> None:
        server.route("GET", "/", lambda request: _file("index.html"))
        server.route("GET", "/static/*", lambda request: _file(request.path.removeprefix("/static/")))
        server.route("GET", "/livez", lambda request: json_response({"status": "ok"}))
        server.route("GET", "/readyz", lambda request: json_response({"status": "ok"}))
        server.route("GET", "/api/info", lambda request: json_response({"quiet_hours": self._quiet_hours}))
        server.route("GET", "/api/messages", self.messages)
        server.route("GET", "/api/summary", self.summary)
        server.route("GET", "/api/stream", lambda request: LogStream(self._log))
        server.route("GET", "/api/mails/*", self.mail)
        server.route("GET", "/api/attachments/*", self.attachment)
        server.route("GET", "/api/faults", lambda request: self._show_faults())
        server.route("POST", "/api/faults", self.set_faults)
        server.route("POST", "/api/reset", self.reset)
        server.route("GET", "/api/people", lambda request: json_response(self._people.names))
        server.route("POST", "/api/people", self.add_people)
        server.route("POST", "/api/reply", self.reply)
        server.route("POST", "/gateway/esms/reply", self.reply)

    def messages(self, request: Request) -> Answer:
        found = self._log.since(int(request.query("since", "0")))
        person = request.query("person")
        if person:
            found = [message for message in found if message.person == person]
        return json_response(
            {
                "revision": self._log.revision,
                "names": len(self._people.names),
                "messages": [message.as_json() for message in found],
            }
        )

    def summary(self, request: Request) -> Answer:
        counts = dict.fromkeys(Kind, 0)
        states = dict.fromkeys(State, 0)
        parts = dong = hung_up = 0
        for message in self._log.messages:
            counts[message.kind] += 1
            if message.kind is Kind.SMS:
                states[message.state] += 1
                parts += int(str(message.facts["parts"]))
                dong += int(str(message.facts["price_dong"]))
            hung_up += "hung_up" in message.facts
        return json_response(
            {
                "revision": self._log.revision,
                "sms": counts[Kind.SMS],
                "emails": counts[Kind.EMAIL],
                "replies": counts[Kind.REPLY],
                "sms_states": {str(state): number for state, number in states.items()},
                "parts": parts,
                "dong": dong,
                "calls_unfinished": len(self._gateway.on_their_way) + self._caller.unfinished,
                "refused": dict(self._gateway.refusals),
                "disturbed": {name: times for name, times in self._gateway.disturbed.items() if times}
                | ({"mail_hangup": hung_up} if hung_up else {}),
            }
        )

    def mail(self, request: Request) -> Answer:
        message = self._log.by_id.get(int(request.path.rpartition("/")[2]))
        if message is None or message.kind is not Kind.EMAIL:
            return json_response({"error": "no such mail"}, 404)
        mail = self._mails.mail(message)
        html = html_text(mail)
        headers = {"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"}
        if html:
            return Response(html.encode(), content_type="text/html; charset=utf-8", headers=headers)
        return Response(plain_text(mail).encode(), content_type="text/plain; charset=utf-8", headers=headers)

    def attachment(self, request: Request) -> Answer:
        message_id, _, position = request.path.rpartition("/")[2].partition("-")
        message = self._log.by_id.get(int(message_id))
        found = attachments(self._mails.mail(message)) if message and message.kind is Kind.EMAIL else []
        if int(position) >= len(found):
            return json_response({"error": "no such attachment"}, 404)
        attachment = found[int(position)]
        disposition = f"attachment; filename*=UTF-8''{quote(attachment.name)}"
        return Response(
            attachment.content,
            content_type=attachment.content_type,
            headers={"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"},
        )

    def reply(self, request: Request) -> Answer:
        order = request.json()
        phone = VIETNAMESE_MOBILE.fullmatch(str(order["phone"]).replace(" ", ""))
        text = str(order["text"]).strip()
        if phone is None or not text:
            return json_response({"error": "a Vietnamese mobile number and a text are needed"}, 400)
        sms_id = uuid.uuid4().hex
        facts: dict[str, object] = {"sms_id": sms_id, "webhook_took_it": None}
        message = self._log.add(Kind.REPLY, "+84" + phone.group(1), text, State.ACCEPTED, facts)

        def done(tries: int, succeeded: bool) -> None:
            message.state = State.DELIVERED if succeeded else State.FAILED
            message.facts["webhook_took_it"] = succeeded
            self._log.changed(message)

        notice = {"Phone": message.person, "Message": text, "ReceivedTime": now(), "SmsId": sms_id}
        body = orjson.dumps({**notice, "Key": self._account.secret_key})
        self._caller.call(Call("POST", self._account.replies_url, body, done))
        return json_response({"id": message.id, "sms_id": sms_id}, 202)

    def add_people(self, request: Request) -> Answer:
        self._people.add({str(person): str(name) for person, name in request.json().items()})
        return json_response({"names": len(self._people.names)})

    def set_faults(self, request: Request) -> Answer:
        self._gateway.set_faults(Faults.model_validate_json(request.body or b"{}"))
        return self._show_faults()

    def _show_faults(self) -> Answer:
        return json_response(self._gateway.faults.model_dump())

    def reset(self, request: Request) -> Answer:
        self._log.clear()
        self._mails.forget()
        self._people.clear()
        self._gateway.remember()
        self._gateway.set_faults(Faults())
        return json_response({"revision": self._log.revision})


class LogStream:
    """Says the log's revision at every change, and something every 15 s so that nobody hangs up."""

    def __init__(self, log: MessageLog) -> None:
        self._log = log
        self._write: Callable[[bytes], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def attach(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._log.listeners.add(self._tell)
        self._tell()

    def detach(self) -> None:
        self._log.listeners.discard(self._tell)
        self._write = None
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self) -> None:
        if self._write is not None:
            self._write(b"data: %d\n\n" % self._log.revision)
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(KEEP_ALIVE_SECONDS, self._tell)


def _file(name: str) -> Response:
    path = PAGE / name
    if path.parent != PAGE or not path.is_file():
        return json_response({"error": "no such file"}, 404)
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return Response(path.read_bytes(), content_type=content_type, headers={"Cache-Control": "no-cache"})

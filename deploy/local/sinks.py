"""The process that stands for the outside world: SMS gateway, mail server and the demo inbox.

`python -m deploy.local.sinks`, set by the environment: INBOX_PORT, SMTP_PORT, SINK_DIRECTORY,
SMS_GATEWAY_API_KEY, SMS_GATEWAY_SECRET_KEY, SMS_BRANDNAME, CALLBACK_URL (the notifications service, for
replies), QUIET_HOURS (shown on the page), SMS_SINK_FAULTS (see gateway_faults.py).
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.address_book import AddressBook
from deploy.local.gateway_faults import Faults
from deploy.local.http_server import HttpServer
from deploy.local.inbox import Inbox
from deploy.local.message_log import MessageLog
from deploy.local.ports import LOOPBACK
from deploy.local.sms_gateway import GatewayAccount, SmsGateway
from deploy.local.smtp_sink import MailStore, SmtpSink
from deploy.local.web_calls import WebCaller

DEFAULT_INBOX_PORT = 8190
DEFAULT_SMTP_PORT = 8125


async def run(environment: Mapping[str, str]) -> None:
    """Serves until SIGTERM or SIGINT. Raises OSError when a port is taken."""
    directory = Path(environment.get("SINK_DIRECTORY", ".local/data/sinks"))
    log, mails, caller = MessageLog(directory), MailStore(directory), WebCaller()
    callback_url = environment.get("CALLBACK_URL", "")
    account = GatewayAccount(
        api_key=environment["SMS_GATEWAY_API_KEY"],
        secret_key=environment["SMS_GATEWAY_SECRET_KEY"],
        brandname=environment.get("SMS_BRANDNAME", ""),
        replies_url=f"{callback_url}/v1/gateways/esms/replies",
    )
    gateway = SmsGateway(log, caller, account, Faults())
    gateway.set_faults(Faults.model_validate_json(environment.get("SMS_SINK_FAULTS") or "{}"))
    inbox = Inbox(
        log,
        mails,
        AddressBook(directory),
        gateway,
        caller,
        account=account,
        quiet_hours=environment.get("QUIET_HOURS", ""),
    )
    web = HttpServer()
    gateway.add_routes(web)
    inbox.add_routes(web)
    host = environment.get("SINK_HOST", LOOPBACK)
    mail_server = SmtpSink(log, mails, lambda: gateway.faults)
    servers = [
        await web.listen(host, int(environment.get("INBOX_PORT", DEFAULT_INBOX_PORT))),
        await mail_server.listen(host, int(environment.get("SMTP_PORT", DEFAULT_SMTP_PORT))),
    ]
    caller.start()
    await _asked_to_stop()
    for server in servers:
        server.close()
    web.close_connections()
    await caller.close()
    log.close()


async def _asked_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def main() -> None:
    gc.freeze()  # what was imported stays; collections then cost less
    try:
        asyncio.run(run(os.environ))
    except OSError as error:
        sys.exit(f"The sinks could not start: {error.strerror or error}.")


if __name__ == "__main__":
    main()

"""The table that `make run` ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.system import SystemUrls

Row = tuple[str, str]


def summary(
    urls: SystemUrls, accounts: Sequence[Mapping[str, str]], log: Path, *, quiet_hours: str, seconds: float
) -> str:
    """What runs and where. `accounts` have `account`, `password` and `who`."""
    quiet = f"quiet hours are {quiet_hours}" if quiet_hours else "quiet hours are off: messages go out at night too"
    rows: list[Row | None] = [
        ("Demo inbox", urls.inbox),
        ("", f"each person's SMS and e-mails; {quiet}"),
        None,
        ("members", f"{urls.members}/openapi"),
        ("scheduling", f"{urls.scheduling}/openapi"),
        ("notifications", f"{urls.notifications}/openapi"),
        None,
        ("Account", f"{urls.admin_account} / {urls.admin_password}   quản trị"),
        *(("", f"{one['account']} / {one['password']}   {one.get('who', '')}") for one in accounts),
        None,
        ("Logs", str(log)),
        ("Ctrl-C", "stops everything; the next `make run` goes on with the data, `make reset` clears it"),
    ]
    return table(f"Nhịp Đoàn runs ({seconds:.0f} s)", rows)


def table(title: str, rows: Sequence[Row | None]) -> str:
    """Two columns in a frame; None draws a line."""
    left = max(len(row[0]) for row in rows if row)
    right = max([len(title) - left, *(len(row[1]) for row in rows if row)])
    line = "─" * (left + right + 6)
    body = [f"│  {row[0]:<{left}}  {row[1]:<{right}}  │" if row else f"├{line}┤" for row in rows]
    return "\n".join(["", f"╭{line}╮", f"│  {title:<{left + right + 2}}  │", f"├{line}┤", *body, f"╰{line}╯", ""])

"""Plays the demo: founds the district, then a commune's month, all through the public API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import urllib3

from deploy.local.demo.api import Session
from deploy.local.demo.founding import Founded, accounts_to_show, found
from deploy.local.demo.month import Month, Player
from deploy.local.district.offices import load_district
from deploy.local.system import SystemUrls


def play(urls: SystemUrls, tell: Callable[[str], None] = print) -> list[dict[str, str]]:
    """The whole demo; the accounts to show. Raises CannotStart where the system refuses a step."""
    founded, _ = play_month(urls, tell)
    return accounts_to_show(founded)


def play_month(urls: SystemUrls, tell: Callable[[str], None]) -> tuple[Founded, Month]:
    """The district as founded and the month as played, for the system test to count against."""
    http = urllib3.PoolManager(maxsize=4, timeout=30.0, retries=False)
    admin = Session(urls, http, urls.admin_account, urls.admin_password)
    founded = Founded(urls, http, load_district(), urls.demo_password, admin)
    found(founded, tell)
    return founded, Player(founded, datetime.now(UTC), tell).play()

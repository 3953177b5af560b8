"""Serves a web application with gunicorn: threads, or an event loop, in one worker or several that share nothing."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # gunicorn has no types
from prometheus_client import multiprocess

from chassis.runtime.logging import configure_logging
from chassis.runtime.metrics import MULTIPROCESS_DIR
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.shutdown import GRACE_SECONDS
from chassis.runtime.slow_clients import ImpatientLoopWorker, impatient

_SHARED_METRICS = "web-metrics-"
_LOOP_KEEPS_ALIVE = 5
"""Seconds; asked to end, an event loop waits for so long until idle connections are closed."""


def run_gunicorn(
    service: str,
    app_factory: Callable[[], object],
    settings: ServiceSettings,
    *,
    process: str = "web",
    in_event_loop: bool = False,
) -> None:
    """Serve until SIGTERM. `app_factory` is called in each worker, after the fork: there it opens its database.

    It makes a WSGI application, or an ASGI one for `in_event_loop`.
    """
    if settings.web_workers > 1 and MULTIPROCESS_DIR not in os.environ:
        _begin_again_with_shared_metrics()
    arbiter = os.getpid()
    try:
        _Server(service, process, app_factory, options(settings, in_event_loop=in_event_loop), settings.log_level).run()
    finally:
        folder = os.environ.get(MULTIPROCESS_DIR, "")  # workers come by here too
        if os.getpid() == arbiter and os.path.basename(folder).startswith(_SHARED_METRICS):
            shutil.rmtree(folder, ignore_errors=True)


def _begin_again_with_shared_metrics() -> NoReturn:
    # prometheus_client decides when it is imported whether values are shared, and by now it was imported.
    os.environ[MULTIPROCESS_DIR] = tempfile.mkdtemp(prefix=_SHARED_METRICS)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # this program again, as it was called


class QuietLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own words, through the root logger as JSON; requests are logged by the app."""

    def setup(self, cfg: Any) -> None:
        self.cfg, self.loglevel, self._access_log_enabled = cfg, logging.WARNING, False
        for logger in (self.error_log, self.access_log):
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.WARNING)

    def reopen_files(self) -> None:
        """There are none."""

    def close_on_exec(self) -> None:
        """There are none."""


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(
        self, service: str, process: str, app_factory: Callable[[], object], options: dict[str, Any], log_level: str
    ) -> None:
        self._log_as, self._app_factory, self._options = (service, process, log_level), app_factory, options
        configure_logging(*self._log_as)
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("post_fork", self._post_fork)
        self.cfg.set("child_exit", _child_exit)

    def load(self) -> object:
        return self._app_factory()

    def _post_fork(self, _: Any, __: Any) -> None:
        configure_logging(*self._log_as)


def options(settings: ServiceSettings, *, in_event_loop: bool = False) -> dict[str, Any]:
    """gunicorn's options."""
    impatience = impatient(settings.web_stall_seconds, settings.web_receive_seconds)
    return {
        "bind": f"{settings.bind_address}:{settings.port}",
        "workers": settings.web_workers,
        "threads": 1 if in_event_loop else settings.web_threads,
        "worker_class": ImpatientLoopWorker if in_event_loop else impatience,
        "asgi_loop": "asyncio",
        "asgi_lifespan": "off",
        "worker_connections": 1_000,
        "timeout": 30,
        "graceful_timeout": int(GRACE_SECONDS) - 2,
        "keepalive": _LOOP_KEEPS_ALIVE if in_event_loop else 15,
        "backlog": 512,
        "accesslog": None,
        "logger_class": QuietLogger,
        "preload_app": False,
        "limit_request_line": 4_094,
        "limit_request_fields": 64,
        "limit_request_field_size": 12_000,
        "worker_tmp_dir": "/dev/shm" if sys.platform == "linux" and os.path.isdir("/dev/shm") else None,  # noqa: S108  # gunicorn's advice: its heartbeat must not wait for a disk
        "control_socket_disable": True,
    }


def _child_exit(_: Any, worker: Any) -> None:
    if MULTIPROCESS_DIR in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus_client has none here

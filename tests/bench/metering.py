"""Time, CPU and memory of a piece of work, read from the process tree: broker and database included."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil

from tests.bench.figures import Figure, percentile

LOOK_SECONDS = 0.1
OWN = "bench"
"""This process: whatever runs in it is part of what is measured, and shown under this name."""


class Reading:
    """Filled while the work goes on; `figure` afterwards."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self.latencies_ms: list[float] = []
        self.seconds = 0.0
        self.cpu: dict[str, float] = {}
        self.memory: dict[str, float] = {}

    def figure(self) -> Figure:
        timed = self.latencies_ms
        return Figure(
            self.name,
            self.count,
            self.seconds,
            cpu={group: round(spent, 4) for group, spent in self.cpu.items()},
            memory={group: round(size, 1) for group, size in self.memory.items()},
            p50_ms=percentile(timed, 0.5) if timed else None,
            p99_ms=percentile(timed, 0.99) if timed else None,
        )


def joined(readings: Sequence[Reading]) -> Figure:
    """Several readings of the same work as one figure."""
    whole = Reading(readings[0].name)
    for reading in readings:
        whole.count += reading.count
        whole.seconds += reading.seconds
        whole.latencies_ms += reading.latencies_ms
        for group in reading.cpu:
            whole.cpu[group] = whole.cpu.get(group, 0.0) + reading.cpu[group]
            whole.memory[group] = max(whole.memory.get(group, 0.0), reading.memory.get(group, 0.0))
    return whole.figure()


class Meter:
    """Knows which processes belong to which group; children are counted with their parents."""

    def __init__(self, groups: Mapping[str, Iterable[int]] | None = None, *, own: str = OWN) -> None:
        self._groups = {group: list(pids) for group, pids in (groups or {}).items()}
        self._own = own

    def add(self, group: str, *pids: int) -> None:
        self._groups.setdefault(group, []).extend(pids)

    @contextmanager
    def reading(self, name: str) -> Iterator[Reading]:
        """Measures what happens inside; a `seconds` that the work sets itself is kept."""
        reading = Reading(name)
        before = self._cpu()
        stop, peak = threading.Event(), self._memory()
        watcher = threading.Thread(target=self._watch, args=(stop, peak), daemon=True)
        watcher.start()
        began = time.perf_counter()
        try:
            yield reading
        finally:
            took = time.perf_counter() - began
            stop.set()
            watcher.join()
        after = self._cpu()
        reading.seconds = reading.seconds or took
        reading.cpu = {group: after[group] - before.get(group, 0.0) for group in after}
        reading.memory = peak

    def _watch(self, stop: threading.Event, peak: dict[str, float]) -> None:
        while not stop.wait(LOOK_SECONDS):
            for group, size in self._memory().items():
                peak[group] = max(peak.get(group, 0.0), size)

    def _cpu(self) -> dict[str, float]:
        spent = {self._own: sum(os.times()[:2])}
        for group in self._groups:
            spent[group] = sum(_cpu_seconds(process) for process in self._processes(group))
        return spent

    def _memory(self) -> dict[str, float]:
        sizes = {self._own: _megabytes(psutil.Process())}
        for group in self._groups:
            sizes[group] = sum(_megabytes(process) for process in self._processes(group))
        return sizes

    def _processes(self, group: str) -> list[psutil.Process]:
        found: dict[int, psutil.Process] = {}
        for pid in self._groups[group]:
            try:
                process = psutil.Process(pid)
                for one in (process, *process.children(recursive=True)):
                    found[one.pid] = one
            except psutil.NoSuchProcess:
                continue
        return list(found.values())


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _megabytes(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1_000_000
    except psutil.NoSuchProcess:
        return 0.0

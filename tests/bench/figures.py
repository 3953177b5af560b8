"""What a benchmark found: figures, each with what it is compared with, in a form that JSON keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One thing measured. CPU seconds and peak resident megabytes are per group of processes."""

    name: str
    count: int
    seconds: float
    cpu: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def per_second(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    def cpu_per_1000(self, *groups: str, without: Sequence[str] = ()) -> float:
        """CPU seconds per 1,000 of these groups, or of all but `without`."""
        wanted = groups or tuple(group for group in self.cpu if group not in without)
        return sum(self.cpu.get(group, 0.0) for group in wanted) / max(self.count, 1) * 1000


@dataclass(frozen=True)
class Verdict:
    """A value beside its target. `at_least`: the target is a lower bound, else an upper one."""

    what: str
    value: float
    target: float
    unit: str
    at_least: bool

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass
class Findings:
    """All that one run of one benchmark found. `notes` are sentences that a reader of the figures needs."""

    bench: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def at_least(self, what: str, value: float, target: float, unit: str) -> None:
        self.verdicts.append(Verdict(what, value, target, unit, at_least=True))

    def at_most(self, what: str, value: float, target: float, unit: str) -> None:
        self.verdicts.append(Verdict(what, value, target, unit, at_least=False))

    def as_json(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "title": self.title,
            "figures": [
                {**asdict(figure), "per_second": figure.per_second, "cpu_per_1000": figure.cpu_per_1000()}
                for figure in self.figures
            ],
            "verdicts": [{**asdict(verdict), "met": verdict.met} for verdict in self.verdicts],
            "notes": self.notes,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all are not above; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]

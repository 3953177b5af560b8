"""State machines as tables: state × command → next state and the event that tells it. Docs are drawn from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from chassis.failures import Refusal
from contracts.model import Contract

S = TypeVar("S", bound=StrEnum)
C = TypeVar("C", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """Where a command leads, and the event it is told by; None where nobody outside needs to know."""

    to: S
    event: type[Contract] | None = None


@dataclass(frozen=True)
class StateTable(Generic[S, C]):
    """One machine. What is not in `steps` is refused.

    vi / en     how the thing is called in a refusal, e.g. `cuộc họp` / `meeting`
    states      every state in Vietnamese, as a predicate: `đã bị hủy`
    commands    every command in Vietnamese, as a verb phrase: `dời cuộc họp`
    """

    vi: str
    en: str
    states: Mapping[S, str]
    commands: Mapping[C, str]
    steps: Mapping[tuple[S, C], Step[S]]

    def allows(self, state: S, command: C) -> bool:
        return (state, command) in self.steps

    def after(self, state: S, command: C) -> S:
        """The next state. Raises Refusal `wrong-state` (409), which names the state and what is possible instead."""
        step = self.steps.get((state, command))
        if step is None:
            raise self._refusal(state, command)
        return step.to

    def open_states(self, command: C) -> tuple[S, ...]:
        """The states from which `command` is possible."""
        return tuple(state for state in self.states if (state, command) in self.steps)

    def mermaid(self) -> Iterable[str]:
        """The lines of a Mermaid state diagram of this table."""
        yield "stateDiagram-v2"
        for (state, command), step in self.steps.items():
            told = f" / {step.event.__name__}" if step.event else ""
            yield f"    {state.value} --> {step.to.value}: {command.value}{told}"

    def _refusal(self, state: S, command: C) -> Refusal:
        possible = [listed for listed in self.commands if (state, listed) in self.steps]
        instead_vi = "; ".join(self.commands[listed] for listed in possible) or "không còn thao tác nào"
        instead_en = ", ".join(listed.value for listed in possible) or "nothing more"
        return Refusal(
            "wrong-state",
            vi=f"Không thể {self.commands[command]}: {self.vi} {self.states[state]}. Có thể: {instead_vi}.",
            en=f"Cannot {command.value}: the {self.en} is {state.value}. Possible: {instead_en}.",
            because="conflict",
        )

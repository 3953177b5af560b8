"""The command line that all services share: `python -m <service> <process>` and `python -m <service> <command> …`.

A process takes no arguments and runs until it is told to stop (`migrate` until it is done). A command is an operator's:
it takes arguments and says what it did, line by line, on standard output.

Exit codes: 0 done, 1 it could not be done (standard error says why), 2 the call or the environment is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from chassis.failures import Refusal, Unavailable
from chassis.runtime.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)

Process = Callable[[S], None]
Command = Callable[[S, Sequence[str]], Iterable[str]]

DONE, NOT_DONE, WRONGLY_CALLED, INTERRUPTED = 0, 1, 2, 130


class WrongCall(Exception):
    """A command was given arguments that it does not understand; the message is how to call it, after its service."""


@dataclass(frozen=True)
class CommandLine(Generic[S]):
    """What `python -m <service>` offers. `settings` reads the environment and raises pydantic's ValidationError."""

    service: str
    settings: Callable[[], S]
    processes: Mapping[str, Process[S]]
    commands: Mapping[str, Command[S]] = field(default_factory=dict)

    def run(self, arguments: Sequence[str]) -> int:
        """Do what the arguments say, to its end; the exit code."""
        name, rest = (arguments[0], arguments[1:]) if arguments else ("", ())
        process, command = self.processes.get(name), self.commands.get(name)
        if (process is None and command is None) or (process is not None and rest):
            _say_wrong(self.usage())
            return WRONGLY_CALLED
        try:
            settings = self.settings()
        except ValidationError as error:
            _say_wrong(*self._wrong_in(error))
            return WRONGLY_CALLED
        try:
            if process is not None:
                process(settings)
            elif command is not None:
                for line in command(settings, rest):
                    sys.stdout.write(line + "\n")
                    sys.stdout.flush()
        except WrongCall as wrong:
            _say_wrong(f"usage: python -m {self.service} {wrong}")
            return WRONGLY_CALLED
        except (Refusal, Unavailable) as refused:
            _say_wrong(f"{self.service}: {refused}")
            return NOT_DONE
        except KeyboardInterrupt:
            _say_wrong(f"{self.service}: interrupted")
            return INTERRUPTED
        return DONE

    def usage(self) -> str:
        """How to call it: all processes, then the commands, which take arguments."""
        offered = [*self.processes, *(f"{command} …" for command in self.commands)]
        return f"usage: python -m {self.service} {' | '.join(offered)}"

    def _wrong_in(self, error: ValidationError) -> Iterable[str]:
        """Which variables are wrong and why, never what stands in them."""
        for wrong in error.errors(include_input=False):
            name = ".".join(map(str, wrong["loc"])).upper()
            yield f"{self.service}: environment variable {name}: {wrong['msg']}"


def _say_wrong(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(line + "\n")

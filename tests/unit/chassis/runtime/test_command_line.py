"""`python -m <service> …`: what is wrong with a call or its environment is one clear line, and the exit code tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from pydantic import Field

from chassis.failures import Refusal, Unavailable
from chassis.runtime.command_line import CommandLine, WrongCall
from chassis.runtime.settings import ServiceSettings

RAN: list[str] = []


class ParlourSettings(ServiceSettings):
    secret: str = Field(min_length=8)


def sweep(settings: ParlourSettings) -> None:
    RAN.append(settings.mongodb_database)


def serve(_: ParlourSettings, arguments: Sequence[str]) -> Iterable[str]:
    match list(arguments):
        case ["tea"]:
            yield "tea is served"
        case ["coffee"]:
            raise Refusal("no-coffee", vi="Hết cà phê.", en="There is no coffee.")
        case ["cake"]:
            yield "the first piece"
            raise Unavailable("the kitchen does not answer")
        case ["nothing"]:
            raise KeyboardInterrupt
        case _:
            raise WrongCall("serve tea | coffee | cake")


LINE = CommandLine("parlour", ParlourSettings, {"sweep": sweep}, {"serve": serve})


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    RAN.clear()
    for name, value in {"MONGODB_URI": "mongodb://x", "MONGODB_DATABASE": "parlour", "SECRET": "long enough"}.items():
        monkeypatch.setenv(name, value)


def test_a_process_runs_to_its_end() -> None:
    assert LINE.run(["sweep"]) == 0
    assert RAN == ["parlour"]


def test_a_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert LINE.run(["serve", "tea"]) == 0
    assert capsys.readouterr().out == "tea is served\n"


@pytest.mark.parametrize("arguments", [[], ["dance"], ["sweep", "twice"]])
def test_a_wrong_call_is_told_all_that_there_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert LINE.run(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m parlour sweep | serve …\n"
    assert RAN == []


def test_a_command_that_does_not_understand_its_arguments_says_how_to_call_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert LINE.run(["serve", "soup"]) == 2
    assert capsys.readouterr().err == "usage: python -m parlour serve tea | coffee | cake\n"


@pytest.mark.parametrize(("dish", "said"), [("coffee", "There is no coffee."), ("cake", "the kitchen does not answer")])
def test_what_could_not_be_done_is_a_sentence_and_no_trace(
    dish: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert LINE.run(["serve", dish]) == 1
    assert capsys.readouterr().err == f"parlour: {said}\n"


def test_an_interrupted_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert LINE.run(["serve", "nothing"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_every_wrong_variable_is_named_and_none_is_quoted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MONGODB_URI")
    monkeypatch.setenv("SECRET", "hush")
    assert LINE.run(["sweep"]) == 2
    said = capsys.readouterr().err
    assert "environment variable MONGODB_URI" in said
    assert "environment variable SECRET" in said
    assert "hush" not in said

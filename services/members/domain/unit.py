"""A unit of the organisation (đơn vị): an immutable identity with dated facts about its name, kind and place."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from chassis.failures import Refusal
from chassis.storage.documents import Document
from members.domain.names import natural_sort_key, words
from members.domain.spans import Span, holds_on, revised

HOLDS_PEOPLE = frozenset({"branch", "direct_branch", "subgroup"})
"""Kinds of units that people belong to; whoever belongs to one belongs to all above it."""


class UnitFact(Span):
    """What a unit was called and where it stood for a while. `kind` is a key of grammar.yaml."""

    name: str
    short_name: str
    code: str | None = None
    kind: str
    parent_id: str | None = None
    decision: str | None = None


class Unit(Document):
    """A unit with all its facts, oldest first, without a gap between them; an ended last fact means it was dissolved.

    `unit_path` is the ids from the root down to this unit as the tree stood when it was last worked out.
    """

    facts: tuple[UnitFact, ...]
    unit_path: tuple[str, ...]
    clusters: tuple[str, ...] = ()
    pilot: bool = False
    meets_every_months: int = 1
    meeting_consent: str | None = None
    predecessors: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()
    sort_key: str
    words: tuple[str, ...]

    def on(self, day: date) -> UnitFact | None:
        """The facts that held on a day; None before it was founded and after it was dissolved."""
        return next((fact for fact in self.facts if holds_on(fact, day)), None)

    def nearest(self, day: date) -> UnitFact:
        """The facts on a day, else the ones nearest to it: a unit can always be named."""
        return self.on(day) or (self.facts[0] if day < self.facts[0].starts else self.facts[-1])

    @property
    def founded(self) -> date:
        return self.facts[0].starts

    @property
    def dissolved(self) -> date | None:
        return self.facts[-1].ends


def new_unit(id: str, fact: UnitFact, path: tuple[str, ...], **traits: object) -> Unit:
    return Unit.model_validate(
        {"id": id, "facts": (fact,), "unit_path": (*path, id), **_search([fact]), **traits},
    )


def with_fact(unit: Unit, fact: UnitFact) -> Unit:
    """The unit with new facts from `fact.starts` on. Raises Refusal when that day is not after the last facts'."""
    last = unit.facts[-1]
    if last.ends is not None:
        raise Refusal(
            "unit-dissolved",
            vi=f"Đơn vị đã giải thể từ ngày {last.ends:%d/%m/%Y}, không đổi được nữa.",
            en=f"The unit was dissolved on {last.ends}; it can't be changed.",
            because="conflict",
        )
    if fact.starts <= last.starts:
        raise Refusal(
            "not-after-last-change",
            vi=f"Ngày hiệu lực phải sau lần thay đổi gần nhất ({last.starts:%d/%m/%Y}).",
            en=f"The day must come after the latest change ({last.starts}).",
            pointer="/starts",
        )
    facts = (*unit.facts[:-1], last.model_copy(update={"ends": fact.starts}), fact)
    return revised(unit, facts=facts, **_search(facts))


def dissolved(unit: Unit, on: date, decision: str | None) -> Unit:
    """The unit with its last facts ended on `on`. Raises Refusal when it had ended or had not begun by then."""
    last = unit.facts[-1]
    if last.ends is not None:
        raise Refusal(
            "unit-dissolved",
            vi=f"Đơn vị đã giải thể từ ngày {last.ends:%d/%m/%Y}.",
            en=f"The unit was dissolved on {last.ends} already.",
            because="conflict",
        )
    if on <= last.starts:
        raise Refusal(
            "not-after-last-change",
            vi=f"Ngày giải thể phải sau lần thay đổi gần nhất ({last.starts:%d/%m/%Y}).",
            en=f"The day must come after the latest change ({last.starts}).",
            pointer="/on",
        )
    ended = last.model_copy(update={"ends": on, "decision": decision or last.decision})
    return revised(unit, facts=(*unit.facts[:-1], ended))


def _search(facts: tuple[UnitFact, ...] | list[UnitFact]) -> dict[str, object]:
    """Searched by every name it ever had, sorted by the latest one."""
    return {
        "sort_key": natural_sort_key(facts[-1].name),
        "words": words(*(name for fact in facts for name in (fact.name, fact.short_name))),
    }


class Stage(StrEnum):
    """Whose copies of a path are worked out anew, in this order."""

    UNITS = "units"
    PEOPLE = "people"
    POSTS = "posts"
    PORTFOLIOS = "portfolios"
    ACCOUNTS = "accounts"
    CLIENTS = "clients"
    IMPORTS = "imports"


class PathChange(Document):
    """Work to do from `due` on: a unit moved, so every path that leads through it is to be worked out anew.

    `stage` and `after` (the last id done in it) say how far it has come; a crash in the middle is resumed there.
    """

    unit_id: str
    due: date
    stage: Stage = Stage.UNITS
    after: str = ""

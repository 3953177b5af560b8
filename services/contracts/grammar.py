"""The grammar of the organisation (grammar.yaml), read and checked once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator


class UnitKind(BaseModel):
    """A kind of unit: its Vietnamese name and the kinds it may stand under. A group holds units without owning them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vi: str
    under: list[str]
    groups_only: bool = False


class Post(BaseModel):
    """A post: its Vietnamese name, the kinds of units that have it, and what its holder may do."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    vi: str
    kinds: list[str] = Field(alias="in")
    permissions: list[str]
    at_most: int | None = None
    standing: bool = False
    """Belongs to thường trực (bí thư and phó bí thư): attends every briefing."""
    committee: bool = False
    """A member of the standing committee (BTV) beside thường trực."""


class Grammar(BaseModel):
    """Everything that grammar.yaml says. Permissions are written ``verb@scope``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit_kinds: dict[str, UnitKind]
    posts: dict[str, Post]
    everyone: list[str]
    permissions: dict[str, list[str]]
    partner_scopes: list[str]

    @model_validator(mode="after")
    def _names_exist(self) -> Grammar:
        for name, post in self.posts.items():
            if unknown := set(post.kinds) - set(self.unit_kinds):
                raise ValueError(f"post {name} stands in unknown unit kinds {sorted(unknown)}")
        for name, kind in self.unit_kinds.items():
            if unknown := set(kind.under) - set(self.unit_kinds):
                raise ValueError(f"unit kind {name} stands under unknown kinds {sorted(unknown)}")
        return self

    @property
    def verbs(self) -> frozenset[str]:
        """Every verb that any post or client can have."""
        lists = [self.everyone, self.partner_scopes, *self.permissions.values()]
        return frozenset(permission.partition("@")[0] for listed in lists for permission in listed)


@cache
def grammar() -> Grammar:
    """The grammar. Raises ValueError where grammar.yaml contradicts itself."""
    text = (files("contracts") / "grammar.yaml").read_text(encoding="utf-8")
    written: dict[str, Any] = yaml.safe_load(text)
    for post in written["posts"].values():
        post["permissions"] = written["permissions"][post["permissions"]]
    return Grammar.model_validate(written)

"""Everything that members stores. Beside each index stands the query it serves; no query scans or sorts in memory."""

from __future__ import annotations

from chassis.storage.documents import Index, Kind
from members.domain.account import Account, Client, RefreshToken
from members.domain.office import Post, Seat
from members.domain.people_import import ImportFile, ImportRow, PeopleImport
from members.domain.person import Erasure, Person
from members.domain.portfolio import Charge, Portfolio
from members.domain.signing_key import SigningKey
from members.domain.unit import PathChange, Unit

UNITS = Kind(
    "units",
    Unit,
    (
        Index((("unit_path", 1), ("sort_key", 1), ("_id", 1))),  # what a principal may see, by name; a whole subtree
        Index((("unit_path", 1), ("_id", 1))),  # a subtree whose paths are worked out anew
        Index((("facts.parent_id", 1), ("sort_key", 1), ("_id", 1))),  # the units right under one
        Index((("facts.code", 1), ("_id", 1))),  # by official code
        Index((("clusters", 1), ("sort_key", 1), ("_id", 1))),  # the units of a cluster
        Index((("words", 1), ("sort_key", 1), ("_id", 1))),  # search by words of the name
    ),
)

PATH_CHANGES = Kind("path_changes", PathChange, (Index((("due", 1), ("_id", 1))),))  # what is due by now

PEOPLE = Kind(
    "people",
    Person,
    (
        Index((("unit_path", 1), ("sort_key", 1), ("_id", 1))),  # lists of a subtree, by given name
        Index((("unit_ids", 1), ("sort_key", 1), ("_id", 1))),  # lists of exactly one branch, by given name
        Index((("words", 1), ("sort_key", 1), ("_id", 1))),  # search by words of the name
        Index((("sort_key", 1), ("_id", 1))),  # search by how the given name begins, beside its words
        Index((("unit_path", 1), ("_id", 1))),  # a subtree whose paths are worked out anew
    ),
)
ERASURES = Kind("erasures", Erasure)  # by id only: all of them, when states are told again

POSTS = Kind(
    "posts",
    Post,
    (
        Index((("unit_path", 1), ("_id", 1))),  # posts of a subtree
        Index((("unit_id", 1), ("post", 1), ("_id", 1))),  # posts of one unit
        Index((("person_id", 1), ("_id", 1))),  # posts of one person: for tokens
    ),
)
SEATS = Kind("seats", Seat)  # by id only: unit and post

PORTFOLIOS = Kind(
    "portfolios",
    Portfolio,
    (
        Index((("unit_path", 1), ("_id", 1))),  # portfolios of a commune
        Index((("branch_id", 1), ("_id", 1))),  # who was in charge of a branch
        Index((("person_id", 1), ("_id", 1))),  # portfolios of one person: for tokens
    ),
)
CHARGES = Kind("charges", Charge)  # by id only: the branch

ACCOUNTS = Kind(
    "accounts",
    Account,
    (
        Index((("username", 1),), unique=True),  # signing in
        Index((("person_id", 1),), unique=True, only={"kind": "person"}),  # one account a person
        Index((("unit_path", 1), ("username", 1), ("_id", 1))),  # accounts of a subtree
        Index((("unit_path", 1), ("_id", 1))),  # a subtree whose paths are worked out anew
    ),
)
CLIENTS = Kind(
    "clients",
    Client,
    (
        Index((("unit_path", 1), ("sort_key", 1), ("_id", 1))),  # clients of a subtree
        Index((("unit_path", 1), ("_id", 1))),  # a subtree whose paths are worked out anew
    ),
)
REFRESH_TOKENS = Kind(
    "refresh_tokens",
    RefreshToken,
    (
        Index((("family", 1), ("_id", 1))),  # the chain that is revoked when one of its links is used twice
        Index((("expires", 1),), expires_after=0),
    ),
)
SIGNING_KEYS = Kind("signing_keys", SigningKey, (Index((("expires", 1), ("_id", 1))),))  # the few that still verify

IMPORTS = Kind(
    "imports",
    PeopleImport,
    (
        Index((("unit_path", 1), ("_id", -1))),  # imports of a subtree, latest first
        Index((("state", 1), ("_id", 1))),  # the ones to carry out
        Index((("unit_id", 1), ("sha256", 1)), unique=True, only={"active": True}),  # the same file twice at once
    ),
)
IMPORT_FILES = Kind("import_files", ImportFile, (Index((("expires_at", 1),), expires_after=0),))
IMPORT_ROWS = Kind(
    "import_rows",
    ImportRow,
    (
        Index((("import_id", 1), ("_id", 1))),  # all rows in the file's order (ids sort as rows do)
        Index((("import_id", 1), ("state", 1), ("_id", 1))),  # the queue “cần xem lại”; what is to be carried out
        Index((("import_id", 1), ("verdict", 1), ("_id", 1))),  # rows by verdict
        Index((("import_id", 1), ("values.birth_year", 1), ("_id", 1))),  # whom a corrected row may equal
        Index((("person_id", 1), ("_id", 1))),  # what is to be blanked when a person is erased
        Index((("expires_at", 1),), expires_after=0),
    ),
)

KINDS = (
    UNITS,
    PATH_CHANGES,
    PEOPLE,
    ERASURES,
    POSTS,
    SEATS,
    PORTFOLIOS,
    CHARGES,
    ACCOUNTS,
    CLIENTS,
    REFRESH_TOKENS,
    SIGNING_KEYS,
    IMPORTS,
    IMPORT_FILES,
    IMPORT_ROWS,
)
"""All of members' own collections; `migrate` makes them."""

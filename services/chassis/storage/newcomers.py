"""Whether the documents of a large batch are likely to be there already: what to ask the database first."""

from __future__ import annotations


class Newcomers:
    """Of which kinds the last large batch was wholly new.

    The first reading of a topic brings new documents only, and to ask for each whether it is there finds nothing; a
    repeated one brings none, and to insert them costs the server a rolled back group and then each by itself. Batches
    resemble the one before, so that one memory of it tells which way is the short one; either way gives the same
    result. Safe for threads.
    """

    def __init__(self) -> None:
        self._of: set[str] = set()

    def expected(self, kind: str) -> bool:
        """Whether to insert first. False for a kind of which nothing is known."""
        return kind in self._of

    def note(self, kind: str, *, all_new: bool) -> None:
        """What the batch turned out to be."""
        if all_new:
            self._of.add(kind)
        else:
            self._of.discard(kind)

"""How often a worker looks for reference cycles.

Every record and every row is a handful of small objects that reference counting frees; looking through all of them for
cycles every 700 allocations, as Python does by itself, was a quarter of a consumer's time and found nothing. A batch of
2,000 records is some 65,000 of them that live at the same time: below that number each batch would be searched while it
is worked on, a seventh of the time.
"""

from __future__ import annotations

import gc

_ALLOCATIONS, _YOUNG, _OLD = 150_000, 20, 50


def collect_rarely() -> None:
    """Once per process, when all is imported: what is there now is never looked at again, the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, _YOUNG, _OLD)

"""How local running says no."""


class CannotStart(Exception):
    """One sentence for the person at the terminal: what is in the way and what to do about it."""

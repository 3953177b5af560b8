"""The public API of members."""

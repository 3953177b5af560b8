"""Routes: what is asked, what is decided, how it is told. Thin; the rules are in the domain."""

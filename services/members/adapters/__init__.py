"""Outside things: workbooks, password hashes, signed tokens."""

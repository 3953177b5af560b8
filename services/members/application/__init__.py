"""Use cases of members, one verb a module; each returns what is to change and commits nothing."""

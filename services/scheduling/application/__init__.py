"""What scheduling does: one module per use case, a verb; reads through a Store, returns an Outcome, commits nothing."""

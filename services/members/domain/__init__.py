"""Rules of the organisation and its people: pure values and decisions, no clock, no I/O."""

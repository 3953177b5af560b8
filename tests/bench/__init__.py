"""Benchmarks B1 to B9: what the system costs beside a floor or a peer measured in the same run (`make bench`)."""

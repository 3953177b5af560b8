"""Processes of members beside the web: each file says what its process runs."""

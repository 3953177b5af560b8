"""The policy as a YAML file: the one that comes with the service, or a commune's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml

from scheduling.domain.policy import Policy


def read_policy(path: Path | None = None) -> Policy:
    """The policy in `path`, or the one that comes along. Raises ValueError where it contradicts itself."""
    text = path.read_text(encoding="utf-8") if path else (files("scheduling") / "policy.yaml").read_text("utf-8")
    return Policy.model_validate(yaml.safe_load(text))

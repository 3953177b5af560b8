"""Writes `units.yaml`: the official commune-level units of Đà Nẵng, as `vietnam-provinces` gives them.

The package is a development dependency. What the demo reads is the committed file, and a test holds
the file equal to the package, so that a newer package shows up as a difference and not as a surprise.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

UNITS_FILE = Path(__file__).with_name("units.yaml")
DA_NANG = 48

_HEADING = """\
# The commune-level units of Đà Nẵng since 1 July 2025 (Resolution 1659/NQ-UBTVQH15: 23 phường, 70 xã, 1 đặc khu).
# Written by `python -m deploy.local.district units` from the vietnam-provinces package. Do not edit.
"""


def official_units() -> Mapping[str, Any]:
    """What the package says: the city, and its units by code, with their kind in Vietnamese."""
    import vietnam_provinces as package

    city = package.Province.from_code(package.ProvinceCode(DA_NANG))
    wards = sorted(package.Ward.iter_by_province(city.code), key=lambda ward: ward.code.value)
    return {
        "data_version": package.__data_version__,
        "city": {"code": str(DA_NANG), "name": city.name},
        "communes": [
            {"code": f"{ward.code.value:05d}", "name": ward.name, "kind": ward.division_type.value} for ward in wards
        ],
    }


def write_official_units(path: Path = UNITS_FILE) -> int:
    """Rewrite the data file from the package; returns the number of commune-level units."""
    units = official_units()
    body = yaml.safe_dump(dict(units), allow_unicode=True, sort_keys=False, width=110)
    path.write_text(_HEADING + body, encoding="utf-8")
    return len(units["communes"])

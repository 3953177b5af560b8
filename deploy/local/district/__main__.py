"""`python -m deploy.local.district units` rewrites units.yaml; `… write DIRECTORY` writes the member lists."""

import argparse
from pathlib import Path

from deploy.local.district.official_units import write_official_units


def main() -> None:
    """Run one of the two commands and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.district", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("units", help="rewrite units.yaml from the vietnam-provinces package")
    write = commands.add_parser("write", help="write the member lists (XLSX) and what an importer must conclude")
    write.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "units":
        print(f"{write_official_units()} commune-level units written")
        return
    from deploy.local.district.member_lists import write_member_lists

    for path in write_member_lists(arguments.directory):
        print(path)


if __name__ == "__main__":
    main()

"""``adaptlearn-runtime``: look at a bundle where nothing of the laboratory is installed."""

import argparse
import json
import sys
from pathlib import Path

from .seal import Refused
from .showing import checked, differences, shown


def main(argv: list[str] | None = None) -> int:
    """Run a verb.   -> 0 well, 1 two bundles differ, 2 refused"""
    parser = argparse.ArgumentParser(
        "adaptlearn-runtime", description=__doc__, epilog="e.g. adaptlearn-runtime check bundle"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, line in (("check", "hold a bundle against its checksums, contract and golden decisions"),
                       ("show", "what a bundle is and what it was made for")):  # fmt: skip
        verbs.add_parser(name, help=line).add_argument("bundle")
    diff = verbs.add_parser("diff", help="where two bundles differ; exit status 1 if they do")
    diff.add_argument("bundle")
    diff.add_argument("other")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    given = parser.parse_args(argv)
    try:
        if given.verb == "diff":
            rows = differences(given.bundle, given.other)
        else:
            rows = checked(given.bundle)[1] if given.verb == "check" else shown(given.bundle)
    except (Refused, OSError) as trouble:
        print(f"adaptlearn-runtime {given.verb}: {trouble}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for row in rows:
            first, *rest = map(str, row.values())
            print(f"{first:<18}" + "  ".join(rest))
        if not rows:
            print(f"{Path(given.bundle)} and {Path(given.other)} are the same bytes")
    return int(given.verb == "diff" and bool(rows))


if __name__ == "__main__":
    sys.exit(main())

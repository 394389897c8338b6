"""Print the figures of two runs side by side: `python tests/bench/compare.py OLD.json NEW.json`.

The files are those that `python tests/bench --json FILE` writes, of an old and a new commit on the
same machine. The peers' ratio shows how far the machine itself changed between the two runs.
"""

import argparse
import json
import statistics
from pathlib import Path

Key = tuple[str, str]


def rows(path: Path) -> dict[Key, dict]:
    """Return the rows of a run by the work and the peer."""
    return {(row["work"], row["peer"]): row for row in json.loads(path.read_text())["rows"]}


def main() -> None:
    """Print a Markdown table, and the median of all ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    arguments = parser.parse_args()
    old, new = rows(arguments.old), rows(arguments.new)
    print("| work | peer | old, ms | new, ms | new / old | peer new / old |")
    print("|---|---|---|---|---|---|")
    ratios = []
    for key in [key for key in old if key in new]:
        before, after = old[key], new[key]
        ratio = after["seconds"] / before["seconds"]
        peer = after["peer_seconds"] / before["peer_seconds"]
        ratios.append(ratio / peer)
        print(
            f"| {key[0]} | {key[1]} | {before['seconds'] * 1e3:.3g} "
            f"| {after['seconds'] * 1e3:.3g} | {ratio:.2f} | {peer:.2f} |"
        )
    print(f"\nmedian of new / old, over the peer's own: {statistics.median(ratios):.3f}")
    for key in [key for key in (*old, *new) if key not in old or key not in new]:
        print(f"in one run only: {key[0]}, {key[1]}")


if __name__ == "__main__":
    main()

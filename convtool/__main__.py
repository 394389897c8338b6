"""The program `convtool`, also as `python -m convtool`."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from convtool.cli.app import run  # noqa: PLC0415  # imported when run, not when looked at

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
